//! Which settings are the stricter, and what a live session goes by (row C14).
//!
//! A [`Limits`] is a list of numbers of which the smaller is the stricter, each for itself; so two of them are met by taking
//! the smaller of each. That has no order and no memory, and nothing is ever loosened by it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::table::{COUNT, Key};
use super::{Apply, Settings};

/// No limit.
const NONE: u32 = u32::MAX;

/// How strict settings are: a smaller number is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits([u32; COUNT]);

/// Settings that mean something only together.
const TOGETHER: [&[Key]; 2] =
    [&[Key::CustomDuration, Key::MaxLength, Key::Lifetime], &[Key::CustomInactivity, Key::InactivityTimeout]];

impl Limits {
    /// No limits at all: everything is stricter.
    pub const NONE: Self = Self([NONE; COUNT]);

    /// The stricter of each.
    #[must_use]
    pub fn met(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].min(other.0[at])))
    }

    /// Only what the named settings limit, together with those without which they mean nothing.
    #[must_use]
    pub fn only(&self, named: &[Key]) -> Self {
        let mut only = Self::NONE;
        for key in named {
            let own = [*key];
            let group = TOGETHER.into_iter().find(|group| group.contains(key)).unwrap_or(&own);
            group.iter().for_each(|key| only.0[*key as usize] = self.0[*key as usize]);
        }
        only
    }

    fn get(&self, key: Key) -> Option<u32> {
        Some(self.0[key as usize]).filter(|limit| *limit != NONE)
    }

    fn span(&self, key: Key) -> Option<Duration> {
        self.get(key).map(|secs| Duration::from_secs(secs.into()))
    }
}

impl Settings {
    /// How strict these settings are. A setting that is switched off limits nothing.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let mut limits = self.to_values();
        let mut put = |key: Key, limit: u32| limits[key as usize] = limit;
        // What is stricter when it is on, or more, counts the other way round. The switches themselves say nothing that
        // their lengths do not say.
        put(Key::NonceCookie, u32::from(!self.nonce_cookie));
        put(Key::Apply, u32::from(self.apply != Apply::Tighten));
        put(Key::WarnBefore, NONE - 1 - u32::try_from(self.warn_before.as_secs()).unwrap_or(NONE - 1));
        put(Key::CustomDuration, NONE);
        put(Key::CustomInactivity, NONE);
        if !self.custom_duration {
            put(Key::MaxLength, NONE);
        } else if !self.lifetime_still_counts {
            put(Key::Lifetime, NONE);
        }
        if !self.custom_inactivity {
            put(Key::InactivityTimeout, NONE);
        }
        Limits(limits)
    }

    /// These settings, and beyond them whatever of `limits` is stricter.
    #[must_use]
    pub fn within(&self, limits: &Limits) -> Self {
        let met = self.limits().met(limits);
        let (max_length, lifetime) = (met.span(Key::MaxLength), met.span(Key::Lifetime));
        let inactivity = met.span(Key::InactivityTimeout);
        let warn = met.get(Key::WarnBefore).map(|limit| Duration::from_secs((NONE - 1 - limit).into()));
        let span = |key: Key, own: Duration| met.span(key).unwrap_or(own);
        Self {
            custom_duration: max_length.is_some(),
            max_length: max_length.unwrap_or(self.max_length),
            warn_before: warn.unwrap_or(self.warn_before),
            custom_inactivity: inactivity.is_some(),
            inactivity_timeout: inactivity.unwrap_or(self.inactivity_timeout),
            nonce_cookie: met.get(Key::NonceCookie) == Some(0),
            lifetime: lifetime.unwrap_or(self.lifetime),
            policy_check_interval: span(Key::PolicyCheckInterval, self.policy_check_interval),
            keep_me_signed_in: met.get(Key::KeepMeSignedIn) != Some(0),
            outage_grace: span(Key::OutageGrace, self.outage_grace),
            dormant_after: span(Key::DormantAfter, self.dormant_after),
            apply: if met.get(Key::Apply) == Some(0) { Apply::Tighten } else { Apply::NextSignIn },
            lifetime_still_counts: max_length.is_some() && lifetime.is_some(),
        }
    }

    /// For each setting the stricter of the two.
    #[must_use]
    pub fn tightened_by(&self, other: &Self) -> Self {
        self.within(&other.limits())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_settings;
    use super::*;
    use crate::policy::rules::end_of;
    use crate::session::{Renewal, Session};

    const HOUR: Duration = Duration::from_secs(3600);

    /// What a session gets out of settings; lengths that are switched off are nobody's business.
    fn seen(settings: &Settings) -> Limits {
        settings.limits()
    }

    fn sessions() -> [Session; 2] {
        [Renewal::Background, Renewal::Browser].map(|renewal| Session { renewal, ..Session::sample() })
    }

    #[test]
    fn c14_a_custom_length_does_not_lengthen_what_lived_under_a_shorter_lifetime() {
        let short = Settings { lifetime: HOUR, ..Settings::default() };
        let long = Settings { custom_duration: true, max_length: 24 * HOUR, ..Settings::default() };
        let [background, browser] = sessions();
        for met in [short.tightened_by(&long), long.tightened_by(&short)] {
            assert_eq!(end_of(&met, &browser).unwrap().0, browser.signed_in_at.plus(HOUR));
            assert_eq!(end_of(&met, &background).unwrap().0, background.signed_in_at.plus(24 * HOUR));
        }
        assert_eq!(
            end_of(&long, &browser).unwrap().0,
            browser.signed_in_at.plus(24 * HOUR),
            "of a new one it does"
        );
    }

    #[test]
    fn c14_only_what_was_named_and_what_belongs_to_it_is_applied() {
        let strict = Settings {
            custom_duration: true,
            max_length: HOUR,
            custom_inactivity: true,
            inactivity_timeout: HOUR / 12,
            dormant_after: HOUR,
            ..Settings::default()
        };
        let met = Settings::default().within(&strict.limits().only(&[Key::CustomInactivity]));
        assert!(met.custom_inactivity && met.inactivity_timeout == HOUR / 12);
        assert!(!met.custom_duration && met.dormant_after == 24 * HOUR);
        let met = Settings::default().within(&strict.limits().only(&[Key::DormantAfter]));
        assert_eq!(met, Settings { dormant_after: HOUR, ..Settings::default() });
    }

    proptest! {
        #[test]
        fn c14_the_stricter_of_two_knows_no_order_and_no_repetition(a in any_settings(), b in any_settings(), c in any_settings()) {
            prop_assert_eq!(&a.tightened_by(&a), &a);
            prop_assert_eq!(seen(&a.tightened_by(&b)), seen(&b.tightened_by(&a)));
            let (left, right) = (a.tightened_by(&b).tightened_by(&c), a.tightened_by(&b.tightened_by(&c)));
            prop_assert_eq!(seen(&left), seen(&right));
            prop_assert_eq!(&a.tightened_by(&b).tightened_by(&b), &a.tightened_by(&b));
            prop_assert_eq!(&a.within(&Limits::NONE), &a);
        }

        #[test]
        fn c14_nothing_is_ever_loosened(a in any_settings(), b in any_settings()) {
            let met = a.tightened_by(&b);
            for session in sessions() {
                let end = |settings: &Settings| end_of(settings, &session).map_or(i64::MAX, |(at, _)| at.as_millis());
                prop_assert!(end(&met) <= end(&a).min(end(&b)));
            }
            let inactive = |s: &Settings| if s.custom_inactivity { s.inactivity_timeout } else { Duration::MAX };
            prop_assert_eq!(inactive(&met), inactive(&a).min(inactive(&b)));
            prop_assert_eq!(met.policy_check_interval, a.policy_check_interval.min(b.policy_check_interval));
            prop_assert_eq!(met.outage_grace, a.outage_grace.min(b.outage_grace));
            prop_assert_eq!(met.dormant_after, a.dormant_after.min(b.dormant_after));
            prop_assert_eq!(met.nonce_cookie, a.nonce_cookie || b.nonce_cookie);
            prop_assert_eq!(met.keep_me_signed_in, a.keep_me_signed_in && b.keep_me_signed_in);
            prop_assert_eq!(met.warn_before, a.warn_before.max(b.warn_before));
        }
    }
}
