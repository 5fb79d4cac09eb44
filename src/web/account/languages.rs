/// A language that can be chosen.
pub struct Language {
    pub tag: String,
    /// In the language itself.
    pub name: String,
    pub is_chosen: bool,
}

const LANGUAGES: [(&str, &str); 40] = [
    ("af", "Afrikaans"),
    ("ar", "العربية"),
    ("bg", "Български"),
    ("bn", "বাংলা"),
    ("ca", "Català"),
    ("cs", "Čeština"),
    ("da", "Dansk"),
    ("de", "Deutsch"),
    ("el", "Ελληνικά"),
    ("en", "English"),
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("es", "Español"),
    ("et", "Eesti"),
    ("fa", "فارسی"),
    ("fi", "Suomi"),
    ("fr", "Français"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("hr", "Hrvatski"),
    ("hu", "Magyar"),
    ("id", "Bahasa Indonesia"),
    ("it", "Italiano"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("lt", "Lietuvių"),
    ("lv", "Latviešu"),
    ("nb", "Norsk bokmål"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("pt-BR", "Português (Brasil)"),
    ("ro", "Română"),
    ("sk", "Slovenčina"),
    ("sv", "Svenska"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
    ("vi", "Tiếng Việt"),
    ("zh-Hans", "简体中文"),
    ("zh-Hant", "繁體中文"),
];

/// The languages to choose from; the present one among them, whichever it is.
pub fn choice(chosen: &str) -> Vec<Language> {
    let other = (!chosen.is_empty() && LANGUAGES.iter().all(|(tag, _)| *tag != chosen)).then_some((chosen, chosen));
    LANGUAGES
        .into_iter()
        .chain(other)
        .map(|(tag, name)| Language { tag: tag.to_owned(), name: name.to_owned(), is_chosen: tag == chosen })
        .collect()
}
