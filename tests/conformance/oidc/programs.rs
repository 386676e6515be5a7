//! Programs as processes of a test.

#[path = "../../support/programs/process.rs"]
pub(crate) mod process;
#[path = "../../support/programs/wait.rs"]
pub(crate) mod wait;
