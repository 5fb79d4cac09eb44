use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;

use super::Timestamp;

/// A time zone of the IANA database, by which a person's times are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Where nobody has said which.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of a name such as `Europe/Stockholm` (`zoneinfo`, OpenID Connect Core §5.1).
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The day there, in the form that every language reads alike (ISO 8601).
    pub fn day(self, at: Timestamp) -> String {
        self.local(at).format("%Y-%m-%d").to_string()
    }

    /// Day and minute there, with the zone's short name.
    pub fn minute(self, at: Timestamp) -> String {
        self.local(at).format("%Y-%m-%d %H:%M %Z").to_string()
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        self.0.from_utc_datetime(&DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().naive_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_the_clocks_of_its_zone_show_it() {
        // 2026-09-21 22:13:20 UTC, and half a year later.
        let (summer, winter) = (Timestamp::from_seconds(1_790_028_800), Timestamp::from_seconds(1_805_753_600));
        assert_eq!(Zone::UTC.minute(summer), "2026-09-21 22:13 UTC");
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!((berlin.minute(summer), berlin.day(summer)), ("2026-09-22 00:13 CEST".into(), "2026-09-22".into()));
        assert_eq!(berlin.minute(winter), "2027-03-22 23:13 CET");
        assert_eq!(Zone::named("Asia/Riyadh").unwrap().minute(summer), "2026-09-22 01:13 +03");
        for name in ["", "europe/berlin", "Europe/Nowhere", "CEST!", "../etc"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
    }
}
