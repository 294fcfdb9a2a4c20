//! Times and lengths of time: reading, writing, and showing them to people.

/// Seconds since 1970-01-01T00:00:00Z.
pub type Seconds = i64;

/// The time of this machine.
pub fn now() -> Seconds {
    jiff::Timestamp::now().as_second()
}

/// The text of a moment as the AWS CLI's cache and AWS_CREDENTIAL_EXPIRATION have it: `2026-11-22T10:00:00Z`.
pub fn iso8601(at: Seconds) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| String::new(), |time| time.to_string())
}

/// Reads an expiration as it is found in caches: with `Z`, an offset, or a trailing `UTC`.
pub fn parse_iso8601(text: &str) -> Option<Seconds> {
    let time = match text.strip_suffix("UTC") {
        Some(bare) => format!("{}Z", bare.trim_end()).parse::<jiff::Timestamp>(),
        None => text.parse::<jiff::Timestamp>(),
    };
    time.ok().map(jiff::Timestamp::as_second)
}

/// The time of day on this machine, for messages: `09:12`, with the date when it is not within a day of `now`.
pub fn local_time(at: Seconds, now: Seconds) -> String {
    let format = if (at - now).abs() < 20 * 3600 { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    jiff::Timestamp::from_second(at).map_or_else(
        |_| String::from("?"),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string(),
    )
}

/// A length of time in words of two units at the most: `45s`, `12m`, `1h 5m`.
pub fn for_people(seconds: Seconds) -> String {
    match seconds {
        ..0 => String::from("0s"),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ if seconds % 3600 < 60 => format!("{}h", seconds / 3600),
        _ => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Reads a length of time as people write it: `900`, `900s`, `90m`, `12h`. `None` when it is none.
pub fn parse_duration(text: &str) -> Option<Seconds> {
    let text = text.trim();
    let (digits, unit) = match text.as_bytes().last()? {
        b's' => (text.get(..text.len() - 1)?, 1),
        b'm' => (text.get(..text.len() - 1)?, 60),
        b'h' => (text.get(..text.len() - 1)?, 3600),
        _ => (text, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<Seconds>().ok()?.checked_mul(unit)
}
