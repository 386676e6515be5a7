//! SAML assertions 1.1 and 2.0, written in canonical form.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::xml::{attributes, plain, text};
use crate::random;
use crate::time::Timestamp;

/// The claim that repeats what the relying party sent as `wctx`, signed: base64url of its SHA-256.
pub const ECHO: &str = "urn:hourgate:wctx-s256";

/// Which token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    /// A SAML 1.1 assertion, AD FS's habit with WS-Federation.
    #[default]
    #[serde(rename = "saml11")]
    Saml11,
    /// A SAML 2.0 assertion.
    #[serde(rename = "saml20")]
    Saml20,
}

impl TokenType {
    /// The namespace, which is also the `TokenType` of WS-Trust. That of SAML 1.1 does say 1.0.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Saml11 => "urn:oasis:names:tc:SAML:1.0:assertion",
            Self::Saml20 => "urn:oasis:names:tc:SAML:2.0:assertion",
        }
    }

    /// How signing in by password is called in such a token.
    #[must_use]
    pub const fn password(self) -> &'static str {
        match self {
            Self::Saml11 => "urn:oasis:names:tc:SAML:1.0:am:password",
            Self::Saml20 => "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        }
    }

    const fn confirmation(self, method: Confirmation) -> &'static str {
        match (self, method) {
            (Self::Saml11, Confirmation::Bearer) => "urn:oasis:names:tc:SAML:1.0:cm:bearer",
            (Self::Saml11, Confirmation::HolderOfKey) => "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key",
            (Self::Saml20, Confirmation::Bearer) => "urn:oasis:names:tc:SAML:2.0:cm:bearer",
            (Self::Saml20, Confirmation::HolderOfKey) => "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
        }
    }
}

/// How whoever shows the token proves to be its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// By having it.
    Bearer,
    /// By a key.
    HolderOfKey,
}

/// What an assertion says. All text is escaped, and control characters are left out, when it is written.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Which kind.
    pub kind: TokenType,
    /// Its own name: an XML `NCName`.
    pub id: String,
    /// Who says it.
    pub issuer: String,
    /// To whom; `None` to everybody.
    pub audience: Option<String>,
    /// Where it is to be posted (2.0 only).
    pub recipient: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it counts.
    pub not_before: Timestamp,
    /// From when on it counts no more.
    pub not_on_or_after: Timestamp,
    /// Of whom.
    pub name_id: Option<String>,
    /// What makes whoever shows it the subject; `None` says nothing.
    pub confirmation: Option<Confirmation>,
    /// When and how the person signed in; `None` says nothing.
    pub authentication: Option<Authentication>,
    /// What else is known: claim URIs with their values. Those without values are left out.
    pub claims: Vec<(String, Vec<String>)>,
}

/// When and how a person signed in.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// When they entered their credentials.
    pub at: Timestamp,
    /// `AuthenticationMethod`, or the class of the authentication context: a URI.
    pub method: String,
    /// The single sign-on session (2.0 only).
    pub session_index: String,
    /// When the relying party's session ends at the latest (2.0 only).
    pub session_ends: Option<Timestamp>,
}

impl Assertion {
    /// A fresh name: 128 random bits.
    #[must_use]
    pub fn new_id() -> String {
        format!("_{:032x}", u128::from_be_bytes(random::bytes()))
    }

    /// The value of [`ECHO`] for a `wctx`.
    #[must_use]
    pub fn echo_of(context: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, context.as_bytes()))
    }

    /// The element in canonical form, without a signature.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self.kind {
            TokenType::Saml11 => self.saml11(),
            TokenType::Saml20 => self.saml20(),
        }
    }

    fn saml11(&self) -> String {
        let subject = format!("<saml:Subject>{}{}</saml:Subject>", self.name(), self.confirmation());
        let mut statements = String::new();
        let claims = self.claims();
        if !claims.is_empty() {
            statements = format!("<saml:AttributeStatement>{subject}{claims}</saml:AttributeStatement>");
        }
        if let Some(Authentication { at, method, .. }) = &self.authentication {
            let how =
                attributes([("AuthenticationInstant", &at.to_string()), ("AuthenticationMethod", method)]);
            statements +=
                &format!("<saml:AuthenticationStatement{how}>{subject}</saml:AuthenticationStatement>");
        }
        format!(
            "<saml:Assertion xmlns:saml=\"{}\"{}>{}{statements}</saml:Assertion>",
            self.kind.uri(),
            attributes([
                ("AssertionID", &self.id),
                ("IssueInstant", &self.issued_at.to_string()),
                ("Issuer", &plain(&self.issuer)),
                ("MajorVersion", "1"),
                ("MinorVersion", "1"),
            ]),
            self.conditions("AudienceRestrictionCondition"),
        )
    }

    fn saml20(&self) -> String {
        let claims = self.claims();
        let mut statements = String::new();
        if !claims.is_empty() {
            statements = format!("<saml:AttributeStatement>{claims}</saml:AttributeStatement>");
        }
        if let Some(authentication) = &self.authentication {
            let when = attributes([
                ("AuthnInstant", &authentication.at.to_string()),
                ("SessionIndex", &authentication.session_index),
            ]);
            let ends = authentication.session_ends;
            let ends =
                ends.map(|at| attributes([("SessionNotOnOrAfter", &at.to_string())])).unwrap_or_default();
            statements += &format!(
                "<saml:AuthnStatement{when}{ends}><saml:AuthnContext><saml:AuthnContextClassRef>{}\
                 </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>",
                text(&authentication.method)
            );
        }
        format!(
            "<saml:Assertion xmlns:saml=\"{}\"{}><saml:Issuer>{}</saml:Issuer>\
             <saml:Subject>{}{}</saml:Subject>{}{statements}</saml:Assertion>",
            self.kind.uri(),
            attributes([("ID", &self.id), ("IssueInstant", &self.issued_at.to_string()), ("Version", "2.0")]),
            text(&plain(&self.issuer)),
            self.name(),
            self.confirmation(),
            self.conditions("AudienceRestriction"),
        )
    }

    fn name(&self) -> String {
        let Some(name) = &self.name_id else { return String::new() };
        let element = match self.kind {
            TokenType::Saml11 => "NameIdentifier",
            TokenType::Saml20 => "NameID",
        };
        let format = attributes([("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")]);
        format!("<saml:{element}{format}>{}</saml:{element}>", text(&plain(name)))
    }

    fn confirmation(&self) -> String {
        let Some(method) = self.confirmation.map(|method| self.kind.confirmation(method)) else {
            return String::new();
        };
        match self.kind {
            TokenType::Saml11 => format!(
                "<saml:SubjectConfirmation><saml:ConfirmationMethod>{method}</saml:ConfirmationMethod>\
                 </saml:SubjectConfirmation>"
            ),
            TokenType::Saml20 => format!(
                "<saml:SubjectConfirmation{}><saml:SubjectConfirmationData{}></saml:SubjectConfirmationData>\
                 </saml:SubjectConfirmation>",
                attributes([("Method", method)]),
                attributes([
                    ("NotOnOrAfter", &self.not_on_or_after.to_string()),
                    ("Recipient", &plain(&self.recipient)),
                ]),
            ),
        }
    }

    fn conditions(&self, restriction: &str) -> String {
        let audience = self.audience.as_ref().map(|audience| {
            let audience = text(&plain(audience));
            format!("<saml:{restriction}><saml:Audience>{audience}</saml:Audience></saml:{restriction}>")
        });
        format!(
            "<saml:Conditions{}>{}</saml:Conditions>",
            attributes([
                ("NotBefore", &self.not_before.to_string()),
                ("NotOnOrAfter", &self.not_on_or_after.to_string()),
            ]),
            audience.unwrap_or_default(),
        )
    }

    fn claims(&self) -> String {
        let mut out = String::new();
        for (uri, values) in self.claims.iter().filter(|(_, values)| !values.is_empty()) {
            // In 1.1 the claim is called by both attributes with a slash between; one without a slash has no namespace.
            let named = match (self.kind, uri.rsplit_once('/')) {
                (TokenType::Saml11, Some((namespace, name))) => {
                    attributes([("AttributeName", name), ("AttributeNamespace", namespace)])
                }
                (TokenType::Saml11, None) => attributes([("AttributeName", uri), ("AttributeNamespace", "")]),
                (TokenType::Saml20, _) => attributes([("Name", uri)]),
            };
            // A string takes everything.
            let _ = write!(out, "<saml:Attribute{named}>");
            for value in values {
                let _ = write!(out, "<saml:AttributeValue>{}</saml:AttributeValue>", text(&plain(value)));
            }
            out.push_str("</saml:Attribute>");
        }
        out
    }
}

/// Puts a signature where the schema wants it: after the issuer (2.0), or last (1.1).
#[must_use]
pub fn envelop(kind: TokenType, canonical: &str, signature: &str) -> String {
    let place = match kind {
        TokenType::Saml11 => canonical.rfind("</saml:Assertion>"),
        TokenType::Saml20 => canonical.find("</saml:Issuer>").map(|at| at + "</saml:Issuer>".len()),
    };
    let (before, after) = canonical.split_at(place.unwrap_or(canonical.len()));
    format!("{before}{signature}{after}")
}
