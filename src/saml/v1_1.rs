//! Reads SAML 1.1 assertions (saml-core-1.1 sections 2.3 and 2.4). Every statement has a subject of its own there; they
//! must all be the same.

use roxmltree::Node;

use super::statements::{
    Authentication, Claims, Conditions, Confirmation, Name, Statements, Subject, collect, issued_at,
    optional_instant, owned,
};
use super::xml::{self, Misshapen, SAML_1};
use super::{AssertionError, Version};

const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";
/// A condition that asks nothing of us: tokens are used once anyway.
const HARMLESS: [&str; 1] = ["DoNotCacheCondition"];
const STATEMENTS: [&str; 3] =
    ["AuthenticationStatement", "AttributeStatement", "AuthorizationDecisionStatement"];

/// Reads an `Assertion` element.
pub(super) fn read(assertion: Node<'_, '_>) -> Result<Statements, AssertionError> {
    let version = ["MajorVersion", "MinorVersion"].map(|name| assertion.attribute(name));
    if version != [Some("1"), Some("1")] {
        return Err(AssertionError::Version);
    }
    Ok(Statements {
        id: owned(assertion, "AssertionID").unwrap_or_default(),
        version: Version::V1_1,
        issuer: owned(assertion, "Issuer").ok_or(AssertionError::Issuer)?,
        issued_at: issued_at(assertion)?,
        conditions: Conditions::read(assertion, SAML_1, "AudienceRestrictionCondition", &HARMLESS)?,
        subject: subject(assertion).map_err(|_| AssertionError::Subject)?,
        authentication: authentication(assertion).map_err(|_| AssertionError::AuthnStatement)?,
        claims: claims(assertion).map_err(|_| AssertionError::Attribute)?,
    })
}

fn subject(assertion: Node<'_, '_>) -> Result<Subject, Misshapen> {
    let mut subjects = Vec::new();
    for statement in xml::elements(assertion) {
        if STATEMENTS.iter().any(|name| xml::is(statement, SAML_1, name)) {
            subjects.push(read_subject(xml::exactly_one(statement, SAML_1, "Subject")?)?);
        }
    }
    subjects.dedup();
    match subjects.pop() {
        Some(subject) if subjects.is_empty() => Ok(subject),
        _ => Err(Misshapen),
    }
}

fn read_subject(subject: Node<'_, '_>) -> Result<Subject, Misshapen> {
    let name = xml::at_most_one(subject, SAML_1, "NameIdentifier")?.map(Name::read).transpose()?;
    let mut confirmations = Vec::new();
    if let Some(confirmation) = xml::at_most_one(subject, SAML_1, "SubjectConfirmation")? {
        for method in xml::named(confirmation, SAML_1, "ConfirmationMethod") {
            let is_bearer = xml::text(method)? == BEARER;
            confirmations.push(Confirmation { is_bearer, not_before: None, not_on_or_after: None });
        }
    }
    Ok(Subject { name, confirmations })
}

fn authentication(assertion: Node<'_, '_>) -> Result<Option<Authentication>, Misshapen> {
    let Some(statement) = xml::at_most_one(assertion, SAML_1, "AuthenticationStatement")? else {
        return Ok(None);
    };
    Ok(Some(Authentication {
        at: optional_instant(statement, "AuthenticationInstant")?.ok_or(Misshapen)?,
        method: owned(statement, "AuthenticationMethod"),
        session_index: None,
        session_ends: None,
    }))
}

fn claims(assertion: Node<'_, '_>) -> Result<Claims, Misshapen> {
    let mut claims = Claims::new();
    for statement in xml::named(assertion, SAML_1, "AttributeStatement") {
        for attribute in xml::elements(statement).filter(|child| !xml::is(*child, SAML_1, "Subject")) {
            let part = |name| attribute.attribute(name).ok_or(Misshapen);
            if !xml::is(attribute, SAML_1, "Attribute") {
                return Err(Misshapen);
            }
            let uri = match (part("AttributeNamespace")?, part("AttributeName")?) {
                (_, "") => return Err(Misshapen),
                // A URI without a slash, such as a URN, has nothing to be split at.
                ("", name) => name.to_owned(),
                (namespace, name) => format!("{namespace}/{name}"),
            };
            collect(&mut claims, uri, attribute, SAML_1)?;
        }
    }
    Ok(claims)
}
