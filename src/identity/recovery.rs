//! Recovery codes: the way in when the second factor is lost.

use serde_json::json;

use super::{ActiveSession, Factor, Identity, LoginError, Notice, Origin};
use crate::base::{Random, Timestamp, TokenHash};
use crate::storage::{self, Factors as _, UserRecord};

/// Proof that a person had a recovery code, which is used up by now. Only [`Identity::verify_recovery_code`] makes one.
#[derive(Debug)]
pub struct RecoveryCodeVerified {
    user: UserRecord,
    at: Timestamp,
    /// Codes left.
    pub left: i64,
}

impl RecoveryCodeVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Codes in a set.
pub const RECOVERY_CODES: usize = 10;
/// 80 bits: enough that a plain hash, salted with the person's id, keeps them secret.
const CHARS: usize = 16;
const GROUP: usize = 4;
/// No I, L, O, U: nothing that is read as something else (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Identity {
    /// A new set of codes in place of the old one. They are told this once.
    pub async fn make_recovery_codes(&self, session: &ActiveSession, origin: &Origin) -> storage::Result<Vec<String>> {
        let user_id = &session.user.id;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| draw(self.random.as_ref())).collect();
        let hashes: Vec<Vec<u8>> = codes.iter().filter_map(|code| hash(user_id, code)).collect();
        self.store.replace_recovery_codes(user_id, &hashes, self.now().millis()).await?;
        self.audit("recovery_codes_made", Some(user_id), Some(&session.sid), origin, &json!({}));
        self.notify(&session.user, Notice::FactorAdded { factor: Factor::RecoveryCodes }, origin.locale).await;
        Ok(codes)
    }

    /// The recovery step: counts the attempt before any work, and uses the code up.
    pub async fn verify_recovery_code(
        &self,
        user: &UserRecord,
        code: &str,
        origin: &Origin,
    ) -> Result<RecoveryCodeVerified, LoginError> {
        let attempt = self.reserve(user, origin).await?;
        let now = self.now();
        let used = match hash(&user.id, code) {
            Some(hash) => self.store.use_recovery_code(&user.id, &hash, now.millis()).await?,
            None => false,
        };
        if !used {
            self.audit("login_failed", Some(&user.id), None, origin, &json!({ "method": "recovery_code" }));
            return Err(LoginError::Rejected);
        }
        self.refund(attempt).await?;
        let left = self.store.factor_counts(&user.id).await?.recovery_codes;
        self.audit("recovery_code_used", Some(&user.id), None, origin, &json!({ "left": left }));
        self.notify(user, Notice::RecoveryCodeUsed { left: u32::try_from(left).unwrap_or_default() }, "").await;
        Ok(RecoveryCodeVerified { user: user.clone(), at: now, left })
    }
}

fn draw(random: &dyn Random) -> String {
    let mut bytes = [0_u8; CHARS];
    random.fill(&mut bytes);
    let mut code = String::with_capacity(CHARS + CHARS / GROUP);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % GROUP == 0 {
            code.push('-');
        }
        // 32 divides 256: every letter is as likely.
        code.extend(ALPHABET.get(usize::from(byte % 32)).map(|&letter| char::from(letter)));
    }
    code
}

/// As it is stored: of the letters that count, whatever was typed between them, and of the person whose it is.
fn hash(user_id: &str, code: &str) -> Option<Vec<u8>> {
    let letters: String = code
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '\u{a0}' | '\u{2010}'..='\u{2015}'))
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .take(CHARS + 1)
        .collect();
    let legal = letters.len() == CHARS && letters.bytes().all(|byte| ALPHABET.contains(&byte));
    legal.then(|| TokenHash::of(&format!("recovery:{user_id}:{letters}")).as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn a_code_is_found_however_it_is_typed_and_is_one_persons() {
        let code = draw(&SystemRandom::default());
        assert_eq!(code.len(), 19);
        let stored = hash("alice", &code).unwrap();
        for typed in [code.to_uppercase(), code.replace('-', ""), code.replace('-', " "), code.replace('0', "O")] {
            assert_eq!(hash("alice", &typed).as_ref(), Some(&stored), "{typed}");
        }
        assert_ne!(hash("bob", &code), Some(stored));
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        for bad in
            ["", "abcd", "0000-0000-0000-000", "0000-0000-0000-00000", "0000-0000-0000-000u", "0000-0000-0000-000\0"]
        {
            assert_eq!(hash("alice", bad), None, "{bad:?}");
        }
    }
}
