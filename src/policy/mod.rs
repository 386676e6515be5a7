//! May a session go on? Arithmetic on times and facts: no I/O, no async, no clock.
//!
//! [`decide::decide`] walks the table of [`rules::RULES`] in order; the first rule that stops decides. Whoever wants to
//! answer 2xx needs the [`decide::Permit`] that only an allowing decision holds.

pub mod access;
pub mod decide;
pub mod environment;
pub mod exemption;
pub mod explain;
pub mod facts;
pub mod reason;
pub mod rules;
pub mod schedule;
pub mod settings;
pub mod warning;
