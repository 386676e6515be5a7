//! The API's side of settings in the running gateway (rows C12, C14, C16).

use std::any::Any;
use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::UnixStream;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, known_environment};
use crate::admin::wire::API_VERSION;
use crate::admin::wire::settings::{
    ChangeSettings, ChangeView, SettingView, SettingsChanged, SettingsHistory, SettingsView,
};
use crate::journeys::Services;
use crate::journeys::settings::{self, Changed, SettingsError, affected, requeue};
use crate::policy::settings::live::{Change, ChangeRefused, LiveSettings, Scope, Wish};
use crate::policy::settings::table::{Key, Leave, Setting, TABLE, find};
use crate::session::names::EnvironmentId;

const DEFAULT_LIMIT: usize = 100;

/// The user at the other end of the socket, as the system says.
#[derive(Clone, Copy, Debug)]
struct Peer(u32);

/// Remembers who is at the other end of a connection.
pub fn note_peer(connection: &dyn Any, extensions: &mut Extensions) {
    let stream = connection.downcast_ref::<UnixStream>();
    if let Some(user) = stream.and_then(|stream| stream.peer_cred().ok()) {
        extensions.insert(Peer(user.uid()));
    }
}

fn who(request: &HttpRequest) -> String {
    request.conn_data::<Peer>().map_or_else(|| "unknown".to_owned(), |Peer(uid)| format!("uid {uid}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    environment: Option<String>,
}

pub(super) async fn get(services: Data<Services>, of: Query<Of>) -> Result<Json<SettingsView>, ApiError> {
    let scope = scope(&services, of.into_inner().environment)?;
    settings::follow(&services).await?;
    let (state, configured) = (services.settings.state(), services.settings.configured());
    let resolved = state.live.resolved(configured, &scope);
    let said_by = |key: Key| {
        let says = |id: &&EnvironmentId| {
            let layers = [&state.live.environments, &configured.environments];
            layers.iter().any(|layers| layers.get(*id).is_some_and(|layer| layer.get(key).is_some()))
        };
        let others = configured.environments.keys().filter(|_| scope.is_none());
        others.filter(says).map(ToString::to_string).collect()
    };
    let view = |setting: &Setting| {
        let (value, source) = (resolved.values[setting.key as usize], resolved.sources[setting.key as usize]);
        SettingView {
            name: setting.name.to_owned(),
            value: setting.text(value),
            alias: setting.alias.map(str::to_owned),
            alias_value: setting.alias_text(value),
            source: source.code().to_owned(),
            range: setting.range(configured.leave),
            said_by: said_by(setting.key),
        }
    };
    Ok(Json(SettingsView {
        api_version: API_VERSION.to_owned(),
        version: state.live.version,
        environment: scope.as_ref().map(ToString::to_string),
        settings: TABLE.iter().map(view).collect(),
    }))
}

pub(super) async fn change(
    services: Data<Services>,
    request: HttpRequest,
    wish: Json<ChangeSettings>,
) -> Result<Json<SettingsChanged>, ApiError> {
    let ChangeSettings { environment, set, unset, back_to, apply, confirmed, remark, dry_run } =
        wish.into_inner();
    let wish = Wish {
        edits: Vec::new(),
        apply_now: apply.is_some(),
        confirmed,
        who: who(&request),
        remark,
        at: services.now(),
    };
    let Some(version) = back_to else {
        let scope = scope(&services, environment)?;
        let edits = edits(&scope, set, unset, services.settings.configured().leave)?;
        let wish = Wish { edits, ..wish };
        return carry_out(services, dry_run, |_| Ok(wish.clone())).await;
    };
    if environment.is_some() || !set.is_empty() || !unset.is_empty() {
        return Err(ApiError::BadRequest("back_to goes with no other change".into()));
    }
    let back = |live: &LiveSettings| {
        let edits = live.edits_back_to(version)?;
        let remark = wish.remark.clone().or_else(|| Some(format!("back to version {version}")));
        Ok(Wish { edits, remark, ..wish.clone() })
    };
    carry_out(services, dry_run, back).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    environment: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn history(
    services: Data<Services>,
    wanted: Query<Wanted>,
) -> Result<Json<SettingsHistory>, ApiError> {
    let Wanted { environment, limit } = wanted.into_inner();
    let scope = scope(&services, environment)?;
    settings::follow(&services).await?;
    let state = services.settings.state();
    let newest_first = state.live.history.iter().rev();
    let mut changes: Vec<ChangeView> =
        newest_first.filter(|change| scope.is_none() || change.scope == scope).map(view).collect();
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let truncated = changes.len() > limit;
    changes.truncate(limit);
    let (api_version, version) = (API_VERSION.to_owned(), state.live.version);
    Ok(Json(SettingsHistory { api_version, version, changes, truncated }))
}

fn scope(services: &Services, environment: Option<String>) -> Result<Scope, ApiError> {
    let Some(name) = environment else { return Ok(None) };
    known_environment(services, &name)?;
    name.parse().map(Some).map_err(|error| ApiError::BadRequest(format!("{name:?}: {error}")))
}

/// All that is wrong is told at once, and nothing is changed.
fn edits(
    scope: &Scope,
    set: BTreeMap<String, Value>,
    unset: Vec<String>,
    leave: Leave,
) -> Result<Vec<(Scope, Key, Option<u32>)>, ApiError> {
    let mut edits: Vec<(Scope, Key, Option<u32>)> = Vec::new();
    let mut wrong = Vec::new();
    let set = set.into_iter().map(|(name, value)| (name, Some(value)));
    for (name, value) in set.chain(unset.into_iter().map(|name| (name, None))) {
        match edit(&name, value, leave) {
            Ok((key, _)) if edits.iter().any(|(_, other, _)| *other == key) => {
                wrong.push(format!("{} is named twice", key.setting().name));
            }
            Ok((key, value)) => edits.push((scope.clone(), key, value)),
            Err(told) => wrong.push(told),
        }
    }
    if edits.is_empty() && wrong.is_empty() {
        return Err(ApiError::BadRequest(
            "there is nothing to change: name settings to set or to unset".into(),
        ));
    }
    if wrong.is_empty() { Ok(edits) } else { Err(ApiError::InvalidSetting(wrong.join("\n"))) }
}

fn edit(name: &str, value: Option<Value>, leave: Leave) -> Result<(Key, Option<u32>), String> {
    let (setting, called) = find(name)?;
    let Some(value) = value else { return Ok((setting.key, None)) };
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    let value = setting.parse(&text, called, leave).map_err(|refusal| refusal.about(name, &shown))?;
    Ok((setting.key, Some(value)))
}

async fn carry_out(
    services: Data<Services>,
    dry_run: bool,
    wish: impl Fn(&LiveSettings) -> Result<Wish, ChangeRefused>,
) -> Result<Json<SettingsChanged>, ApiError> {
    let changed = match dry_run {
        true => settings::preview(&services, wish).await?,
        false => settings::change(&services, wish).await?,
    };
    let live = &changed.after.live;
    let is_new = |change: &&Change| change.version > changed.before.live.version;
    let changes = live.history.iter().filter(is_new).map(view).collect();
    let version = live.version;
    let sessions = reach(services, changed, dry_run).await;
    Ok(Json(SettingsChanged { api_version: API_VERSION.to_owned(), version, changes, sessions, dry_run }))
}

/// How many sessions a change reaches. Their checks are brought forward also if the caller goes away, and after the answer.
async fn reach(services: Data<Services>, changed: Changed, dry_run: bool) -> Option<usize> {
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let reached = async {
            let sessions = affected(&services, &changed).await?;
            let _ = tell.send(sessions.len());
            if dry_run { Ok(()) } else { requeue(&services, &sessions).await }
        };
        if let Err(error) = reached.await {
            tracing::warn!(%error, "checks_not_brought_forward");
        }
    });
    told.await.ok()
}

fn view(change: &Change) -> ChangeView {
    ChangeView {
        version: change.version,
        at: change.at.to_string(),
        who: change.who.clone(),
        remark: change.remark.clone(),
        environment: change.scope.as_ref().map(ToString::to_string),
        setting: change.setting.clone(),
        from: change.from(),
        to: change.to(),
        apply: if change.applied { "now" } else { "next_sign_in" }.to_owned(),
    }
}

impl From<SettingsError> for ApiError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Store(error) => Self::Store(error),
            SettingsError::Busy => Self::Busy(error.to_string()),
            SettingsError::Refused(refused) => match refused {
                ChangeRefused::Contradiction(_) => Self::InvalidSetting(refused.to_string()),
                ChangeRefused::Unconfirmed { .. } => Self::Unconfirmed(refused.to_string()),
                ChangeRefused::NoSuchVersion { .. } => Self::NotFound(refused.to_string()),
            },
        }
    }
}
