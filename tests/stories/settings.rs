//! An admin changes how long sessions live, while the gateway runs (rows C12, C13, C14, C16).

use hourgate::admin::client::{Client, ClientError};
use hourgate::admin::wire::settings::{
    ApplyWhen, ChangeSettings, SettingView, SettingsChanged, SettingsHistory, SettingsView,
};
use hourgate::config::KeySource;
use hourgate::journeys::settings;
use hourgate::keys::{MasterKey, file};
use hourgate::store::{KeptSettings, StoreError, Version};
use serde_json::{Value, json};

use crate::house::{APP, HOUR, House, MINUTE, OTHER};

fn client(house: &House) -> Client {
    Client::new(&house.config.management.socket).unwrap()
}

/// A wish to set settings, for all or for one environment.
pub(crate) fn wish(environment: Option<&str>, set: &[(&str, Value)]) -> ChangeSettings {
    ChangeSettings {
        environment: environment.map(str::to_owned),
        set: set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..ChangeSettings::default()
    }
}

pub(crate) async fn change(house: &House, wish: ChangeSettings) -> Result<SettingsChanged, ClientError> {
    client(house).put("/settings", &wish).await
}

/// Sets settings of the environment of [`APP`].
pub(crate) async fn set(house: &House, values: &[(&str, Value)]) -> SettingsChanged {
    change(house, ChangeSettings { confirmed: true, ..wish(Some("prod"), values) }).await.unwrap()
}

/// The same, and lets them reach live sessions.
pub(crate) async fn apply(house: &House, values: &[(&str, Value)]) -> SettingsChanged {
    let wish = ChangeSettings { apply: Some(ApplyWhen::Now), confirmed: true, ..wish(Some("prod"), values) };
    change(house, wish).await.unwrap()
}

async fn get(house: &House, environment: &str, name: &str) -> SettingView {
    let query: Vec<_> =
        (!environment.is_empty()).then(|| ("environment", environment.to_owned())).into_iter().collect();
    let view: SettingsView = client(house).get("/settings", &query).await.unwrap();
    view.settings.into_iter().find(|setting| setting.name == name).unwrap()
}

async fn history(house: &House) -> SettingsHistory {
    client(house).get("/settings/history", &[]).await.unwrap()
}

fn refused(answer: Result<SettingsChanged, ClientError>) -> (String, String) {
    match answer {
        Err(ClientError::Refused(problem)) => (problem.code, problem.message),
        other => panic!("{other:?}"),
    }
}

/// What lies in the store.
async fn kept(house: &House) -> (Version, Vec<u8>) {
    match house.services().sessions.store().settings(Version(0)).await.unwrap() {
        KeptSettings::Other(version, sealed) => (version, sealed),
        other => panic!("{other:?}"),
    }
}

stories! {
    async fn c16_settings_are_read_and_changed_for_all_and_for_one_environment(house: House) {
        house.settings().lifetime = 48 * HOUR;
        house.restart().await;
        let seen = async |environment: &str, name: &str| {
            let setting = get(house, environment, name).await;
            (setting.value, setting.source)
        };
        assert_eq!(seen("prod", "lifetime").await, ("48h".into(), "environment, configuration".into()));
        assert_eq!(seen("", "lifetime").await, ("24h".into(), "default".into()));
        let changed = change(house, wish(None, &[("sessionSecurityTokenLifetimeInHours", json!(12))])).await.unwrap();
        assert_eq!((changed.version, changed.changes[0].to.as_deref()), (1, Some("12h")));
        assert_eq!(seen("", "lifetime").await, ("12h".into(), "server, live".into()));
        assert_eq!(seen("other", "lifetime").await, ("12h".into(), "server, live".into()));
        assert_eq!(seen("prod", "lifetime").await.0, "48h", "its own configuration goes before");
        set(house, &[("lifetime", json!("2h")), ("nonce_cookie", json!(false))]).await;
        assert_eq!(seen("prod", "lifetime").await, ("2h".into(), "environment, live".into()));
        let all = get(house, "", "lifetime").await;
        assert_eq!((all.said_by, all.alias_value.as_deref(), all.range.as_str()), (vec!["prod".into()], Some("12"), "1 h to 2160 h"));

        let unset = ChangeSettings { environment: Some("prod".into()), unset: vec!["lifetime".into()], ..Default::default() };
        change(house, unset).await.unwrap();
        assert_eq!(seen("prod", "lifetime").await.0, "48h");
        house.restart().await;
        assert_eq!(get(house, "", "lifetime").await.value, "12h", "a restart keeps it");
        assert_eq!(get(house, "prod", "nonce_cookie").await.value, "false");
    }

    async fn c16_history_says_who_when_from_and_to_and_one_can_go_back(house: House) {
        change(house, ChangeSettings { remark: Some("audit 7".into()), ..wish(None, &[("max_length", json!("8h"))]) }).await.unwrap();
        house.clock.advance(HOUR);
        set(house, &[("outage_grace", json!("0h")), ("dormant_after", json!("12h"))]).await;
        let told = history(house).await;
        assert_eq!((told.version, told.changes.len(), told.truncated), (2, 3, false));
        let (newest, oldest) = (&told.changes[0], &told.changes[2]);
        assert_eq!((newest.version, newest.environment.as_deref()), (2, Some("prod")));
        assert_eq!((oldest.setting.as_str(), oldest.from.as_deref(), oldest.to.as_deref()), ("max_length", None, Some("8h")));
        assert_eq!((oldest.remark.as_deref(), oldest.apply.as_str()), (Some("audit 7"), "next_sign_in"));
        use std::os::unix::fs::MetadataExt;
        let uid = std::fs::metadata(&house.config.management.socket).unwrap().uid();
        assert_eq!(oldest.who, format!("uid {uid}"));
        assert!(newest.at > oldest.at);

        let back = |version| ChangeSettings { back_to: Some(version), ..Default::default() };
        let undone = change(house, back(1)).await.unwrap();
        assert_eq!((undone.version, undone.changes.len()), (3, 2));
        assert_eq!(undone.changes[0].remark.as_deref(), Some("back to version 1"));
        assert_eq!(get(house, "prod", "outage_grace").await.source, "default");
        assert_eq!(get(house, "", "max_length").await.value, "8h");
        change(house, back(0)).await.unwrap();
        assert_eq!(get(house, "", "max_length").await.source, "default");
        let (code, told) = refused(change(house, back(99)).await);
        assert_eq!((code.as_str(), told.as_str()), ("not_found", "there is no version 99 to go back to: known are 0 to 3"));
        let (code, _) = refused(change(house, ChangeSettings { back_to: Some(1), ..wish(None, &[("max_length", json!("8h"))]) }).await);
        assert_eq!(code, "bad_request");
    }

    async fn c12_what_is_wrong_is_refused_with_its_range_and_nothing_is_changed(house: House) {
        for (name, value, told) in [
            ("max_length", json!("30m"), "max_length = 30m is out of range: it may be 60 min to 1440 min"),
            ("max_length", json!(90), "max_length = 90 has no unit; did you mean `90m` or `90s`?"),
            ("SessionTimeoutInMins", json!(1441), "it may be 60 to 1440, in minutes"),
            ("max_lenght", json!("8h"), "did you mean max_length?"),
            ("nonce_cookie", json!("maybe"), "is neither true nor false"),
            ("nonce_cookie", json!(null), "is neither true nor false"),
            ("lifetime", json!({"hours": 3}), "is not a duration"),
            ("policy_check_interval", json!("2s"), "danger.short_policy_check"),
            ("apply", json!("now"), "is not one of next_sign_in, tighten"),
            ("warn_before", json!("24h"), "1 min to 1439 min, below max_length"),
        ] {
            let wrong = wish(None, &[("dormant_after", json!("2h")), (name, value)]);
            let (code, message) = refused(change(house, wrong).await);
            assert_eq!(code, "invalid_setting", "{message}");
            assert!(message.contains(told), "{message}");
        }
        let twice = wish(None, &[("max_length", json!("8h")), ("SessionTimeoutInMins", json!(480))]);
        assert_eq!(refused(change(house, twice).await).1, "max_length is named twice");
        let two = refused(change(house, wish(None, &[("max_length", json!("1m")), ("lifetime", json!("1m"))])).await).1;
        assert_eq!(two.lines().count(), 2, "all that is wrong at once: {two}");
        let (code, message) = refused(change(house, wish(Some("prd"), &[("max_length", json!("8h"))])).await);
        assert_eq!((code.as_str(), message.contains("did you mean prod?")), ("bad_request", true));
        assert_eq!(refused(change(house, ChangeSettings::default()).await).0, "bad_request");
        let unknown: Result<SettingsChanged, _> = client(house).put("/settings", &json!({ "sett": {} })).await;
        assert_eq!(refused(unknown).0, "bad_request");
        assert_eq!((history(house).await.version, get(house, "", "dormant_after").await.value.as_str()), (0, "24h"));
    }

    async fn c12_a_long_inactivity_timeout_wants_to_be_confirmed(house: House) {
        let long = wish(None, &[("InactivityTimeoutInMins", json!(45))]);
        let (code, message) = refused(change(house, long.clone()).await);
        assert_eq!(code, "unconfirmed");
        assert!(message.contains("above 30 min, to 45m") && message.contains("memory"), "{message}");
        assert_eq!(history(house).await.version, 0);
        change(house, ChangeSettings { confirmed: true, ..long }).await.unwrap();
        assert_eq!(get(house, "prod", "inactivity_timeout").await.value, "45m");
        change(house, wish(None, &[("inactivity_timeout", json!("40m"))])).await.unwrap();
    }

    async fn c16_two_admins_at_once_lose_nothing(house: House) {
        let wishes = ["max_length", "lifetime", "dormant_after", "policy_check_interval"];
        let changes = wishes.map(|name| change(house, wish(None, &[(name, json!("12h"))])));
        for changed in futures_util::future::join_all(changes).await {
            changed.unwrap();
        }
        for name in wishes {
            assert_eq!(get(house, "", name).await.value, "12h", "{name}");
        }
        assert_eq!(history(house).await.version, 4);
    }

    async fn c16_another_node_goes_by_a_change_after_its_next_look(house: House) {
        let other = house.other_node();
        other.read_live_settings().await.unwrap();
        let prod = other.services().environments["prod"].clone();
        set(house, &[("max_length", json!("8h"))]).await;
        assert_eq!(other.services().settings_for_sign_in(&prod).max_length, 24 * HOUR, "it did not look yet");
        settings::follow(other.services()).await.unwrap();
        assert_eq!(other.services().settings_for_sign_in(&prod).max_length, 8 * HOUR);
    }

    async fn c16_a_node_that_did_not_read_them_yet_does_so_before_it_judges(house: House) {
        let browser = house.signed_in().await;
        apply(house, &[("custom_duration", json!(true)), ("max_length", json!("1h"))]).await;
        house.restart().await; // by hand: nothing was read
        house.wait(50 * MINUTE).await;
        let browser = browser.at(house.address());
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200);
        house.restart().await;
        house.clock.advance(10 * MINUTE);
        assert_eq!(browser.at(house.address()).fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn c16_what_the_store_loses_in_a_fail_over_it_is_given_back(house: House) {
        set(house, &[("max_length", json!("8h"))]).await;
        let (first, sealed) = kept(house).await;
        set(house, &[("max_length", json!("4h"))]).await;
        let store = house.services().sessions.clone();
        store.store().replace_settings(Version(2), first, &sealed).await.unwrap();
        assert_eq!(kept(house).await.0, Version(1));
        settings::follow(house.services()).await.unwrap();
        assert_eq!(kept(house).await.0, Version(2));
        assert_eq!(get(house, "prod", "max_length").await.value, "4h");
        if house.has_redis() {
            house.redis().cli(&["DEL", "hg:settings"]);
            settings::follow(house.services()).await.unwrap();
            assert_eq!(kept(house).await.0, Version(2));
        }
    }

    async fn c16_settings_that_cannot_be_read_stop_a_start_and_no_node_that_runs(house: House) {
        set(house, &[("max_length", json!("8h"))]).await;
        let store = house.services().sessions.clone();
        store.store().replace_settings(Version(1), Version(2), b"planted").await.unwrap();
        assert!(matches!(settings::follow(house.services()).await, Err(StoreError::Unreadable { .. })));
        let prod = house.services().environments["prod"].clone();
        assert_eq!(house.services().settings_for_sign_in(&prod).max_length, 8 * HOUR, "the last good copy");
        house.signed_in().await;

        let other = house.other_node();
        let refused = other.read_live_settings().await.unwrap_err().to_string();
        assert!(refused.contains("version 2") && refused.contains("--forget-live-settings"), "{refused}");
        other.forget_live_settings().await.unwrap();
        other.read_live_settings().await.unwrap();
        settings::follow(house.services()).await.unwrap();
        assert_eq!(house.services().settings_for_sign_in(&prod).max_length, 24 * HOUR);
        assert_eq!(set(house, &[("max_length", json!("8h"))]).await.version, 4);
    }

    async fn c16_settings_outlive_the_key_that_they_were_sealed_with(house: House) {
        let old = MasterKey::random(house.services().now());
        let new = MasterKey::random(house.services().now().plus(HOUR));
        house.config.keys = KeySource::Ring(file::render(&[old, new.clone()]));
        house.restart().await;
        set(house, &[("max_length", json!("8h"))]).await;
        house.clock.advance(2 * HOUR);
        settings::follow(house.services()).await.unwrap();
        house.config.keys = KeySource::Ring(file::render(&[new]));
        house.restart().await;
        assert_eq!(get(house, "prod", "max_length").await.value, "8h");
        assert_eq!(history(house).await.version, 1, "that is no change");
    }

    async fn c14_a_change_counts_from_the_next_sign_in_without_a_restart(house: House) {
        let before = house.signed_in().await;
        let changed = set(house, &[("custom_duration", json!(true)), ("max_length", json!("1h"))]).await;
        assert_eq!(changed.sessions, Some(0));
        let after = house.signed_in().await;
        house.wait(HOUR).await;
        assert_eq!(before.fetch(&format!("{APP}/")).await.status, 200);
        assert_eq!(after.fetch(&format!("{APP}/")).await.status, 401);
        assert_eq!(house.live().await.len(), 1);
    }

    async fn c14_applied_now_a_change_reaches_live_sessions_and_loosens_none(house: House) {
        let browser = house.signed_in().await;
        house.browser().navigate(&format!("{OTHER}/")).await; // of another environment
        let strict = [("custom_duration", json!(true)), ("max_length", json!("2h"))];
        let now = |dry_run| ChangeSettings { apply: Some(ApplyWhen::Now), dry_run, ..wish(Some("prod"), &strict) };
        let dry = change(house, now(true)).await.unwrap();
        assert_eq!((dry.sessions, dry.dry_run, history(house).await.version), (Some(1), true, 0));
        assert_eq!(change(house, now(false)).await.unwrap().sessions, Some(1));
        let looser = apply(house, &[("max_length", json!("24h")), ("custom_duration", json!(false))]).await;
        assert_eq!(looser.sessions, Some(0), "it means nothing to a session that is stricter");
        let longer = house.signed_in().await;
        house.wait(2 * HOUR - MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200);
        house.wait(MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
        assert_eq!(longer.fetch(&format!("{APP}/")).await.status, 200);
        let other = house.live().await;
        assert!(other.iter().any(|(_, session)| session.environment.as_str() == "other"));
    }

    async fn c14_and_pci_19_a_shorter_interval_that_is_applied_now_is_kept_without_any_request(house: House) {
        house.signed_in().await;
        let (id, session) = house.session().await;
        apply(house, &[("policy_check_interval", json!("5m"))]).await;
        // The checks are brought forward behind the answer; once more by hand, so that it is certain here.
        settings::requeue(house.services(), &[(id, session)]).await.unwrap();
        house.disable("alice").await;
        house.wait_in_steps(5 * MINUTE, MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused");
    }

    async fn c14_tighten_makes_that_automatic(house: House) {
        let browser = house.signed_in().await;
        set(house, &[("apply", json!("tighten"))]).await;
        let changed = set(house, &[("custom_duration", json!(true))]).await;
        assert_eq!((changed.sessions, changed.changes[0].apply.as_str()), (Some(1), "now"));
        set(house, &[("max_length", json!("1h"))]).await;
        set(house, &[("max_length", json!("24h"))]).await;
        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn c14_what_the_configuration_tightens_counts_at_the_restart(house: House) {
        let browser = house.signed_in().await;
        house.settings().custom_duration = true;
        house.settings().max_length = HOUR;
        house.restart().await;
        house.wait(HOUR).await;
        assert_eq!(browser.at(house.address()).fetch(&format!("{APP}/")).await.status, 200, "of the next sign-in");
        house.settings().apply = hourgate::policy::settings::Apply::Tighten;
        house.restart().await;
        assert_eq!(browser.at(house.address()).fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn c14_a_silent_renewal_is_no_sign_in_and_keeps_the_settings_of_its_own(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        set(house, &[("lifetime", json!("2h"))]).await;
        for _ in 0..3 {
            house.clock.advance(HOUR + MINUTE);
            assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice");
        }
        assert_eq!(house.live().await.len(), 1, "the same sign-in for more than two hours");
        let (_, session) = house.session().await;
        assert!(house.services().now().since(session.signed_in_at) > 3 * HOUR);
    }

    async fn c14_a_record_that_says_nothing_goes_by_what_counts_now(house: House) {
        let browser = house.signed_in().await;
        let (id, session) = house.session().await;
        let old = hourgate::session::Session { signed_in_under: None, ..session.as_ref().clone() };
        let sessions = house.services().sessions.clone();
        sessions.replace(id, Version(1), &old, None, house.services().now()).await.unwrap();
        set(house, &[("custom_duration", json!(true)), ("max_length", json!("1h"))]).await;
        house.clock.advance(HOUR);
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
    }
}
