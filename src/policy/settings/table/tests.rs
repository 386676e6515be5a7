use proptest::prelude::*;

use super::*;

const NO: Leave = Leave { short_policy_check: false };

fn set(name: &str, text: &str) -> Result<u32, String> {
    let (setting, called) = find(name)?;
    setting.parse(text, called, NO).map_err(|refusal| refusal.about(name, text))
}

#[test]
fn every_key_is_its_place_in_the_table_and_every_default_is_in_range() {
    for (place, setting) in TABLE.iter().enumerate() {
        assert_eq!(setting.key as usize, place);
        let text = setting.text(setting.default_value());
        assert_eq!(set(setting.name, &text), Ok(setting.default_value()), "{}", setting.name);
    }
}

#[test]
fn c1_to_c19_the_ranges_are_the_tables() {
    let rows = [
        ("max_length", "60m", "24h", "59m", "24h1s"),
        ("warn_before", "1m", "23h59m", "59s", "24h"),
        ("inactivity_timeout", "5m", "24h", "4m59s", "24h1m"),
        ("lifetime", "1h", "2160h", "59m", "91d"),
        ("policy_check_interval", "5m", "24h", "4m", "25h"),
        ("outage_grace", "0s", "24h", "24h1s", "25h"),
        ("dormant_after", "1h", "30d", "59m", "31d"),
    ];
    for (name, shortest, longest, short, long) in rows {
        for good in [shortest, longest] {
            assert!(set(name, good).is_ok(), "{name} = {good}");
        }
        for bad in [short, long] {
            let told = set(name, bad).unwrap_err();
            assert!(told.contains("is out of range: it may be "), "{told}");
        }
    }
    let test_bed = Leave { short_policy_check: true };
    let interval = Key::PolicyCheckInterval.setting();
    assert_eq!(interval.parse("2s", Called::Name, test_bed), Ok(2));
    assert!(interval.parse("1s", Called::Name, test_bed).is_err());
}

#[test]
fn c12_a_refusal_names_the_range_and_a_misspelling_finds_its_word() {
    assert_eq!(
        set("max_length", "30m").unwrap_err(),
        "max_length = 30m is out of range: it may be 60 min to 1440 min; use a value such as 24h"
    );
    assert_eq!(
        set("sessiontimeoutinmins", "30").unwrap_err(),
        "sessiontimeoutinmins = 30 is out of range: it may be 60 to 1440, in minutes"
    );
    assert_eq!(
        set("max_length", "90").unwrap_err(),
        "max_length = 90 has no unit; did you mean `90m` or `90s`?"
    );
    assert_eq!(set("custom_duration", "yes").unwrap_err(), "custom_duration = yes is neither true nor false");
    assert_eq!(
        set("apply", "tigthen").unwrap_err(),
        "apply = tigthen is not one of next_sign_in, tighten; did you mean tighten?"
    );
    assert_eq!(
        find("max_lenght").unwrap_err(),
        "there is no setting \"max_lenght\"; did you mean max_length?"
    );
    assert_eq!(
        find("SessionTimeoutInMin").unwrap_err(),
        "there is no setting \"SessionTimeoutInMin\"; did you mean SessionTimeoutInMins?"
    );
    assert!(find("banana").unwrap_err().contains("known: custom_duration, max_length"));
}

#[test]
fn the_models_names_count_in_the_models_units_in_any_case() {
    assert_eq!(set("SessionTimeoutInMins", "90"), Ok(5400));
    assert_eq!(set("SESSIONTIMEOUTINMINS", "90m"), Ok(5400));
    assert_eq!(set("SessionTimeoutReminderInMins", "5"), Ok(300));
    assert_eq!(set("InactivityTimeoutInMins", "15"), Ok(900));
    assert_eq!(set("SessionSecurityTokenLifetimeInHours", "48"), Ok(172_800));
    assert_eq!(set("AllowCustomSessionDuration", "True"), Ok(1));
    assert_eq!(set("AllowCustomInactivityDuration", "true"), Ok(1));
    assert_eq!(set("WSFedNonceCookieEnabled", "False"), Ok(0));
    assert!(set("nonce_cookie", "False").is_err());
    assert_eq!(Key::Lifetime.setting().alias_text(172_800).as_deref(), Some("48"));
    assert_eq!(Key::Lifetime.setting().alias_text(5400).as_deref(), Some("1.5"));
    assert_eq!(Key::NonceCookie.setting().alias_text(1).as_deref(), Some("true"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_is_taken_is_in_range(name in ".{0,40}", text in "[0-9a-zA-Z]{0,24}|.{0,24}") {
        let _ = find(&name);
        for setting in &TABLE {
            for called in [Called::Name, Called::Alias] {
                if let (Ok(value), Kind::Span { .. }) = (setting.parse(&text, called, NO), &setting.kind) {
                    prop_assert!(setting.bounds(NO).contains(&Duration::from_secs(value.into())));
                    prop_assert_eq!(setting.parse(&setting.text(value), Called::Name, NO), Ok(value));
                }
            }
        }
    }
}
