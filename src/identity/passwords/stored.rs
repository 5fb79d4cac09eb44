//! Stored password hashes: our own Argon2id, and what other systems wrote, taken apart and found affordable.

use std::num::NonZeroU32;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bcrypt::HashParts;
use zeroize::Zeroizing;

/// A hash in hand: how it was made, and what must come out again.
pub struct Stored {
    pub recipe: Recipe,
    pub output: Vec<u8>,
}

/// How a hash is computed, salt included.
pub enum Recipe {
    Argon2 {
        argon2: Argon2<'static>,
        algorithm: Algorithm,
        version: Version,
        salt: Vec<u8>,
        length: usize,
    },
    /// `of_digest`: of the SHA-256 of the password in hexadecimal, so that what is longer than 72 bytes counts (Django).
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        of_digest: bool,
    },
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        length: usize,
    },
    Pbkdf2 {
        prf: pbkdf2::Algorithm,
        iterations: NonZeroU32,
        salt: Vec<u8>,
        length: usize,
    },
}

/// Why a hash is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    #[error(
        "the password hash is none of Argon2 (PHC), bcrypt (2a, 2b, 2y), scrypt (PHC, $7$), PBKDF2 (PHC, passlib), or \
         Django's and Werkzeug's forms of them"
    )]
    Unknown,
    #[error("the password hash is malformed")]
    Malformed,
    #[error("the password hash would cost more than a login may: {0}")]
    Costly(&'static str),
}

/// Stored hashes that would cost more than this are refused, never computed: 1 GiB of memory, 64 passes, 16 lanes.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 64;
const MAX_PARALLELISM: u32 = 16;
/// Each step doubles; 14 takes about a second.
const MAX_BCRYPT_COST: u32 = 14;
const MAX_PBKDF2_ITERATIONS: u32 = 5_000_000;
/// Less would be guessed by chance, more is nobody's.
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const MAX_SALT_BYTES: usize = 1024;
/// Of a bcrypt string of 60 characters: what comes before is version, cost and salt.
const BCRYPT_OUTPUT_AT: usize = 29;

/// Base64 as the various tools write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
const CRYPT_ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Stored {
    /// Reads a hash by its form. Nothing is computed.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        // Django puts the name of its hasher before the form that the algorithm has everywhere.
        let bare =
            ["argon2$", "bcrypt$"].into_iter().find_map(|name| text.strip_prefix(name).filter(|_| !text.is_empty()));
        let text = match bare {
            Some(rest) if rest.starts_with("argon2") => return argon2(&format!("${rest}")),
            Some(rest) => rest,
            None => text,
        };
        if let Some(rest) = text.strip_prefix("bcrypt_sha256$") {
            return bcrypt(rest, true);
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|ident| text.starts_with(ident)) {
            return bcrypt(text, false);
        }
        if text.starts_with("$argon2") {
            return argon2(text);
        }
        let fields: Vec<&str> = text.split('$').collect();
        match fields.as_slice() {
            ["", "scrypt", params, salt, output] => scrypt_phc(params, salt, output),
            ["", "7", params_and_salt @ .., output] => scrypt_crypt(&params_and_salt.join("$"), output),
            ["scrypt", n, salt, r, p, output] => scrypt_of_n(n, r, p, salt.as_bytes(), base64(output)?),
            ["", "pbkdf2" | "pbkdf2-sha1", cost, salt, output] => pbkdf2_phc("sha1", cost, salt, output),
            ["", "pbkdf2-sha256", cost, salt, output] => pbkdf2_phc("sha256", cost, salt, output),
            ["", "pbkdf2-sha512", cost, salt, output] => pbkdf2_phc("sha512", cost, salt, output),
            ["pbkdf2_sha1", cost, salt, output] => pbkdf2("sha1", cost, salt.as_bytes(), base64(output)?),
            ["pbkdf2_sha256", cost, salt, output] => pbkdf2("sha256", cost, salt.as_bytes(), base64(output)?),
            [method, salt, output] => werkzeug(method, salt, output),
            _ => Err(HashError::Unknown),
        }
    }

    /// Whether it surely costs more than what this server makes now.
    pub fn is_dearer(&self, wanted: &Params) -> bool {
        let cost = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        matches!(&self.recipe, Recipe::Argon2 { argon2, .. } if cost(argon2.params()) >= cost(wanted))
    }

    /// Whether it is what this server makes now.
    pub fn is_current(&self, wanted: &Params) -> bool {
        match &self.recipe {
            Recipe::Argon2 { argon2, algorithm, version, .. } => {
                let params = argon2.params();
                *algorithm == Algorithm::Argon2id
                    && *version == Version::V0x13
                    && params.m_cost() == wanted.m_cost()
                    && params.t_cost() == wanted.t_cost()
                    && params.p_cost() == wanted.p_cost()
            }
            Recipe::Bcrypt { .. } | Recipe::Scrypt { .. } | Recipe::Pbkdf2 { .. } => false,
        }
    }
}

impl Recipe {
    /// Argon2id as this server makes it.
    pub fn argon2id(params: &Params, salt: &[u8], length: usize) -> Self {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = Argon2::new(algorithm, version, params.clone());
        Self::Argon2 { argon2, algorithm, version, salt: salt.to_vec(), length }
    }

    /// Computes the hash; `memory` is kept from one to the next. `None` when that cannot be done.
    pub fn compute(&self, password: &[u8], memory: &mut Vec<Block>) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Argon2 { argon2, salt, length, .. } => {
                let blocks = argon2.params().block_count();
                if memory.len() < blocks {
                    memory.resize(blocks, Block::default());
                }
                let mut output = Zeroizing::new(vec![0_u8; *length]);
                let blocks = memory.get_mut(..blocks)?;
                argon2.hash_password_into_with_memory(password, salt, &mut output, blocks).ok()?;
                Some(output)
            }
            Self::Bcrypt { cost, salt, of_digest } => {
                let digest = Zeroizing::new(if *of_digest { hex_digest(password) } else { String::new() });
                let password = if *of_digest { digest.as_bytes() } else { password };
                let text = bcrypt::hash_with_salt_bytes(password, *cost, *salt).ok()?;
                Some(Zeroizing::new(text.get(BCRYPT_OUTPUT_AT..)?.to_vec()))
            }
            Self::Scrypt { params, salt, length } => {
                let mut output = Zeroizing::new(vec![0_u8; *length]);
                scrypt::scrypt(password, salt, params, &mut output).ok()?;
                Some(output)
            }
            Self::Pbkdf2 { prf, iterations, salt, length } => {
                let mut output = Zeroizing::new(vec![0_u8; *length]);
                pbkdf2::derive(*prf, *iterations, salt, password, &mut output);
                Some(output)
            }
        }
    }
}

fn argon2(text: &str) -> Result<Stored, HashError> {
    let hash = PasswordHash::new(text).map_err(|_| HashError::Malformed)?;
    let algorithm = Algorithm::new(hash.algorithm.as_str()).map_err(|_| HashError::Unknown)?;
    // Before 1.3 no version was written.
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| HashError::Malformed)?;
    let params = Params::try_from(&hash).map_err(|_| HashError::Malformed)?;
    if params.m_cost() > MAX_MEMORY_KIB {
        return Err(HashError::Costly("Argon2 with more than 1 GiB of memory"));
    }
    if params.t_cost() > MAX_ITERATIONS {
        return Err(HashError::Costly("Argon2 with more than 64 passes"));
    }
    if params.p_cost() > MAX_PARALLELISM {
        return Err(HashError::Costly("Argon2 with more than 16 lanes"));
    }
    let salt = hash.salt.ok_or(HashError::Malformed)?.to_vec();
    let output = hash.hash.ok_or(HashError::Malformed)?.as_ref().to_vec();
    let argon2 = Argon2::new(algorithm, version, params);
    Ok(Stored { recipe: Recipe::Argon2 { argon2, algorithm, version, salt, length: output.len() }, output })
}

fn bcrypt(text: &str, of_digest: bool) -> Result<Stored, HashError> {
    let parts: HashParts = text.parse().map_err(|_| HashError::Malformed)?;
    let cost = parts.get_cost();
    if cost > MAX_BCRYPT_COST {
        return Err(HashError::Costly("bcrypt with a cost above 14"));
    }
    if cost < 4 {
        return Err(HashError::Malformed);
    }
    let canonical = parts.to_string();
    let output = canonical.as_bytes().get(BCRYPT_OUTPUT_AT..).ok_or(HashError::Malformed)?.to_vec();
    Ok(Stored { recipe: Recipe::Bcrypt { cost, salt: parts.get_salt_raw(), of_digest }, output })
}

fn scrypt_phc(params: &str, salt: &str, output: &str) -> Result<Stored, HashError> {
    let [log_n, r, p] = named(params, ["ln", "r", "p"])?;
    scrypt(log_n, r, p, base64(salt)?, base64(output)?)
}

/// `$7$` as libxcrypt writes it: log₂ N in one character, r and p in five each, the salt as it is, 32 bytes of output.
fn scrypt_crypt(params_and_salt: &str, output: &str) -> Result<Stored, HashError> {
    let digits: Option<Vec<u32>> = params_and_salt.bytes().take(11).map(crypt_digit).collect();
    let digits = digits.filter(|digits| digits.len() == 11).ok_or(HashError::Malformed)?;
    let number = |digits: &[u32]| digits.iter().rev().fold(0_u32, |number, digit| number << 6 | digit);
    let (log_n, rest) = digits.split_at(1);
    let (r, p) = rest.split_at(5);
    let salt = params_and_salt.get(11..).ok_or(HashError::Malformed)?.as_bytes().to_vec();
    let mut bytes = Vec::with_capacity(33);
    for group in output.as_bytes().chunks(4) {
        let digits: Option<Vec<u32>> = group.iter().copied().map(crypt_digit).collect();
        let value = number(&digits.ok_or(HashError::Malformed)?);
        bytes.extend(value.to_le_bytes().into_iter().take(group.len() * 6 / 8));
    }
    scrypt(number(log_n), number(r), number(p), salt, bytes)
}

fn crypt_digit(byte: u8) -> Option<u32> {
    let at = CRYPT_ALPHABET.iter().position(|known| *known == byte)?;
    u32::try_from(at).ok()
}

fn scrypt_of_n(n: &str, r: &str, p: &str, salt: &[u8], output: Vec<u8>) -> Result<Stored, HashError> {
    let n: u64 = n.parse().map_err(|_| HashError::Malformed)?;
    if !n.is_power_of_two() {
        return Err(HashError::Malformed);
    }
    scrypt(n.trailing_zeros(), decimal(r)?, decimal(p)?, salt.to_vec(), output)
}

fn scrypt(log_n: u32, r: u32, p: u32, salt: Vec<u8>, output: Vec<u8>) -> Result<Stored, HashError> {
    // 128 × N × r bytes, p times.
    let memory_kib = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r))).map(|blocks| blocks / 8);
    if log_n > 40 || memory_kib.is_none_or(|kib| kib > u64::from(MAX_MEMORY_KIB)) {
        return Err(HashError::Costly("scrypt with more than 1 GiB of memory"));
    }
    if p > MAX_PARALLELISM || memory_kib.is_none_or(|kib| kib * u64::from(p) > 4 * u64::from(MAX_MEMORY_KIB)) {
        return Err(HashError::Costly("scrypt with too high a p"));
    }
    let log_n = u8::try_from(log_n).map_err(|_| HashError::Malformed)?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| HashError::Malformed)?;
    check_lengths(&salt, &output)?;
    Ok(Stored { recipe: Recipe::Scrypt { params, salt, length: output.len() }, output })
}

/// `i=…,l=…` as PHC strings have it, or the number of rounds alone as passlib does.
fn pbkdf2_phc(prf: &str, cost: &str, salt: &str, output: &str) -> Result<Stored, HashError> {
    let output = base64(output)?;
    let rounds = if cost.contains('=') {
        let [rounds] = named(cost, ["i"])?;
        let length = cost.split(',').find_map(|pair| pair.strip_prefix("l="));
        if length.is_some_and(|length| length.parse() != Ok(output.len())) {
            return Err(HashError::Malformed);
        }
        rounds.to_string()
    } else {
        cost.to_owned()
    };
    pbkdf2(prf, &rounds, &base64(salt)?, output)
}

fn pbkdf2(prf: &str, iterations: &str, salt: &[u8], output: Vec<u8>) -> Result<Stored, HashError> {
    let prf = match prf {
        "sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
        "sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
        "sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(HashError::Unknown),
    };
    let iterations: u64 = iterations.parse().map_err(|_| HashError::Malformed)?;
    if iterations > u64::from(MAX_PBKDF2_ITERATIONS) {
        return Err(HashError::Costly("PBKDF2 with more than 5,000,000 iterations"));
    }
    let iterations = u32::try_from(iterations).ok().and_then(NonZeroU32::new).ok_or(HashError::Malformed)?;
    check_lengths(salt, &output)?;
    Ok(Stored { recipe: Recipe::Pbkdf2 { prf, iterations, salt: salt.to_vec(), length: output.len() }, output })
}

/// `METHOD$SALT$HEX`, the method being `pbkdf2:sha256:1000` or `scrypt:32768:8:1`.
fn werkzeug(method: &str, salt: &str, output: &str) -> Result<Stored, HashError> {
    let method: Vec<&str> = method.split(':').collect();
    match method.as_slice() {
        ["pbkdf2", prf, iterations] => pbkdf2(prf, iterations, salt.as_bytes(), hex(output)?),
        ["scrypt", n, r, p] => scrypt_of_n(n, r, p, salt.as_bytes(), hex(output)?),
        _ => Err(HashError::Unknown),
    }
}

fn check_lengths(salt: &[u8], output: &[u8]) -> Result<(), HashError> {
    let fits = OUTPUT_BYTES.contains(&output.len()) && (1..=MAX_SALT_BYTES).contains(&salt.len());
    if fits { Ok(()) } else { Err(HashError::Malformed) }
}

/// The numbers of `name=1,other=2`, each of which must be there.
fn named<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], HashError> {
    let mut found = [0; N];
    for (slot, name) in found.iter_mut().zip(names) {
        let value = text.split(',').find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name));
        *slot = decimal(value.ok_or(HashError::Malformed)?.1)?;
    }
    Ok(found)
}

/// A number too large for its field is not malformed: it would cost too much.
fn decimal(text: &str) -> Result<u32, HashError> {
    let number: u64 = text.parse().map_err(|_| HashError::Malformed)?;
    u32::try_from(number).map_err(|_| HashError::Costly("a parameter is beyond all measure"))
}

/// passlib writes a dot for the plus sign.
fn base64(text: &str) -> Result<Vec<u8>, HashError> {
    BASE64.decode(text.replace('.', "+")).map_err(|_| HashError::Malformed)
}

fn hex(text: &str) -> Result<Vec<u8>, HashError> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(HashError::Malformed);
    }
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).unwrap_or_default());
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|_| HashError::Malformed)).collect()
}

fn hex_digest(password: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, password);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name of the tool, password, hash: made by argon2-cffi, bcrypt, passlib, libxcrypt, hashlib, Django and Werkzeug.
    const VECTORS: &str = include_str!("vectors.tsv");

    fn computes_to(stored: &Stored, password: &str) -> bool {
        *stored.recipe.compute(password.as_bytes(), &mut Vec::new()).unwrap() == stored.output
    }

    #[test]
    fn hashes_that_other_tools_made_verify_with_their_password_and_no_other() {
        let mut count = 0;
        for line in VECTORS.lines() {
            let [tool, password, hash] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let stored = Stored::parse(hash).unwrap_or_else(|error| panic!("{tool}: {error}"));
            assert!(computes_to(&stored, password), "{tool}");
            assert!(!computes_to(&stored, &format!("X{password}")), "{tool}");
            assert!(!computes_to(&stored, ""), "{tool}");
            assert!(!stored.is_current(&Params::default()), "{tool}");
            count += 1;
        }
        assert_eq!(count, 25);
    }

    #[test]
    fn s190_hashes_that_would_cost_too_much_are_refused_unread() {
        let argon2 =
            "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$vciYt3S6TuEa/yd9Dqt1UlOsNWpHiRJlrAEApFXR0W8";
        assert!(Stored::parse(argon2).is_ok());
        let bcrypt = "$2b$05$oYITks7.LbZFBB5vYABqs.an3eUNHB81SiPZtx51cieF1/btSHpLu";
        let tail = "$MDEyMzQ1Njc4OWFiY2RlZg$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8";
        for costly in [
            argon2.replace("m=65536", "m=4194304"),
            argon2.replace("t=3", "t=1000000000"),
            argon2.replace("p=1", "p=17"),
            bcrypt.replace("$05$", "$15$"),
            bcrypt.replace("$05$", "$31$"),
            format!("bcrypt_sha256${}", bcrypt.replace("$05$", "$20$")),
            format!("$scrypt$ln=21,r=8,p=1{tail}"),
            format!("$scrypt$ln=63,r=8,p=1{tail}"),
            format!("$scrypt$ln=4294967295,r=4294967295,p=4294967295{tail}"),
            format!("$scrypt$ln=20,r=8,p=16{tail}"),
            format!("$scrypt$ln=10,r=4000000000,p=1{tail}"),
            "$7$zzzzzzzzzzzsaltsalt$w4FsCSX8tTKgUtKFMq44c4Gq0BRwof9f1M0jI.ABEa6".to_owned(),
            format!("$pbkdf2-sha256$1000000000{tail}"),
            format!("$pbkdf2-sha512$i=99999999999999,l=32{tail}"),
            "pbkdf2_sha256$1000000000$salt$DBT8yxRUuN51K9Wok2OhXohttv/ta4Szj5T7HeqeBwA=".to_owned(),
        ] {
            assert!(matches!(Stored::parse(&costly), Err(HashError::Costly(_))), "{costly}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_with_what_is_wrong() {
        let bcrypt = "$2b$05$oYITks7.LbZFBB5vYABqs.an3eUNHB81SiPZtx51cieF1/btSHpLu";
        for unknown in [
            "",
            "x",
            "$",
            "$$",
            "plain text",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "$1$salt$hash",
            "{SSHA}x",
            "a$b$c",
            "$6$rounds=1000$salt$hash",
            "sha1$salt$hash",
            "md5$a$b",
            "$y$j9T$salt$hash",
            "pbkdf2:md5:1$a$bb",
        ] {
            assert_eq!(Stored::parse(unknown).err(), Some(HashError::Unknown), "{unknown}");
        }
        for malformed in [
            "$argon2id$v=19$m=64",
            "argon2$argon2id$",
            "$2b$05$short",
            "bcrypt$$2b$05$short",
            &bcrypt.replace("$05$", "$03$"),
            &bcrypt.replace("$05$", "$xx$"),
            "$scrypt$ln=6,r=8$c2FsdA$AAAA",
            "$scrypt$ln=6,r=8,p=1$c2FsdA$AAAA",
            "$scrypt$ln=6,r=0,p=1$c2FsdA$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8",
            "$7$short$x",
            "$7$46..../....salt$!!!!",
            "$pbkdf2-sha256$0$c2FsdA$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8",
            "$pbkdf2-sha256$-1$c2FsdA$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8",
            "$pbkdf2-sha256$i=1,l=31$c2FsdA$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8",
            "scrypt$63$salt$8$1$8ActKGVxASc6mX6cmz5TJEe/V2YbUVjX5oD9LDtzsm8",
            "pbkdf2:sha256:1000$salt$0f8",
            "pbkdf2:sha256:1000$salt$éé",
        ] {
            assert_eq!(Stored::parse(malformed).err(), Some(HashError::Malformed), "{malformed}");
        }
    }
}
