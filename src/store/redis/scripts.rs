//! The Lua scripts: each changes the keys of one slot, all of them declared, in one step.

use redis::Script;

/// All scripts, with their hashes computed once.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) create: Script,
    pub(super) replace_session: Script,
    pub(super) replace_tokens: Script,
    pub(super) end: Script,
    pub(super) note_activity: Script,
    pub(super) claim_due: Script,
    pub(super) claim: Script,
    pub(super) renew: Script,
    pub(super) complete: Script,
    pub(super) queued: Script,
    pub(super) take_turns: Script,
    pub(super) index_add: Script,
    pub(super) raise: Script,
    pub(super) replace_settings: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(include_str!(concat!("lua/", $file)))
    };
    (score, $file:literal) => {
        Script::new(concat!(include_str!("lua/score.lua"), "\n", include_str!(concat!("lua/", $file))))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create: script!("create.lua"),
            replace_session: script!(score, "replace_session.lua"),
            replace_tokens: script!("replace_tokens.lua"),
            end: script!("end.lua"),
            note_activity: script!(score, "note_activity.lua"),
            claim_due: script!(score, "claim_due.lua"),
            claim: script!(score, "claim.lua"),
            renew: script!(score, "renew.lua"),
            complete: script!(score, "complete.lua"),
            queued: script!(score, "queued.lua"),
            take_turns: script!(score, "take_turns.lua"),
            index_add: script!(score, "index_add.lua"),
            raise: script!("raise.lua"),
            replace_settings: script!("replace_settings.lua"),
        }
    }
}
