//! Device authorization (RFC 8628): the request, the code that a person types, and what they decide.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::grant::GrantType;
use super::resource::Audience;
use super::{Authentication, Client, Context, Error, Params, ScopeSet, endpoints, resource};
use crate::base::{OpaqueToken, Random, Timestamp, TokenKind, new_id};
use crate::config::Ttl;
use crate::storage::{self, DeviceRecord, Devices as _};

pub(super) const PENDING: &str = "pending";
pub(super) const APPROVED: &str = "approved";
pub(super) const DENIED: &str = "denied";
pub(super) const CONSUMED: &str = "consumed";

/// Consonants without look-alikes: no word appears by chance, nothing is mistaken for a digit.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LETTERS: usize = 8;

/// Response of the device authorization endpoint (RFC 8628 §3.2).
#[derive(Debug, Serialize)]
pub struct DeviceAuthorization {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds.
    pub interval: u64,
}

/// Where a device asked from: shown to the person who is about to confirm.
#[derive(Clone, Debug)]
pub struct DeviceOrigin {
    pub address: IpAddr,
    pub user_agent: String,
}

/// A request that waits for a person's decision.
pub struct PendingDevice {
    pub client: Arc<Client>,
    /// What the device asks for.
    pub scope: ScopeSet,
    /// As the device shows it, whatever way it was typed.
    pub user_code: String,
    pub address: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    /// The resources that the device asks tokens for.
    pub resource: Option<Audience>,
    id: String,
}

/// What a person allowed a device.
pub struct Approval<'a> {
    pub user_id: &'a str,
    pub session_id: &'a str,
    pub scope: ScopeSet,
    pub authentication: Authentication,
}

/// `details` of a device authorization that waits.
#[derive(Default, Serialize, Deserialize)]
struct RequestDetails {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<Audience>,
}

/// `details` of an approved device authorization.
#[derive(Serialize, Deserialize)]
pub(super) struct ApprovalDetails {
    pub scope: ScopeSet,
    pub authentication: Authentication,
}

/// Answers a device authorization request of an authenticated client (RFC 8628 §3.1).
///
/// Errors: `unauthorized_client`, `invalid_scope`, `invalid_target`, `TooManyAttempts`; `invalid_request` for a code challenge, which this grant cannot
/// honour and must not silently drop.
pub async fn authorize(
    cx: &Context,
    client: &Client,
    params: &Params,
    origin: &DeviceOrigin,
) -> Result<DeviceAuthorization, Error> {
    if !client.may_use_grant(GrantType::DeviceCode.name()) {
        return Err(Error::unauthorized_client("the client is not registered for the device authorization grant"));
    }
    if params.get("code_challenge").or_else(|| params.get("code_challenge_method")).is_some() {
        return Err(Error::invalid_request("the device authorization grant has no code_challenge"));
    }
    let scope = asked_scope(client, params.get("scope"))?;
    let details = RequestDetails { resource: resource::named(cx, params)? };
    cx.begins(origin.address)?;
    let now = cx.now();
    let ttl = cx.config.tokens.device_code_ttl;
    let interval = cx.config.tokens.device_poll_interval.as_secs();
    let device_code = OpaqueToken::generate(TokenKind::DeviceCode, new_id(now, cx.random.as_ref()), cx.random.as_ref());
    let mut record = DeviceRecord {
        id: device_code.id.to_string(),
        secret_hash: device_code.hash().as_bytes().to_vec(),
        user_code_hash: Vec::new(),
        client_id: client.client_id.clone(),
        scope: scope.to_string(),
        status: PENDING.to_owned(),
        interval_seconds: i64::try_from(interval).unwrap_or(i64::MAX),
        user_id: None,
        session_id: None,
        family_id: new_id(now, cx.random.as_ref()).to_string(),
        details: serde_json::to_string(&details).map_err(|error| Error::Internal(Box::new(error)))?,
        address: origin.address.to_string(),
        user_agent: origin.user_agent.clone(),
        created_at: now.millis(),
        expires_at: now.plus(ttl.duration()).millis(),
        decided_at: None,
    };
    let user_code = insert_under_free_code(cx, &mut record).await?;
    let user_code = grouped(&user_code);
    let verification_uri = cx.config.issuer.endpoint(endpoints::DEVICE);
    Ok(DeviceAuthorization {
        device_code: device_code.expose().to_owned(),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        user_code,
        verification_uri,
        expires_in: ttl.as_secs(),
        interval,
    })
}

/// Draws user codes until one is free; with 25.6 thousand million of them, a second draw is rare.
async fn insert_under_free_code(cx: &Context, record: &mut DeviceRecord) -> Result<String, Error> {
    const DRAWS: usize = 5;
    for _ in 0..DRAWS {
        let user_code = draw_user_code(cx.random.as_ref());
        record.user_code_hash = cx.user_code_hash(&user_code);
        match cx.store.insert_device(record).await {
            Ok(()) => return Ok(user_code),
            Err(storage::Error::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::TemporarilyUnavailable { cause: "no free user code was drawn".to_owned() })
}

fn asked_scope(client: &Client, asked: Option<&str>) -> Result<ScopeSet, Error> {
    let Some(asked) = asked else { return Ok(client.scope.filter(|scope| scope != "offline_access")) };
    let asked = ScopeSet::parse(asked).map_err(|error| Error::invalid_scope(error.to_string()))?;
    // RFC 6749 leaves it to us to ignore it; OpenID Connect Core §11 wants it ignored.
    let asked = if client.may_use_grant("refresh_token") { asked } else { asked.filter(|s| s != "offline_access") };
    if asked.is_subset_of(&client.scope) {
        Ok(asked)
    } else {
        Err(Error::invalid_scope(format!("the scope exceeds what the client is registered for: {}", client.scope)))
    }
}

/// The pending request behind what a person typed; `None` for anything else, be it unknown, expired or decided.
pub async fn find_by_user_code(cx: &Context, typed: &str, caller: IpAddr) -> Result<Option<PendingDevice>, Error> {
    let Some(user_code) = normalised(typed) else { return Ok(None) };
    let now = cx.now().millis();
    let Some(record) = cx.store.find_device_by_user_code(&cx.user_code_hash(&user_code), now).await? else {
        return Ok(None);
    };
    let Some(client) = cx.current_client(&record.client_id, caller).await? else { return Ok(None) };
    let scope = ScopeSet::parse(&record.scope).map_err(|error| Error::Internal(Box::new(error)))?;
    let details: RequestDetails =
        serde_json::from_str(&record.details).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Some(PendingDevice {
        client,
        scope,
        user_code: grouped(&user_code),
        resource: details.resource,
        address: record.address,
        user_agent: record.user_agent,
        created_at: Timestamp::from_millis(record.created_at),
        id: record.id,
    }))
}

/// Lets the device have tokens. False when the request has been decided or has expired meanwhile.
pub async fn approve(cx: &Context, device: &PendingDevice, approval: Approval<'_>) -> Result<bool, Error> {
    let details = ApprovalDetails { scope: approval.scope, authentication: approval.authentication };
    let details = serde_json::to_string(&details).map_err(|error| Error::Internal(Box::new(error)))?;
    decide(cx, device, true, approval.user_id, approval.session_id, &details).await
}

/// Refuses the device. False when the request has been decided or has expired meanwhile.
pub async fn deny(cx: &Context, device: &PendingDevice, user_id: &str, session_id: &str) -> Result<bool, Error> {
    decide(cx, device, false, user_id, session_id, "{}").await
}

async fn decide(
    cx: &Context,
    device: &PendingDevice,
    approved: bool,
    user_id: &str,
    session_id: &str,
    details: &str,
) -> Result<bool, Error> {
    Ok(cx.store.decide_device(&device.id, approved, user_id, session_id, details, cx.now().millis()).await?)
}

/// When each device polled last: kept in memory, since a write for every poll would be the dearest part of it.
pub struct DevicePolls(Cache<String, Timestamp>);

const REMEMBERED_POLLS: u64 = 100_000;
/// A poll this much too early is the network's doing, not the device's.
const POLL_TOLERANCE: Duration = Duration::from_millis(500);
/// RFC 8628 §3.5.
const SLOW_DOWN_SECONDS: i64 = 5;

impl DevicePolls {
    pub fn new(device_code_ttl: Ttl) -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED_POLLS).time_to_live(device_code_ttl.duration()).build())
    }
}

impl Context {
    pub(super) fn was_slowed_down(&self, device: &DeviceRecord) -> bool {
        u64::try_from(device.interval_seconds).unwrap_or(0) > self.config.tokens.device_poll_interval.as_secs()
    }

    /// Notes a poll. One that comes too soon is refused with `slow_down`, which lengthens the interval for good.
    pub(super) async fn polled(&self, device: &DeviceRecord) -> Result<(), Error> {
        let now = self.now();
        let last = self.polls.0.get(&device.id);
        self.polls.0.insert(device.id.clone(), now);
        let interval = Duration::from_secs(u64::try_from(device.interval_seconds).unwrap_or(0));
        let too_soon = last.is_some_and(|last| now.since(last) + POLL_TOLERANCE < interval);
        if !too_soon {
            return Ok(());
        }
        // An interval beyond the code's life slows nothing down any more.
        if interval < self.config.tokens.device_code_ttl.duration() {
            self.store.slow_device_down(&device.id, SLOW_DOWN_SECONDS).await?;
        }
        Err(Error::SlowDown)
    }

    /// A user code has 34 bits: only a keyed hash keeps a stolen table from giving them away.
    fn user_code_hash(&self, user_code: &str) -> Vec<u8> {
        hmac::sign(&self.lookup_key, user_code.as_bytes()).as_ref().to_vec()
    }
}

fn draw_user_code(random: &dyn Random) -> String {
    let mut letters = String::with_capacity(USER_CODE_LETTERS);
    // 240 is the largest multiple of 20 in a byte: bytes above it would favour the first letters.
    while letters.len() < USER_CODE_LETTERS {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        let fair = bytes.iter().filter(|byte| **byte < 240);
        let drawn = fair.filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()));
        letters.extend(drawn.map(|letter| char::from(*letter)).take(USER_CODE_LETTERS - letters.len()));
    }
    letters
}

fn grouped(user_code: &str) -> String {
    let (front, back) = user_code.split_at_checked(USER_CODE_LETTERS / 2).unwrap_or((user_code, ""));
    format!("{front}-{back}")
}

/// What a person typed, as the code it must be meant to be: case, separators, full-width and look-alike characters are
/// forgiven. `None` when it cannot be one.
fn normalised(typed: &str) -> Option<String> {
    const LONGEST_TYPED: usize = 64;
    if typed.len() > LONGEST_TYPED {
        return None;
    }
    let letters: String =
        typed.nfkc().flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric()).map(meant).collect();
    let is_code = letters.len() == USER_CODE_LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
    is_code.then_some(letters)
}

/// The letter of the alphabet that a look-alike stands for.
const fn meant(letter: char) -> char {
    match letter {
        '0' | 'O' => 'Q',
        '1' | 'I' => 'L',
        '2' | 'Ζ' => 'Z',
        '5' | 'Ѕ' => 'S',
        '6' | 'Ԍ' => 'G',
        '8' | 'В' | 'Β' => 'B',
        'U' | 'Ѵ' => 'V',
        'С' | 'Ϲ' => 'C',
        'Н' | 'Η' => 'H',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'Р' | 'Ρ' => 'P',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn drawn_codes_are_eight_letters_of_the_alphabet_and_read_back_from_their_groups() {
        let random = SystemRandom::default();
        let codes: HashSet<String> = (0..200).map(|_| draw_user_code(&random)).collect();
        assert_eq!(codes.len(), 200);
        for code in codes {
            assert_eq!(normalised(&grouped(&code)), Some(code));
        }
    }

    #[test]
    fn separators_case_width_and_look_alikes_are_forgiven() {
        for typed in ["BSZG-LQVX", "bszg lqvx", " b.s.z.g_l/q/v/x ", "852610UX", "ＢＳＺＧ－ＬＱＶＸ", "ВЅ2Ԍ-IOUХ"]
        {
            assert_eq!(normalised(typed).as_deref(), Some("BSZGLQVX"), "{typed}");
        }
    }

    #[test]
    fn s148_anything_else_is_no_code() {
        for typed in ["", "BSZG", "BSZG-LQVXB", "AEIY-BSZG", "pc_dc_0123", &"B".repeat(10_000), "BSZG-LQV\0"] {
            assert_eq!(normalised(typed), None, "{typed}");
        }
    }
}
