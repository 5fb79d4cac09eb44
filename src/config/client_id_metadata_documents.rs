use serde::{Deserialize, Serialize};

/// `[client_id_metadata_documents]`: clients whose client_id is the https address of a document that describes them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientIdMetadataDocuments {
    /// Hosts whose documents are believed: `app.example.com`, `*.example.com` for all below it, `*` for every host. Empty
    /// turns such clients off.
    pub allow: Vec<String>,
}

impl ClientIdMetadataDocuments {
    pub fn is_on(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether documents of `host`, in lower case, are believed.
    pub fn allows(&self, host: &str) -> bool {
        self.allow.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some("") => true,
            Some(suffix) => suffix.starts_with('.') && host.len() > suffix.len() && host.ends_with(suffix),
            None => allowed == host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_allowed_one_by_one_by_domain_or_all() {
        let allows =
            |allowed: &str, host: &str| ClientIdMetadataDocuments { allow: vec![allowed.to_owned()] }.allows(host);
        assert!(allows("*", "a.test") && allows("a.test", "a.test") && allows("*.a.test", "b.a.test"));
        for (allowed, host) in
            [("a.test", "b.a.test"), ("*.a.test", "a.test"), ("*.a.test", "ba.test"), ("*a.test", "ba.test")]
        {
            assert!(!allows(allowed, host), "{allowed} {host}");
        }
        assert!(!ClientIdMetadataDocuments::default().allows("a.test"));
    }
}
