//! Printing: tables for people, JSON for programs.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::Failure;

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// Prints a line to standard output. A reader who has gone away (`| head`) is no failure.
pub(crate) fn say(text: impl AsRef<str>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_ref().trim_end().as_bytes()).and_then(|()| out.write_all(b"\n")) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
        _ => Ok(()),
    }
}

/// Prints an answer in the wanted form.
pub(crate) fn print<T: Serialize>(
    format: Format,
    answer: &T,
    table: impl FnOnce(&T) -> String,
) -> Result<(), Failure> {
    match format {
        Format::Table => say(table(answer)),
        Format::Json => say(serde_json::to_string_pretty(answer).map_err(Failure::new)?),
    }
}

/// Says whether all is well: a sentence for people, also where it is not for programs.
pub(crate) fn verdict(format: Format, found: Result<String, Failure>) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Verdict<'a> {
        ok: bool,
        message: &'a str,
    }
    let (ok, message) = match &found {
        Ok(message) => (true, message.as_str()),
        Err(failure) => (false, failure.message.as_str()),
    };
    if ok || format == Format::Json {
        print(format, &Verdict { ok, message: message.trim_end() }, |verdict| verdict.message.to_owned())?;
    }
    found.map(drop)
}

/// Rows under a heading, in columns as wide as they need to be.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut width = heading.map(|title| title.chars().count());
    for row in rows {
        for (width, cell) in width.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let cells: Vec<String> =
            cells.iter().zip(width).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut text = line(heading);
    for row in rows {
        text.push_str(&line(std::array::from_fn(|column| row[column].as_str())));
    }
    text
}

/// Names and values below each other.
pub(crate) fn list(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    pairs.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// Milliseconds are for programs.
pub(crate) fn to_the_second(instant: &str) -> String {
    match instant.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => instant.to_owned(),
    }
}
