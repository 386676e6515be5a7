//! What comes back to the callback, and from whom. Area AUT of the security matrix.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

use hourgate::keys::MasterKey;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use url::Url;

use crate::browser::Browser;
use crate::house::{APP, House, SECOND, START, environment};

/// A person goes to the IdP; the address with which it sends them back.
async fn callback(browser: &Browser, return_to: &str) -> Url {
    let start = browser.step(&format!("{APP}/_hourgate/start?rd={return_to}")).await;
    Url::parse(browser.step(start.header("location")).await.header("location")).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
}

fn with(url: &Url, name: &str, value: &str) -> String {
    let pairs =
        url.query_pairs().filter(|(found, _)| found != name).map(|(a, b)| (a.into_owned(), b.into_owned()));
    let pairs: Vec<(String, String)> = pairs.chain([(name.to_owned(), value.to_owned())]).collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.to_string()
}

/// Everything that is written to the audit log by any house of this process.
#[derive(Clone, Default)]
struct AuditLog(Arc<Mutex<Vec<u8>>>);

impl AuditLog {
    fn get() -> &'static Self {
        static LOG: OnceLock<AuditLog> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let collector = tracing_subscriber::fmt().with_env_filter("audit=info").with_ansi(false);
            collector.with_writer(log.clone()).init();
            log
        })
    }

    fn lines_with(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

impl std::io::Write for AuditLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for AuditLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

stories! {
    async fn aut_01_every_request_has_secrets_of_its_own_though_time_stands_still(house: House) {
        let one = house.browser();
        let mut seen = HashSet::new();
        for round in 0..200 {
            let browser = if round % 2 == 0 { one.clone() } else { house.browser() };
            let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
            let asked = Url::parse(start.header("location")).unwrap();
            assert_eq!(parameter(&asked, "code_challenge_method"), "S256");
            for name in ["state", "nonce", "code_challenge"] {
                let secret = parameter(&asked, name);
                assert!(secret.len() >= 43, "{name}: {secret}");
                assert!(seen.insert(secret), "{name} is not new");
            }
        }
    }

    async fn aut_03_a_stolen_code_in_ones_own_sign_in_is_refused_and_told_to_the_auditor(house: House) {
        let log = AuditLog::get();
        // A name of its own in the log, which all houses of this process write to.
        let name = format!("aut-03-{}", house.address().port());
        house.config.environments = vec![environment(&name, APP, &["idp"])];
        house.restart().await;
        let (attacker, victim) = (house.browser(), house.browser());
        let (of_attacker, of_victim) = (callback(&attacker, "/").await, callback(&victim, "/").await);

        let injected = with(&of_victim, "code", &parameter(&of_attacker, "code"));
        let refused = victim.step(&injected).await;
        assert!(refused.status == 400 && refused.body.contains("code_refused"), "PKCE: {refused:?}");

        // An IdP that does not heed PKCE: then the nonce is another's.
        house.fault("token", "wrong_nonce").await;
        let refused = victim.navigate(&format!("{APP}/")).await;
        assert!(refused.status == 400 && refused.body.contains("id_token_nonce"), "{refused:?}");

        assert!(house.live().await.is_empty());
        let told = log.lines_with("code_injection_suspected");
        let told: Vec<&String> = told.iter().filter(|line| line.contains(&name)).collect();
        assert!(told.len() == 2 && told.iter().all(|line| line.contains("alarm")), "{told:?}");
    }

    async fn aut_04_a_callback_that_lacks_something_is_refused_and_the_gateway_goes_on(house: House) {
        let browser = house.browser();
        let good = callback(&browser, "/").await;
        let at = format!("{APP}/_hourgate/callback/idp");
        for query in ["", "?", "?code=", "?state=", "?code=x", "?state=y", "?code=&state=", "?%00=%ff", "?code=x&state=y"] {
            assert_eq!(browser.step(&format!("{at}{query}")).await.status, 400, "{query}");
        }
        for twice in ["code", "state", "iss"] {
            let doubled = format!("{good}&{twice}={}", parameter(&good, twice));
            assert_eq!(browser.step(&doubled).await.status, 400, "aut_05: {twice}");
        }
        assert_eq!(browser.step(good.as_str()).await.status, 303);
    }

    async fn aut_07_a_state_that_was_tampered_with_is_refused_alike_whatever_was_done_to_it(house: House) {
        let browser = house.browser();
        let good = callback(&browser, "/").await;
        let state = parameter(&good, "state");
        let mut bad: Vec<String> = (0..state.len()).step_by(7).map(|at| {
            let mut bytes = state.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        }).collect();
        bad.extend([state[..state.len() - 1].to_owned(), state[..20].to_owned(), format!("{state}A"), "A".repeat(200)]);
        let without_reference = |body: &str| {
            let (before, rest) = body.split_once("Reference").unwrap_or((body, ""));
            format!("{before}{}", rest.get(60..).unwrap_or_default())
        };
        let mut answers = HashSet::new();
        for state in &bad {
            let answer = browser.step(&with(&good, "state", state)).await;
            answers.insert((answer.status, answer.body.contains("foreign_state"), without_reference(&answer.body).len()));
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, is_foreign, _)| *status == 400 && *is_foreign), "{answers:?}");
        assert_eq!(house.token_calls().await, 0);

        // A state that another key ring sealed.
        let other = MasterKey::random(START);
        house.config.keys = hourgate::config::KeySource::Ring(hourgate::keys::file::render(&[other]));
        house.restart().await;
        let refused = browser.at(house.address()).step(good.as_str()).await;
        assert!(refused.status == 400 && refused.body.contains("foreign_state"), "{refused:?}");
    }

    async fn aut_10_cookies_of_another_time_are_no_obstacle(house: House) {
        for (name, value) in [
            ("__Host-hourgate", "of another time"),
            ("__Host-hourgate-nonce", "short"),
            ("hourgate", "x"),
            ("hourgate-nonce", ""),
            ("__Secure-hourgate-prod", "x"),
        ] {
            let browser = house.browser();
            browser.set_cookie("app.example.test", name, value);
            let visit = browser.navigate(&format!("{APP}/report")).await;
            assert_eq!((visit.status, visit.user()), (200, "alice"), "{name}: {visit:?}");
            assert_eq!(visit.way.len(), 5, "app, start, IdP, callback, app: {:#?}", visit.way);
            assert_eq!(browser.navigate(&format!("{APP}/report")).await.way.len(), 1);
        }
    }

    async fn aut_17_a_target_that_was_fine_at_the_start_is_judged_again_at_the_end(house: House) {
        let extra = "https://extra.example.test";
        house.config.environments[0].hosts.push(extra.parse().unwrap());
        house.restart().await;
        let browser = house.browser();
        let back = callback(&browser, &format!("{extra}/page")).await;
        house.config.environments[0].hosts.pop();
        house.restart().await;
        let landed = browser.at(house.address()).step(back.as_str()).await;
        assert_eq!((landed.status, landed.header("location")), (303, "https://app.example.test/"));
    }

    async fn aut_20_no_code_is_left_in_an_address_that_could_leak(house: House) {
        let browser = house.browser();
        let back = callback(&browser, "/page").await;
        let landed = browser.step(back.as_str()).await;
        assert_eq!((landed.status, landed.header("location")), (303, "https://app.example.test/page"));
        assert_eq!((landed.header("referrer-policy"), landed.header("cache-control")), ("no-referrer", "no-store"));
        assert!(landed.body.is_empty());

        house.fault("token", "bad_sig").await;
        let page = browser.step(callback(&house.browser(), "/").await.as_str()).await;
        assert_eq!(page.status, 400);
        assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("same-origin", "no-store"));
        assert!(!page.body.contains("code=") && !page.body.contains("://"), "nothing of elsewhere: {}", page.body);
    }

    async fn aut_24_a_redirect_loop_ends_with_a_page_that_says_why(house: House) {
        // A session that the browser does not keep…
        let browser = house.browser();
        for round in 0..3 {
            let back = callback(&browser, "/page").await;
            assert_eq!(browser.step(back.as_str()).await.header("location"), format!("{APP}/page"), "{round}");
            browser.forget("__Host-hourgate");
        }
        let stopped = browser.step(&format!("{APP}/_hourgate/start?rd=/page")).await;
        assert!(stopped.status == 400 && stopped.body.contains("sign_in_loop"), "{stopped:?}");
        assert!(stopped.body.contains("Reference"), "{}", stopped.body);
        let again = browser.step(&format!("{APP}/_hourgate/start?rd=/page")).await;
        assert_eq!(again.status, 303, "whoever has mended it is not held up");

        // …and one that the authz endpoint does not see although the browser keeps it.
        let browser = house.signed_in().await;
        for _ in 0..3 {
            assert_eq!(browser.step(&format!("{APP}/_hourgate/start?rd=/page")).await.status, 303);
        }
        assert_eq!(browser.step(&format!("{APP}/_hourgate/start?rd=/page")).await.status, 400);
        assert_eq!(house.browser().navigate(&format!("{APP}/page")).await.status, 200, "the others notice nothing");
    }

    async fn aut_24_coming_back_later_or_to_other_pages_is_no_loop(house: House) {
        let browser = house.signed_in().await;
        for round in 0..20 {
            for rd in ["/page".to_owned(), format!("/{round}")] {
                let start = browser.step(&format!("{APP}/_hourgate/start?rd={rd}")).await;
                assert_eq!(start.status, 303, "{round}");
            }
            house.clock.advance(11 * SECOND);
        }
    }

    async fn aut_02_a_callback_in_another_browser_writes_nothing(house: House) {
        let back = callback(&house.browser(), "/").await;
        let refused = house.browser().step(back.as_str()).await;
        assert!(refused.status == 400 && refused.body.contains("other_browser"), "{refused:?}");
        assert!(refused.headers.get("set-cookie").is_none());
        assert_eq!(house.token_calls().await, 0);
        assert!(house.live().await.is_empty());
        if let Ok(keys) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| house.redis().cli(&["dbsize"]))) {
            assert_eq!(keys.trim(), "0");
        }
        house.control("PUT", "/auto-login", json!({ "user": "alice" })).await;
    }
}
