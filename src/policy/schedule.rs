//! When a proof ends and when the next one is due (rows H1, H4). `jitter` is a random number in `0.0..1.0`.

use std::time::Duration;

use super::rules::end_of;
use super::settings::Settings;
use crate::session::{Proof, Renewal, Session};
use crate::time::Timestamp;

/// A check falls due after this share of the proof's span at the earliest…
const EARLIEST: f64 = 0.60;
/// …and after this share at the latest, so that the hour has no herd and a 10-minute outage goes unnoticed.
const LATEST: f64 = 0.75;
/// No check is later than this share of the refresh token's own life.
const REFRESH_TOKEN_SHARE: f64 = 2.0 / 3.0;
/// Retries after a failed check: 1, 2, 4 … seconds, at most this long, each 50 % shorter or longer.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The proof that an ID token obtained at `proved_at` is.
///
/// Where the gateway renews it (row H1) it counts for the policy check interval, which the IdP's own claim can shorten,
/// never lengthen. Where the browser must (row H4) it ends with the token.
#[must_use]
pub fn proof(
    settings: &Settings,
    renewal: Renewal,
    proved_at: Timestamp,
    idp_interval: Option<Duration>,
    token_ends: Timestamp,
) -> Proof {
    let interval =
        idp_interval.map_or(settings.policy_check_interval, |idp| idp.min(settings.policy_check_interval));
    let until = match renewal {
        Renewal::Background => proved_at.plus(interval),
        Renewal::Browser => token_ends.min(idp_interval.map_or(token_ends, |idp| proved_at.plus(idp))),
    };
    Proof { proved_at, until }
}

/// Until when a session's newest proof counts. The interval that counts now may be shorter than the one of the instant at
/// which the proof was made (row C14); a proof that the browser renews ends as it was made.
#[must_use]
pub fn proof_until(settings: &Settings, session: &Session) -> Timestamp {
    let Proof { proved_at, until } = session.proof;
    match session.renewal {
        Renewal::Background => until.min(proved_at.plus(settings.policy_check_interval)),
        Renewal::Browser => until,
    }
}

/// When something must be done about a session that was just proved: its next policy check, or its end.
#[must_use]
pub fn next_due(
    settings: &Settings,
    session: &Session,
    refresh_token_until: Option<Timestamp>,
    jitter: f64,
) -> Timestamp {
    let end = end_of(settings, session).map_or(Timestamp::FAR_FUTURE, |(at, _)| at);
    let (proved_at, until) = (session.proof.proved_at, proof_until(settings, session));
    match session.renewal {
        Renewal::Browser => end,
        Renewal::Background => {
            let check =
                proved_at.plus(until.since(proved_at).mul_f64(EARLIEST + (LATEST - EARLIEST) * jitter));
            let token = refresh_token_until.map_or(Timestamp::FAR_FUTURE, |ends| {
                proved_at.plus(ends.since(proved_at).mul_f64(REFRESH_TOKEN_SHARE))
            });
            check.min(token).min(end)
        }
    }
}

/// When to try again after `attempts` failed checks in a row (at least one).
#[must_use]
pub fn retry(now: Timestamp, attempts: u32, jitter: f64) -> Timestamp {
    let doubled = Duration::from_secs(1 << attempts.saturating_sub(1).min(6));
    now.plus(doubled.min(LONGEST_RETRY).mul_f64(0.5 + jitter))
}

/// From when on a session counts as left alone (row C10); `None` where that ends no session.
#[must_use]
pub fn inactive_from(settings: &Settings, last_activity: Timestamp) -> Option<Timestamp> {
    settings.custom_inactivity.then(|| last_activity.plus(settings.inactivity_timeout))
}

/// The first instant at which it matters that a session was not used since `last_activity`.
#[must_use]
pub fn unused_matters_from(settings: &Settings, last_activity: Timestamp) -> Timestamp {
    let dormant = dormant_from(settings, last_activity);
    inactive_from(settings, last_activity).map_or(dormant, |inactive| inactive.min(dormant))
}

/// From when on nobody refreshes this session in the background (row H1, C19).
#[must_use]
pub fn dormant_from(settings: &Settings, last_activity: Timestamp) -> Timestamp {
    last_activity.plus(settings.dormant_after)
}

/// When a session that nobody uses is deleted (row H1).
#[must_use]
pub fn forgotten_from(last_activity: Timestamp) -> Timestamp {
    last_activity.plus(Settings::FORGET_AFTER)
}
