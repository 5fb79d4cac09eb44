use chrono::{DateTime, Utc};

use super::Locale;
use crate::base::Timestamp;

/// A time as pages say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For machines, as in RFC 3339.
    pub iso: String,
    pub words: String,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// What is longer ago is said by its date.
const LONG_AGO: u64 = 30 * DAY;

impl Moment {
    /// How long it is ago: the person's own time zone is not known to pages without scripts.
    pub fn ago(t: &Locale, now: Timestamp, at: Timestamp) -> Self {
        let words = match now.since(at).as_secs() {
            ..MINUTE => t.text("time-now"),
            seconds @ MINUTE..HOUR => t.with("time-minutes", "count", seconds / MINUTE),
            seconds @ HOUR..DAY => t.with("time-hours", "count", seconds / HOUR),
            seconds @ DAY..LONG_AGO => t.with("time-days", "count", seconds / DAY),
            _ => date_of(at).format("%Y-%m-%d").to_string(),
        };
        Self { iso: iso(at), words }
    }

    /// To the minute, in UTC.
    pub fn exactly(at: Timestamp) -> Self {
        Self { iso: iso(at), words: date_of(at).format("%Y-%m-%d %H:%M UTC").to_string() }
    }
}

fn date_of(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.millis()).unwrap_or_default()
}

fn iso(at: Timestamp) -> String {
    date_of(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_one_would_say_them() {
        let t = Locale::english();
        let now = Timestamp::from_seconds(1_790_000_000);
        let words = |seconds: i64| {
            let moment = Moment::ago(&t, now, Timestamp::from_seconds(1_790_000_000 - seconds));
            moment.words.replace(['\u{2068}', '\u{2069}'], "")
        };
        assert_eq!(words(-5), "Just now");
        assert_eq!(words(59), "Just now");
        assert_eq!(words(60), "one minute ago");
        assert_eq!(words(7199), "one hour ago");
        assert_eq!(words(3 * 86_400), "3 days ago");
        assert_eq!(words(31 * 86_400), "2026-08-21");
        let exactly = Moment::exactly(now);
        assert_eq!((exactly.iso.as_str(), exactly.words.as_str()), ("2026-09-21T14:13:20Z", "2026-09-21 14:13 UTC"));
    }
}
