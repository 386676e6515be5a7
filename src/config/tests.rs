use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::policy::settings::table::{Key, TABLE};

/// The least that runs. The secrets in it must never be seen again.
const MINIMAL: &str = r#"[keys]
file = "/etc/hourgate/keys"
[store]
url = "redis://:hunter2@127.0.0.1:6379"
[[provider]]
id = "entra"
issuer = "https://login.example.com"
client_id = "hourgate"
client_secret = "hunter2"
[environment.prod]
hosts = ["app.example.com"]
"#;

fn load_text(text: &str, env: &[(&str, &str)]) -> Result<Config, Problems> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    parse("hourgate.toml", text, env)
}

/// A case of `refusals.txt`.
#[derive(Default)]
struct Case<'t> {
    title: &'t str,
    out: Vec<&'t str>,
    put: Vec<&'t str>,
    env: Vec<(&'t str, &'t str)>,
    told: Vec<&'t str>,
}

impl Case<'_> {
    fn text(&self) -> String {
        let (mut text, mut put) = (String::new(), Some(self.put.join("\n")));
        for line in MINIMAL.lines() {
            if self.out.contains(&line) {
                text.extend(put.take().filter(|put| !put.is_empty()).map(|put| put + "\n"));
            } else {
                text += line;
                text += "\n";
            }
        }
        text + &put.unwrap_or_default()
    }
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case { title, ..Case::default() });
        }
        let Some(case) = cases.last_mut() else { continue };
        match line.split_once(' ') {
            Some(("##", _)) => {}
            Some(("-", line)) => case.out.push(line),
            Some(("+", line)) => case.put.push(line),
            Some(("$", pair)) => case.env.extend(pair.split_once('=')),
            _ => case.told.push(line),
        }
    }
    cases
}

#[test]
fn every_mistake_is_told_word_for_word() {
    let cases = cases(include_str!("refusals.txt"));
    assert!(cases.len() > 50);
    let mut report = String::new();
    for case in &cases {
        let told = match load_text(&case.text(), &case.env) {
            Ok(_) => "ACCEPTED".to_owned(),
            Err(problems) => problems.to_string(),
        };
        assert!(!told.contains("hunter2"), "{}: a secret is shown: {told}", case.title);
        if told != case.told.join("\n") {
            write!(report, "\n## {}\n{told}\n", case.title).unwrap();
        }
    }
    assert!(report.is_empty(), "told otherwise than in refusals.txt:\n{report}");
}

#[test]
fn the_least_configuration_gets_every_default() {
    let config = load_text(MINIMAL, &[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:4180");
    assert!(config.server.trusted_proxies.is_empty());
    assert_eq!(config.management.socket, Path::new("/run/hourgate/admin.sock"));
    assert_eq!((config.danger, config.log.level), (Danger::default(), tracing::Level::INFO));
    let [environment] = &config.environments[..] else { panic!("one environment") };
    assert!(environment.settings.is_empty() && config.session.is_empty());
    assert_eq!(environment.providers, [config.providers[0].id.clone()]);
    assert_eq!(config.providers[0].display_name, "entra");
    assert_eq!(config.providers[0].scopes, ["openid", "profile", "email", "offline_access"]);
}

#[test]
fn no_secret_is_in_the_debug_form() {
    let config = load_text(MINIMAL, &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let ring = MINIMAL.replace("file =", "ring = 'hunter2' #");
    assert!(!format!("{:?}", load_text(&ring, &[]).unwrap()).contains("hunter2"));
}

#[test]
fn the_environment_goes_before_the_file_and_an_environment_before_the_server() {
    let text =
        format!("{MINIMAL}[environment.test]\nhosts = ['t.example.com']\n[session]\nlifetime = '3h'\n");
    let env = [
        ("HOURGATE__ENVIRONMENT__TEST__SESSION__LIFETIME", "2h"),
        ("HOURGATE__ENVIRONMENT__PROD__HOSTS", "a.example.com, b.example.com"),
        ("HOURGATE__ENVIRONMENT__TEST__HOSTS", r#"["c.example.com"]"#),
        ("HOURGATE__PROVIDER__0__USERINFO", "true"),
        ("HOURGATE__PROVIDER__1__ID", "google"),
        ("HOURGATE__PROVIDER__1__ISSUER", "https://accounts.example.com"),
        ("HOURGATE__PROVIDER__1__CLIENT_ID", "42"),
        ("HOURGATE__PROVIDER__1__CLIENT_SECRET", "hunter3"),
        ("HOURGATE__PROVIDER__1__SCOPES", "email"),
        ("RUNTIME_DIRECTORY", "/run/a:/run/b"),
        ("HOURGATE_ENV", "not ours"),
    ];
    let config = load_text(&text, &env).unwrap();
    let [prod, test] = &config.environments[..] else { panic!("two environments") };
    let said = |layer: &SettingsLayer| layer.get(Key::Lifetime).map(|secs| secs / 3600);
    assert_eq!((said(&config.session), said(&prod.settings), said(&test.settings)), (Some(3), None, Some(2)));
    assert_eq!(prod.hosts.len(), 2);
    assert_eq!(test.hosts[0].to_string(), "https://c.example.com");
    assert!(config.providers[0].userinfo);
    assert_eq!(config.providers[1].scopes, ["openid", "email"]);
    assert_eq!(config.management.socket, Path::new("/run/a/admin.sock"));
}

#[test]
fn a_configuration_may_live_in_the_environment_alone() {
    let env = [
        ("HOURGATE__KEYS__RING", "ring"),
        ("HOURGATE__STORE__KIND", "embedded"),
        ("HOURGATE__STORE__PATH", "/var/lib/hourgate/sessions.redb"),
        ("HOURGATE__PROVIDER__0__ID", "idp"),
        ("HOURGATE__PROVIDER__0__ISSUER", "http://idp.localhost:9000"),
        ("HOURGATE__PROVIDER__0__CLIENT_ID", "hourgate"),
        ("HOURGATE__PROVIDER__0__CLIENT_SECRET", "secret"),
        ("HOURGATE__ENVIRONMENT__DEMO__HOSTS", "http://one.localhost:8080,http://two.localhost:8080"),
        ("HOURGATE__SERVER__TRUSTED_PROXIES", "loopback,10.0.0.0/8,192.0.2.7"),
    ];
    let config = load_text("", &env).unwrap();
    assert!(matches!(config.store, storage::settings::Settings::Embedded { .. }));
    assert!(matches!(config.keys, KeySource::Ring(_)));
    assert_eq!(config.server.trusted_proxies.len(), 4);
}

#[test]
fn a_secret_comes_from_a_file_and_an_environment_variable_overrides_it() {
    use crate::provider::settings::ClientAuthentication;
    use secrecy::ExposeSecret;

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("one"), "from-file\n").unwrap();
    let credentials = directory.path().to_str().unwrap();
    let text = MINIMAL.replace("client_secret =", "client_secret_file = 'one' #");
    let secret = |env: &[(&str, &str)]| {
        let env = [env, &[("CREDENTIALS_DIRECTORY", credentials)]].concat();
        match &load_text(&text, &env).unwrap().providers[0].client_authentication {
            ClientAuthentication::ClientSecretBasic(secret) => secret.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(secret(&[]), "from-file");
    assert_eq!(secret(&[("HOURGATE__PROVIDER__0__CLIENT_SECRET", "from-env")]), "from-env");
    let any_key = [("HOURGATE__PROVIDER__0__NAME_FILE", "one"), ("CREDENTIALS_DIRECTORY", credentials)];
    assert_eq!(load_text(&text, &any_key).unwrap().providers[0].display_name, "from-file");
}

#[test]
fn a_private_key_takes_the_place_of_a_secret() {
    use crate::keys::client_file::{Kind, new};
    use crate::provider::settings::ClientAuthentication;
    use secrecy::ExposeSecret;

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key.pem"), new(Kind::P256).unwrap().expose_secret()).unwrap();
    let env = [("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap())];
    let with = |more: &str| {
        let key = format!("client_authentication = 'private_key_jwt'\nprivate_key_file = 'key.pem'\n{more}");
        load_text(&MINIMAL.replace("client_secret = \"hunter2\"", &key), &env)
    };
    let config = with("key_id = 'mine'").unwrap();
    let ClientAuthentication::PrivateKeyJwt(keys) = &config.providers[0].client_authentication else {
        panic!()
    };
    assert_eq!((keys.key_id(), keys.algorithm().as_str()), ("mine", "ES256"));
    assert!(with("key_algorithm = 'ES256'").is_ok());
    let told = with("key_algorithm = 'PS256'").unwrap_err().to_string();
    let expected = "provider[0].key_algorithm = \"PS256\" does not go with the key: P-256 signs ES256";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn what_stands_in_a_file_of_its_own_is_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    for content in
        ["hunter2", ":42", "42", "https://hunter2/.well-known/x", "hunter2/,hunter2/", "\u{1}hunter2 x"]
    {
        let path = directory.path().join("value");
        std::fs::write(&path, content).unwrap();
        for key in [
            "SERVER__LISTEN",
            "SESSION__LIFETIME",
            "PROVIDER__0__ISSUER",
            "ENVIRONMENT__PROD__PROVIDERS",
            "LOG__LEVEL",
        ] {
            let name = format!("HOURGATE__{key}_FILE");
            let told = load_text(MINIMAL, &[(&name, path.to_str().unwrap())]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("environment variable {name}: its value ")), "{told}");
            assert!(!told.contains("hunter2") && !told.contains("42"), "{told}");
        }
    }
}

#[test]
fn danger_allows_plain_http_and_short_checks() {
    let text = MINIMAL.replace("https://login", "http://login").replace("\"app", "\"http://app")
        + "[danger]\ninsecure_http = true\nshort_policy_check = true\n[session]\npolicy_check_interval = '2s'\n";
    let config = load_text(&text, &[]).unwrap();
    assert_eq!(config.session.get(Key::PolicyCheckInterval), Some(2));
}

#[test]
fn a_file_is_found_by_path_and_by_variable_or_its_absence_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hourgate.toml");
    let env = || [("HOURGATE_CONFIG".to_owned(), path.display().to_string())].into_iter();
    let told = load(None, env()).unwrap_err().to_string();
    assert!(told.starts_with("environment variable HOURGATE_CONFIG: cannot read /"), "{told}");
    assert!(load(Some(&path), std::iter::empty()).is_err());
    std::fs::write(&path, MINIMAL).unwrap();
    assert!(load(Some(&path), std::iter::empty()).is_ok());
    assert_eq!(
        check(None, env()).unwrap().1,
        format!(
            "{} is valid: 1 provider, 1 environment, 1 host\n  prod: https://app.example.com\n",
            path.display()
        )
    );
}

#[test]
fn a_check_says_which_origins_result_and_which_secrets_lie_open() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let (path, secret) = (directory.path().join("hourgate.toml"), directory.path().join("secret"));
    std::fs::write(&secret, "s").unwrap();
    let text = MINIMAL
        .replace("[\"app.example.com\"]", "[\"app.localhost:8080\", \"http://other.localhost:8080\"]")
        .replace("client_secret = \"hunter2\"", &format!("client_secret_file = {secret:?}"));
    std::fs::write(&path, text).unwrap();
    let checked = |mode: u32| {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        check(Some(&path), std::iter::empty()).unwrap().1
    };
    let told = checked(0o604);
    for line in [
        "  prod: https://app.localhost:8080 (over TLS; for plain http write \"http://app.localhost:8080\")\n",
        "  prod: http://other.localhost:8080\n",
        &format!("warning: the secret in {} can be read by others", secret.display()),
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    assert!(!checked(0o640).contains("warning"));
}

#[test]
fn where_no_file_is_the_search_is_told_unless_the_environment_says_all() {
    let nowhere = ["/nowhere/a.toml", "/nowhere/b.toml"];
    let mut env = BTreeMap::new();
    let told = Problems::new(find::file(None, &env, &nowhere).err().into_iter().collect()).to_string();
    assert_eq!(
        told,
        "configuration: no file: looked for $HOURGATE_CONFIG (not set), /nowhere/a.toml, /nowhere/b.toml\n   \
         name one with --config, or write one"
    );
    env.insert("HOURGATE__LOG__LEVEL".to_owned(), "info".to_owned());
    assert!(matches!(find::file(None, &env, &nowhere), Ok(None)));
}

/// The example with its secret at hand.
fn load_example(text: &str) -> Result<Config, Problems> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("client_secret"), "secret").unwrap();
    load_text(text, &[("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap())])
}

const EXAMPLE: &str = include_str!("example.toml");
const EXAMPLES: [&str; 2] = [EXAMPLE, include_str!("example-ws-federation.toml")];

#[test]
fn the_examples_load_and_the_defaults_in_them_are_the_defaults() {
    let mut told = String::new();
    for example in EXAMPLES {
        let as_it_is = load_example(example).unwrap();
        let uncommented: Vec<&str> = example
            .lines()
            .map(|line| {
                line.strip_prefix('#')
                    .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
                    .unwrap_or(line)
            })
            .collect();
        assert!(uncommented.iter().filter(|line| !line.starts_with('#')).count() > 20);
        let mut uncommented = load_example(&uncommented.join("\n")).unwrap();
        for setting in TABLE.iter().filter(|_| example == EXAMPLE) {
            let default = Some(setting.default_value());
            assert_eq!(uncommented.session.get(setting.key), default, "{}", setting.name);
        }
        uncommented.session = as_it_is.session.clone();
        assert_eq!(format!("{as_it_is:?}"), format!("{uncommented:?}"));
        told += &format!("{as_it_is:?}");
    }
    assert!(told.contains("urn:hourgate:prod"), "both were read");
}

#[test]
fn every_key_is_in_the_examples() {
    let checked: usize = EXAMPLES.into_iter().map(keys_of).sum();
    assert!(checked >= 75, "{checked}");
}

/// How many keys there are, each of which stands in its section of the example.
fn keys_of(example: &str) -> usize {
    let mut checked = 0;
    for header in example.lines().filter(|line| line.starts_with('[')) {
        // The second example is about its provider alone.
        if example != EXAMPLE && !header.contains("provider") {
            continue;
        }
        // Whoever writes an unknown key is told the known ones.
        let unknown = example.replace(&format!("\n{header}\n"), &format!("\n{header}\nzzzzzzzz = 1\n"));
        let told = load_example(&unknown).unwrap_err().to_string();
        let known = told.rsplit_once("known here: ").unwrap().1;
        let section = example.split_once(&format!("\n{header}\n")).unwrap().1.split("\n[").next().unwrap();
        for key in known.split(", ").map(|key| key.trim_matches('`')) {
            let stands = |line: &str| {
                let line = line.trim_start_matches("# Example: ").trim_start_matches('#');
                line.starts_with(&format!("{key} =")) || line.starts_with(&format!("{key}_file ="))
            };
            let below = example.contains(&format!(".{key}]")) || example.contains(&format!(".{key}."));
            let of_session =
                header == "[environment.prod.session]" && example.contains(&format!("\n#{key} ="));
            assert!(
                section.lines().any(stands) || below || of_session,
                "{key} of {header} is not in the example"
            );
            checked += 1;
        }
    }
    checked
}

fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        prop::sample::select(
            EXAMPLE.lines().map(|line| line.trim_start_matches('#').to_owned()).collect::<Vec<_>>()
        ),
        prop::sample::select(MINIMAL.lines().map(str::to_owned).collect::<Vec<_>>()),
        "[a-z_.]{1,12} = [-\"'\\[\\]{}=,.0-9a-zä\u{1F980}#\t]{0,12}",
        "\\PC{0,40}",
        "[\\[\\]a-z._]{0,20}",
    ];
    prop_oneof![any::<String>(), prop::collection::vec(line, 0..24).prop_map(|lines| lines.join("\n"))]
}

fn any_variable() -> impl Strategy<Value = (String, String)> {
    let part = prop::sample::select(vec![
        "PROVIDER",
        "0",
        "1",
        "99999999999999999999",
        "ID",
        "ENVIRONMENT",
        "PROD",
        "HOSTS",
        "SESSION",
        "LIFETIME",
        "STORE",
        "URL",
        "KEYS",
        "RING_FILE",
        "SERVER",
        "LISTEN",
        "TRUSTED_PROXIES",
        "CLAIMS",
        "",
        "Ä",
    ]);
    let name = prop::collection::vec(part, 0..6).prop_map(|parts| format!("HOURGATE__{}", parts.join("__")));
    (name, prop_oneof![any::<String>(), "[\\[\\]\"',a-z0-9:/.]{0,20}"])
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_fall_silent(text in any_text(), env in prop::collection::vec(any_variable(), 0..4)) {
        let env: Vec<_> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Err(problems) = load_text(&text, &env) {
            prop_assert!(problems.len() > 0);
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    #[test]
    fn a_secret_never_shows_wherever_the_file_breaks(cut in 0..MINIMAL.len(), junk in "[\"'\\[\\]{}=\n#., ]{0,3}") {
        let text = format!("{}{junk}{}", &MINIMAL[..cut], &MINIMAL[cut..]);
        if let Err(problems) = load_text(&text, &[]) {
            let told = problems.to_string();
            prop_assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

#[test]
fn very_deep_nesting_is_refused() {
    for text in [format!("{}a = 1", "a.".repeat(100_000)), format!("a = {}", "[".repeat(100_000))] {
        assert!(load_text(&text, &[]).is_err());
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    load_text(&format!("\u{feff}{MINIMAL}"), &[]).unwrap();
}
