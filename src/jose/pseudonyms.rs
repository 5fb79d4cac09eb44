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

impl Pseudonyms {
    /// `names` and `veil` are secrets of the server. Another `names` would change every pairwise subject.
    pub fn new(names: &[u8; 32], veil: &[u8; 32]) -> Result<Self, Error> {
        let veil = UnboundKey::new(&AES_256_GCM_SIV, veil).map_err(|_| Error::Generation)?;
        Ok(Self { names: hmac::Key::new(hmac::HMAC_SHA256, names), veil: LessSafeKey::new(veil) })
    }

    /// The pairwise subject of a user for a sector (OpenID Connect Core §8.1): the same for all clients of the sector, and
    /// not to be computed or reversed without the server's secret.
    pub fn name(&self, sector: &str, user_id: &str) -> String {
        let mut context = hmac::Context::with_key(&self.names);
        // A host holds no NUL: no two pairs give the same bytes.
        for part in [sector.as_bytes(), b"\0", user_id.as_bytes()] {
            context.update(part);
        }
        URL_SAFE_NO_PAD.encode(context.sign())
    }

    /// Hides a user id in what others may read. Two veils of one user have nothing in common; the algorithm forgives a
    /// repeated nonce, since there is one for each token.
    pub fn veil(&self, user_id: &str, random: &dyn Random) -> Result<String, Error> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = user_id.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.veil.seal_in_place_append_tag(unique, Aad::empty(), &mut sealed).map_err(|_| Error::Encryption)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// The user id behind a veil of this server.
    pub fn unveil(&self, veiled: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(veiled).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.veil.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
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
        assert_eq!(name.len(), 43);
        assert_eq!(name, one.name("a.test", "u1"));
        for different in [one.name("b.test", "u1"), one.name("a.test", "u2"), other.name("a.test", "u1")] {
            assert_ne!(name, different);
        }
    }

    #[test]
    fn a_veil_shows_nothing_and_opens_for_this_server_alone() {
        let (one, other) = (Pseudonyms::new(&[1; 32], &[2; 32]).unwrap(), Pseudonyms::new(&[1; 32], &[3; 32]).unwrap());
        let random = SystemRandom::default();
        let veiled = one.veil("u1", &random).unwrap();
        assert_ne!(veiled, one.veil("u1", &random).unwrap());
        assert_eq!(one.unveil(&veiled).as_deref(), Some("u1"));
        assert_eq!(other.unveil(&veiled), None);
        for bad in ["", "AA", "!", &veiled[..veiled.len() - 2], &format!("{veiled}AA")] {
            assert_eq!(one.unveil(bad), None, "{bad}");
        }
    }
}
