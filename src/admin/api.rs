//! The API's side in the running gateway.

mod settings;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, ResponseError};
use serde::Deserialize;

use super::wire::{
    API_VERSION, EndView, ExplanationView, Problem, RevokeUser, Revoked, RevokedUserView, RuleView,
    SessionList, SessionView, ThenView, WarningView,
};
use crate::journeys::revoke::{is_called, list, revoke_session, revoke_user};
use crate::journeys::{Services, check};
use crate::policy::explain::explain;
use crate::policy::facts::{Browser, Facts, Standing};
use crate::policy::rules::end_of;
use crate::policy::schedule;
use crate::policy::schedule::inactive_from;
use crate::policy::settings::Settings;
use crate::session::id::StoredId;
use crate::session::names::{EnvironmentId, nearest};
use crate::session::{Renewal, Session};
use crate::store::sessions::Found;
use crate::store::{Ended, StoreError};

pub use self::settings::note_peer;

const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 100_000;

/// The routes of the socket.
pub fn routes(services: Data<Services>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(services)
            .app_data(web::QueryConfig::default().error_handler(|error, _| bad_request(&error)))
            .app_data(
                web::JsonConfig::default().limit(16 * 1024).error_handler(|error, _| bad_request(&error)),
            )
            .route("/sessions", web::get().to(sessions))
            .route("/sessions/{id}", web::get().to(session))
            .route("/sessions/{id}", web::delete().to(revoke_one))
            .route("/sessions/{id}/explain", web::get().to(explain_one))
            .route("/settings", web::get().to(settings::get))
            .route("/settings", web::put().to(settings::change))
            .route("/settings/history", web::get().to(settings::history))
            .route("/users/revoke", web::post().to(revoke_all_of_user))
            .default_service(web::to(|| async {
                ApiError::NotFound("there is no such call; is this the CLI of the same version?".into())
                    .error_response()
            }));
    }
}

#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    InvalidSetting(String),
    #[error("{0}")]
    Unconfirmed(String),
    #[error("{0}")]
    Busy(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadRequest(_) | Self::InvalidSetting(_) | Self::Unconfirmed(_) => StatusCode::BAD_REQUEST,
            Self::Busy(_) => StatusCode::CONFLICT,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let code = match self {
            Self::NotFound(_) => "not_found",
            Self::BadRequest(_) => "bad_request",
            Self::InvalidSetting(_) => "invalid_setting",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Busy(_) => "busy",
            Self::Store(_) => "store_unavailable",
        };
        HttpResponse::build(self.status_code())
            .json(Problem { code: code.to_owned(), message: self.to_string() })
    }
}

fn bad_request(error: &dyn std::fmt::Display) -> actix_web::Error {
    ApiError::BadRequest(error.to_string()).into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    user: Option<String>,
    environment: Option<String>,
    limit: Option<usize>,
}

async fn sessions(services: Data<Services>, wanted: Query<Wanted>) -> Result<Json<SessionList>, ApiError> {
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(ApiError::BadRequest(format!("limit is {limit}, but must be 1 to {LARGEST_LIMIT}")));
    }
    if let Some(environment) = &wanted.environment {
        known_environment(&services, environment)?;
    }
    let is_wanted = |session: &Session| {
        wanted.user.as_deref().is_none_or(|user| is_called(&session.identity, user))
            && wanted.environment.as_deref().is_none_or(|id| session.environment.as_str() == id)
    };
    let (found, truncated) = list(&services, limit, is_wanted).await?;
    let mut views = Vec::with_capacity(found.len());
    for (id, session) in found {
        views.push(view(&services, id, &session).await?);
    }
    Ok(Json(SessionList { api_version: API_VERSION.to_owned(), sessions: views, truncated }))
}

async fn session(services: Data<Services>, id: Path<String>) -> Result<Json<SessionView>, ApiError> {
    let id = resolve(&services, &id).await?;
    match services.sessions.find(id).await? {
        Found::Live(_, session) => Ok(Json(view(&services, id, &session).await?)),
        Found::Ended(tombstone) => Err(ApiError::NotFound(format!(
            "the session {id} ended at {}: {}; see `hourgate explain {id}`",
            tombstone.at,
            tombstone.reason.code()
        ))),
        Found::Absent => Err(unknown(&id.to_string())),
    }
}

async fn explain_one(services: Data<Services>, id: Path<String>) -> Result<Json<ExplanationView>, ApiError> {
    let id = resolve(&services, &id).await?;
    let now = services.now();
    let (standing, live, ended) = match services.sessions.find(id).await? {
        Found::Absent => return Err(unknown(&id.to_string())),
        Found::Ended(tombstone) => {
            let ended = EndView {
                at: tombstone.at.to_string(),
                reason: tombstone.reason.code().to_owned(),
                remark: tombstone.remark.clone(),
            };
            (Standing::Ended(tombstone), None, Some(ended))
        }
        Found::Live(_, session) => (Standing::Live(session.clone()), Some(session), None),
    };
    let last_activity =
        services.sessions.store().last_activity(id).await?.max(services.activity.last_seen(id));
    let settings = live.as_deref().map_or_else(Settings::default, |session| settings_of(&services, session));
    let facts = Facts {
        idp_is_away: check::idp_is_away(&services, &settings, &standing, now),
        standing,
        browser: Browser::Same,
        last_activity: last_activity.unwrap_or(now),
    };
    let explanation = explain(&settings, &facts, now);
    let rules = explanation.rules.into_iter().map(|answer| RuleView {
        rule: answer.rule.to_owned(),
        asks: answer.asks.to_owned(),
        passes: answer.passes,
        reason: answer.reason.map(str::to_owned),
    });
    Ok(Json(ExplanationView {
        api_version: API_VERSION.to_owned(),
        id: id.to_string(),
        session: match live {
            Some(session) => Some(view(&services, id, &session).await?),
            None => None,
        },
        ended,
        allowed: explanation.allowed,
        reason: explanation.reason.to_owned(),
        sentence: explanation.sentence.to_owned(),
        rules: rules.collect(),
        changes_at: explanation.changes_at,
        then: explanation.then.map(|then| ThenView {
            rule: then.rule.map(str::to_owned),
            reason: then.reason.to_owned(),
            sentence: then.sentence.to_owned(),
        }),
        warning: explanation.warning.map(|told| WarningView {
            of: told.of.to_owned(),
            at: told.at,
            ends_at: told.ends_at,
        }),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remark {
    remark: Option<String>,
}

async fn revoke_one(
    services: Data<Services>,
    id: Path<String>,
    remark: Query<Remark>,
) -> Result<Json<Revoked>, ApiError> {
    let id = resolve(&services, &id).await?;
    match revoke_session(&services, id, remark.into_inner().remark, services.now()).await? {
        Ended::Absent => Err(unknown(&id.to_string())),
        Ended::Before(_) => {
            Ok(Json(Revoked { api_version: API_VERSION.to_owned(), users: vec![], sessions: vec![] }))
        }
        Ended::Now => {
            let sessions = vec![id.to_string()];
            Ok(Json(Revoked { api_version: API_VERSION.to_owned(), users: vec![], sessions }))
        }
    }
}

async fn revoke_all_of_user(
    services: Data<Services>,
    wish: Json<RevokeUser>,
) -> Result<Json<Revoked>, ApiError> {
    let RevokeUser { user, issuer, remark } = wish.into_inner();
    let now = services.now();
    let people = match issuer {
        Some(issuer) => vec![(known_issuer(&services, issuer)?, user.clone())],
        None => people_called(&services, &user).await?,
    };
    if people.is_empty() {
        let message = format!(
            "nobody called {user:?} has a session; to void sign-ins that are under way, name issuer and subject: \
             `hourgate users revoke <subject> --issuer <issuer>`"
        );
        return Err(ApiError::NotFound(message));
    }
    let mut revoked = Revoked { api_version: API_VERSION.to_owned(), users: vec![], sessions: vec![] };
    for (issuer, subject) in people {
        let person = revoke_user(&services, &issuer, &subject, remark.clone(), now).await?;
        revoked.sessions.extend(person.sessions.iter().map(StoredId::to_string));
        revoked.users.push(RevokedUserView { issuer, subject, sessions: person.sessions.len() });
    }
    Ok(Json(revoked))
}

/// An issuer that is of none of the providers is a slip: to accept it would be to say "revoked" of nobody.
fn known_issuer(services: &Services, issuer: String) -> Result<String, ApiError> {
    let known: Vec<_> = services.providers.values().map(|provider| provider.issuer()).collect();
    if known.contains(&issuer.as_str()) { Ok(issuer) } else { Err(no_such("issuer", &issuer, &known)) }
}

fn known_environment(services: &Services, name: &str) -> Result<(), ApiError> {
    let known: Vec<_> = services.environments.keys().map(EnvironmentId::as_str).collect();
    if known.contains(&name) { Ok(()) } else { Err(no_such("environment", name, &known)) }
}

fn no_such(what: &str, name: &str, known: &[&str]) -> ApiError {
    let guess = nearest(name, known.iter().copied()).map(|guess| format!("did you mean {guess}? "));
    let guess = guess.unwrap_or_default();
    ApiError::BadRequest(format!("there is no {what} {name:?} here; {guess}known: {}", known.join(", ")))
}

async fn people_called(services: &Services, name: &str) -> Result<Vec<(String, String)>, ApiError> {
    let (found, _) = list(services, LARGEST_LIMIT, |session| is_called(&session.identity, name)).await?;
    let mut people: Vec<_> = found
        .into_iter()
        .map(|(_, session)| (session.identity.issuer.clone(), session.identity.subject.clone()))
        .collect();
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// An id, or the beginning of one that names a single live session.
async fn resolve(services: &Arc<Services>, text: &str) -> Result<StoredId, ApiError> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = format!("{text:?} is not a session id: give its hex digits, at least the first four");
        return Err(ApiError::BadRequest(message));
    }
    let prefix = text.to_ascii_lowercase();
    let mut found = None;
    for partition in 0..crate::session::id::PARTITIONS {
        for id in services.sessions.store().live(partition).await? {
            if id.to_string().starts_with(&prefix) && found.replace(id).is_some() {
                return Err(ApiError::BadRequest(format!(
                    "more than one session begins with {text}; give more digits"
                )));
            }
        }
    }
    found.ok_or_else(|| unknown(text))
}

fn unknown(id: &str) -> ApiError {
    let is_whole = id.parse::<StoredId>().is_ok();
    let ended = if is_whole { ", nor did one end within a week" } else { "" };
    let by_its_whole_id = if is_whole {
        ""
    } else {
        "; one that ended is known for a week, by its whole id, to `hourgate explain`"
    };
    ApiError::NotFound(format!(
        "there is no live session {id}{ended}; `hourgate sessions list` shows those that live{by_its_whole_id}"
    ))
}

async fn view(services: &Services, id: StoredId, session: &Session) -> Result<SessionView, StoreError> {
    let last_activity =
        services.sessions.store().last_activity(id).await?.max(services.activity.last_seen(id));
    let settings = settings_of(services, session);
    Ok(SessionView {
        id: id.to_string(),
        user: session.identity.label().to_owned(),
        issuer: session.identity.issuer.clone(),
        subject: session.identity.subject.clone(),
        email: session.identity.email.clone(),
        environment: session.environment.to_string(),
        provider: session.identity.provider.to_string(),
        signed_in_at: session.signed_in_at.to_string(),
        last_activity: last_activity.map(|at| at.to_string()),
        proved_at: session.proof.proved_at.to_string(),
        proof_until: schedule::proof_until(&settings, session).to_string(),
        next_check: session.next_check.to_string(),
        renewal: match session.renewal {
            Renewal::Background => "background".to_owned(),
            Renewal::Browser => "browser".to_owned(),
        },
        last_failure: session.failed_check.map(|check| check.why.code().to_owned()),
        ends_at: end_of(&settings, session).map(|(at, _)| at.to_string()),
        inactive_from: inactive_from(&settings, last_activity.unwrap_or(session.signed_in_at))
            .map(|at| at.to_string()),
        kept_signed_in: session.kept_signed_in,
        exemptions: services
            .environments
            .get(&session.environment)
            .map(|environment| environment.exemptions.iter().map(|rule| rule.name.clone()).collect())
            .unwrap_or_default(),
    })
}

fn settings_of(services: &Services, session: &Session) -> Settings {
    services
        .environments
        .get(&session.environment)
        .map(|environment| services.settings_of(environment, session))
        .unwrap_or_default()
}
