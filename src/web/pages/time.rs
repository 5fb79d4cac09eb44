use chrono::DateTime;

use super::{Frame, Zone};
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
    /// How long it is ago.
    pub fn ago(page: &Frame, now: Timestamp, at: Timestamp) -> Self {
        let t = &page.t;
        let words = match now.since(at).as_secs() {
            ..MINUTE => t.text("time-now"),
            seconds @ MINUTE..HOUR => t.with("time-minutes", "count", seconds / MINUTE),
            seconds @ HOUR..DAY => t.with("time-hours", "count", seconds / HOUR),
            seconds @ DAY..LONG_AGO => t.with("time-days", "count", seconds / DAY),
            _ => page.zone.day(at),
        };
        Self { iso: iso(at), words }
    }

    /// To the minute.
    pub fn exactly(zone: Zone, at: Timestamp) -> Self {
        Self { iso: iso(at), words: zone.minute(at) }
    }
}

/// As in RFC 3339, in UTC.
pub fn iso(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;

    #[test]
    fn times_are_said_as_one_would_say_them_where_one_is() {
        let config = toml::from_str("issuer = \"https://id.example.test\"").unwrap();
        let mut page = Frame::new(&config, &HeaderMap::new(), &[]);
        let now = Timestamp::from_seconds(1_790_000_000);
        let words = |page: &Frame, seconds: i64| {
            let moment = Moment::ago(page, now, Timestamp::from_seconds(1_790_000_000 - seconds));
            moment.words.replace(['\u{2068}', '\u{2069}'], "")
        };
        assert_eq!(words(&page, -5), "Just now");
        assert_eq!(words(&page, 59), "Just now");
        assert_eq!(words(&page, 60), "one minute ago");
        assert_eq!(words(&page, 7199), "one hour ago");
        assert_eq!(words(&page, 3 * 86_400), "3 days ago");
        assert_eq!(words(&page, 31 * 86_400), "2026-08-21");
        page.zone = Zone::named("Pacific/Auckland").unwrap();
        assert_eq!(words(&page, 31 * 86_400), "2026-08-22");
        let exactly = Moment::exactly(page.zone, now);
        assert_eq!((exactly.iso.as_str(), exactly.words.as_str()), ("2026-09-21T14:13:20Z", "2026-09-22 02:13 NZST"));
    }
}
