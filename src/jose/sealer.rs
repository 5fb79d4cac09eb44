use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::base::Random;
use crate::config::Secrets;

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Seals what must be kept but not readable in a stolen database, with AES-256-GCM under the master keys.
///
/// A sealed value: version (1 byte), length of the key id (1 byte), key id, nonce (12 bytes), ciphertext and tag. The
/// purpose is authenticated with it, so that a value sealed for one purpose does not open for another.
pub struct Sealer {
    /// The first one seals; all of them open.
    keys: Vec<MasterKey>,
}

struct MasterKey {
    id: String,
    key: LessSafeKey,
}

/// Why the master keys cannot be used. Each message names the file, the reason and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("master key file {}: {source}; make one with `portcullis keys create-master {}`, or name the right file in secrets.master_key_file", path.display(), path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("master key file {}: mode {mode:04o} lets others read it; run `chmod 600 {}`", path.display(), path.display())]
    Permissions { path: PathBuf, mode: u32 },
    #[error("{origin}, line {line}: {reason}; each line reads ID:BASE64 with 32 bytes of key")]
    Malformed { origin: String, line: usize, reason: &'static str },
    #[error("{origin} holds no key; each line reads ID:BASE64 with 32 bytes of key")]
    Empty { origin: String },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    #[error("it was sealed with master key `{0}`, which is not configured; add that key's line back")]
    UnknownKey(String),
    #[error("it does not open with the configured master key: the key or the data is not the original one")]
    Refused,
    #[error("it is no sealed value")]
    Malformed,
}

impl Sealer {
    /// Reads the master keys from the environment's value or the file.
    pub fn load(secrets: &Secrets) -> Result<Self, MasterKeyError> {
        if let Some(keys) = &secrets.master_key {
            return Self::parse(keys.expose_secret(), "secrets.master_key");
        }
        let path = &secrets.master_key_file;
        let text = read_private_file(path)?;
        Self::parse(&text, &format!("master key file {}", path.display()))
    }

    fn parse(text: &str, origin: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        let mut ids = HashSet::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse_line(line)
                .and_then(|key| if ids.insert(key.id.clone()) { Ok(key) } else { Err("this ID stands twice") })
                .map_err(|reason| MasterKeyError::Malformed { origin: origin.to_owned(), line: number + 1, reason })?;
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(MasterKeyError::Empty { origin: origin.to_owned() });
        }
        Ok(Self { keys })
    }

    /// Writes a new key file, readable by its owner alone; an existing file is an error and stays as it is.
    pub fn create_key_file(path: &Path, random: &dyn Random) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        random.fill(key.as_mut());
        let mut id = [0_u8; 4];
        random.fill(&mut id);
        let id = u32::from_be_bytes(id);
        let line = Zeroizing::new(format!("k{id:08x}:{}\n", STANDARD.encode(key.as_slice())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    }

    pub fn seal(&self, purpose: &str, plaintext: &[u8], random: &dyn Random) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(2 + 16 + NONCE_LEN + plaintext.len() + TAG_BYTES);
        let Some(master) = self.keys.first() else { return sealed };
        sealed.push(VERSION);
        sealed.push(u8::try_from(master.id.len()).unwrap_or(u8::MAX));
        sealed.extend_from_slice(master.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        let mut ciphertext = plaintext.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        if master.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut ciphertext).is_err() {
            // AES-GCM fails only beyond 64 GiB of plaintext; an unsealed value must never be stored.
            std::process::abort();
        }
        sealed.append(&mut ciphertext);
        sealed
    }

    /// Whether it was sealed with the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.split_first().and_then(|(_, rest)| rest.split_first());
        let id = id.and_then(|(&length, rest)| rest.get(..usize::from(length)));
        id.is_some() && id == self.keys.first().map(|master| master.id.as_bytes())
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
        let (&id_length, rest) = rest.split_first().ok_or(SealError::Malformed)?;
        let (id, rest) = rest.split_at_checked(usize::from(id_length)).ok_or(SealError::Malformed)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Malformed)?;
        if version != VERSION {
            return Err(SealError::Malformed);
        }
        let master = self
            .keys
            .iter()
            .find(|master| master.id.as_bytes() == id)
            .ok_or_else(|| SealError::UnknownKey(String::from_utf8_lossy(id).into_owned()))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
        let mut opened = Zeroizing::new(ciphertext.to_vec());
        let length = master
            .key
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), opened.as_mut_slice())
            .map_err(|_| SealError::Refused)?
            .len();
        opened.truncate(length);
        Ok(opened)
    }
}

fn parse_line(line: &str) -> Result<MasterKey, &'static str> {
    let (id, encoded) = line.split_once(':').ok_or("there is no colon")?;
    if id.is_empty() || id.len() > 32 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err("the ID must be 1 to 32 letters, digits, `-` or `_`");
    }
    let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| "the key is not Base64")?);
    if bytes.len() != KEY_BYTES {
        return Err("the key is not 32 bytes");
    }
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| "the key cannot be used")?;
    Ok(MasterKey { id: id.to_owned(), key: LessSafeKey::new(key) })
}

/// What a key file's mode must not grant. A credential that systemd lends (systemd.exec(5)) lies in a directory for this
/// service alone, and the entry that gives it to the service's user shows as a group's right.
fn forbidden_bits(path: &Path, credentials: Option<&OsStr>) -> u32 {
    if credentials.is_some_and(|dir| !dir.is_empty() && path.starts_with(dir)) { 0o037 } else { 0o077 }
}

fn read_private_file(path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    let unreadable = |source| MasterKeyError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & forbidden_bits(path, std::env::var_os("CREDENTIALS_DIRECTORY").as_deref()) != 0 {
        return Err(MasterKeyError::Permissions { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::SecretString;

    use super::*;
    use crate::base::SystemRandom;

    fn line(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; 32]))
    }

    fn sealer(lines: &[String]) -> Sealer {
        Sealer::parse(&lines.join("\n"), "test").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only() {
        let sealer = sealer(&[line("a", 1)]);
        let sealed = sealer.seal("signing-key", b"secret", &SystemRandom::default());
        assert_eq!(sealer.open("signing-key", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(sealer.open("totp", &sealed).unwrap_err(), SealError::Refused);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_new_first_key_seals_while_the_old_one_still_opens() {
        let old = sealer(&[line("a", 1)]);
        let sealed = old.seal("p", b"x", &SystemRandom::default());
        let rotated = sealer(&[line("b", 2), line("a", 1)]);
        assert_eq!(rotated.open("p", &sealed).unwrap().as_slice(), b"x");
        assert!(old.is_current(&sealed) && !rotated.is_current(&sealed));
        let resealed = rotated.seal("p", b"x", &SystemRandom::default());
        assert_eq!(old.open("p", &resealed).unwrap_err(), SealError::UnknownKey("b".to_owned()));
    }

    #[test]
    fn altered_and_cut_values_are_refused() {
        let sealer = sealer(&[line("a", 1)]);
        let sealed = sealer.seal("p", b"secret", &SystemRandom::default());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.open("p", &altered).is_err(), "byte {at}");
            assert!(sealer.open("p", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn malformed_keys_are_named_by_line() {
        for bad in ["nocolon", "a:!!!", "a:AAAA", ":AAAA", "", "# only a comment"] {
            assert!(Sealer::parse(bad, "test").is_err(), "{bad:?}");
        }
        let twice = Sealer::parse(&format!("{}\n{}", line("a", 1), line("a", 2)), "the file").err().unwrap();
        assert!(twice.to_string().starts_with("the file, line 2: this ID stands twice"));
    }

    #[test]
    fn a_credential_lent_by_the_service_manager_may_show_a_groups_right() {
        let directory = OsStr::new("/run/credentials/portcullis.service");
        let lent = Path::new("/run/credentials/portcullis.service/master.key");
        assert_eq!(0o440 & forbidden_bits(lent, Some(directory)), 0);
        assert_ne!(0o444 & forbidden_bits(lent, Some(directory)), 0);
        for (path, directory) in [(lent, None), (lent, Some(OsStr::new(""))), (Path::new("/etc/key"), Some(directory))]
        {
            assert_ne!(0o440 & forbidden_bits(path, directory), 0);
        }
    }

    #[test]
    fn the_key_file_is_private_never_overwritten_and_refused_when_others_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys/master.key");
        Sealer::create_key_file(&path, &SystemRandom::default()).unwrap();
        let written = std::fs::read(&path).unwrap();
        assert!(Sealer::create_key_file(&path, &SystemRandom::default()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), written);
        let secrets = Secrets { master_key_file: path.clone(), master_key: None::<SecretString> };
        assert!(Sealer::load(&secrets).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = Sealer::load(&secrets).err().unwrap().to_string();
        assert!(refusal.contains("mode 0644") && refusal.contains("chmod 600"), "{refusal}");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Sealer::load(&secrets), Err(MasterKeyError::Unreadable { .. })));
    }
}
