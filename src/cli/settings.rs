//! `hourgate settings`: how long sessions live, while the gateway runs.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use clap::{Args, Subcommand, ValueEnum};
use hourgate::admin::client::{Client, ClientError};
use hourgate::admin::wire::settings::{
    ApplyWhen, ChangeSettings, ChangeView, SettingsChanged, SettingsHistory, SettingsView,
};
use hourgate::policy::settings::table::find;
use serde_json::Value;

use super::output::{Format, print, table, to_the_second};
use super::{Failure, UNCONFIRMED};

#[derive(Subcommand)]
pub(crate) enum SettingsCommand {
    /// Show settings, where each is from and what it may be
    Get {
        /// Only these, by name or by the name that Dynamics 365 and AD FS have for them
        names: Vec<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Set settings, all at once or none
    ///
    /// A change counts from the next sign-in on; with --apply now, or where `apply` is "tighten", what is stricter counts for live
    /// sessions too. No live session is ever loosened.
    Set {
        /// Such as max_length=8h or SessionTimeoutInMins=480: a number without a unit is for the latter names, in their unit
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Take settings back to what the configuration says, or else to their default
    Unset {
        /// By name, or by the name that Dynamics 365 and AD FS have for them
        #[arg(required = true)]
        names: Vec<String>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Show who changed what, the newest first
    History {
        /// Only of this environment
        #[arg(long)]
        environment: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Undo all changes after a version; that is a change of its own
    Rollback {
        /// The version to go back to, as `hourgate settings history` shows them; 0 is before the first
        version: u64,
        #[command(flatten)]
        how: HowArgs,
    },
}

#[derive(Args)]
pub(crate) struct Of {
    /// Of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Of all environments that do not say otherwise; the default
    #[arg(long, conflicts_with = "environment")]
    server: bool,
}

#[derive(Args)]
pub(crate) struct HowArgs {
    /// Let what is stricter count for live sessions at once
    #[arg(long, value_name = "WHEN")]
    apply: Option<When>,
    /// Answer yes where one is asked whether that is meant
    #[arg(long)]
    yes: bool,
    /// Why; is kept in the history
    #[arg(long, alias = "reason", value_name = "TEXT")]
    remark: Option<String>,
    /// Only show what would be changed, and how many live sessions that reaches
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Now,
}

impl HowArgs {
    fn wish(self) -> ChangeSettings {
        ChangeSettings {
            apply: self.apply.map(|When::Now| ApplyWhen::Now),
            confirmed: self.yes,
            remark: self.remark,
            dry_run: self.dry_run,
            ..ChangeSettings::default()
        }
    }
}

pub(crate) async fn run(command: SettingsCommand, client: &Client, format: Format) -> Result<(), Failure> {
    match command {
        SettingsCommand::Get { names, of } => get(&names, of, client, format).await,
        SettingsCommand::Set { values, of, how } => {
            let wish = ChangeSettings { environment: of.environment, set: pairs(&values)?, ..how.wish() };
            change(client, wish, format).await
        }
        SettingsCommand::Unset { names, of, how } => {
            let wish = ChangeSettings { environment: of.environment, unset: names, ..how.wish() };
            change(client, wish, format).await
        }
        SettingsCommand::Rollback { version, how } => {
            change(client, ChangeSettings { back_to: Some(version), ..how.wish() }, format).await
        }
        SettingsCommand::History { environment, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(environment.map(|environment| ("environment", environment)));
            let history: SettingsHistory = client.get("/settings/history", &query).await?;
            print(format, &history, history_table)?;
            if history.truncated {
                eprintln!("There are more than these {}; see them with --limit.", history.changes.len());
            }
            Ok(())
        }
    }
}

/// Where the gateway asks whether a change is meant, so is whoever sits at the terminal.
async fn change(client: &Client, mut wish: ChangeSettings, format: Format) -> Result<(), Failure> {
    let changed = match client.put("/settings", &wish).await {
        Err(ClientError::Refused(problem)) if problem.code == UNCONFIRMED => {
            if !std::io::stdin().is_terminal() {
                let message = format!("{}; nothing was changed: add --yes if that is meant", problem.message);
                return Err(Failure::usage(message));
            }
            eprint!("{}. Is that meant? [y/N] ", problem.message);
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).map_err(Failure::new)?;
            if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
                return Err(Failure::new("nothing was changed"));
            }
            wish.confirmed = true;
            client.put("/settings", &wish).await?
        }
        answer => answer?,
    };
    print(format, &changed, changed_text)
}

async fn get(names: &[String], of: Of, client: &Client, format: Format) -> Result<(), Failure> {
    let wanted: Result<Vec<_>, _> =
        names.iter().map(|name| find(name).map(|(setting, _)| setting.name)).collect();
    let wanted = wanted.map_err(Failure::config)?;
    let query: Vec<_> = of.environment.into_iter().map(|environment| ("environment", environment)).collect();
    let mut view: SettingsView = client.get("/settings", &query).await?;
    view.settings.retain(|setting| wanted.is_empty() || wanted.contains(&setting.name.as_str()));
    print(format, &view, settings_table)
}

/// `NAME=VALUE`, each name once.
fn pairs(values: &[String]) -> Result<BTreeMap<String, Value>, Failure> {
    let mut pairs = BTreeMap::new();
    for value in values {
        let Some((name, text)) = value.split_once('=') else {
            let hint = format!("{value:?} is not NAME=VALUE, such as max_length=8h");
            return Err(Failure::usage(hint));
        };
        if pairs.insert(name.to_owned(), Value::String(text.to_owned())).is_some() {
            return Err(Failure::usage(format!("{name} is named twice")));
        }
    }
    Ok(pairs)
}

fn changed_text(changed: &SettingsChanged) -> String {
    if changed.changes.is_empty() {
        return format!("Nothing to change: all of it is so already (version {}).", changed.version);
    }
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "(not set)".to_owned());
    let line = |change: &ChangeView| {
        let place = change.environment.as_ref().map_or("server".to_owned(), |id| format!("environment {id}"));
        format!("{place}: {}: {} -> {}\n", change.setting, said(&change.from), said(&change.to))
    };
    let mut text: String = changed.changes.iter().map(line).collect();
    let is_applied = changed.changes.iter().any(|change| change.apply == "now");
    text.push_str(&match (is_applied, changed.sessions) {
        (false, _) => {
            "It counts from the next sign-in on; live sessions keep the settings of theirs.\n".to_owned()
        }
        (true, Some(1)) => "It reaches 1 live session, with what is stricter than it has.\n".to_owned(),
        (true, Some(count)) => {
            format!("It reaches {count} live sessions, with what is stricter than they have.\n")
        }
        (true, None) => "It reaches live sessions; how many could not be counted.\n".to_owned(),
    });
    text.push_str(&match (changed.dry_run, changed.version) {
        (true, _) => "Nothing was changed: this is what would be.\n".to_owned(),
        (false, version) => {
            let before = version.saturating_sub(1);
            let reach = if is_applied { " for new sign-ins; live sessions stay as strict" } else { "" };
            format!("This is version {version}; `hourgate settings rollback {before}` undoes it{reach}.\n")
        }
    });
    text
}

fn settings_table(view: &SettingsView) -> String {
    let rows: Vec<_> = view
        .settings
        .iter()
        .map(|setting| {
            let alias = setting.alias.as_ref().zip(setting.alias_value.as_ref());
            let source = match setting.said_by.as_slice() {
                [] => setting.source.clone(),
                others => format!("{}; otherwise in {}", setting.source, others.join(", ")),
            };
            [
                setting.name.clone(),
                setting.value.clone(),
                alias.map_or("-".to_owned(), |(alias, value)| format!("{alias}={value}")),
                source,
                setting.range.clone(),
            ]
        })
        .collect();
    table(["NAME", "VALUE", "ALSO KNOWN AS", "SOURCE", "RANGE"], &rows)
}

fn history_table(history: &SettingsHistory) -> String {
    if history.changes.is_empty() {
        return "Nothing was ever changed live.".to_owned();
    }
    let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<_> = history
        .changes
        .iter()
        .map(|change| {
            [
                change.version.to_string(),
                to_the_second(&change.at),
                change.who.clone(),
                change.environment.clone().unwrap_or_else(|| "(server)".to_owned()),
                change.setting.clone(),
                or_dash(&change.from),
                or_dash(&change.to),
                change.apply.clone(),
                or_dash(&change.remark),
            ]
        })
        .collect();
    table(["VERSION", "WHEN", "WHO", "ENVIRONMENT", "SETTING", "FROM", "TO", "APPLIED", "REMARK"], &rows)
}
