//! Reads SAML 2.0 assertions (saml-core-2.0 sections 2.3 to 2.7).

use roxmltree::Node;

use super::statements::{
    Authentication, Claims, Conditions, Confirmation, Name, Statements, Subject, collect, issued_at,
    optional_instant, owned,
};
use super::xml::{self, Misshapen, SAML_2};
use super::{AssertionError, Version};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Conditions that ask nothing of us: tokens are used once anyway, and never passed on.
const HARMLESS: [&str; 2] = ["OneTimeUse", "ProxyRestriction"];

/// Reads an `Assertion` element.
pub(super) fn read(assertion: Node<'_, '_>) -> Result<Statements, AssertionError> {
    if assertion.attribute("Version") != Some("2.0") {
        return Err(AssertionError::Version);
    }
    let issuer = xml::exactly_one(assertion, SAML_2, "Issuer").and_then(xml::text);
    Ok(Statements {
        id: owned(assertion, "ID").unwrap_or_default(),
        version: Version::V2_0,
        issuer: issuer.map_err(|_| AssertionError::Issuer)?,
        issued_at: issued_at(assertion)?,
        conditions: Conditions::read(assertion, SAML_2, "AudienceRestriction", &HARMLESS)?,
        subject: subject(assertion).map_err(|_| AssertionError::Subject)?,
        authentication: authentication(assertion).map_err(|_| AssertionError::AuthnStatement)?,
        claims: claims(assertion).map_err(|_| AssertionError::Attribute)?,
    })
}

fn subject(assertion: Node<'_, '_>) -> Result<Subject, Misshapen> {
    let subject = xml::exactly_one(assertion, SAML_2, "Subject")?;
    let mut known = xml::elements(subject).map(|child| child.tag_name().name());
    if !known.all(|name| ["NameID", "SubjectConfirmation"].contains(&name)) {
        return Err(Misshapen); // EncryptedID, BaseID
    }
    let name = xml::at_most_one(subject, SAML_2, "NameID")?.map(Name::read).transpose()?;
    let confirmations = xml::named(subject, SAML_2, "SubjectConfirmation").map(confirmation);
    Ok(Subject { name, confirmations: confirmations.collect::<Result<_, _>>()? })
}

/// `Recipient` and `InResponseTo` belong to the protocol of SAML 2.0; Entra ID sends no `SubjectConfirmationData` at all.
fn confirmation(element: Node<'_, '_>) -> Result<Confirmation, Misshapen> {
    let data = xml::at_most_one(element, SAML_2, "SubjectConfirmationData")?;
    let instant = |name| data.map_or(Ok(None), |data| optional_instant(data, name));
    Ok(Confirmation {
        is_bearer: element.attribute("Method") == Some(BEARER),
        not_before: instant("NotBefore")?,
        not_on_or_after: instant("NotOnOrAfter")?,
    })
}

fn authentication(assertion: Node<'_, '_>) -> Result<Option<Authentication>, Misshapen> {
    let Some(statement) = xml::at_most_one(assertion, SAML_2, "AuthnStatement")? else { return Ok(None) };
    let context = xml::at_most_one(statement, SAML_2, "AuthnContext")?;
    let class = match context {
        Some(context) => xml::at_most_one(context, SAML_2, "AuthnContextClassRef")?,
        None => None,
    };
    Ok(Some(Authentication {
        at: optional_instant(statement, "AuthnInstant")?.ok_or(Misshapen)?,
        method: class.map(xml::text).transpose()?,
        session_index: owned(statement, "SessionIndex"),
        session_ends: optional_instant(statement, "SessionNotOnOrAfter")?,
    }))
}

fn claims(assertion: Node<'_, '_>) -> Result<Claims, Misshapen> {
    let mut claims = Claims::new();
    for statement in xml::named(assertion, SAML_2, "AttributeStatement") {
        for attribute in xml::elements(statement) {
            if !xml::is(attribute, SAML_2, "Attribute") {
                return Err(Misshapen); // EncryptedAttribute
            }
            let name = owned(attribute, "Name").filter(|name| !name.is_empty()).ok_or(Misshapen)?;
            collect(&mut claims, name, attribute, SAML_2)?;
        }
    }
    Ok(claims)
}
