use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;

use super::{Algorithm, Config, Finding, Keeper, MAPPED_CLAIMS, RegistrationMode, SmtpUrl, StartTls, Ttl, Upstream};

/// What each setting allows alone but not together, or not at all.
pub fn contradictions(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut check = |right: bool, keys: &'static [&'static str], message: &str| {
        if !right {
            found.push((keys, message.to_owned()));
        }
    };
    let (tokens, keys, passwords, server) = (&config.tokens, &config.keys, &config.passwords, &config.server);
    check(
        ["sqlite:", "postgres://", "postgresql://"].iter().any(|s| config.database.expose_secret().starts_with(s)),
        &["database"],
        "must begin with sqlite: or postgres://",
    );
    check(
        tokens.authorization_code_ttl.as_secs() <= 60,
        &["tokens.authorization_code_ttl"],
        "must be 60 seconds at most",
    );
    check(
        tokens.refresh_token_idle_ttl <= tokens.refresh_token_ttl,
        &["tokens.refresh_token_idle_ttl", "tokens.refresh_token_ttl"],
        "must not be longer than tokens.refresh_token_ttl",
    );
    check(
        tokens.refresh_token_grace.as_secs() <= 60,
        &["tokens.refresh_token_grace"],
        "must be 60 seconds at most: within it a stolen token is not noticed",
    );
    check(
        tokens.access_token_ttl.as_secs() <= 86400,
        &["tokens.access_token_ttl"],
        "must be a day at most: a signed token is checked without asking this server",
    );
    check(!keys.algorithms.is_empty(), &["keys.algorithms"], "needs at least one algorithm");
    let distinct: BTreeSet<Algorithm> = keys.algorithms.iter().copied().collect();
    check(distinct.len() == keys.algorithms.len(), &["keys.algorithms"], "names an algorithm twice");
    check(
        keys.publish_after >= tokens.access_token_ttl && keys.publish_after >= tokens.id_token_ttl,
        &["keys.publish_after", "tokens.access_token_ttl", "tokens.id_token_ttl"],
        "must be at least as long as the longest token life, or tokens outlive the key that verifies them",
    );
    check(
        keys.publish_before < keys.rotation_period,
        &["keys.publish_before", "keys.rotation_period"],
        "must be shorter than keys.rotation_period",
    );
    check(
        config.sessions.idle_ttl <= config.sessions.ttl,
        &["sessions.idle_ttl", "sessions.ttl"],
        "must not be longer than sessions.ttl",
    );
    check(
        config.sessions.brief_ttl <= config.sessions.ttl,
        &["sessions.brief_ttl", "sessions.ttl"],
        "must not be longer than sessions.ttl",
    );
    let has_redis = config.redis.url.is_some();
    check(
        has_redis || config.sessions.store == Keeper::Database,
        &["sessions.store", "redis.url"],
        "is redis, but redis.url is not set",
    );
    check(
        has_redis || config.throttle.store == Keeper::Database,
        &["throttle.store", "redis.url"],
        "is redis, but redis.url is not set",
    );
    check((1..=16).contains(&passwords.parallelism), &["passwords.parallelism"], "must lie between 1 and 16");
    check(
        (passwords.parallelism.saturating_mul(8)..=1 << 20).contains(&passwords.memory_kib),
        &["passwords.memory_kib", "passwords.parallelism"],
        "must lie between 8 times passwords.parallelism and 1048576",
    );
    check((1..=64).contains(&passwords.iterations), &["passwords.iterations"], "must lie between 1 and 64");
    check(passwords.concurrency <= 1024, &["passwords.concurrency"], "must be 1024 at most");
    check(passwords.queue <= 100_000, &["passwords.queue"], "must be 100000 at most");
    check((1..=1000).contains(&passwords.min_length), &["passwords.min_length"], "must lie between 1 and 1000");
    check(passwords.min_strength <= 4, &["passwords.min_strength"], "must be 4 at most");
    let is_list = |url: &String| {
        url::Url::parse(url).is_ok_and(|url| {
            url.query().is_none() && (url.scheme() == "https" || url.scheme() == "http" && config.issuer.is_loopback())
        })
    };
    check(
        passwords.breach_check_url.as_ref().is_none_or(is_list),
        &["passwords.breach_check_url"],
        "must be an https URL without a query",
    );
    check(
        config.throttle.base_delay <= config.throttle.max_delay,
        &["throttle.base_delay", "throttle.max_delay"],
        "must not be longer than throttle.max_delay",
    );
    check(server.workers <= 1024, &["server.workers"], "must be 1024 at most");
    check(
        (1..=1_000_000).contains(&server.max_connections),
        &["server.max_connections"],
        "must lie between 1 and 1000000",
    );
    check(
        server.metrics_listen != Some(config.listen),
        &["server.metrics_listen", "listen"],
        "must not be the public listener's address",
    );
    let passkeys = &config.passkeys;
    check(
        passkeys.rp_id_is_a_domain(),
        &["passkeys.rp_id"],
        "must be a domain name in lower case, without scheme and port",
    );
    check(
        passkeys.covers(&config.issuer),
        &["passkeys.rp_id", "issuer", "passkeys.related_origins"],
        "must be the issuer's host or a parent domain of it, or passkeys.related_origins must list the issuer's origin",
    );
    let legal = |scope: &String| {
        !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
    };
    check(
        config.metadata.scopes.keys().all(legal),
        &["metadata.scopes"],
        "has a name that is no scope: printable ASCII without space, quote and backslash (RFC 6749 §3.3)",
    );
    check(
        config.api_keys.scopes.iter().all(|scope| legal(scope) && scope != "offline_access"),
        &["api_keys.scopes"],
        "names scopes of printable ASCII without space, quote and backslash (RFC 6749 §3.3), and not offline_access",
    );
    let mail = &config.mail;
    check(
        mail.smtp.is_none() || mail.from.is_some(),
        &["mail.from", "mail.smtp"],
        "is missing: who mails come from, as in from = \"no-reply@example.com\"",
    );
    check(
        !mail.development || !config.issuer.is_https(),
        &["mail.development", "issuer"],
        "shows everybody everybody's mails: only where the issuer is http on loopback",
    );
    check(
        !mail.development || mail.smtp.is_none(),
        &["mail.development", "mail.smtp"],
        "keeps mails here: remove mail.smtp, or this",
    );
    let in_the_clear = |smtp: &SmtpUrl| !smtp.implicit_tls && mail.starttls != StartTls::Required;
    check(
        !mail.smtp.as_ref().is_some_and(|smtp| smtp.username.is_some() && in_the_clear(smtp)),
        &["mail.starttls", "mail.smtp"],
        "must be required where mail.smtp has a password, which would go over the network in the clear",
    );
    check((1..=1000).contains(&mail.hourly_limit), &["mail.hourly_limit"], "must lie between 1 and 1000");
    check(mail.retry_for <= Ttl::days(5), &["mail.retry_for"], "must be five days at most");
    for (right, keys, message) in registration_checks(config) {
        check(
            !config.sign_in.email_code || config.mail.is_on(),
            &["sign_in.email_code", "mail.smtp"],
            "needs mail, and none is configured",
        );
        check(right, keys, message);
    }
    for (right, message) in config.upstream.iter().flat_map(|(name, upstream)| upstream_checks(config, name, upstream))
    {
        if !right {
            found.push((&["upstream"], message));
        }
    }
    found
}

/// What has to be true of registration, each with what to say where it is not.
fn registration_checks(config: &Config) -> [(bool, &'static [&'static str], &'static str); 5] {
    let registration = &config.registration;
    let by_domain = registration.mode == RegistrationMode::Domains;
    let is_host = |name: &String| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        name.contains('.')
            && name.chars().all(plain)
            && url::Host::parse(name).is_ok_and(|host| matches!(host, url::Host::Domain(host) if host == *name))
    };
    let version = registration.terms_version.as_deref();
    [
        (
            by_domain != registration.domains.is_empty(),
            &["registration.domains", "registration.mode"],
            "names the domains of registration.mode = \"domains\", and of no other",
        ),
        (registration.domains.iter().all(is_host), &["registration.domains"], "must be domain names in lower case"),
        (
            !by_domain || config.mail.is_on(),
            &["registration.mode", "mail.smtp"],
            "needs mail: without it nobody can show that an address is theirs",
        ),
        (
            version.is_some() == registration.terms_uri.is_some(),
            &["registration.terms_uri", "registration.terms_version"],
            "goes together with registration.terms_version",
        ),
        (
            version.is_none_or(|version| !version.trim().is_empty() && version.len() <= 100),
            &["registration.terms_version"],
            "must have 1 to 100 characters",
        ),
    ]
}

/// What has to be true of one provider, each with what to say where it is not.
fn upstream_checks(config: &Config, name: &str, upstream: &Upstream) -> [(bool, String); 6] {
    let local = config.issuer.is_loopback() && upstream.issuer.starts_with("http://");
    let said = |message: &str| format!("{name}: {message}");
    [
        (Upstream::is_name(name), said("the name has 1 to 40 small letters, digits and -")),
        (
            url::Url::parse(&upstream.issuer).is_ok() && (local || upstream.issuer.starts_with("https://")),
            said("issuer must be an https URL"),
        ),
        (
            upstream.client_secret.is_none() || upstream.client_secret_file.is_none(),
            said("client_secret is given beside client_secret_file: keep one of the two"),
        ),
        (
            upstream.claims.keys().all(|claim| MAPPED_CLAIMS.contains(&claim.as_str())),
            format!("{name}: claims maps {}", MAPPED_CLAIMS.join(", ")),
        ),
        (upstream.scopes.iter().any(|scope| scope == "openid"), said("scopes must contain openid")),
        (
            !upstream.connected_only || (!upstream.allow_registration && upstream.trusted_domains.is_empty()),
            said("connected_only excludes allow_registration and trusted_domains"),
        ),
    ]
}
