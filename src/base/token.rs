//! Opaque tokens: `pc_rt_` + 66 base62 characters (16 bytes of row id, 32 bytes of secret) + 6 characters of CRC-32.
//!
//! The row id is time-ordered and finds the row; the hash of the whole string decides. Published for secret scanners:
//! `pc_(at|ac|dc|cs|rat|iat|live|st|tx|su|pl|ml|ul)_[0-9A-Za-z]{72}` and `pc_rt_[0-9A-Za-z]{83}`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Random, base62};

const CHECKSUM_CHARS: usize = 6;

/// What a token is for. The kind is part of the hashed string, so that one kind never passes as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    AccessToken,
    RefreshToken,
    AuthorizationCode,
    DeviceCode,
    ClientSecret,
    RegistrationAccessToken,
    InitialAccessToken,
    ApiKey,
    Session,
    Transaction,
    SetupLink,
    /// A link in a mail; what it is good for is hashed with it.
    MailLink,
    PendingLogin,
    UpstreamLogin,
}

impl TokenKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AccessToken => "pc_at_",
            Self::RefreshToken => "pc_rt_",
            Self::AuthorizationCode => "pc_ac_",
            Self::DeviceCode => "pc_dc_",
            Self::ClientSecret => "pc_cs_",
            Self::RegistrationAccessToken => "pc_rat_",
            Self::InitialAccessToken => "pc_iat_",
            Self::ApiKey => "pc_live_",
            Self::Session => "pc_st_",
            Self::Transaction => "pc_tx_",
            Self::SetupLink => "pc_su_",
            Self::MailLink => "pc_ml_",
            Self::PendingLogin => "pc_pl_",
            Self::UpstreamLogin => "pc_ul_",
        }
    }
}

/// SHA-256 of a whole token string: the only form in which a token is stored. Compared in constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn of(token: &str) -> Self {
        let mut bytes = [0_u8; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    pub const fn array(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// A token in hand: the row it points at and the string itself. `Debug` prints nothing of the secret.
#[derive(Clone)]
pub struct OpaqueToken {
    pub id: Uuid,
    text: SecretString,
}

impl OpaqueToken {
    /// A new token with a random secret for row `id`.
    pub fn generate(kind: TokenKind, id: Uuid, random: &dyn Random) -> Self {
        let mut secret = [0_u8; 32];
        random.fill(&mut secret);
        Self::from_parts(kind, id, &secret)
    }

    /// The token whose secret is `secret` (a derived one, for refresh tokens).
    pub fn from_parts(kind: TokenKind, id: Uuid, secret: &[u8; 32]) -> Self {
        let mut body = [0_u8; 48];
        let (front, back) = body.split_at_mut(16);
        front.copy_from_slice(id.as_bytes());
        back.copy_from_slice(secret);
        Self { id, text: write(kind, &body) }
    }

    /// Reads a token of `kind`; `None` for anything that is not exactly one (prefix, length, alphabet, checksum).
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let body: [u8; 48] = read(kind, text)?;
        let id = Uuid::from_slice(body.get(..16)?).ok()?;
        Some(Self { id, text: SecretString::from(text.to_owned()) })
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.text.expose_secret())
    }

    /// The token string itself, for the one answer that hands it out.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

/// A refresh token: `pc_rt_` + family id (16 bytes), generation (8 bytes), secret (32 bytes), checksum: 83 characters.
///
/// The secret is derived from family and generation under a server key, so that the successor of a token can be made
/// again for a client that lost the answer, without any token being stored.
#[derive(Clone)]
pub struct RefreshToken {
    pub family_id: Uuid,
    pub generation: u64,
    text: SecretString,
}

impl RefreshToken {
    pub fn derive(family_id: Uuid, generation: u64, key: &hmac::Key) -> Self {
        let mut body = [0_u8; 56];
        let (id, rest) = body.split_at_mut(16);
        let (number, secret) = rest.split_at_mut(8);
        id.copy_from_slice(family_id.as_bytes());
        number.copy_from_slice(&generation.to_be_bytes());
        secret.copy_from_slice(refresh_secret(family_id, generation, key).as_ref());
        Self { family_id, generation, text: write(TokenKind::RefreshToken, &body) }
    }

    /// Reads a refresh token made under `key`, of whichever generation; `None` for anything else.
    pub fn parse(text: &str, key: &hmac::Key) -> Option<Self> {
        let body: [u8; 56] = read(TokenKind::RefreshToken, text)?;
        let (id, rest) = body.split_at(16);
        let (number, secret) = rest.split_at(8);
        let family_id = Uuid::from_slice(id).ok()?;
        let generation = u64::from_be_bytes(number.try_into().ok()?);
        let authentic: bool = refresh_secret(family_id, generation, key).as_ref().ct_eq(secret).into();
        authentic.then(|| Self { family_id, generation, text: SecretString::from(text.to_owned()) })
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.text.expose_secret())
    }

    pub fn successor(&self, key: &hmac::Key) -> Self {
        Self::derive(self.family_id, self.generation.saturating_add(1), key)
    }

    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

fn refresh_secret(family_id: Uuid, generation: u64, key: &hmac::Key) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(b"rt");
    context.update(family_id.as_bytes());
    context.update(&generation.to_be_bytes());
    context.sign()
}

fn write(kind: TokenKind, body: &[u8]) -> SecretString {
    let mut text = String::with_capacity(kind.prefix().len() + body.len() / 8 * 11 + CHECKSUM_CHARS);
    text.push_str(kind.prefix());
    base62::encode(body, &mut text);
    let checksum = crc32fast::hash(text.as_bytes());
    base62::encode_word(u64::from(checksum), CHECKSUM_CHARS, &mut text);
    SecretString::from(text)
}

fn read<const N: usize>(kind: TokenKind, text: &str) -> Option<[u8; N]> {
    let covered = text.len().checked_sub(CHECKSUM_CHARS)?;
    let (covered, checksum) = (text.get(..covered)?, text.get(covered..)?);
    let body = base62::decode(covered.strip_prefix(kind.prefix())?)?;
    let mut expected = String::with_capacity(CHECKSUM_CHARS);
    base62::encode_word(u64::from(crc32fast::hash(covered.as_bytes())), CHECKSUM_CHARS, &mut expected);
    (checksum == expected).then_some(body)
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueToken({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn a_token_reads_back_and_no_neighbour_of_it_does() {
        let token = OpaqueToken::generate(TokenKind::RefreshToken, Uuid::from_u128(7), &SystemRandom::default());
        let text = token.expose().to_owned();
        assert_eq!(text.len(), 6 + 72);
        assert_eq!(OpaqueToken::parse(TokenKind::RefreshToken, &text).map(|t| t.id), Some(token.id));
        assert!(OpaqueToken::parse(TokenKind::AccessToken, &text).is_none());
        for bad in [
            text.trim_end_matches(|c: char| c.is_ascii()).to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            text.to_uppercase(),
            text.to_lowercase(),
            format!(" {text}"),
        ] {
            assert!(OpaqueToken::parse(TokenKind::RefreshToken, &bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_refresh_token_proves_its_family_and_generation_and_derives_one_successor() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let first = RefreshToken::derive(Uuid::from_u128(9), 1, &key);
        let read = RefreshToken::parse(first.expose(), &key).unwrap();
        assert_eq!((read.family_id, read.generation), (Uuid::from_u128(9), 1));
        assert_eq!(first.successor(&key).expose(), read.successor(&key).expose());
        assert_eq!(read.successor(&key).generation, 2);
        let other_key = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        assert!(RefreshToken::parse(first.expose(), &other_key).is_none());
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = OpaqueToken::generate(TokenKind::Session, Uuid::from_u128(1), &SystemRandom::default());
        let shown = format!("{token:?} {:?}", token.hash());
        assert!(!shown.contains(&token.expose()[20..]));
    }

    fn altered(text: &str, at: Index, by: char) -> String {
        let at = at.index(text.len());
        text.chars().enumerate().map(|(index, c)| if index == at { by } else { c }).collect()
    }

    proptest! {
        #[test]
        fn a_token_with_one_character_altered_is_none(id: u128, secret: [u8; 32], at: Index, by in "[ -~]") {
            let token = OpaqueToken::from_parts(TokenKind::AccessToken, Uuid::from_u128(id), &secret);
            let (text, by) = (token.expose(), by.chars().next().unwrap());
            prop_assert_eq!(OpaqueToken::parse(TokenKind::AccessToken, text).map(|read| read.id), Some(token.id));
            let other = altered(text, at, by);
            prop_assert!(other == text || OpaqueToken::parse(TokenKind::AccessToken, &other).is_none());
        }

        #[test]
        fn what_is_read_as_a_token_is_the_one_spelling_of_it(text in "pc_at_[0-9A-Za-z]{72}|\\PC{0,100}") {
            if let Some(token) = OpaqueToken::parse(TokenKind::AccessToken, &text) {
                prop_assert_eq!(token.expose(), text);
            }
        }

        #[test]
        fn a_refresh_token_with_one_character_altered_is_none(id: u128, generation: u64, at: Index, by in "[0-9A-Za-z_]") {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
            let token = RefreshToken::derive(Uuid::from_u128(id), generation, &key);
            let read = RefreshToken::parse(token.expose(), &key).unwrap();
            prop_assert_eq!((read.family_id.as_u128(), read.generation), (id, generation));
            let other = altered(token.expose(), at, by.chars().next().unwrap());
            prop_assert!(other == token.expose() || RefreshToken::parse(&other, &key).is_none());
        }
    }
}
