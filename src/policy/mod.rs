//! May a session go on? Arithmetic on times and claims: no I/O, no async, no clock.

pub mod environment;
pub mod settings;
