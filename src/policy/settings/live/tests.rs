use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::settings::Settings;
use crate::policy::settings::tests::any_settings;
use crate::session::SignInSettings;

const MINUTE: u32 = 60;
const HOUR: u32 = 3600;

fn prod() -> Scope {
    Some("prod".parse().unwrap())
}

fn configured() -> Configured {
    let environments = [prod(), Some("test".parse().unwrap())].into_iter().flatten();
    Configured {
        environments: environments.map(|id| (id, SettingsLayer::default())).collect(),
        ..Default::default()
    }
}

fn wish(edits: &[(Scope, Key, Option<u32>)]) -> Wish {
    Wish {
        edits: edits.to_vec(),
        apply_now: false,
        confirmed: false,
        who: "uid 0".into(),
        remark: None,
        at: Timestamp::EPOCH,
    }
}

fn now(edits: &[(Scope, Key, Option<u32>)]) -> Wish {
    Wish { apply_now: true, ..wish(edits) }
}

fn after(live: &LiveSettings, wish: &Wish) -> LiveSettings {
    live.changed(&configured(), wish).unwrap()
}

fn of_prod(live: &LiveSettings) -> EnvironmentSettings {
    live.of_environment(&configured(), &prod().unwrap())
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

#[test]
fn c16_a_change_is_for_all_environments_or_for_one_and_is_remembered() {
    let all = after(&LiveSettings::default(), &wish(&[(None, Key::Lifetime, Some(48 * HOUR))]));
    let one = after(&all, &wish(&[(prod(), Key::Lifetime, Some(2 * HOUR))]));
    let lifetime = |live: &LiveSettings, scope: &Scope| {
        let resolved = live.resolved(&configured(), scope);
        (resolved.settings().lifetime, resolved.sources[Key::Lifetime as usize])
    };
    assert_eq!(lifetime(&one, &None), (secs(48 * HOUR), Source::LiveServer));
    assert_eq!(lifetime(&one, &prod()), (secs(2 * HOUR), Source::LiveEnvironment));
    assert_eq!(lifetime(&one, &Some("test".parse().unwrap())).0, secs(48 * HOUR));
    let told: Vec<_> =
        one.history.iter().map(|it| (it.version, it.scope.clone(), it.from(), it.to())).collect();
    assert_eq!(told, [(1, None, None, Some("48h".to_owned())), (2, prod(), None, Some("2h".to_owned()))]);
    let unset = after(&one, &wish(&[(prod(), Key::Lifetime, None)]));
    assert_eq!(lifetime(&unset, &prod()).0, secs(48 * HOUR));
    assert_eq!(unset.history[2].from().as_deref(), Some("2h"));
}

#[test]
fn c16_what_changes_nothing_makes_no_version_unless_it_is_applied() {
    let edit = [(None, Key::MaxLength, Some(2 * HOUR))];
    let once = after(&LiveSettings::default(), &wish(&edit));
    assert_eq!(after(&once, &wish(&edit)), once);
    let applied = after(&once, &now(&edit));
    assert_eq!(applied.version, 2);
    assert!(applied.history[1].applied && !applied.history[0].applied);
}

#[test]
fn c12_what_makes_no_sense_together_is_refused_wherever_it_would_result() {
    let strict = after(
        &LiveSettings::default(),
        &wish(&[(prod(), Key::MaxLength, Some(2 * HOUR)), (prod(), Key::CustomDuration, Some(1))]),
    );
    let refused =
        strict.changed(&configured(), &wish(&[(None, Key::WarnBefore, Some(2 * HOUR))])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "in the environment prod, warn_before = 2h must be below max_length, which is 2h; shorten the one or lengthen the \
         other"
    );
    let long = Wish { confirmed: true, ..wish(&[(prod(), Key::InactivityTimeout, Some(2 * HOUR))]) };
    assert!(matches!(strict.changed(&configured(), &long), Err(ChangeRefused::Contradiction(_))));
    // Both at once make sense.
    let both = [(prod(), Key::InactivityTimeout, Some(2 * HOUR)), (prod(), Key::MaxLength, Some(3 * HOUR))];
    after(&strict, &Wish { confirmed: true, ..wish(&both) });
}

#[test]
fn c12_raising_the_inactivity_timeout_above_half_an_hour_wants_a_confirmation() {
    let nothing = LiveSettings::default();
    let to = |minutes: u32| wish(&[(None, Key::InactivityTimeout, Some(minutes * MINUTE))]);
    after(&nothing, &to(30));
    let refused = nothing.changed(&configured(), &to(31)).unwrap_err();
    assert!(refused.to_string().contains("above 30 min, to 31m"), "{refused}");
    let long = after(&nothing, &Wish { confirmed: true, ..to(120) });
    after(&long, &to(60)); // lower
    assert!(long.changed(&configured(), &to(121)).is_err());
    let lowered = after(&long, &to(20));
    let back = lowered.edits_back_to(1).unwrap();
    assert!(matches!(lowered.changed(&configured(), &wish(&back)), Err(ChangeRefused::Unconfirmed { .. })));
}

#[test]
fn c16_a_rollback_is_a_change_that_undoes_all_later_ones() {
    let one = after(&LiveSettings::default(), &wish(&[(None, Key::Lifetime, Some(HOUR))]));
    let two =
        after(&one, &wish(&[(None, Key::Lifetime, Some(2 * HOUR)), (prod(), Key::NonceCookie, Some(0))]));
    let three = after(&two, &wish(&[(None, Key::Lifetime, None), (None, Key::OutageGrace, Some(0))]));
    let back = after(&three, &wish(&three.edits_back_to(1).unwrap()));
    assert_eq!((&back.server, &back.environments), (&one.server, &one.environments));
    assert_eq!((back.version, back.history.len()), (4, 8));
    let again = after(&back, &wish(&back.edits_back_to(3).unwrap()));
    assert_eq!((&again.server, &again.environments), (&three.server, &three.environments));
    let before = after(&again, &wish(&again.edits_back_to(0).unwrap()));
    assert!(before.server.is_empty() && before.environments.is_empty());
    for version in [before.version, 99] {
        let refused = before.edits_back_to(version).unwrap_err();
        assert!(refused.to_string().ends_with("known are 0 to 5"), "{refused}");
    }
}

#[test]
fn c16_the_history_forgets_the_oldest_versions_whole() {
    let mut live = LiveSettings::default();
    for n in 0..600 {
        let hours = HOUR * (1 + n % 2);
        live = after(
            &live,
            &wish(&[(None, Key::Lifetime, Some(hours)), (None, Key::DormantAfter, Some(hours))]),
        );
    }
    assert_eq!(live.history.len(), MOST_HISTORY);
    assert_eq!(live.history[0].version, 101);
    assert!(live.edits_back_to(100).is_ok());
    assert!(matches!(live.edits_back_to(99), Err(ChangeRefused::NoSuchVersion { from: 100, .. })));
}

#[test]
fn c14_a_change_counts_from_the_next_sign_in_on_unless_it_is_applied() {
    let nothing = LiveSettings::default();
    let session = of_prod(&nothing).snapshot();
    let strict = [(prod(), Key::CustomDuration, Some(1)), (prod(), Key::MaxLength, Some(HOUR))];
    let later = after(&nothing, &wish(&strict));
    assert_eq!(of_prod(&later).of_session(Some(&session)), Settings::default());
    assert!(of_prod(&later).now().custom_duration);
    let applied = after(&nothing, &now(&strict));
    let met = of_prod(&applied).of_session(Some(&session));
    assert!(met.custom_duration && met.max_length == secs(HOUR));

    // Loosened again: for those who signed in since, and for nobody else.
    let looser = after(&applied, &now(&[(prod(), Key::MaxLength, Some(2 * HOUR))]));
    assert_eq!(of_prod(&looser).of_session(Some(&session)).max_length, secs(HOUR));
    assert_eq!(of_prod(&looser).of_session(Some(&of_prod(&looser).snapshot())).max_length, secs(2 * HOUR));
    let between = of_prod(&applied).snapshot();
    assert_eq!(of_prod(&looser).of_session(Some(&between)).max_length, secs(HOUR));
    assert_eq!(of_prod(&looser).of_session(None), *of_prod(&looser).now(), "of a record that says nothing");
}

#[test]
fn c14_a_change_for_all_reaches_an_environment_only_where_that_does_not_say_otherwise() {
    let mut configured = configured();
    configured.environments.get_mut("test").unwrap().set(Key::DormantAfter, Some(48 * HOUR));
    let sessions = ["prod", "test"].map(|id| {
        let id: EnvironmentId = id.parse().unwrap();
        (LiveSettings::default().of_environment(&configured, &id).snapshot(), id)
    });
    let live =
        LiveSettings::default().changed(&configured, &now(&[(None, Key::DormantAfter, Some(HOUR))])).unwrap();
    let dormant = sessions.map(|(snapshot, id)| {
        live.of_environment(&configured, &id).of_session(Some(&snapshot)).dormant_after
    });
    assert_eq!(dormant, [secs(HOUR), secs(48 * HOUR)]);
}

#[test]
fn c14_tighten_applies_what_is_stricter_by_itself_and_keeps_it_when_it_is_switched_off() {
    let nothing = LiveSettings::default();
    let session = of_prod(&nothing).snapshot();
    let strict = after(&nothing, &wish(&[(None, Key::OutageGrace, Some(0))]));
    assert_eq!(of_prod(&strict).of_session(Some(&session)).outage_grace, secs(8 * HOUR));
    let tighten = after(&strict, &wish(&[(None, Key::Apply, Some(1))]));
    assert_eq!(
        of_prod(&tighten).of_session(Some(&session)).outage_grace,
        secs(0),
        "also what was changed before"
    );
    let stricter = after(&tighten, &wish(&[(prod(), Key::DormantAfter, Some(HOUR))]));
    assert!(stricter.history.last().unwrap().applied);
    let off = after(&stricter, &wish(&[(None, Key::Apply, None), (None, Key::OutageGrace, None)]));
    let met = of_prod(&off).of_session(Some(&session));
    assert_eq!((met.outage_grace, met.dormant_after), (secs(0), secs(HOUR)));
}

#[test]
fn c14_settings_that_a_sign_in_did_not_know_yet_count_as_they_are_now() {
    let live = after(
        &LiveSettings::default(),
        &wish(&[(None, Key::DormantAfter, Some(HOUR)), (None, Key::Lifetime, Some(HOUR))]),
    );
    let whole = of_prod(&LiveSettings::default()).snapshot();
    let old = SignInSettings { version: 0, values: whole.values[..Key::DormantAfter as usize].into() };
    let settings = of_prod(&live).of_session(Some(&old));
    assert_eq!((settings.lifetime, settings.dormant_after), (secs(24 * HOUR), secs(HOUR)));
    let newer = SignInSettings { version: 9, values: [&whole.values[..], &[7, 7]].concat().into() };
    assert_eq!(of_prod(&live).of_session(Some(&newer)), Settings::default(), "of a later version");
}

#[test]
fn what_is_kept_comes_back() {
    let live = after(
        &LiveSettings::default(),
        &now(&[(prod(), Key::CustomDuration, Some(1)), (None, Key::Apply, Some(1))]),
    );
    let kept = serde_json::to_string(&live).unwrap();
    assert_eq!(serde_json::from_str::<LiveSettings>(&kept).unwrap(), live);
    assert!(kept.contains(r#""environments":{"prod":{"custom_duration":"true"}}"#), "{kept}");
}

/// Values in range, of which all go together.
fn any_edit() -> impl Strategy<Value = (Scope, Key, Option<u32>)> {
    let scope = prop::sample::select(vec![None, prod()]);
    (scope, 0..super::super::table::COUNT, any_settings(), any::<bool>()).prop_map(
        |(scope, at, settings, is_set)| {
            let key = super::super::table::TABLE[at].key;
            (scope, key, is_set.then_some(settings.to_values()[at]))
        },
    )
}

fn any_wish() -> impl Strategy<Value = Wish> {
    (prop::collection::vec(any_edit(), 1..4), any::<bool>()).prop_map(|(edits, apply_now)| Wish {
        apply_now,
        confirmed: true,
        ..wish(&edits)
    })
}

proptest! {
    #[test]
    fn c14_whatever_is_changed_no_live_session_is_loosened(wishes in prop::collection::vec(any_wish(), 1..24)) {
        let mut live = LiveSettings::default();
        let mut sessions: Vec<(SignInSettings, Limits)> = Vec::new();
        for wish in &wishes {
            let settings = of_prod(&live);
            let snapshot = settings.snapshot();
            sessions.push((snapshot.clone(), settings.of_session(Some(&snapshot)).limits()));
            let Ok(next) = live.changed(&configured(), wish) else { continue };
            prop_assert!(next.version == live.version || next.version == live.version + 1);
            live = next;
            let settings = of_prod(&live);
            let is_applied = settings.now().apply == Apply::Tighten || wish.apply_now;
            for (snapshot, limits) in &mut sessions {
                let met = settings.of_session(Some(snapshot)).limits();
                prop_assert_eq!(met.met(limits), met, "looser than before");
                for (_, key, _) in wish.edits.iter().filter(|_| is_applied) {
                    let named = settings.now().limits().only(&[*key]);
                    prop_assert_eq!(met.met(&named), met, "looser than what was applied");
                }
                *limits = met;
            }
        }
        prop_assert!(live.applied.values().all(|applied| applied.len() <= MOST_APPLIED));
    }

    #[test]
    fn c16_one_can_go_back_to_every_version(wishes in prop::collection::vec(any_wish(), 1..24), to in 0usize..24) {
        let mut versions = vec![LiveSettings::default()];
        for wish in &wishes {
            let last = versions.last().unwrap();
            if let Ok(next) = last.changed(&configured(), wish) && next.version != last.version {
                versions.push(next);
            }
        }
        let (wanted, last) = (&versions[to % versions.len()], versions.last().unwrap());
        if wanted.version < last.version {
            let back = Wish { confirmed: true, ..wish(&last.edits_back_to(wanted.version).unwrap()) };
            let back = last.changed(&configured(), &back).unwrap();
            prop_assert_eq!((&back.server, &back.environments), (&wanted.server, &wanted.environments));
        }
    }
}
