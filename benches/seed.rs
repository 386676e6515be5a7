//! Puts live sessions into the store of a configuration and writes what their browsers would present.
//! `seed <hourgate.toml> <how many> <cookies>`: one `Cookie` header a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hourgate::config;
use hourgate::gateway::{install_tls, read_keys};
use hourgate::journeys::cookies::{NonceCookie, session_cookie};
use hourgate::keys::KeyRing;
use hourgate::policy::settings::live::LiveSettings;
use hourgate::session::id::{Lane, SessionId};
use hourgate::session::identity::Identity;
use hourgate::session::tokens::Tokens;
use hourgate::session::{Proof, Renewal, Session};
use hourgate::store::sessions::Sessions;
use hourgate::store::{self, TimeSource};
use hourgate::time::{Clock, SystemClock};

/// Longer than any run: no policy check falls due meanwhile.
const PROVED_FOR: Duration = Duration::from_secs(86_400);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(config), Some(count), Some(cookies)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: seed <hourgate.toml> <how many> <cookies>".into());
    };
    install_tls();
    let config = config::load(Some(Path::new(&config)), std::iter::empty())?;
    let clock = Arc::new(SystemClock);
    let keys = Arc::new(KeyRing::new(read_keys(&config.keys)?, clock.now())?);
    let store = store::open(&config.store, clock.clone(), TimeSource::Server).await?;
    let sessions = Sessions::new(store, keys.clone());
    let environment = config.environments.first().ok_or("there is no environment")?;
    let settings = LiveSettings::default().of_environment(&config.settings(), &environment.id);
    let provider = config.providers.first().ok_or("there is no provider")?;

    let mut file = BufWriter::new(File::create(cookies)?);
    for number in 0..count.parse::<u32>()? {
        let (id, nonce, now) = (SessionId::new(Lane::of(&provider.id)), NonceCookie::new(), clock.now());
        let until = now.plus(PROVED_FOR);
        let session = Session {
            environment: environment.id.clone(),
            identity: Identity {
                provider: provider.id.clone(),
                issuer: provider.issuer.clone(),
                subject: format!("00000000-0000-0000-0000-{number:012}"),
                tenant: None,
                idp_session: Some(format!("sid-{number}")),
                authenticated_at: Some(now),
                email: Some(format!("user{number}@example.com")),
                preferred_username: Some(format!("user{number}@example.com")),
                name: Some(format!("User {number}")),
                groups: (0..8).map(|group| format!("group-{group}")).collect(),
                groups_truncated: false,
            },
            browser: nonce.browser(),
            signed_in_at: now,
            sign_in_begun_at: now,
            asserted_at: Some(now),
            proof: Proof { proved_at: now, until },
            renewal: Renewal::Background,
            idp_session_ends: None,
            kept_signed_in: false,
            reports_input: false,
            denied: None,
            signed_in_under: Some(settings.snapshot()),
            failed_check: None,
            next_check: until,
        };
        let tokens = Tokens {
            refresh_token: Some("r".repeat(400).into()),
            refresh_token_until: None,
            id_token: Some("i".repeat(800).into()),
            nonce: nonce.value(),
            unanswered_since: None,
            rotates: None,
            client_id: None,
        };
        sessions.create(id.stored(), &session, &tokens, until, now).await?;
        let cookie = session_cookie(&id, &keys, now);
        writeln!(file, "__Host-hourgate={cookie}; __Host-hourgate-nonce={}", nonce.value())?;
    }
    Ok(file.flush()?)
}
