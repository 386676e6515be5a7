//! The commands of `hourgate` beside a running gateway, as a person's shell sees them.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use tempfile::TempDir;

use crate::programs::browser::Browser;
use crate::programs::guarded_app::GuardedApp;
use crate::programs::hourgate::program;
use crate::programs::nginx::Nginx;
use crate::programs::wait::until;

async fn house() -> (GuardedApp, Nginx) {
    let house = GuardedApp::start("60m").await;
    let nginx = Nginx::start(house.front_port, house.gateway_port, house.app_port, &[]);
    (house, nginx)
}

/// Exit code, standard output, standard error.
fn seen(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A command that does its work says so on standard output and nothing on standard error.
fn good(output: &Output) -> String {
    let (code, out, err) = seen(output);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    out
}

/// A command that does not says why on standard error, in one line, and nothing on standard output.
fn bad(output: &Output, expected: i32) -> String {
    let (code, out, err) = seen(output);
    assert_eq!((code, out.as_str()), (expected, ""), "{err}");
    assert!(err.starts_with("hourgate: ") && err.trim_end().lines().count() == 1, "{err}");
    err
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_shown() {
    let (house, _nginx) = house().await;
    assert_eq!(good(&house.gateway.cli(&["sessions", "list"])), "No live sessions.\n");
    house.alice().await;
    let id = house.gateway.session_id();

    let table = good(&house.gateway.cli(&["sessions", "list"]));
    assert!(table.starts_with("ID        USER "), "{table}");
    says(&table, &[&id[..8], "alice@t1.example", "apps", "test", "NEXT CHECK"]);
    assert_eq!(table.lines().count(), 2);
    assert_eq!(good(&house.gateway.cli(&["sessions", "list", "--user", "bob"])), "No live sessions.\n");
    let slip = house.gateway.cli(&["sessions", "list", "--environment", "appz"]);
    says(&bad(&slip, 2), &["there is no environment \"appz\" here; did you mean apps? known: apps"]);
    for alices in ["alice", "alice@t1.example"] {
        let list = house.gateway.ask(&["sessions", "list", "--user", alices]);
        assert_eq!(list["sessions"][0]["id"], *id);
    }

    let lines = good(&house.gateway.cli(&["sessions", "show", &id[..6]]));
    says(&lines, &[&id, "subject             alice", "renewed by          background", "next check"]);
    assert_eq!(house.gateway.ask(&["sessions", "show", &id])["api_version"], serde_json::Value::Null);
    assert_eq!(house.gateway.ask(&["sessions", "list"])["api_version"], "hourgate/v1");
}

#[tokio::test]
async fn a_list_that_is_cut_says_so() {
    let (house, _nginx) = house().await;
    for _ in 0..2 {
        house.alice().await;
    }
    let (code, out, err) = seen(&house.gateway.cli(&["sessions", "list", "--limit", "1"]));
    assert_eq!((code, out.lines().count()), (0, 2));
    assert_eq!(err, "There are more than these 1; see them with --limit.\n");
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_once_and_explained() {
    let (house, _nginx) = house().await;
    let mut browser = house.alice().await;
    let id = house.gateway.session_id();
    let before = good(&house.gateway.cli(&["explain", &id[..8]]));
    says(&before, &[&format!("Session {id} is allowed"), "(proved)", "this holds until", "same_browser"]);

    let revoked = house.gateway.cli(&["sessions", "revoke", &id[..8], "--reason", "laptop lost"]);
    assert_eq!(good(&revoked), format!("Revoked 1 session: {id}.\n"));
    assert_eq!(browser.fetch(&house.url("/api/")).await.status, 401);
    let after = good(&house.gateway.cli(&["explain", &id]));
    says(&after, &[&format!("Session {id} is not allowed"), "remark: laptop lost", "no: revoked"]);
    let again = good(&house.gateway.cli(&["sessions", "revoke", &id]));
    says(&again, &[&format!("{id} had ended before; `hourgate explain {id}` says why")]);
    says(&bad(&house.gateway.cli(&["sessions", "show", &id]), 3), &["revoked", "hourgate explain"]);
}

#[tokio::test]
async fn of_several_ids_each_is_tried_and_told() {
    let (house, _nginx) = house().await;
    let mut browsers = vec![house.alice().await];
    let first = house.gateway.session_id();
    house.gateway.cli(&["sessions", "revoke", &first]);
    browsers.push(house.alice().await);
    let second = house.gateway.session_id();

    let nobody = "0123456789abcdef0123456789abcdef";
    let (code, out, err) =
        seen(&house.gateway.cli(&["sessions", "revoke", nobody, &first, &second, "0123abcd"]));
    assert_eq!(code, 3);
    says(
        &out,
        &[&format!("Revoked 1 session: {second}.\n"), &format!("Nothing to revoke: {first} had ended")],
    );
    says(&err, &[&format!("there is no live session {nobody}"), "there is no live session 0123abcd"]);
    for browser in &mut browsers {
        assert_eq!(browser.fetch(&house.url("/api/")).await.status, 401);
    }

    let for_programs = house.gateway.cli(&["-o", "json", "sessions", "revoke", &second, nobody]);
    assert_eq!(for_programs.status.code(), Some(3));
    let told: serde_json::Value = serde_json::from_slice(&for_programs.stdout).unwrap();
    assert_eq!(told["ended_before"][0], *second);
    assert_eq!((&told["refused"][0]["id"], &told["sessions"]), (&nobody.into(), &serde_json::json!([])));
}

#[tokio::test]
async fn a_revoked_user_is_out_everywhere_and_may_come_back() {
    let (house, _nginx) = house().await;
    let (mut at_home, mut at_work) = (house.alice().await, house.alice().await);
    let revoked = good(&house.gateway.cli(&["users", "revoke", "alice@t1.example", "--reason", "drill"]));
    says(&revoked, &["Revoked alice (http://", "2 sessions ended", "New sign-ins are good"]);
    let ids = revoked.lines().last().unwrap().strip_prefix("Ended: ").unwrap().trim_end_matches('.');
    for id in ids.split(", ") {
        says(&good(&house.gateway.cli(&["explain", id])), &["remark: drill"]);
    }
    assert_eq!(ids.split(", ").count(), 2);
    for browser in [&mut at_home, &mut at_work] {
        assert_eq!(browser.fetch(&house.url("/api/")).await.status, 401);
    }
    house.alice().await;

    says(
        &bad(&house.gateway.cli(&["users", "revoke", "carol"]), 3),
        &["nobody called \"carol\"", "--issuer"],
    );
    let issuer = house.gateway.session()["issuer"].as_str().unwrap().to_owned();
    let slip = house.gateway.cli(&["users", "revoke", "carol", "--issuer", "https://idp.example"]);
    says(&bad(&slip, 2), &["there is no issuer \"https://idp.example\" here", &format!("known: {issuer}")]);
    let unseen = house.gateway.cli(&["users", "revoke", "carol", "--issuer", &issuer]);
    says(&good(&unseen), &["there was no live session, sign-ins under way are void"]);
}

#[tokio::test]
async fn what_is_not_there_has_its_own_exit_code() {
    let (house, _nginx) = house().await;
    let nobody = "0123456789abcdef0123456789abcdef";
    for command in
        [&["sessions", "show", nobody][..], &["explain", nobody], &["sessions", "revoke", "0123abcd"]]
    {
        says(
            &bad(&house.gateway.cli(command), 3),
            &["there is no live session 0123", "hourgate sessions list"],
        );
    }
    says(&bad(&house.gateway.cli(&["explain", "../users"]), 2), &["is not a session id"]);
    assert_eq!(house.gateway.cli(&["sessions", "revoke"]).status.code(), Some(2));
    assert_eq!(house.gateway.cli(&["no-such-command"]).status.code(), Some(2));
}

#[tokio::test]
async fn a_health_check_asks_for_the_store_or_for_life_alone() {
    let (mut house, _nginx) = house().await;
    assert_eq!(good(&house.gateway.cli(&["healthcheck"])), "ready\n");
    assert_eq!(house.gateway.ask(&["healthcheck"]), serde_json::json!({ "ok": true, "message": "ready" }));
    house.redis.kill();
    let (code, out, _) = seen(&house.gateway.cli(&["-o", "json", "healthcheck"]));
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["ok"]), (1, &false.into()));
    says(&bad(&house.gateway.cli(&["healthcheck"]), 1), &["not ready", "store"]);
    assert_eq!(good(&house.gateway.cli(&["healthcheck", "--live"])), "ok\n");
    says(&bad(&house.gateway.cli(&["sessions", "list"]), 1), &["the session store is unavailable"]);

    house.gateway.kill();
    says(&bad(&house.gateway.cli(&["healthcheck", "--live"]), 1), &["does not answer"]);
    says(&bad(&house.gateway.cli(&["sessions", "list"]), 1), &["cannot reach the gateway", "is it running"]);
}

#[tokio::test]
async fn the_configuration_is_checked_without_running_it() {
    let (house, _nginx) = house().await;
    says(&good(&house.gateway.cli(&["config", "check"])), &["is valid: 1 provider, 1 environment, 3 hosts"]);
    let keys = house.gateway.config().with_file_name("keys");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    says(&seen(&house.gateway.cli(&["config", "check"])).2, &["can be read by others", "chmod o="]);
    std::fs::remove_file(&keys).unwrap();
    let (code, out, err) = seen(&house.gateway.cli(&["config", "check"]));
    assert_eq!((code, out.as_str()), (78, ""));
    says(&err, &["there is no key ring", "hourgate keys new"]);

    let config = std::fs::read_to_string(house.gateway.config()).unwrap();
    std::fs::write(house.gateway.config(), config.replace("short_policy_check", "short_policy_chek"))
        .unwrap();
    let (code, out, err) = seen(&house.gateway.cli(&["config", "check"]));
    assert_eq!((code, out.as_str()), (78, ""));
    says(&err, &["unknown key `short_policy_chek` in [danger]", "did you mean `short_policy_check`?"]);
    assert_eq!(house.gateway.cli(&["serve"]).status.code(), Some(78));
}

#[tokio::test]
async fn ops_13_a_test_idp_needs_a_word_of_the_operator_in_the_file_or_on_the_command_line() {
    let (mut house, _nginx) = house().await;
    let config = std::fs::read_to_string(house.gateway.config()).unwrap();
    let without = config.replace("insecure_test_idp = true", "insecure_test_idp = false");
    std::fs::write(house.gateway.config(), without).unwrap();
    house.gateway.kill();
    house.gateway.serve(&[]);
    let told = until("it says why it is not ready", || {
        let (code, _, err) = seen(&house.gateway.cli(&["healthcheck"]));
        (code == 1 && err.contains("test identity provider")).then_some(err)
    });
    says(&told, &["provider test", "http://", "--insecure-test-idp", "danger.insecure_test_idp = true"]);

    house.gateway.kill();
    let socket = house.gateway.config().with_file_name("other.sock");
    let socket = socket.to_str().unwrap();
    house.gateway.serve(&["--insecure-test-idp", "--socket", socket]);
    house.gateway.until_ready();
    house.alice().await;
    let list = good(&house.gateway.cli(&["sessions", "list", "--socket", socket]));
    says(&list, &["alice@t1.example"]);
}

#[tokio::test]
async fn a_rotated_key_ring_signs_nobody_out() {
    let (mut house, _nginx) = house().await;
    let mut browser = house.alice().await;
    let keys = house.gateway.config().with_file_name("keys");
    let keys = keys.to_str().unwrap();
    let rotated = good(&house.gateway.cli(&["keys", "rotate", "--file", keys, "--overlap", "1s"]));
    says(&rotated, &["Added a key that comes into use in 1 s", "Kept 1 earlier, dropped 0"]);
    house.gateway.kill();
    house.gateway.restart();
    let page = house.eventually_at_the_app(&mut browser).await;
    assert!(page.hops.is_empty(), "signed in anew: {page:?}");
    assert_eq!(Browser::new().fetch(&house.url("/api/")).await.status, 401);
}

#[test]
fn the_key_for_an_idp_is_made_rotated_and_published_by_hand() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("client.pem");
    let client = |args: &[&str]| {
        program().args(["keys", "client"]).args(args).arg("--file").arg(&file).output().unwrap()
    };
    let ids = || {
        let set: serde_json::Value = serde_json::from_str(&good(&client(&["jwks"]))).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert!(keys.iter().all(|key| key["kty"] == "EC" && key.get("d").is_none()), "{set}");
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    says(&bad(&client(&["rotate"]), 3), &["does not exist", "hourgate keys client new"]);
    says(&good(&client(&["new"])), &["Wrote a new private key", "private_key_file", "jwks --file"]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    says(&bad(&client(&["new"]), 1), &["exists", "hourgate keys client rotate"]);
    says(&bad(&client(&["switch"]), 1), &["holds one key only", "rotate"]);
    let first = ids();
    says(&good(&client(&["rotate"])), &["hourgate keys client switch"]);
    let both = ids();
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    says(&good(&client(&["switch"])), &["signs from now on"]);
    assert_eq!(ids(), [both[1].clone(), first[0].clone()]);
    says(&good(&client(&["jwks", "--key-id", "mine"])), &["\"kid\": \"mine\""]);
    says(&bad(&client(&["jwks", "--key-algorithm", "PS256"]), 1), &["does not go with the key"]);
    std::fs::write(&file, "hunter2").unwrap();
    let told = bad(&client(&["rotate"]), 1);
    assert!(told.contains("is not a private key in PEM") && !told.contains("hunter2"), "{told}");
}

#[test]
fn a_new_key_ring_is_for_its_owner_only_and_overwrites_nothing() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("keys");
    let keys =
        |command: &str| program().args(["keys", command, "--file", file.to_str().unwrap()]).output().unwrap();
    says(&bad(&keys("rotate"), 3), &["there is no key ring", "hourgate keys new", "signs everybody out"]);
    says(&good(&keys("new")), &["Wrote a new key ring"]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read_to_string(&file).unwrap();
    says(&bad(&keys("new"), 1), &["exists", "hourgate keys rotate"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    says(
        &good(&program().args(["keys", "new"]).output().unwrap()),
        &["# Hourgate key ring", "Keep it secret"],
    );
}

#[tokio::test]
async fn c16_settings_are_read_and_changed_without_a_restart() {
    let (house, _nginx) = house().await;
    let settings = |args: &[&str]| house.gateway.cli(&[&["settings"][..], args].concat());
    let all = good(&settings(&["get"]));
    assert!(all.starts_with("NAME "), "{all}");
    says(
        &all,
        &["ALSO KNOWN AS", "SOURCE", "RANGE", "SessionTimeoutInMins=1440", "60 min to 1440 min", "default"],
    );
    says(
        &all,
        &[
            "SessionSecurityTokenLifetimeInHours=24",
            "WSFedNonceCookieEnabled=true",
            "next_sign_in or tighten",
        ],
    );
    assert_eq!(all.lines().count(), 13);
    assert_eq!(good(&settings(&["history"])), "Nothing was ever changed live.\n");

    let set = ["set", "max_length=8h", "sessionsecuritytokenlifetimeinhours=48", "--remark", "ticket 7"];
    let changed = good(&settings(&set));
    says(&changed, &["server: max_length: (not set) -> 8h\n", "server: lifetime: (not set) -> 48h\n"]);
    says(
        &changed,
        &["from the next sign-in on", "This is version 1; `hourgate settings rollback 0` undoes it."],
    );
    says(&good(&settings(&set)), &["Nothing to change: all of it is so already (version 1)."]);
    let of_apps = good(&settings(&["set", "max_length=2h", "--environment", "apps"]));
    says(&of_apps, &["environment apps: max_length: (not set) -> 2h"]);
    let one = good(&settings(&["get", "SessionTimeoutInMins", "--environment", "apps"]));
    says(&one, &["2h ", "SessionTimeoutInMins=120", "environment, live"]);
    assert_eq!(one.lines().count(), 2);
    says(&good(&settings(&["get", "max_length"])), &["server, live; otherwise in apps"]);

    let history = good(&settings(&["history"]));
    says(&history, &["VERSION", "WHO", "uid ", "(server)", "ticket 7", "next_sign_in"]);
    assert_eq!(history.lines().count(), 4);
    says(&seen(&settings(&["history", "--limit", "1"])).2, &["There are more than these 1"]);
    let for_programs = house.gateway.ask(&["settings", "history", "--environment", "apps"]);
    assert_eq!(
        (for_programs["version"].as_u64(), &for_programs["changes"][0]["to"]),
        (Some(2), &"2h".into())
    );

    says(
        &good(&settings(&["rollback", "1"])),
        &["environment apps: max_length: 2h -> (not set)", "version 3"],
    );
    says(&good(&settings(&["unset", "max_length", "lifetime"])), &["max_length: 8h -> (not set)"]);
    says(&good(&settings(&["get", "max_length"])), &["24h", "default"]);
    says(&bad(&settings(&["rollback", "9"]), 3), &["there is no version 9 to go back to: known are 0 to 3"]);
}

#[tokio::test]
async fn c12_a_wrong_setting_is_refused_with_its_range_and_changes_nothing() {
    let (house, _nginx) = house().await;
    let settings = |args: &[&str]| house.gateway.cli(&[&["settings"][..], args].concat());
    let told = bad(&settings(&["set", "lifetime=48h", "max_length=30m"]), 78);
    says(&told, &["max_length = 30m is out of range: it may be 60 min to 1440 min"]);
    for (wrong, part) in [
        ("max_lenght=8h", "did you mean max_length?"),
        ("max_length=90", "has no unit; did you mean `90m` or `90s`?"),
        ("SessionTimeoutInMins=59", "it may be 60 to 1440, in minutes"),
        ("custom_duration=yes", "is neither true nor false"),
        ("apply=now", "is not one of next_sign_in, tighten"),
    ] {
        says(&bad(&settings(&["set", wrong]), 78), &[part]);
    }
    says(&bad(&settings(&["get", "banana"]), 78), &["there is no setting \"banana\"; known: "]);
    says(&bad(&settings(&["set", "max_length"]), 2), &["is not NAME=VALUE, such as max_length=8h"]);
    says(&bad(&settings(&["set", "max_length=8h", "max_length=9h"]), 2), &["named twice"]);
    says(&bad(&settings(&["set", "max_length=8h", "--environment", "appz"]), 2), &["did you mean apps?"]);
    assert_eq!(
        settings(&["set", "max_length=8h", "--environment", "apps", "--server"]).status.code(),
        Some(2)
    );

    let long = ["set", "inactivity_timeout=45m"];
    let told = bad(&settings(&long), 2);
    says(&told, &["above 30 min, to 45m", "nothing was changed: add --yes if that is meant"]);
    assert_eq!(house.gateway.ask(&["settings", "get"])["version"], 0);

    // On a terminal one is asked.
    let asked = |answer: &str| {
        let command = format!(
            "printf '{answer}\\n' | script -qec \"'{}' --config '{}' settings set inactivity_timeout=45m\" /dev/null",
            program().get_program().to_str().unwrap(),
            house.gateway.config().display()
        );
        std::process::Command::new("sh").args(["-c", &command]).output().unwrap()
    };
    let no = asked("n");
    assert_eq!(no.status.code(), Some(1));
    says(&String::from_utf8_lossy(&no.stdout), &["Is that meant? [y/N]", "nothing was changed"]);
    assert_eq!(house.gateway.ask(&["settings", "get"])["version"], 0);
    let yes = asked("y");
    assert_eq!(yes.status.code(), Some(0), "{}", String::from_utf8_lossy(&yes.stdout));
    assert_eq!(house.gateway.ask(&["settings", "get"])["version"], 1);
    says(&good(&settings(&["set", "inactivity_timeout=50m", "--yes"])), &["45m -> 50m"]);
}

#[tokio::test]
async fn c14_a_setting_that_is_applied_now_reaches_live_sessions_within_seconds() {
    let (mut house, _nginx) = house().await;
    house.alice().await;
    house.idp.disable("alice").await;
    let set = ["settings", "set", "policy_check_interval=2s", "--environment", "apps", "--apply", "now"];
    let dry = good(&house.gateway.cli(&[&set[..], &["--dry-run"]].concat()));
    says(
        &dry,
        &[
            "It reaches 1 live session, with what is stricter than it has.",
            "Nothing was changed: this is what would be.",
        ],
    );
    says(
        &good(&house.gateway.cli(&set)),
        &["It reaches 1 live session, with what is stricter than it has.", "This is version 1"],
    );
    until("the session that was good for an hour has ended", || {
        let list = good(&house.gateway.cli(&["sessions", "list"]));
        (list == "No live sessions.\n").then_some(())
    });
}

#[tokio::test]
async fn c16_live_settings_outlive_the_process_and_stop_it_where_they_cannot_be_read() {
    let (mut house, _nginx) = house().await;
    good(&house.gateway.cli(&["settings", "set", "max_length=8h"]));
    house.gateway.kill();
    house.gateway.restart();
    let value = |house: &GuardedApp| {
        house.gateway.ask(&["settings", "get", "max_length"])["settings"][0]["value"].clone()
    };
    assert_eq!(value(&house), "8h");
    house.gateway.kill();
    house.redis.cli(&["SETRANGE", "hg:settings", "40", "planted"]);
    let (code, _, err) = seen(&house.gateway.cli(&["serve"]));
    assert_eq!(code, 78);
    says(&err, &["the live settings (version 1)", "--forget-live-settings"]);
    house.gateway.serve(&["--forget-live-settings"]);
    house.gateway.until_ready();
    assert_eq!(value(&house), "24h");
}
