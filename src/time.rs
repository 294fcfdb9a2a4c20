//! Points in time and lengths of time: how they are read, written, and shown to people.

use std::ffi::OsStr;
use std::fmt;
use std::ops::{Add, Sub};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z. AWS gives expirations in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A length of time in whole seconds. It is negative between a time and an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(i64);

/// The time on this machine's clock. Prefer a `now` argument: only the code that starts a run or talks to a service
/// should call this.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_second())
}

impl Timestamp {
    /// The time `seconds` after 1970-01-01T00:00:00Z.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The last time that can be written: the end of jiff's range. 9999-12-31T23:59:59Z, which some providers use for
    /// "never", is after it.
    pub const LAST: Self = Self(253_402_207_200);

    /// Reads an expiration as caches and programs write it: ISO 8601 with `Z`, an offset, or a trailing `UTC`. Returns
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.strip_suffix("UTC") {
            Some(bare) => &format!("{}Z", bare.trim_end()),
            None => text,
        };
        match text.parse::<jiff::Timestamp>() {
            Ok(time) => Some(Self(time.as_second())),
            Err(_) => is_after_last(text).then_some(Self::LAST),
        }
    }

    /// The format of the AWS CLI's cache and of AWS_CREDENTIAL_EXPIRATION: `2026-11-22T10:00:00Z`.
    pub fn iso8601(self) -> String {
        jiff::Timestamp::from_second(self.0).map_or_else(|_| String::new(), |time| time.to_string())
    }

    /// The time of day in the local time zone, for messages: `09:12`, with the date if `now` is 20 hours or more away,
    /// because the time of day alone could be read as today's or tomorrow's. It is in UTC, and marked so, if TZ names a
    /// file that cannot be one of a time zone.
    pub fn local(self, now: Self) -> String {
        let near = Length::hours(20);
        let format = if self - now < near && now - self < near { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        let Ok(time) = jiff::Timestamp::from_second(self.0) else { return String::from("?") };
        match zone() {
            Some(zone) => time.to_zoned_datetime(zone).strftime(format).to_string(),
            None => format!("{} UTC", time.strftime(format)),
        }
    }
}

/// The local time zone; `None` if TZ names a file that cannot be one. Without TZ the zone is in /etc/localtime: jiff would
/// list the directory of all time zones to find its name, which costs more than the rest of a run such as `--explain`.
fn zone() -> Option<TimeZone> {
    match std::env::var_os("TZ") {
        None => Some(zone_in(Path::new("/etc/localtime")).unwrap_or_else(TimeZone::system)),
        Some(zone) if may_hang(&zone) => None,
        Some(_) => Some(TimeZone::system()),
    }
}

fn zone_in(file: &Path) -> Option<TimeZone> {
    TimeZone::tzif("local", &std::fs::read(file).ok()?).ok()
}

/// Whether this TZ names a pipe, a device or a very large file. jiff reads any file at the path: it would wait for a pipe's
/// writer, and read a device without end.
fn may_hang(zone: &OsStr) -> bool {
    /// Files of time zones have a few kilobytes at most.
    const LARGEST: u64 = 1024 * 1024;
    let path = zone.as_encoded_bytes();
    let path = OsStr::from_bytes(path.strip_prefix(b":").unwrap_or(path));
    std::fs::metadata(path).is_ok_and(|about| !about.is_dir() && (!about.is_file() || about.len() > LARGEST))
}

/// Whether the text is a time in the last days of the year 9999. jiff does not parse all of them, because it could not
/// show them in every time zone.
fn is_after_last(text: &str) -> bool {
    let earlier = text.strip_prefix("9999-12-3").map(|rest| format!("9998-12-3{rest}"));
    earlier.is_some_and(|earlier| earlier.parse::<jiff::Timestamp>().is_ok())
}

impl Sub for Timestamp {
    type Output = Length;

    fn sub(self, earlier: Self) -> Length {
        Length(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Length> for Timestamp {
    type Output = Self;

    fn add(self, length: Length) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Length {
    /// A length of zero seconds.
    pub const ZERO: Self = Self(0);
    /// The longest length, for credentials whose lifetime is not known.
    pub const MAX: Self = Self(i64::MAX);

    /// A length of this many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// A length of this many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes.saturating_mul(60))
    }

    /// A length of this many hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours.saturating_mul(3600))
    }

    /// Converts a standard `Duration`, and drops the fraction of a second.
    pub fn of(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
    }

    /// The length in seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// The length in seconds for an AWS API, which takes an `i32`; `None` if it does not fit.
    pub fn as_api_seconds(self) -> Option<i32> {
        i32::try_from(self.0).ok()
    }

    /// Converts to a standard `Duration`; a negative length becomes zero.
    pub fn to_duration(self) -> Duration {
        Duration::from_secs(u64::try_from(self.0).unwrap_or(0))
    }

    /// The whole hours of a length of at least one hour; a shorter length as it is.
    #[must_use]
    pub const fn roughly(self) -> Self {
        if self.0 < 3600 { self } else { Self(self.0 / 3600 * 3600) }
    }

    /// A length that somebody asked for, without loss: seconds unless it is of whole minutes.
    pub fn in_full(self) -> String {
        if self.0 % 60 == 0 { self.to_string() } else { format!("{}s", self.0) }
    }

    /// Two thirds of the length, rounded down, without overflow.
    #[must_use]
    pub const fn two_thirds(self) -> Self {
        Self(self.0 / 3 * 2 + self.0 % 3 * 2 / 3)
    }

    /// Reads a length of time as people write it: `900`, `900s`, `90m`, `12h`. Returns `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
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
        digits.parse::<i64>().ok()?.checked_mul(unit).map(Self)
    }
}

impl Add for Length {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Length {
    /// One or two units: `45s`, `12m`, `1h 5m`. A negative length is `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..0 => f.write_str("0s"),
            seconds @ 0..60 => write!(f, "{seconds}s"),
            seconds @ 60..3600 => write!(f, "{}m", seconds / 60),
            seconds if seconds % 3600 < 60 => write!(f, "{}h", seconds / 3600),
            seconds => write!(f, "{}h {}m", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Length, Timestamp, zone_in};

    #[test]
    fn a_file_of_a_time_zone_is_read_without_its_name() {
        // RFC 8536: a header with six counts, one type of local time with its offset and name, twice; then the rule.
        let part =
            [b"TZif2".as_slice(), &[0; 15 + 16], &[0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0x1c, 0x20, 0, 0], b"TST\0"].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [&part, &part, b"\nTST-2\n".as_slice()].concat()).unwrap();
        let zone = zone_in(file.path()).unwrap();
        assert_eq!(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds(), 7200);
        std::fs::write(file.path(), "no zone").unwrap();
        assert!(zone_in(file.path()).is_none());
    }

    #[test]
    fn times_after_the_last_one_that_can_be_written_are_read_as_that_one() {
        assert_eq!(Timestamp::LAST.iso8601(), "9999-12-30T22:00:00Z");
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59+00:00",
            "9999-12-31T23:59:59UTC",
            "9999-12-30T22:00:00Z",
            "9999-12-30T22:00:00UTC",
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp::LAST), "{text}");
        }
        for text in ["9999-12-32T00:00:00Z", "9999-12-31", "9999-12-3", "never"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_read_as_people_write_them_and_show_two_units() {
        for (text, seconds, shown) in
            [("900", 900, "15m"), ("90m", 5400, "1h 30m"), ("12h", 43_200, "12h"), (" 45s ", 45, "45s"), ("0", 0, "0s")]
        {
            let length = Length::parse(text);
            assert_eq!(length, Some(Length::seconds(seconds)), "{text}");
            assert_eq!(length.map(|length| length.to_string()).as_deref(), Some(shown), "{text}");
        }
        for (seconds, shown) in [(90, "90s"), (899, "899s"), (900, "15m"), (5400, "1h 30m"), (3601, "3601s")] {
            assert_eq!(Length::seconds(seconds).in_full(), shown);
        }
        for text in ["", "h", "-1", "1d", "1.5h", "9223372036854775807h"] {
            assert_eq!(Length::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_length_overflows() {
        assert_eq!(Length::MAX.two_thirds(), Length::seconds(i64::MAX / 3 * 2));
        assert_eq!(Timestamp::from_unix(i64::MAX) + Length::MAX, Timestamp::from_unix(i64::MAX));
        assert_eq!(Timestamp::from_unix(i64::MIN) - Timestamp::from_unix(i64::MAX), Length::seconds(i64::MIN));
    }
}
