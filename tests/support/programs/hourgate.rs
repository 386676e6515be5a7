//! The program `hourgate`.

use std::process::Command;

/// The program, unimpressed by the environment that the tests run in.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOURGATE") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").env_remove("RUNTIME_DIRECTORY");
    command
}
