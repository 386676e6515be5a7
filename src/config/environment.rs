//! `[environment.<name>]`, and the checks between environments.

use super::context::{Given, Leaf};
use super::problem::{Problem, Refusal, nearest};
use super::provider::{Read, Spoken};
use super::reader::Table;
use super::session::Said;
use super::values::{one_of, plain_http_is_fine, text};
use super::{Danger, clients, session};
use crate::policy::environment::{Environment, SignOutScope, StartPage};
use crate::session::names::{EnvironmentId, ProviderId};
use crate::session::origin::{Origin, Scheme};

const START_PAGES: [(&str, StartPage); 2] =
    [("when_needed", StartPage::WhenNeeded), ("always", StartPage::Always)];
const SIGN_OUT_SCOPES: [(&str, SignOutScope); 2] =
    [("idp_session", SignOutScope::IdpSession), ("user", SignOutScope::User)];

/// All environments; `None` only after a problem was noted.
pub(super) fn all(
    root: &mut Table<'_>,
    providers: &[Read],
    server: &Said,
    danger: Danger,
) -> Option<Vec<Environment>> {
    let known: Vec<ProviderId> = providers.iter().filter_map(|provider| provider.id.clone()).collect();
    let tables = root.named_tables("environment");
    if tables.is_empty() {
        let fix = "add [environment.prod] with hosts = [\"app.example.com\"]";
        root.context.note(Problem::about(&root.place, "there is no environment", false, Some(fix)));
    }
    let mut hosts: Vec<Given<Origin>> = Vec::new();
    let mut environments = Vec::new();
    for (name, place, mut table) in tables {
        let id = name.parse::<EnvironmentId>();
        if let Err(error) = &id {
            let sentence = format!("`{name}` is not a name for an environment: {error}");
            table.context.note(Problem::about(&place, &sentence, true, None));
        }
        let own = origins(&mut table, danger, &hosts);
        let cookie_domain = cookie_domain(&mut table, own.as_deref().unwrap_or_default());
        let chosen = chosen(&mut table, &known);
        no_posts_over_plain_http(&table, own.as_deref().unwrap_or_default(), chosen.as_deref(), providers);
        let start_page = table.get_or("start_page", StartPage::default(), one_of(&START_PAGES));
        let scope = table.get_or("sign_out_scope", SignOutScope::default(), one_of(&SIGN_OUT_SCOPES));
        let passive = table.list("passive_paths", clients::url_path);
        let access = clients::access(table.table("access"));
        let exemptions = clients::exemptions(&mut table);
        let settings = session::said(table.table("session"), Some(server), danger.leave()).layer;
        table.finish();
        environments.push(own.as_ref().zip(id.ok()).map(|(own, id)| Environment {
            id,
            hosts: own.iter().map(|origin| origin.value.clone()).collect(),
            providers: chosen.unwrap_or_else(|| known.clone()),
            cookie_domain,
            settings,
            access,
            exemptions,
            passive_paths:
                passive.map_or_else(Vec::new, |list| list.value.into_iter().map(|path| path.value).collect()),
            start_page,
            sign_out_scope: scope,
        }));
        hosts.extend(own.unwrap_or_default());
    }
    environments.into_iter().collect()
}

/// The hosts of one environment, none of which an earlier one may have: cookies ignore ports and schemes.
fn origins(table: &mut Table<'_>, danger: Danger, taken: &[Given<Origin>]) -> Option<Vec<Given<Origin>>> {
    if !table.has("hosts") {
        table.missing("hosts", "hosts = [\"app.example.com\"]");
    }
    let list = table.list("hosts", |leaf| origin(leaf, danger))?;
    if list.value.is_empty() {
        table.context.refuse(&list.mark, &Refusal::new("is empty").fix("name the hosts of the apps"));
    }
    for host in &list.value {
        if let Some(other) = taken.iter().find(|other| other.value.host() == host.value.host()) {
            let what = format!("belongs to another environment: {} at {}", other.mark.key, other.mark.place);
            table.context.refuse(
                &host.mark,
                &Refusal::new(what).fix("a host name has one environment, whatever the port"),
            );
        }
    }
    for (index, host) in list.value.iter().enumerate() {
        if list.value[..index].iter().any(|other| share_a_host_header(&other.value, &host.value)) {
            let what = "answers to the same Host header as another origin of this list";
            table.context.refuse(&host.mark, &Refusal::new(what).fix("keep one of them"));
        }
    }
    Some(list.value)
}

fn share_a_host_header(one: &Origin, other: &Origin) -> bool {
    let answers = |one: &Origin, other: &Origin| {
        other.to_string().split_once("://").is_some_and(|(_, authority)| one.answers_to(authority))
    };
    answers(one, other) || answers(other, one)
}

fn origin(leaf: &Leaf, danger: Danger) -> Result<Origin, Refusal> {
    let text = text(leaf)?;
    let origin: Origin = text.parse().map_err(|error| {
        let refusal = Refusal::new(format!("is not a host: {error}"));
        let bare = text.strip_suffix('/').filter(|bare| bare.parse::<Origin>().is_ok());
        refusal.did_you_mean(bare)
    })?;
    plain_http_is_fine(&origin, danger.insecure_http)?;
    Ok(origin)
}

/// The cookie that a response by POST is bound to must be `SameSite=None`, which browsers take over HTTPS only.
fn no_posts_over_plain_http(
    table: &Table<'_>,
    hosts: &[Given<Origin>],
    chosen: Option<&[ProviderId]>,
    providers: &[Read],
) {
    let posts = providers.iter().find_map(|provider| {
        let settings = provider.settings.as_ref().filter(|settings| settings.answers_by_post())?;
        let id = provider.id.as_ref().filter(|id| chosen.is_none_or(|chosen| chosen.contains(id)))?;
        Some((id, settings))
    });
    let Some((id, settings)) = posts else { return };
    let (how, fix) = match settings {
        Spoken::Oidc(_) => ("response_mode = \"form_post\"", "use https, or response_mode = \"query\" there"),
        Spoken::WsFederation(_) => ("protocol = \"ws_federation\"", "use https"),
    };
    let insecure = |origin: &Origin| origin.scheme() == Scheme::Http && !origin.is_loopback();
    for host in hosts.iter().filter(|host| insecure(&host.value)) {
        let what = format!("is plain http, where browsers keep no cookie for the {how} of the provider {id}");
        table.context.refuse(&host.mark, &Refusal::new(what).fix(fix));
    }
}

/// The domain of the cookies: a name, above all hosts.
fn cookie_domain(table: &mut Table<'_>, hosts: &[Given<Origin>]) -> Option<String> {
    let Given { value: domain, mark } = table.get("cookie_domain", domain)?;
    let outside = |host: &&Given<Origin>| {
        !host.value.host().strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some(host) = hosts.iter().find(outside) {
        let what = format!("does not cover {}", host.mark.shown.as_ref().unwrap_or(&host.mark.key));
        table.context.refuse(&mark, &Refusal::new(what).fix("use a domain above all hosts, or leave it out"));
    }
    Some(domain)
}

fn domain(leaf: &Leaf) -> Result<String, Refusal> {
    let text = text(leaf)?;
    if let Some(bare) = text.strip_prefix('.') {
        return Err(Refusal::new("starts with a dot").did_you_mean(Some(bare)));
    }
    let bare_name =
        |domain: &String| domain.eq_ignore_ascii_case(text) && domain.parse::<std::net::IpAddr>().is_err();
    let host = text.parse::<Origin>().ok().map(|origin| origin.host().to_owned()).filter(bare_name);
    let host = host.ok_or_else(|| Refusal::new("is not a domain such as example.com"))?;
    if !host.contains('.') && host != "localhost" {
        return Err(Refusal::new("is a single label: browsers refuse such cookies"));
    }
    // A name that stands in no list is somebody's own network's.
    let is_public =
        psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == host.as_bytes());
    if is_public {
        let what = "is a public suffix: whoever has a host under it could have the cookies, and browsers refuse them";
        return Err(Refusal::new(what).fix("use a domain of your own below it, or leave it out"));
    }
    Ok(host)
}

/// The providers that the environment names; `None` if it names none, which means all.
fn chosen(table: &mut Table<'_>, known: &[ProviderId]) -> Option<Vec<ProviderId>> {
    let list = table.list("providers", |leaf| provider(leaf, known))?;
    if list.value.is_empty() {
        table
            .context
            .refuse(&list.mark, &Refusal::new("is empty").fix("leave it out to offer all providers"));
    }
    Some(list.value.into_iter().map(|item| item.value).collect())
}

fn provider(leaf: &Leaf, known: &[ProviderId]) -> Result<ProviderId, Refusal> {
    let text = text(leaf)?;
    known.iter().find(|id| id.as_str() == text).cloned().ok_or_else(|| {
        let ids = known.iter().map(ProviderId::as_str);
        let list: Vec<_> = ids.clone().map(|id| format!("\"{id}\"")).collect();
        let list = if list.is_empty() { "none".into() } else { list.join(", ") };
        Refusal::new(format!("is not the id of a provider; there is {list}")).did_you_mean(nearest(text, ids))
    })
}
