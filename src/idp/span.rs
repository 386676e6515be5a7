//! Spans of time as the control API spells them: `250ms`, `30s`, `5m`, `8h`, `90d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A span of at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Span(pub(crate) Duration);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a span is a whole number and one of ms, s, m, h, d, such as \"5m\"; ten years at most")]
pub(crate) struct NotASpan;

/// Milliseconds per unit, the longest unit first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const LONGEST: Duration = Duration::from_secs(3653 * 86_400);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| NotASpan)?;
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(NotASpan)?;
        let span = Duration::from_millis(number.checked_mul(*millis).ok_or(NotASpan)?);
        if span <= LONGEST { Ok(Self(span)) } else { Err(NotASpan) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let divides = |(_, unit): &&(&str, u64)| millis > 0 && millis.is_multiple_of(u128::from(*unit));
        let (name, unit) = UNITS.iter().find(divides).unwrap_or(&("s", 1000));
        write!(f, "{}{name}", millis / u128::from(*unit))
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;

    fn try_from(text: String) -> Result<Self, NotASpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_round_trip_in_their_longest_unit() {
        for (text, printed) in
            [("90d", "90d"), ("120m", "2h"), ("61m", "61m"), ("1500ms", "1500ms"), ("0s", "0s"), ("0d", "0s")]
        {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "5", "m", "-5m", "5 m", "1.5h", "5M", "ä", "99999999999999999999s", "4000d", "3m4s"]
        {
            assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text}");
        }
    }
}
