//! Tokens and metadata that others made.

mod microsoft;
