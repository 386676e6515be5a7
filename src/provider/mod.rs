//! The upstream identity providers, as things one can call.

pub mod settings;
