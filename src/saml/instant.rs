//! `xs:dateTime`, as SAML wants it: with its offset from UTC.

use crate::time::Timestamp;

/// Reads `2026-11-22T13:45:01.1234567Z`; fractions of a millisecond are cut off. `None` for anything else, also for an
/// instant without offset.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    // The parser underneath takes more forms than the schema has.
    let (date_time, rest) = text.split_at_checked("2026-11-22T13:45:01".len())?;
    let has_shape = date_time.bytes().zip(*b"0000-00-00T00:00:00").all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    });
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (offset.len() < fraction.len()).then_some(offset)?
        }
        None => rest,
    };
    let has_offset = match offset.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    };
    let instant: jiff::Timestamp = (has_shape && has_offset).then(|| text.parse().ok())??;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_an_offset_and_up_to_nine_digits_of_a_second() {
        let at = |text| parse(text).map(|at| at.to_string());
        assert_eq!(at("2017-03-20T15:52:31.957Z").as_deref(), Some("2017-03-20T15:52:31.957Z"));
        assert_eq!(at("2017-03-20T15:52:31Z").as_deref(), Some("2017-03-20T15:52:31Z"));
        assert_eq!(at("2017-03-20T15:52:31.9571239Z").as_deref(), Some("2017-03-20T15:52:31.957Z"));
        assert_eq!(at("2017-03-20T15:52:31+01:30").as_deref(), Some("2017-03-20T14:22:31Z"));
    }

    #[test]
    fn wsf_11_what_is_no_instant_is_none() {
        let strange = [
            "",
            "2017-03-20",
            "2017-03-20T15:52:31",
            "2017-03-20T15:52:31.Z",
            "2017-03-20T15:52Z",
            "2017-03-20 15:52:31Z",
            "2017-03-20t15:52:31z",
            "2017-03-20T15:52:31Z[UTC]",
            "2017-03-20T15:52:31+01",
            "2017-03-20T15:52:31+0100",
            "2017-02-30T15:52:31Z",
            "2017-03-20T25:52:31Z",
            "+002017-03-20T15:52:31Z",
            " 2017-03-20T15:52:31Z",
            "2017-03-20T15:52:31Z ",
            "2017-03-20T15:52:31.1234567890123Z",
            "２017-03-20T15:52:31Z",
            "20000000000-03-20T15:52:31Z",
        ];
        for text in strange {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
