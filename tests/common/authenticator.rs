//! An authenticator made of software, that can be made to lie (WebAuthn §6).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

pub const UP: u8 = 1;
pub const UV: u8 = 1 << 2;
pub const BE: u8 = 1 << 3;
pub const BS: u8 = 1 << 4;
const AT: u8 = 1 << 6;

#[derive(Clone)]
pub struct SoftKey {
    pub key: SigningKey,
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub count: u32,
    pub flags: u8,
    /// The page's origin as the browser saw it.
    pub origin: String,
    /// In place of the RP ID that was asked for.
    pub rp_id: Option<String>,
    /// Further members of the client data, or others in their place.
    pub client_data: Value,
    /// COSE algorithm of the key it makes.
    pub algorithm: i8,
    /// In place of the attestation object.
    pub attestation_object: Option<Vec<u8>>,
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A byte string of CBOR (RFC 8949 §3.1).
fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut cbor = vec![0x59];
    cbor.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    cbor.extend(bytes);
    cbor
}

impl SoftKey {
    /// One that has verified its user, at a page of `origin`; `number` tells its key from others.
    pub fn new(origin: &str, number: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[number; 32]).unwrap(),
            credential_id: vec![number; 20],
            user_handle: None,
            count: 0,
            flags: UP | UV,
            origin: origin.to_owned(),
            rp_id: None,
            client_data: json!({}),
            algorithm: -7,
            attestation_object: None,
        }
    }

    /// Answers `navigator.credentials.create()`.
    pub fn create(&mut self, options: &Value) -> String {
        let user = options["user"]["id"].as_str().unwrap();
        self.user_handle = Some(URL_SAFE_NO_PAD.decode(user).unwrap());
        let rp_id = options["rp"]["id"].as_str().unwrap();
        let mut data = self.authenticator_data(rp_id, self.flags | AT);
        // AAGUID, credential id and public key (WebAuthn §6.5.1).
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&self.credential_id);
        let point = self.key.verifying_key().to_sec1_point(false);
        data.extend([0xa5, 0x01, 0x02, 0x03]);
        data.push(u8::try_from(0x1f - i16::from(self.algorithm)).unwrap());
        data.extend([0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap().iter());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap().iter());
        let attestation_object = self.attestation_object.clone().unwrap_or_else(|| {
            let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData".to_vec();
            object.extend(cbor_bytes(&data));
            object
        });
        let client_data = self.collected("webauthn.create", options);
        self.credential(json!({
            "clientDataJSON": encoded(&client_data),
            "attestationObject": encoded(&attestation_object),
            "authenticatorData": encoded(&data),
            "transports": ["internal"],
        }))
    }

    /// Answers `navigator.credentials.get()`.
    pub fn get(&self, options: &Value) -> String {
        let data = self.authenticator_data(options["rpId"].as_str().unwrap(), self.flags);
        let client_data = self.collected("webauthn.get", options);
        let signature: Signature = self.key.sign(&[data.clone(), sha256(&client_data)].concat());
        self.credential(json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&data),
            "signature": encoded(signature.to_der().as_bytes()),
            "userHandle": self.user_handle.as_deref().map(encoded),
        }))
    }

    fn credential(&self, response: Value) -> String {
        let id = encoded(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
            .to_string()
    }

    /// WebAuthn §6.1.
    fn authenticator_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_deref().unwrap_or(rp_id).as_bytes());
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    /// WebAuthn §5.8.1.
    fn collected(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.as_object_mut().unwrap().extend(self.client_data.as_object().unwrap().clone());
        data.to_string().into_bytes()
    }
}
