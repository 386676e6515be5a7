//! What a session is. No I/O.

pub mod id;
pub mod names;
pub mod origin;
