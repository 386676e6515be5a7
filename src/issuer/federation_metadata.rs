//! The federation metadata document (WS-Federation 1.2 section 3), in the shape and order of AD FS: first what the
//! issuer is as a relying party itself, then what it is as an issuer.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::assertion::TokenType;
use super::xml::{attribute, plain, text};

/// The namespace of the attribute `TestIdentityProvider`, which is true of a test IdP and of nothing else.
pub const TEST_IDP: &str = "urn:hourgate:test-idp";

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const AUTHORIZATION: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const DS: &str = super::xml_signature::DS;

/// What the document says.
#[derive(Clone, Debug)]
pub struct FederationMetadata<'a> {
    /// The document's own name: an XML `NCName`.
    pub id: &'a str,
    /// Who issues: what tokens say as their issuer.
    pub entity_id: &'a str,
    /// Where browsers are sent, to sign in and to sign out.
    pub passive_endpoint: &'a str,
    /// What people call it.
    pub display_name: &'a str,
    /// To which key others would encrypt tokens for this issuer, as a relying party (DER). It signs nothing.
    pub encryption_certificate: &'a [u8],
    /// Whose signatures count, now or soon (DER).
    pub signing_certificates: &'a [&'a [u8]],
    /// The claims that tokens have: URI and name.
    pub claims: &'a [(&'a str, &'a str)],
}

impl FederationMetadata<'_> {
    /// The document in canonical form, without a signature: what is signed.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.write("", "")
    }

    /// The document. It differs from the canonical form in a namespace that only the value of `xsi:type` uses, which
    /// exclusive canonicalization does not see.
    #[must_use]
    pub fn to_xml(&self, signature: &str) -> String {
        self.write(signature, &format!(" xmlns:fed=\"{FEDERATION}\""))
    }

    fn write(&self, signature: &str, declared: &str) -> String {
        let role = |kind: &str, content: &str| {
            let protocols = [
                FEDERATION,
                "http://schemas.xmlsoap.org/ws/2005/02/trust",
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
            ];
            format!(
                "<RoleDescriptor{declared} xmlns:xsi=\"{INSTANCE}\" ServiceDisplayName=\"{}\" \
                 protocolSupportEnumeration=\"{}\" xsi:type=\"fed:{kind}\">{content}</RoleDescriptor>",
                attribute(&plain(self.display_name)),
                protocols.join(" "),
            )
        };
        let application = [
            key("encryption", self.encryption_certificate),
            self.claim_types("ClaimTypesRequested", true),
            element("TargetScopes", &reference(self.entity_id)),
            element("ApplicationServiceEndpoint", &reference(self.passive_endpoint)),
            element("PassiveRequestorEndpoint", &reference(self.passive_endpoint)),
        ];
        let keys: String =
            self.signing_certificates.iter().map(|certificate| key("signing", certificate)).collect();
        let offered = [TokenType::Saml20, TokenType::Saml11]
            .map(|kind| format!("<fed:TokenType Uri=\"{}\"></fed:TokenType>", kind.uri()));
        let issuer = [
            keys,
            element("TokenTypesOffered", &offered.concat()),
            self.claim_types("ClaimTypesOffered", false),
            element("SecurityTokenServiceEndpoint", &reference(self.passive_endpoint)),
            element("PassiveRequestorEndpoint", &reference(self.passive_endpoint)),
        ];
        format!(
            "<EntityDescriptor xmlns=\"{METADATA}\" xmlns:test=\"{TEST_IDP}\" ID=\"{}\" entityID=\"{}\" \
             test:TestIdentityProvider=\"true\">{signature}{}{}</EntityDescriptor>",
            attribute(self.id),
            attribute(&plain(self.entity_id)),
            role("ApplicationServiceType", &application.concat()),
            role("SecurityTokenServiceType", &issuer.concat()),
        )
    }

    fn claim_types(&self, name: &str, optional: bool) -> String {
        let optional = if optional { "true" } else { "false" };
        let one = |(uri, called): &(&str, &str)| {
            format!(
                "<auth:ClaimType xmlns:auth=\"{AUTHORIZATION}\" Optional=\"{optional}\" Uri=\"{}\">\
                 <auth:DisplayName>{}</auth:DisplayName></auth:ClaimType>",
                attribute(&plain(uri)),
                text(&plain(called)),
            )
        };
        element(name, &self.claims.iter().map(one).collect::<String>())
    }
}

/// An element that declares its own prefix, as canonical form wants of the first that uses it.
fn element(name: &str, content: &str) -> String {
    format!("<fed:{name} xmlns:fed=\"{FEDERATION}\">{content}</fed:{name}>")
}

fn reference(address: &str) -> String {
    format!(
        "<EndpointReference xmlns=\"{ADDRESSING}\"><Address>{}</Address></EndpointReference>",
        text(&plain(address))
    )
}

fn key(usage: &str, certificate: &[u8]) -> String {
    format!(
        "<KeyDescriptor use=\"{usage}\"><KeyInfo xmlns=\"{DS}\"><X509Data><X509Certificate>{}</X509Certificate>\
         </X509Data></KeyInfo></KeyDescriptor>",
        BASE64_STANDARD.encode(certificate)
    )
}
