//! What an assertion says, whichever version says it, before anything of it is believed.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::xml::{self, Misshapen};
use super::{AssertionError, Version, instant};
use crate::time::Timestamp;

/// What an assertion says.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) issuer: String,
    pub(super) issued_at: Timestamp,
    pub(super) conditions: Conditions,
    pub(super) subject: Subject,
    pub(super) authentication: Option<Authentication>,
    pub(super) claims: Claims,
}

/// Its times, and whom it is for: one of each of these lists.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) not_before: Timestamp,
    pub(super) not_on_or_after: Timestamp,
    pub(super) audiences: Vec<Vec<String>>,
}

/// Whom it speaks of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) name: Option<Name>,
    pub(super) confirmations: Vec<Confirmation>,
}

/// Two names are the same where they are of the same kind, too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) kind: Vec<Option<String>>,
}

/// How whoever presents it shows to be entitled to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    pub(super) is_bearer: bool,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Option<Timestamp>,
}

/// When and how the subject signed in at the issuer.
#[derive(Debug)]
pub(super) struct Authentication {
    pub(super) at: Timestamp,
    pub(super) method: Option<String>,
    pub(super) session_index: Option<String>,
    pub(super) session_ends: Option<Timestamp>,
}

/// Claim URI to values, in order.
pub(super) type Claims = BTreeMap<String, Vec<String>>;

impl Conditions {
    /// Reads the times off a `Conditions` element, and the audiences off its children: the name of a restriction, and
    /// the names of conditions that ask nothing of us. Any other condition cannot be said to hold.
    pub(super) fn read(
        assertion: Node<'_, '_>,
        namespace: &'static str,
        restriction: &'static str,
        harmless: &[&str],
    ) -> Result<Self, AssertionError> {
        let conditions = xml::exactly_one(assertion, namespace, "Conditions");
        let conditions = conditions.map_err(|_| AssertionError::Conditions)?;
        let time = |name| optional_instant(conditions, name).ok().flatten().ok_or(AssertionError::Times);
        let (not_before, not_on_or_after) = (time("NotBefore")?, time("NotOnOrAfter")?);
        let mut audiences = Vec::new();
        for condition in xml::elements(conditions) {
            if xml::is(condition, namespace, restriction) {
                let listed = xml::named(condition, namespace, "Audience").map(xml::text);
                audiences.push(listed.collect::<Result<_, _>>().map_err(|_| AssertionError::Audience)?);
            } else if !harmless.iter().any(|name| xml::is(condition, namespace, name)) {
                return Err(AssertionError::UnknownCondition);
            }
        }
        Ok(Self { not_before, not_on_or_after, audiences })
    }
}

impl Name {
    /// Reads a name, with the attributes that say what kind of name it is.
    pub(super) fn read(element: Node<'_, '_>) -> Result<Self, Misshapen> {
        let kind = ["Format", "NameQualifier", "SPNameQualifier"].map(|name| owned(element, name));
        Ok(Self { text: xml::text(element)?, kind: kind.into() })
    }
}

/// Adds the values of one attribute to those that its claim already has.
pub(super) fn collect(
    claims: &mut Claims,
    uri: String,
    attribute: Node<'_, '_>,
    namespace: &'static str,
) -> Result<(), Misshapen> {
    let values = claims.entry(uri).or_default();
    for value in xml::elements(attribute) {
        if !xml::is(value, namespace, "AttributeValue") {
            return Err(Misshapen);
        }
        values.push(xml::text(value)?);
    }
    Ok(())
}

/// An attribute that may be absent, but is an instant where it is there.
pub(super) fn optional_instant(element: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>, Misshapen> {
    element.attribute(name).map(|text| instant::parse(text).ok_or(Misshapen)).transpose()
}

/// An attribute's value.
pub(super) fn owned(element: Node<'_, '_>, name: &str) -> Option<String> {
    element.attribute(name).map(str::to_owned)
}

/// `IssueInstant`.
pub(super) fn issued_at(assertion: Node<'_, '_>) -> Result<Timestamp, AssertionError> {
    optional_instant(assertion, "IssueInstant").ok().flatten().ok_or(AssertionError::IssueInstant)
}
