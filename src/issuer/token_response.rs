//! The `RequestSecurityTokenResponse` (WS-Trust), the paper that a token comes wrapped in. Nothing of it is signed.

use serde::{Deserialize, Serialize};

use super::assertion::TokenType;
use super::xml::{attribute, is_sayable, text};
use crate::time::Timestamp;

const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

/// Which WS-Trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trust {
    /// Of February 2005: one response. What AD FS and Entra speak in WS-Federation.
    #[default]
    #[serde(rename = "2005/02")]
    V2005,
    /// 1.3 of December 2005: a collection of one response.
    #[serde(rename = "1.3")]
    V13,
}

impl Trust {
    const fn namespace(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
        }
    }

    const fn key_type(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        }
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct TokenResponse<'a> {
    /// Which WS-Trust.
    pub trust: Trust,
    /// What the relying party sent as `wctx`.
    pub context: Option<&'a str>,
    /// The relying party.
    pub realm: &'a str,
    /// Which token.
    pub kind: TokenType,
    /// From when on the token counts…
    pub created: Timestamp,
    /// …and until when.
    pub expires: Timestamp,
    /// What stands in `RequestedSecurityToken`: XML.
    pub token: &'a str,
}

impl TokenResponse<'_> {
    /// The document that is posted as `wresult`.
    #[must_use]
    pub fn to_xml(&self) -> String {
        match self.trust {
            Trust::V2005 => self.element(),
            Trust::V13 => collection(&[self.element()]),
        }
    }

    /// The one response. A context that XML cannot say is left out.
    #[must_use]
    pub fn element(&self) -> String {
        let context = self.context.filter(|context| is_sayable(context));
        let context = context.map(|context| format!(" Context=\"{}\"", attribute(context)));
        let namespace = self.trust.namespace();
        format!(
            "<t:RequestSecurityTokenResponse xmlns:t=\"{namespace}\"{}>\
             <t:Lifetime><wsu:Created xmlns:wsu=\"{UTILITY}\">{}</wsu:Created>\
             <wsu:Expires xmlns:wsu=\"{UTILITY}\">{}</wsu:Expires></t:Lifetime>\
             <wsp:AppliesTo xmlns:wsp=\"{POLICY}\"><wsa:EndpointReference xmlns:wsa=\"{ADDRESSING}\">\
             <wsa:Address>{}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
             <t:RequestedSecurityToken>{}</t:RequestedSecurityToken>\
             <t:TokenType>{}</t:TokenType><t:RequestType>{namespace}/Issue</t:RequestType>\
             <t:KeyType>{}</t:KeyType></t:RequestSecurityTokenResponse>",
            context.unwrap_or_default(),
            self.created,
            self.expires,
            text(self.realm),
            self.token,
            self.kind.uri(),
            self.trust.key_type(),
        )
    }
}

/// A collection of responses (WS-Trust 1.3 section 4.3).
#[must_use]
pub fn collection(elements: &[String]) -> String {
    let namespace = Trust::V13.namespace();
    let elements = elements.concat();
    format!(
        "<t:RequestSecurityTokenResponseCollection xmlns:t=\"{namespace}\">{elements}\
         </t:RequestSecurityTokenResponseCollection>"
    )
}
