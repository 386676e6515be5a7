//! `[session]` and `[environment.<name>.session]`.

use std::time::Duration;

use super::Danger;
use super::context::Leaf;
use super::problem::Refusal;
use super::reader::Table;
use super::values::{any_span, boolean, span, within};
use crate::policy::settings::Settings;

/// The settings that the table gives, and for the rest those of `base`.
pub(super) fn settings(mut table: Table<'_>, base: Settings, danger: Danger) -> Settings {
    let settings = Settings {
        custom_duration: table.get_or("custom_duration", base.custom_duration, boolean),
        max_length: table.get_or("max_length", base.max_length, span(Settings::MAX_LENGTH, "24h")),
        warn_before: table.get_or("warn_before", base.warn_before, span(Settings::WARN_BEFORE, "20m")),
        custom_inactivity: table.get_or("custom_inactivity", base.custom_inactivity, boolean),
        inactivity_timeout: table.get_or(
            "inactivity_timeout",
            base.inactivity_timeout,
            span(Settings::INACTIVITY_TIMEOUT, "30m"),
        ),
        nonce_cookie: table.get_or("nonce_cookie", base.nonce_cookie, boolean),
        lifetime: table.get_or("lifetime", base.lifetime, span(Settings::LIFETIME, "24h")),
        policy_check_interval: table.get_or(
            "policy_check_interval",
            base.policy_check_interval,
            policy_check_interval(danger.short_policy_check),
        ),
        keep_me_signed_in: table.get_or("keep_me_signed_in", base.keep_me_signed_in, boolean),
        outage_grace: table.get_or("outage_grace", base.outage_grace, span(Settings::OUTAGE_GRACE, "8h")),
        dormant_after: table.get_or(
            "dormant_after",
            base.dormant_after,
            span(Settings::DORMANT_AFTER, "24h"),
        ),
    };
    table.finish();
    settings
}

fn policy_check_interval(short: bool) -> impl Fn(&Leaf) -> Result<Duration, Refusal> {
    move |leaf| {
        let span = any_span(leaf)?;
        let usual = Settings::POLICY_CHECK_INTERVAL;
        if short {
            let range = Settings::SHORT_POLICY_CHECK_INTERVAL..=*usual.end();
            return within(&range, span, "use a value such as \"60m\"");
        }
        within(
            &usual,
            span,
            "use a value such as \"60m\"; a test bed may go lower with danger.short_policy_check = true",
        )
    }
}
