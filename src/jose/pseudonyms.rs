use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use crate::base::Random;

/// Names of people that lead from one client to another for nobody but this server.
pub struct Pseudonyms {
    names: hmac::Key,
    veil: LessSafeKey,
}

/// What a veil hides.
#[derive(Debug, PartialEq, Eq)]
pub struct Unveiled {
    pub user_id: String,
    pub session_id: Option<String>,
}

/// Stands between the ids behind a veil, and in none of them.
const BETWEEN: &str = "\0";

impl Pseudonyms {
    /// `names` and `veil` are secrets of the server. Another `names` would change every pairwise subject.
    pub fn new(names: &[u8; 32], veil: &[u8; 32]) -> Result<Self, Error> {
        let veil = UnboundKey::new(&AES_256_GCM_SIV, veil).map_err(|_| Error::Generation)?;
        Ok(Self { names: hmac::Key::new(hmac::HMAC_SHA256, names), veil: LessSafeKey::new(veil) })
    }

    /// The pairwise subject of a user for a sector (OpenID Connect Core §8.1): the same for all clients of the sector, and
    /// not to be computed or reversed without the server's secret.
    pub fn name(&self, sector: &str, user_id: &str) -> String {
        self.derived(&[sector, user_id])
    }

    /// What the clients of a sector know a session by: of no use to tell what those of another sector know it by.
    pub fn session(&self, sector: &str, session_id: &str) -> String {
        self.derived(&[sector, "sid", session_id])
    }

    /// None of the parts holds a NUL: no two lists of them give the same bytes.
    fn derived(&self, parts: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.names, parts.join("\0").as_bytes()))
    }

    /// Hides a user id, and a session's if there is one, in what others may read. Two veils of one user have nothing in common; the algorithm forgives a
    /// repeated nonce, since there is one for each token.
    pub fn veil(&self, user_id: &str, session_id: Option<&str>, random: &dyn Random) -> Result<String, Error> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill(&mut nonce);
        let content = [Some(user_id), session_id].into_iter().flatten().collect::<Vec<_>>().join(BETWEEN);
        let mut sealed = content.into_bytes();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.veil.seal_in_place_append_tag(unique, Aad::empty(), &mut sealed).map_err(|_| Error::Encryption)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What is behind a veil of this server.
    pub fn unveil(&self, veiled: &str) -> Option<Unveiled> {
        let bytes = URL_SAFE_NO_PAD.decode(veiled).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.veil.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        let content = String::from_utf8(opened.to_vec()).ok()?;
        Some(match content.split_once(BETWEEN) {
            Some((user_id, session_id)) => {
                Unveiled { user_id: user_id.to_owned(), session_id: Some(session_id.to_owned()) }
            }
            None => Unveiled { user_id: content, session_id: None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn a_name_depends_on_server_sector_and_user_alone() {
        let (one, other) = (Pseudonyms::new(&[1; 32], &[2; 32]).unwrap(), Pseudonyms::new(&[3; 32], &[2; 32]).unwrap());
        let name = one.name("a.test", "u1");
        // Computed once, and never to change: clients know people by it.
        let parts = [b"a.test".as_slice(), b"\0", b"u1"].concat();
        assert_eq!(name, URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]), &parts)));
        let session = one.session("a.test", "u1");
        assert_ne!(session, name);
        assert_ne!(session, one.session("b.test", "u1"));
        assert_eq!(name, one.name("a.test", "u1"));
        for different in [one.name("b.test", "u1"), one.name("a.test", "u2"), other.name("a.test", "u1")] {
            assert_ne!(name, different);
        }
    }

    #[test]
    fn a_veil_shows_nothing_and_opens_for_this_server_alone() {
        let (one, other) = (Pseudonyms::new(&[1; 32], &[2; 32]).unwrap(), Pseudonyms::new(&[1; 32], &[3; 32]).unwrap());
        let random = SystemRandom::default();
        let veiled = one.veil("u1", None, &random).unwrap();
        assert_ne!(veiled, one.veil("u1", None, &random).unwrap());
        assert_eq!(one.unveil(&veiled), Some(Unveiled { user_id: "u1".to_owned(), session_id: None }));
        let with_session = one.unveil(&one.veil("u1", Some("s1"), &random).unwrap()).unwrap();
        assert_eq!(with_session, Unveiled { user_id: "u1".to_owned(), session_id: Some("s1".to_owned()) });
        assert_eq!(other.unveil(&veiled), None);
        for bad in ["", "AA", "!", &veiled[..veiled.len() - 2], &format!("{veiled}AA")] {
            assert_eq!(one.unveil(bad), None, "{bad}");
        }
    }
}
