//! `hourgate sessions`, `users` and `explain`: they speak to the running gateway.

use clap::Subcommand;
use hourgate::admin::client::Client;
use hourgate::admin::wire::{
    API_VERSION, ExplanationView, RevokeUser, Revoked, RevokedUserView, RuleView, SessionList, SessionView,
    ThenView, WarningView,
};
use serde::Serialize;

use super::Failure;
use super::output::{Format, list, print, table, to_the_second};

#[derive(Subcommand)]
pub(crate) enum SessionsCommand {
    /// List live sessions, the newest first
    List {
        /// Only of this user: subject, user name or e-mail address, whole
        #[arg(long)]
        user: Option<String>,
        /// Only of this environment
        #[arg(long)]
        environment: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one session
    Show {
        /// Its id, or at least the first four digits of it
        session: String,
    },
    /// End sessions
    Revoke {
        /// Their ids, or at least the first four digits of each
        #[arg(required = true)]
        sessions: Vec<String>,
        /// Why; goes into the audit log
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum UsersCommand {
    /// End all sessions of a user and void sign-ins under way; later sign-ins are good
    ///
    /// To keep somebody out, disable them at the identity provider too.
    Revoke {
        /// Subject, user name or e-mail address, whole
        user: String,
        /// The issuer of one of the providers; then the user is a subject, and needs no live session
        #[arg(long)]
        issuer: Option<String>,
        /// Why; goes into the audit log
        #[arg(long)]
        reason: Option<String>,
    },
}

pub(crate) async fn run(command: SessionsCommand, client: &Client, format: Format) -> Result<(), Failure> {
    match command {
        SessionsCommand::List { user, environment, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(user.map(|user| ("user", user)));
            query.extend(environment.map(|environment| ("environment", environment)));
            let sessions: SessionList = client.get("/sessions", &query).await?;
            print(format, &sessions, sessions_table)?;
            if sessions.truncated {
                eprintln!("There are more than these {}; see them with --limit.", sessions.sessions.len());
            }
            Ok(())
        }
        SessionsCommand::Show { session } => {
            let session: SessionView = client.get(&format!("/sessions/{}", path(&session)?), &[]).await?;
            print(format, &session, |session| list(&session_lines(session)))
        }
        SessionsCommand::Revoke { sessions, reason } => {
            let query: Vec<_> = reason.into_iter().map(|reason| ("remark", reason)).collect();
            revoke_each(sessions, &query, client, format).await
        }
    }
}

/// What became of each id.
#[derive(Default, Serialize)]
struct Revocations {
    api_version: &'static str,
    /// The whole ids of the sessions that ended now: it is by these that `hourgate explain` still knows them.
    sessions: Vec<String>,
    /// The ids of sessions that had ended before, as they were given.
    ended_before: Vec<String>,
    /// The ids that ended nothing, as they were given.
    refused: Vec<RefusedId>,
}

#[derive(Serialize)]
struct RefusedId {
    id: String,
    message: String,
}

/// Tries every id: one that nobody knows must not save those behind it.
async fn revoke_each(
    ids: Vec<String>,
    query: &[(&str, String)],
    client: &Client,
    format: Format,
) -> Result<(), Failure> {
    for id in &ids {
        path(id)?;
    }
    let mut all = Revocations { api_version: API_VERSION, ..Revocations::default() };
    let mut code = None;
    for id in ids {
        match client.delete::<Revoked>(&format!("/sessions/{id}"), query).await.map_err(Failure::from) {
            Ok(revoked) if revoked.sessions.is_empty() => all.ended_before.push(id),
            Ok(revoked) => all.sessions.extend(revoked.sessions),
            Err(failure) => {
                // "Failed" says more than "not found".
                code = Some(code.map_or(failure.code, |worst: u8| worst.min(failure.code)));
                all.refused.push(RefusedId { id, message: failure.message });
            }
        }
    }
    let nothing_to_tell = all.sessions.is_empty() && all.ended_before.is_empty();
    if format == Format::Json || !nothing_to_tell {
        print(format, &all, revoked_text)?;
    }
    let refused: Vec<_> = all.refused.into_iter().map(|refused| refused.message).collect();
    code.map_or(Ok(()), |code| Err(Failure { code, message: refused.join("\n") }))
}

fn revoked_text(all: &Revocations) -> String {
    let mut text = String::new();
    if !all.sessions.is_empty() {
        text.push_str(&format!(
            "Revoked {}: {}.\n",
            sessions_in_words(all.sessions.len()),
            all.sessions.join(", ")
        ));
    }
    for id in &all.ended_before {
        text.push_str(&format!(
            "Nothing to revoke: {id} had ended before; `hourgate explain {id}` says why.\n"
        ));
    }
    text
}

pub(crate) async fn run_users(command: UsersCommand, client: &Client, format: Format) -> Result<(), Failure> {
    let UsersCommand::Revoke { user, issuer, reason } = command;
    let revoked: Revoked = client.post("/users/revoke", &RevokeUser { user, issuer, remark: reason }).await?;
    print(format, &revoked, |revoked| {
        let line = |user: &RevokedUserView| {
            format!(
                "Revoked {} ({}): {}, sign-ins under way are void. New sign-ins are good.\n",
                user.subject,
                user.issuer,
                match user.sessions {
                    0 => "there was no live session".to_owned(),
                    count => format!("{} ended", sessions_in_words(count)),
                }
            )
        };
        let mut text: String = revoked.users.iter().map(line).collect();
        if !revoked.sessions.is_empty() {
            text.push_str(&format!("Ended: {}.\n", revoked.sessions.join(", ")));
        }
        text
    })
}

pub(crate) async fn explain(session: &str, client: &Client, format: Format) -> Result<(), Failure> {
    let explanation: ExplanationView =
        client.get(&format!("/sessions/{}/explain", path(session)?), &[]).await?;
    print(format, &explanation, explanation_text)
}

/// Ids are hex digits; anything else would be another path.
fn path(session: &str) -> Result<&str, Failure> {
    if session.is_empty() || !session.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!("{session:?} is not a session id: ids are hex digits")));
    }
    Ok(session)
}

fn sessions_table(list: &SessionList) -> String {
    if list.sessions.is_empty() {
        return "No live sessions.".to_owned();
    }
    let rows: Vec<_> = list
        .sessions
        .iter()
        .map(|session| {
            [
                session.id.chars().take(8).collect(),
                session.user.clone(),
                session.environment.clone(),
                session.provider.clone(),
                to_the_second(&session.signed_in_at),
                to_the_second(&session.proved_at),
                next_check(session),
                session.last_failure.clone().unwrap_or_else(|| "ok".to_owned()),
            ]
        })
        .collect();
    table(["ID", "USER", "ENVIRONMENT", "PROVIDER", "SIGNED IN", "PROVED", "NEXT CHECK", "LAST CHECK"], &rows)
}

/// When the IdP is asked next: by the gateway, or, no sooner than the proof is over, by the browser.
fn next_check(session: &SessionView) -> String {
    match session.renewal.as_str() {
        "browser" => format!("{}, by the browser", to_the_second(&session.proof_until)),
        _ => to_the_second(&session.next_check),
    }
}

fn session_lines(session: &SessionView) -> Vec<(&'static str, String)> {
    let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let instant_or_dash = |value: &Option<String>| value.as_deref().map_or("-".to_owned(), to_the_second);
    vec![
        ("id", session.id.clone()),
        ("user", session.user.clone()),
        ("issuer", session.issuer.clone()),
        ("subject", session.subject.clone()),
        ("e-mail", or_dash(&session.email)),
        ("environment", session.environment.clone()),
        ("provider", session.provider.clone()),
        ("signed in", to_the_second(&session.signed_in_at)),
        ("last used", instant_or_dash(&session.last_activity)),
        ("proved", to_the_second(&session.proved_at)),
        ("proof counts until", to_the_second(&session.proof_until)),
        ("next check", next_check(session)),
        ("renewed by", session.renewal.clone()),
        ("last failure", or_dash(&session.last_failure)),
        ("inactive from", instant_or_dash(&session.inactive_from)),
        ("kept signed in", if session.kept_signed_in { "yes" } else { "no" }.to_owned()),
        ("exemptions", session.exemptions.join(", ")),
        (
            "ends",
            session
                .ends_at
                .as_deref()
                .map_or("when refused, revoked or signed out".to_owned(), to_the_second),
        ),
    ]
}

fn explanation_text(explanation: &ExplanationView) -> String {
    let verdict = if explanation.allowed { "allowed" } else { "not allowed" };
    let mut text = format!(
        "Session {} is {verdict}: {} ({})\n",
        explanation.id, explanation.sentence, explanation.reason
    );
    if let Some(ended) = &explanation.ended {
        let remark = ended.remark.as_ref().map(|remark| format!(", remark: {remark}")).unwrap_or_default();
        text.push_str(&format!("It ended at {}{remark}.\n", to_the_second(&ended.at)));
    }
    if let Some(at) = &explanation.changes_at {
        if let Some(session) = explanation.session.as_ref().filter(|session| session.renewal == "background")
        {
            let next = to_the_second(&session.next_check);
            text.push_str(&format!("The next check, in the background, is due at {next}.\n"));
        }
        text.push_str(&format!("Unless something happens before, this holds until {}", to_the_second(at)));
        match &explanation.then {
            Some(ThenView { rule: Some(rule), sentence, reason }) => {
                text.push_str(&format!(".\nThen the rule `{rule}` decides: {sentence} ({reason})\n"));
            }
            _ => text.push_str(".\n"),
        }
    }
    if let Some(WarningView { of, at, ends_at }) = &explanation.warning {
        let (at, ends_at) = (to_the_second(at), to_the_second(ends_at));
        text.push_str(&format!("The person is warned from {at} on ({of}, at {ends_at}).\n"));
    }
    // Of a session that is no more, the later questions mean nothing.
    let is_gone = explanation.session.is_none();
    let answer = |rule: &RuleView| match &rule.reason {
        Some(reason) => format!("no: {reason}"),
        None if is_gone => "-".to_owned(),
        None => "yes".to_owned(),
    };
    let rows: Vec<_> =
        explanation.rules.iter().map(|rule| [rule.rule.clone(), rule.asks.clone(), answer(rule)]).collect();
    text.push('\n');
    text.push_str(&table(["RULE", "ASKS", "ANSWER"], &rows));
    if let Some(session) = &explanation.session {
        text.push('\n');
        text.push_str(&list(&session_lines(session)));
    }
    text
}

fn sessions_in_words(count: usize) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}
