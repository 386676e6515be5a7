//! Whether what an assertion says is meant for us, now (saml-core-1.1 section 2.3.2.1, saml-core-2.0 sections 2.4 and 2.5).

use super::AssertionError;
use super::assertion::{Expected, VerifiedAssertion};
use super::statements::{Conditions, Confirmation, Statements};
use crate::time::Timestamp;

/// Judges what a verified signature is over.
pub(super) fn judge(
    said: Statements,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedAssertion, AssertionError> {
    if said.issuer != expected.issuer {
        return Err(AssertionError::Issuer);
    }
    audience(&said.conditions, expected.audience)?;
    times(&said, expected, now)?;
    confirmations(&said.subject.confirmations, expected, now)?;

    let (authenticated_at, method, session_index, session_ends) = match said.authentication {
        Some(it) => (Some(it.at), it.method, it.session_index, it.session_ends),
        None => (None, None, None, None),
    };
    Ok(VerifiedAssertion {
        id: said.id,
        version: said.version,
        issuer: said.issuer,
        name_id: said.subject.name.map(|name| name.text).filter(|name| !name.is_empty()),
        claims: said.claims,
        issued_at: said.issued_at,
        expires_at: said.conditions.not_on_or_after,
        session_ends,
        authenticated_at,
        authentication_method: method,
        session_index,
    })
}

/// There is a restriction, and each one names us.
fn audience(conditions: &Conditions, realm: &str) -> Result<(), AssertionError> {
    let names_us = |audiences: &Vec<String>| audiences.iter().any(|audience| audience == realm);
    if !conditions.audiences.is_empty() && conditions.audiences.iter().all(names_us) {
        Ok(())
    } else {
        Err(AssertionError::Audience)
    }
}

fn times(said: &Statements, expected: &Expected<'_>, now: Timestamp) -> Result<(), AssertionError> {
    let Conditions { not_before, not_on_or_after, .. } = said.conditions;
    if not_before >= not_on_or_after {
        return Err(AssertionError::Times);
    }
    if not_on_or_after.since(not_before.min(said.issued_at)) > expected.longest_life {
        return Err(AssertionError::Lifetime);
    }
    let session_ends = said.authentication.as_ref().and_then(|authentication| authentication.session_ends);
    for end in [Some(not_on_or_after), session_ends].into_iter().flatten() {
        not_over(end, expected, now)?;
    }
    not_ahead(not_before, expected, now)?;
    not_ahead(said.issued_at, expected, now)
}

/// Whoever bears it may present it. Nobody can show another entitlement here, so none may be asked for.
fn confirmations(
    confirmations: &[Confirmation],
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<(), AssertionError> {
    if expected.requires_bearer && confirmations.is_empty() {
        return Err(AssertionError::Bearer);
    }
    for confirmation in confirmations {
        if !confirmation.is_bearer {
            return Err(AssertionError::Bearer);
        }
        confirmation.not_before.map_or(Ok(()), |at| not_ahead(at, expected, now))?;
        confirmation.not_on_or_after.map_or(Ok(()), |end| not_over(end, expected, now))?;
    }
    Ok(())
}

fn not_ahead(at: Timestamp, expected: &Expected<'_>, now: Timestamp) -> Result<(), AssertionError> {
    if now.plus(expected.skew) < at { Err(AssertionError::NotYetValid) } else { Ok(()) }
}

fn not_over(end: Timestamp, expected: &Expected<'_>, now: Timestamp) -> Result<(), AssertionError> {
    if now >= end.plus(expected.skew) { Err(AssertionError::Expired) } else { Ok(()) }
}
