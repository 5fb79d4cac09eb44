/// A path of ours that a sign-in may lead to: one of those that people are sent away from to sign in, and nothing that
/// an address could be made to name besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

const ALLOWED: [&str; 2] = ["/account", "/device"];
const MAX_BYTES: usize = 512;

impl LocalPath {
    /// Reads `next`; `None` for whatever is not on the list.
    pub fn parse(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let below = ALLOWED.iter().find_map(|allowed| path.strip_prefix(allowed))?;
        let segments = below.is_empty() || below.starts_with('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_path = segments && below.chars().all(|c| plain(c) || c == '/') && !below.contains("//");
        let is_query = query.chars().all(|c| plain(c) || matches!(c, '=' | '&' | '%' | '+' | '.'));
        (is_path && is_query && text.len() <= MAX_BYTES).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_our_own_listed_pages_and_nowhere_else() {
        for good in
            ["/account", "/account/sessions", "/account/a-b?saved=1", "/device", "/device?user_code=BCDF-GHJK%20"]
        {
            assert_eq!(LocalPath::parse(good).as_ref().map(LocalPath::as_str), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.test",
            "https://evil.test/account",
            "/accounts",
            "/account/../authorize",
            "/account//evil.test",
            "/account\\evil",
            "/authorize?client_id=c1",
            "/logout",
            "/account?x=\r\nSet-Cookie:",
            "/account#x",
            "/account@evil.test",
            "account",
            "/device?next=//evil.test/",
            "/account/%2e%2e/logout",
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad}");
        }
        assert_eq!(LocalPath::parse(&format!("/account?{}", "a".repeat(600))), None);
    }
}
