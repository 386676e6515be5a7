//! `[limits]`.

use super::reader::Table;
use super::values::{number, span};
use crate::edge::limits::Limits;

pub(super) fn limits(mut table: Table<'_>) -> Limits {
    let base = Limits::default();
    let limits = Limits {
        connections: table.get_or("connections", base.connections, number(Limits::CONNECTIONS)),
        request_within: table.get_or("request_within", base.request_within, span(Limits::WITHIN, "10s")),
        answer_within: table.get_or("answer_within", base.answer_within, span(Limits::WITHIN, "10s")),
        idle: table.get_or("idle", base.idle, span(Limits::IDLE, "75s")),
        sign_in_rate_per_address: table.get_or(
            "sign_in_rate_per_address",
            base.sign_in_rate_per_address,
            number(Limits::RATE_PER_ADDRESS),
        ),
        sign_in_rate: table.get_or("sign_in_rate", base.sign_in_rate, number(Limits::RATE)),
    };
    table.finish();
    limits
}
