use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static CATALOGUES = {
        locales: "./locales",
        fallback_language: "en",
    };
}

/// One language of pages and mails.
struct Shipped {
    tag: &'static str,
    id: LanguageIdentifier,
    /// Writing direction.
    dir: &'static str,
}

static ENGLISH: Shipped = Shipped { tag: "en", id: langid!("en"), dir: "ltr" };
static ARABIC: Shipped = Shipped { tag: "ar", id: langid!("ar"), dir: "rtl" };
static GERMAN: Shipped = Shipped { tag: "de", id: langid!("de"), dir: "ltr" };
static SHIPPED: [&Shipped; 3] = [&ENGLISH, &ARABIC, &GERMAN];

/// `ui_locales_supported` of the metadata.
pub const SHIPPED_LOCALES: [&str; 3] = ["en", "ar", "de"];

/// The language of one answer.
#[derive(Clone, Copy)]
pub struct Locale(&'static Shipped);

impl Locale {
    /// The first of `ui_locales` that is shipped, else what the browser asks for, else the configured default.
    pub fn negotiate(ui_locales: &[String], accept_language: Option<&str>, default: &str) -> Self {
        let asked = ui_locales.iter().map(String::as_str).find_map(Self::shipped);
        let accepted = || by_preference(accept_language.unwrap_or_default()).into_iter().find_map(Self::shipped);
        asked.or_else(accepted).or_else(|| Self::shipped(default)).unwrap_or(Self(&ENGLISH))
    }

    /// The language of what only developers read.
    pub fn english() -> Self {
        Self(&ENGLISH)
    }

    fn shipped(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        SHIPPED.into_iter().find(|shipped| shipped.tag.eq_ignore_ascii_case(language)).map(Self)
    }

    pub fn tag(&self) -> &'static str {
        self.0.tag
    }

    /// Writing direction, for `dir`.
    pub fn dir(&self) -> &'static str {
        self.0.dir
    }

    pub fn text(&self, key: &str) -> String {
        CATALOGUES.lookup(&self.0.id, key)
    }

    /// The text with one argument filled in.
    pub fn with(&self, key: &str, name: &'static str, value: impl Into<FluentValue<'static>>) -> String {
        let args = HashMap::from([(Cow::Borrowed(name), value.into())]);
        CATALOGUES.lookup_with_args(&self.0.id, key, &args)
    }

    /// The text with several arguments filled in.
    pub fn with_all<const N: usize>(&self, key: &str, values: [(&'static str, FluentValue<'static>); N]) -> String {
        let args: HashMap<_, _> = values.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        CATALOGUES.lookup_with_args(&self.0.id, key, &args)
    }

    /// The text with one argument filled in, where there is such a text.
    pub fn try_with(&self, key: &str, name: &'static str, value: impl Into<FluentValue<'static>>) -> Option<String> {
        let args = HashMap::from([(Cow::Borrowed(name), value.into())]);
        CATALOGUES.try_lookup_with_args(&self.0.id, key, &args)
    }

    pub fn try_text(&self, key: &str) -> Option<String> {
        CATALOGUES.try_lookup(&self.0.id, key)
    }
}

/// Language tags of an `Accept-Language` header, the most wanted first (RFC 9110 §12.5.4).
fn by_preference(header: &str) -> Vec<&str> {
    let mut wanted: Vec<(&str, f32)> = header
        .split(',')
        .take(20)
        .filter_map(|item| {
            let (tag, quality) = item.split_once(';').unwrap_or((item, ""));
            let quality = quality.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok())?;
            (quality > 0.0).then_some((tag.trim(), quality))
        })
        .collect();
    wanted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    wanted.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_request_decides_then_the_browser_then_the_server() {
        let pick = |ui: &[&str], accept: Option<&str>| {
            let ui: Vec<String> = ui.iter().map(|tag| (*tag).to_owned()).collect();
            Locale::negotiate(&ui, accept, "en").tag()
        };
        assert_eq!(pick(&["se", "ar-EG"], Some("en")), "ar");
        assert_eq!(pick(&[], Some("fr;q=0.9, ar;q=0.5, en;q=0.4")), "ar");
        assert_eq!(pick(&[], Some("fr")), "en");
        assert_eq!(pick(&["../../etc"], Some(";;q=x,,")), "en");
        assert_eq!(Locale::negotiate(&[], Some("ar"), "en").dir(), "rtl");
    }

    /// Each message with the variables it uses.
    fn messages(catalogue: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in catalogue.lines() {
            if let Some((id, _)) = line.split_once(" =").filter(|(id, _)| !id.starts_with([' ', '#', '[', '*'])) {
                id.clone_into(&mut current);
                assert!(messages.insert(current.clone(), BTreeSet::new()).is_none(), "{id} stands there twice");
            }
            let names =
                line.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().unwrap_or_default().to_owned());
            messages.entry(current.clone()).or_default().extend(names);
        }
        messages
    }

    /// Every catalogue of a language, one after the other.
    fn catalogue(language: &str) -> String {
        let directory = format!("{}/locales/{language}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(directory).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_shipped_language_is_announced_and_speaks_for_itself() {
        assert_eq!(SHIPPED.map(|shipped| shipped.tag), SHIPPED_LOCALES);
        let titles: BTreeSet<_> = SHIPPED.into_iter().map(|shipped| Locale(shipped).text("login-title")).collect();
        assert_eq!(titles.len(), SHIPPED_LOCALES.len(), "{titles:?}");
    }

    #[test]
    fn german_counts_in_words() {
        let german = Locale::negotiate(&[], Some("de-AT"), "en");
        let codes = [0, 1, 2].map(|count| german.with("recovery-left", "count", count));
        assert_eq!(codes[0], "Es ist kein Wiederherstellungscode mehr übrig.");
        assert_eq!(codes[1], "Es ist noch ein Wiederherstellungscode übrig.");
        assert!(codes[2].starts_with("Es sind noch"), "{}", codes[2]);
    }

    #[test]
    fn every_catalogue_has_every_text_with_the_same_variables() {
        let english = messages(&catalogue("en"));
        assert!(english["back-to"].contains("app"));
        for language in SHIPPED_LOCALES {
            assert_eq!(english, messages(&catalogue(language)), "{language}");
        }
    }

    #[test]
    fn every_text_that_a_page_asks_for_is_in_the_catalogue() {
        let english = messages(&catalogue("en"));
        let templates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
        for template in templates.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()) {
            for call in ["t.text(\"", "t.with(\""] {
                for id in template.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(english.contains_key(id), "{id}");
                }
            }
        }
    }
}
