//! Whether a new password stands in a list of leaked ones, asked without telling which it is: the list gets the first five
//! digits of its hash, and answers with all that begin so (k-anonymity, the range interface of Have I Been Pwned).

use std::time::Duration;

use aws_lc_rs::digest;

use super::Identity;
use crate::outbound::{Client, Limits, Request};

const PREFIX_DIGITS: usize = 5;
/// Somebody waits for it.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(2), max_bytes: 256 * 1024 };

impl Identity {
    /// Lets new passwords be looked up, where the settings want it.
    #[must_use]
    pub fn with_outbound(mut self, outbound: Client) -> Self {
        self.outbound = self.config.passwords.breach_check_url.is_some().then_some(outbound);
        self
    }

    /// Whether the password is known to be leaked. A list that does not answer keeps nobody from a new password.
    pub(super) async fn is_breached(&self, password: &str) -> bool {
        let (Some(outbound), Some(list)) = (&self.outbound, &self.config.passwords.breach_check_url) else {
            return false;
        };
        let digits = sha1(password);
        let Some((prefix, rest)) = digits.split_at_checked(PREFIX_DIGITS) else { return false };
        // Padded, the size of the answer does not tell the prefix either.
        let request = Request::get(&format!("{}/{prefix}", list.trim_end_matches('/'))).header("add-padding", "true");
        match outbound.send(request, LIMITS).await {
            Ok(answer) if answer.status == 200 => names(&String::from_utf8_lossy(&answer.body), rest),
            Ok(answer) => {
                tracing::warn!(status = answer.status, "the list of leaked passwords did not answer; not looked up");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the list of leaked passwords did not answer; not looked up");
                false
            }
        }
    }
}

/// Upper-case hexadecimal digits, as such lists have them. Guards nothing: it is only how they are sorted.
fn sha1(text: &str) -> String {
    use std::fmt::Write as _;
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(40), |mut digits, byte| {
        let _ = write!(digits, "{byte:02X}");
        digits
    })
}

/// Whether `REST:COUNT` is one of the lines; what only pads has a count of 0.
fn names(list: &str, rest: &str) -> bool {
    list.lines().filter_map(|line| line.trim().split_once(':')).any(|(digits, count)| {
        digits.eq_ignore_ascii_case(rest) && count.trim().parse::<u64>().is_ok_and(|count| count > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_by_the_rest_of_its_hash_and_padding_counts_for_nothing() {
        let digits = sha1("password");
        assert_eq!(digits, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        let rest = &digits[PREFIX_DIGITS..];
        assert!(names(&format!("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{rest}:9545824\r\n"), rest));
        assert!(names(&format!("{}:3", rest.to_lowercase()), rest));
        for without in ["", ":", rest, &format!("{rest}:0"), &format!("{rest}:x"), &format!("{}:3", &rest[1..])] {
            assert!(!names(without, rest), "{without}");
        }
    }
}
