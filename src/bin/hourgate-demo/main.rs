//! The program `hourgate-demo`: the gateway, the test IdP and three small apps in one process, to be looked at in a browser.

mod app;
mod as_proxy;
mod control;
mod front;
mod idp_control;
mod pages;
mod scene;
mod setup;
mod work_dir;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use hourgate::policy::settings::table::{Called, Key, Leave};
use hourgate::telemetry::{LogFormat, start_logging};
use tokio::signal::unix::{SignalKind, signal};

use scene::Scene;

/// Hourgate to be looked at: the gateway, a test identity provider and three apps. No service is needed, nothing leaves
/// this machine, and at the end nothing is left.
#[derive(Debug, Parser)]
#[command(name = "hourgate-demo", version)]
struct Cli {
    /// The port of the apps; by default 8080, or a free one where that is taken
    #[arg(long)]
    port: Option<u16>,
    /// The port of the test identity provider; by default 9400, or a free one where that is taken
    #[arg(long)]
    idp_port: Option<u16>,
    /// How often the identity provider must confirm each session, such as 20s
    #[arg(long, default_value = "20s", value_parser = interval)]
    interval: Duration,
    /// Keep sessions and keys in this directory instead of a temporary one
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn interval(text: &str) -> Result<Duration, String> {
    let setting = Key::PolicyCheckInterval.setting();
    let secs = setting.parse(text, Called::Name, Leave { short_policy_check: true });
    let secs = secs.map_err(|refusal| format!("it {}", refusal.what))?;
    Ok(Duration::from_secs(secs.into()))
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, the exit code says it alone.
            let _ = writeln!(io::stderr(), "hourgate-demo: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    start_logging(LogFormat::Auto, "warn")?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let scene = Scene::start(cli).await?;
    io::stdout().write_all(scene.banner().as_bytes())?;
    io::stdout().flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(scene.stop().await?)
}
