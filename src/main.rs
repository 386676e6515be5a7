//! The program `hourgate`: the gateway itself, and the commands that speak to a running one.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
