//! Every page with ready words, against the HTML it was last seen to be right with. `INSTA_UPDATE=always cargo test
//! --lib web::pages` writes them anew; the difference is then for reading.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use askama::Template;

use super::*;
use crate::oauth::ScopeSet;

fn frame(language: &'static str) -> Frame {
    let text = r#"
        issuer = "https://id.example.test/a"
        metadata.op_policy_uri = "https://example.test/privacy"
        pages.service_name = "Example & Sons"
    "#;
    let config: Config = toml::from_str(text).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language));
    Frame::new(&config, &headers, &[])
}

/// A client whose words are hostile (S220).
fn card() -> ClientCard {
    ClientCard {
        name: "<b>Photo</b> \"Prints\"".to_owned(),
        host: Some("prints.example.test".to_owned()),
        home: Some("https://prints.example.test/".to_owned()),
        policy_uri: Some("https://prints.example.test/privacy?a=1&b=2".to_owned()),
        tos_uri: None,
        unverified: true,
        logo: Some("/logo?client_id=a&b=\"".to_owned()),
        initial: "B".to_owned(),
    }
}

fn target() -> FormTarget {
    FormTarget { action: "/a/form".to_owned(), csrf: "csrf-token".to_owned(), transaction: "tx-1".to_owned() }
}

/// The page, without what changes with the content of the static files.
fn html(page: &impl Template) -> String {
    let html = page.render().unwrap();
    let mut stable = String::new();
    for (count, part) in html.split("?v=").enumerate() {
        let rest = if count == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) };
        stable.push_str(if count == 0 { "" } else { "?v=HASH\"" });
        stable.push_str(rest);
    }
    stable
}

fn pages(language: &'static str) -> Vec<(&'static str, String)> {
    let (frame, card, form) = (frame(language), card(), target());
    let (page, client, form) = (&frame, &card, &form);
    let t = &frame.t;
    let scopes = || {
        let scopes = ScopeSet::parse("openid profile email address phone offline_access api:read x").unwrap();
        let own = [("api:read".to_owned(), "Read <your> notes".to_owned())];
        scope_sentences(t, &scopes, &own.into())
    };
    let developer = Developer {
        code: "invalid_request".to_owned(),
        hint: "redirect_uri is none of those registered for this client".to_owned(),
        received: Some("https://evil.test/\"><script>".to_owned()),
        registered: Some("https://prints.example.test/cb".to_owned()),
    };
    let passkey = PasskeyForm {
        form: form.clone(),
        ceremony: "get",
        options: "/a/options".to_owned(),
        is_conditional: true,
        remembers: true,
        rp_id: "id.example.test".to_owned(),
        unknown: Some("abc-_".to_owned()),
    };
    let script_params = [("code", "c\"1".to_owned()), ("state", "<s>".to_owned())];
    vec![
        (
            "login",
            html(&LoginPage {
                page,
                client: Some(client),
                form,
                username: "",
                confirms: true,
                problem: None,
                remember: None,
                passkey: None,
                reset: None,
                email_code: None,
                register: None,
                upstreams: &[],
                more: None,
            }),
        ),
        (
            "login-failed",
            html(&LoginPage {
                page,
                client: None,
                form,
                username: "a\"lice",
                confirms: false,
                problem: Some(t.with("login-throttled", "seconds", 3)),
                remember: Some(true),
                passkey: Some(&passkey),
                reset: Some("/a/reset".to_owned()),
                email_code: Some("/a/login/email".to_owned()),
                register: Some("/a/register".to_owned()),
                upstreams: &[],
                more: None,
            }),
        ),
        (
            "reset-ask",
            html(&ResetAskPage {
                page,
                form,
                back: "/a/login".to_owned(),
                login: "a\"lice",
                problem: Some(t.text("reset-dead")),
            }),
        ),
        (
            "mail-code",
            html(&MailCodePage {
                page,
                form,
                lead: t.text("reset-sent"),
                again: "/a/reset".to_owned(),
                problem: Some(t.text("reset-code-wrong")),
            }),
        ),
        (
            "email-code-ask",
            html(&EmailCodeAskPage {
                page,
                client: Some(client),
                form,
                back: "/a/login".to_owned(),
                login: "a\"lice",
                remember: Some(true),
                problem: None,
            }),
        ),
        (
            "reset-new",
            html(&ResetNewPage { page, form, username: "alice", end_keys: None, problem: None, min_length: 8 }),
        ),
        (
            "passkey-offer",
            html(&PasskeyOfferPage {
                page,
                client: Some(client),
                passkey: &PasskeyForm {
                    ceremony: "create",
                    is_conditional: false,
                    remembers: false,
                    unknown: None,
                    ..passkey.clone()
                },
                form,
                username: "alice",
                problem: Some(t.text("passkey-expired")),
            }),
        ),
        (
            "factor",
            html(&FactorPage {
                page,
                client: Some(client),
                form,
                username: "a\"lice",
                recovery: false,
                has_app: true,
                other: Some("/a/login/factor?tx=1&recovery=1".to_owned()),
                problem: None,
                passkey: None,
            }),
        ),
        (
            "factor-recovery-failed",
            html(&FactorPage {
                page,
                client: None,
                form,
                username: "alice",
                recovery: true,
                has_app: true,
                other: Some("/a/login/factor".to_owned()),
                problem: Some(t.text("factor-recovery-wrong")),
                passkey: None,
            }),
        ),
        ("select", html(&SelectPage { page, client, form, username: "alice" })),
        (
            "consent",
            html(&ConsentPage {
                page,
                client,
                form,
                username: "alice",
                scopes: scopes(),
                returns_to: destination(t, "com.example.app:/cb"),
            }),
        ),
        ("device-entry", html(&DeviceEntryPage { page, form, user_code: "", problem: None })),
        (
            "device-entry-failed",
            html(&DeviceEntryPage { page, form, user_code: "BBBB", problem: Some(t.text("device-wrong")) }),
        ),
        (
            "device-confirm",
            html(&DeviceConfirmPage {
                page,
                client,
                form,
                username: "alice",
                user_code: "BCDF-GHJK",
                scopes: scopes(),
                address: "2001:db8::1",
                place: Some("Lund"),
                user_agent: "<Television>",
            }),
        ),
        ("device-done", html(&DeviceDonePage { page, client, allowed: true })),
        ("device-refused", html(&DeviceDonePage { page, client, allowed: false })),
        ("logout", html(&LogoutPage { page, client: Some(client), form, username: "alice" })),
        (
            "logged-out",
            html(&LoggedOutPage {
                page,
                client: Some(client),
                told: &["Prints".to_owned()],
                frames: &["https://prints.example.test/out?sid=1&iss=x".to_owned()],
                elsewhere: Some("<b>There</b>"),
                onward: Some(Onward {
                    href: "https://prints.example.test/bye",
                    label: t.text("continue"),
                    by_itself: true,
                }),
            }),
        ),
        (
            "error",
            html(&ErrorPage {
                page,
                title: t.text("error-title"),
                sentence: t.text("error-app"),
                way_back: Some((t.text("continue"), "https://prints.example.test/".to_owned())),
                developer: Some(developer),
                request_id: "0123456789a",
            }),
        ),
        (
            "transaction-lost",
            html(&TransactionLostPage {
                page,
                app: Some((card.name.clone(), "https://prints.example.test/".to_owned())),
            }),
        ),
        (
            "form-post",
            html(&FormPostPage {
                page,
                action: "https://prints.example.test/cb?a=1&b=2",
                params: &script_params,
                script: FormPostPage::SCRIPT,
            }),
        ),
        (
            "setup",
            html(&SetupPage {
                page,
                form,
                code: "pc_su_1",
                username: "root",
                email: "",
                problem: Some(t.with("setup-password-short", "min", 8)),
                wrong: "password",
                min_length: 8,
            }),
        ),
        (
            "register-ask",
            html(&RegisterAskPage {
                page,
                client: Some(client),
                form,
                back: "/a/login".to_owned(),
                email: "x\"><b>@example.test",
                domains: Some("example.test, example.org".to_owned()),
                problem: Some(t.text("email-bad")),
            }),
        ),
        (
            "register-new",
            html(&RegisterNewPage {
                page,
                client: Some(client),
                form,
                back: "/a/login".to_owned(),
                email: Some("carol@example.test"),
                username: "carol",
                terms: Some(TermsToAccept {
                    uri: "https://example.test/terms?a=1&b=2",
                    version: "2026-<b>",
                    accepted: true,
                }),
                problem: Some(t.text("register-taken")),
                wrong: "username",
                min_length: 8,
            }),
        ),
        ("uninvited", html(&UninvitedPage { page, back: "/a/login".to_owned() })),
        (
            "terms",
            html(&TermsPage {
                page,
                client: Some(client),
                form,
                username: "alice",
                terms: TermsToAccept { uri: "https://example.test/terms", version: "2026-01", accepted: false },
                problem: None,
                wrong: "",
            }),
        ),
        (
            "home",
            html(&HomePage {
                page,
                issuer: "https://id.example.test/a",
                discovery: "https://id.example.test/a/.well-known/openid-configuration".to_owned(),
                playground: Some("/a/playground".to_owned()),
                username: Some("root"),
                is_admin: true,
                documentation: Some("https://example.test/docs"),
            }),
        ),
    ]
}

#[test]
fn s220_each_page_in_english_is_as_it_was_looked_at() {
    for (name, html) in pages("en") {
        insta::assert_snapshot!(name, html);
    }
}

#[test]
fn s220_no_page_lets_anybodys_words_become_markup() {
    for (name, html) in ["en", "ar", "de"].into_iter().flat_map(pages) {
        for markup in ["<b>", "<your>", "<s>", "<Television>", "\"><script>", "& Sons"] {
            assert!(!html.contains(markup), "{name}: {markup}");
        }
        assert!(!html.contains(" style=") && !html.contains(" onclick="), "{name}");
    }
}

#[test]
fn every_page_is_whole_in_each_language() {
    for (language, direction) in [("ar", "rtl"), ("de", "ltr")] {
        for (name, html) in pages(language) {
            let start = format!("<!doctype html>\n<html lang=\"{language}\" dir=\"{direction}\">");
            assert!(html.starts_with(&start), "{name}");
            assert!(!html.contains("Unknown localization"), "{name}");
        }
    }
}

#[test]
fn every_field_has_a_label_and_password_managers_know_what_it_is() {
    for (name, html) in pages("en") {
        for field in html.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
            if field.contains("type=\"hidden\"") {
                continue;
            }
            let id = field.split("id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{name}: {id}");
            assert!(field.contains("autocomplete="), "{name}: {id}");
        }
    }
}
