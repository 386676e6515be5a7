//! The command line. Data goes to standard output, everything else to standard error.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 78 wrong configuration or setting.

mod client_keys;
mod keys;
mod output;
mod serve;
mod sessions;
mod settings;
mod test_clock;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hourgate::admin::client::{Client, ClientError};
use hourgate::config;
use hourgate::gateway::check_files;
use hourgate::time::{Clock, SystemClock};

use output::Format;

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
/// The code of the gateway's question whether a change is meant.
const UNCONFIRMED: &str = "unconfirmed";

/// A sign-in gateway: proves every session afresh each hour, and refuses whoever the identity provider no longer wants.
#[derive(Parser)]
#[command(name = "hourgate", version = test_clock::VERSION, max_term_width = 110)]
pub(crate) struct Cli {
    /// The configuration file [default: ./hourgate.toml, then /etc/hourgate/hourgate.toml]
    #[arg(long, global = true, env = "HOURGATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The Unix socket of the running gateway [default: management.socket of the configuration]
    #[arg(long, global = true, env = "HOURGATE_SOCKET", value_name = "PATH")]
    socket: Option<PathBuf>,
    /// How answers are printed
    #[arg(short, long, global = true, value_enum, default_value_t, env = "HOURGATE_OUTPUT")]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway
    Serve {
        /// For test beds: allow hourgate-idp, which lets in whoever asks, as an identity provider
        #[arg(long)]
        insecure_test_idp: bool,
        /// Take back all that was changed with `hourgate settings`; needed where that cannot be read any more
        #[arg(long)]
        forget_live_settings: bool,
        /// In builds for end-to-end tests: the clock of hourgate-idp to go by, http://idp:9400/_control/t1/clock
        #[arg(long, env = "HOURGATE_TEST_CLOCK", value_name = "URL", hide = cfg!(not(feature = "test-clock")))]
        test_clock: Option<String>,
    },
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make and rotate the key ring, and the keys for identity providers
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Look at live sessions and end them
    #[command(subcommand)]
    Sessions(sessions::SessionsCommand),
    /// Revoke people
    #[command(subcommand)]
    Users(sessions::UsersCommand),
    /// Look at and change how long sessions live, while the gateway runs
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Say why a session is allowed, until when, and which rule will end it
    Explain {
        /// Its id, or at least the first four digits of it
        session: String,
    },
    /// Ask the running gateway whether it is ready; for container health checks
    Healthcheck {
        /// Ask only whether the process lives
        #[arg(long)]
        live: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration file and the HOURGATE__ variables; exit 0 if valid, 78 if not
    Check,
}

/// Why a command failed, and with which exit code.
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(message: impl std::fmt::Display) -> Self {
        Self { code: FAILED, message: message.to_string() }
    }

    fn usage(message: impl std::fmt::Display) -> Self {
        Self { code: WRONG_USAGE, message: message.to_string() }
    }

    fn config(message: impl std::fmt::Display) -> Self {
        Self { code: config::EXIT_INVALID, message: message.to_string() }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::Refused(problem) if problem.code == "not_found" => NOT_FOUND,
            ClientError::Refused(problem) if problem.code == "bad_request" => WRONG_USAGE,
            ClientError::Refused(problem) if problem.code == "invalid_setting" => config::EXIT_INVALID,
            _ => FAILED,
        };
        Self { code, message: error.to_string() }
    }
}

/// Runs a command.
pub(crate) fn run(cli: Cli) -> ExitCode {
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("hourgate: {}", failure.message.trim_end());
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Serve { insecure_test_idp, forget_live_settings, test_clock } => {
            let mut config = load(config)?;
            config.danger.insecure_test_idp |= insecure_test_idp;
            if let Some(socket) = cli.socket {
                config.management.socket = socket;
            }
            let test_clock = test_clock::chosen(test_clock, &config)?;
            serve::serve(config, forget_live_settings, test_clock)
        }
        Command::Config(ConfigCommand::Check) => {
            let checked = config::check(config, config::variables()).map_err(Failure::config);
            let checked = checked.and_then(|(config, text)| {
                check_files(&config, SystemClock.now()).map_err(Failure::config)?;
                Ok(text)
            });
            output::verdict(cli.output, checked)
        }
        Command::Keys(command) => keys::run(command),
        Command::Healthcheck { live } => {
            output::verdict(cli.output, serve::healthcheck(&load(config)?, live))
        }
        Command::Sessions(command) => {
            let client = client(cli.socket, config)?;
            in_runtime(sessions::run(command, &client, cli.output))
        }
        Command::Users(command) => {
            let client = client(cli.socket, config)?;
            in_runtime(sessions::run_users(command, &client, cli.output))
        }
        Command::Settings(command) => {
            let client = client(cli.socket, config)?;
            in_runtime(settings::run(command, &client, cli.output))
        }
        Command::Explain { session } => {
            let client = client(cli.socket, config)?;
            in_runtime(sessions::explain(&session, &client, cli.output))
        }
    }
}

fn load(config: Option<&Path>) -> Result<config::Config, Failure> {
    config::load(config, config::variables()).map_err(Failure::config)
}

fn client(socket: Option<PathBuf>, config: Option<&Path>) -> Result<Client, Failure> {
    hourgate::gateway::install_tls();
    let socket = match socket {
        Some(socket) => socket,
        None => load(config)?.management.socket,
    };
    Ok(Client::new(&socket)?)
}

fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::new)?;
    runtime.block_on(work)
}
