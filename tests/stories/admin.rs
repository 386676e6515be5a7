//! An admin looks at sessions and ends them, over the socket that the CLI uses.

use hourgate::admin::client::{Client, ClientError};
use hourgate::admin::wire::{ExplanationView, RevokeUser, Revoked, SessionList, SessionView};

use crate::house::{APP, HOUR, House, MINUTE};

fn client(house: &House) -> Client {
    Client::new(&house.config.management.socket).unwrap()
}

async fn list(house: &House, query: &[(&str, String)]) -> SessionList {
    client(house).get("/sessions", query).await.unwrap()
}

stories! {
    async fn a5_an_admin_sees_sessions_and_ends_one(house: House) {
        let browser = house.signed_in().await;
        house.auto_login("bob").await;
        let other = house.browser();
        other.navigate(&format!("{APP}/")).await;

        let all = list(house, &[]).await;
        assert_eq!((all.sessions.len(), all.truncated), (2, false));
        assert!(list(house, &[("limit", "1".into())]).await.truncated);
        let of_alice = list(house, &[("user", "alice@t1.example".into())]).await.sessions;
        assert_eq!(of_alice.len(), 1);
        let id = &of_alice[0].id;

        let shown: SessionView = client(house).get(&format!("/sessions/{}", &id[..6]), &[]).await.unwrap();
        assert_eq!((shown.subject.as_str(), shown.renewal.as_str()), ("alice", "background"));
        let revoked: Revoked =
            client(house).delete(&format!("/sessions/{id}"), &[("remark", "lost laptop".into())]).await.unwrap();
        assert_eq!(revoked.sessions, std::slice::from_ref(id));

        let refused = browser.fetch(&format!("{APP}/")).await;
        assert!(refused.header("www-authenticate").contains("\"revoked\""), "{refused:?}");
        assert!(!refused.body.contains("laptop"), "the remark is for admins");
        assert_eq!(other.navigate(&format!("{APP}/")).await.status, 200);
        let explained: ExplanationView = client(house).get(&format!("/sessions/{id}/explain"), &[]).await.unwrap();
        assert_eq!(explained.ended.unwrap().remark.as_deref(), Some("lost laptop"));
        assert!(!explained.allowed);
    }

    async fn a5_an_admin_ends_all_sessions_of_a_user_and_nobody_elses(house: House) {
        let (laptop, phone) = (house.signed_in().await, house.signed_in().await);
        house.auto_login("bob").await;
        let other = house.browser();
        other.navigate(&format!("{APP}/")).await;

        let wish = RevokeUser { user: "Alice@T1.example".into(), issuer: None, remark: None };
        let revoked: Revoked = client(house).post("/users/revoke", &wish).await.unwrap();
        assert_eq!((revoked.users.len(), revoked.sessions.len()), (1, 2));
        for browser in [laptop, phone] {
            assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
        }
        assert_eq!(other.navigate(&format!("{APP}/")).await.user(), "bob");
    }

    async fn rds_14_a_record_that_cannot_be_read_keeps_no_other_session_alive(house: House) {
        use hourgate::session::id::{Lane, SessionId};
        use hourgate::store::sessions::user_hash;
        use hourgate::store::{Index, NewSession};
        let keep = std::time::Duration::from_secs(3600);
        let (sessions, odd, now) = (house.services().sessions.clone(), SessionId::new(Lane::from_number(7)).stored(), house.services().now());
        let record = NewSession { session: b"x", tokens: b"x", due: now.plus(keep), active_at: now, keep };
        sessions.store().create(odd, record).await.unwrap();

        let browser = house.signed_in().await;
        let (id, session) = house.session().await;
        let user = Index::User(user_hash(&session.identity));
        sessions.store().index_remove(user, id).await.unwrap();
        sessions.store().index_add(user, odd, keep).await.unwrap();
        sessions.store().index_add(user, id, 2 * keep).await.unwrap(); // behind the odd one
        assert_eq!(list(house, &[]).await.sessions.len(), 1, "nor hides it");

        let (issuer, subject) = (&session.identity.issuer, &session.identity.subject);
        let revoked = hourgate::journeys::revoke::revoke_user(house.services(), issuer, subject, None, now).await;
        assert!(revoked.is_err(), "and the admin hears of it");
        house.tombstone(id).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn a6_every_decision_can_be_explained(house: House) {
        house.signed_in().await;
        let id = house.session().await.0.to_string();
        let explain = async || -> ExplanationView {
            client(house).get(&format!("/sessions/{id}/explain"), &[]).await.unwrap()
        };
        let fresh = explain().await;
        assert!(fresh.allowed && fresh.rules.iter().all(|rule| rule.passes));
        let then = fresh.then.unwrap();
        assert_eq!((then.rule.as_deref(), then.reason.as_str()), (Some("proof"), "checking"), "unless it is checked");
        assert!(fresh.warning.is_none() && !fresh.session.unwrap().kept_signed_in);
        house.outage().await;
        house.wait(HOUR).await;
        let stale = explain().await;
        assert_eq!((stale.allowed, stale.reason.as_str()), (false, "checking"));
        let stopped: Vec<_> = stale.rules.iter().filter(|rule| !rule.passes).map(|rule| rule.rule.as_str()).collect();
        assert_eq!(stopped, ["proof"]);
        assert_eq!(stale.session.unwrap().last_failure.as_deref(), Some("unreachable"));
    }

    async fn the_api_refuses_what_it_does_not_understand(house: House) {
        house.signed_in().await;
        let client = client(house);
        for (path, query) in [
            ("/sessions", vec![("limit", "0".to_owned())]),
            ("/sessions", vec![("limit", "many".to_owned())]),
            ("/sessions", vec![("usr", "alice".to_owned())]),
            ("/sessions", vec![("environment", "prd".to_owned())]),
            ("/sessions/zz", vec![]),
            ("/sessions/abc", vec![]),
            ("/sessions/00000000000000000000000000000000", vec![]),
            ("/nothing", vec![]),
        ] {
            let refused = client.get::<serde_json::Value>(path, &query).await.unwrap_err();
            assert!(matches!(refused, ClientError::Refused(_)), "{path} {query:?}: {refused}");
        }
        let nobody = RevokeUser { user: "nobody".into(), issuer: None, remark: None };
        let refused = client.post::<Revoked>("/users/revoke", &nobody).await.unwrap_err();
        assert!(refused.to_string().contains("nobody called"), "{refused}");
    }

    async fn adm_02_the_socket_is_for_its_owner_alone_and_the_public_listener_has_no_admin_paths(house: House) {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&house.config.management.socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let browser = house.signed_in().await;
        for path in ["/sessions", "/users/revoke", "/metrics", "/livez", "/_hourgate/sessions", "/_hourgate/metrics"] {
            let url = format!("http://{}{path}", house.address());
            let visit = browser.step(&url).await;
            assert!(visit.status >= 400, "{path}: {}", visit.status);
        }
    }

    async fn health_and_metrics_live_on_their_own_listener(house: House) {
        let browser = house.signed_in().await;
        house.wait(50 * MINUTE).await;
        let get = async |path: &str| browser.step(&format!("http://{}{path}", house.management())).await;
        assert_eq!((get("/livez").await.status, get("/readyz").await.status), (200, 200));
        let metrics = get("/metrics").await.body;
        for line in [
            "hourgate_authz_decisions_total{contract=\"forward-auth\",status=\"200\",reason=\"proved\"}",
            "hourgate_sign_ins_total{provider=\"idp\",outcome=\"success\"} 1",
            "hourgate_policy_checks_total{provider=\"idp\",outcome=\"confirmed\"} 1",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        assert!(metrics.trim_end().ends_with("# EOF"));
    }
}
