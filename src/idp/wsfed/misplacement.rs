//! Good signatures in documents that say something else: two assertions, and signature wrapping. Whoever looks for the
//! signed assertion in one way and for the person in another takes the wrong one.

use super::defects::{SamlDefect, impersonate};
use super::token::Mint;
use crate::issuer::assertion::{Assertion, envelop};
use crate::issuer::keys::KeyError;

const ASSERTION_END: &str = "</saml:Assertion>";
const SIGNATURE_END: &str = "</ds:Signature>";

/// Whether this is one of them.
pub(super) const fn concerns(defect: SamlDefect) -> bool {
    use SamlDefect::{TwoAssertions, Xsw1, Xsw2, Xsw3, Xsw4, Xsw5, Xsw6, Xsw7, Xsw8};
    matches!(defect, TwoAssertions | Xsw1 | Xsw2 | Xsw3 | Xsw4 | Xsw5 | Xsw6 | Xsw7 | Xsw8)
}

/// What stands in `RequestedSecurityToken`: the assertion as it was signed, and somewhere one of somebody else.
pub(super) fn token(mint: &Mint<'_>, assertion: &Assertion, defect: SamlDefect) -> Result<String, KeyError> {
    let (kind, original) = (assertion.kind, assertion.canonical());
    let signature = mint.signature(&assertion.id, &original)?;
    let signed = envelop(kind, &original, &signature);
    let other = somebody_else(assertion);
    let evil = other.canonical();
    Ok(match defect {
        // The original in the signature: first, last, or as an object.
        SamlDefect::Xsw1 => {
            let from = signature.find('>').map_or(0, |at| at + 1);
            envelop(kind, &evil, &format!("{}{original}{}", &signature[..from], &signature[from..]))
        }
        SamlDefect::Xsw6 => envelop(kind, &evil, &put_last(&signature, SIGNATURE_END, &original)),
        SamlDefect::Xsw8 => {
            let object = format!("<ds:Object>{original}</ds:Object>");
            envelop(kind, &evil, &put_last(&signature, SIGNATURE_END, &object))
        }
        // The original in the other.
        SamlDefect::Xsw4 => put_last(&evil, ASSERTION_END, &signed),
        // Side by side, the signature between them, in the original, or in the other.
        SamlDefect::Xsw2 => format!("{evil}{signature}{original}"),
        SamlDefect::Xsw3 => format!("{evil}{signed}"),
        SamlDefect::Xsw5 => format!("{}{original}", envelop(kind, &evil, &signature)),
        SamlDefect::Xsw7 => {
            format!(
                "<x:Extensions xmlns:x=\"urn:hourgate:test-idp:extensions\">{evil}</x:Extensions>{signed}"
            )
        }
        // Both are signed.
        _ => format!("{signed}{}", envelop(kind, &evil, &mint.signature(&other.id, &evil)?)),
    })
}

/// The same of somebody else.
pub(super) fn somebody_else(assertion: &Assertion) -> Assertion {
    let mut other = Assertion { id: Assertion::new_id(), ..assertion.clone() };
    impersonate(&mut other);
    other
}

fn put_last(text: &str, end: &str, what: &str) -> String {
    let (before, after) = text.split_at(text.rfind(end).unwrap_or(text.len()));
    format!("{before}{what}{after}")
}
