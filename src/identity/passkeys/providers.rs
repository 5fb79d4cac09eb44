use uuid::{Uuid, uuid};

/// Names that people know their authenticators by, from the AAGUIDs that these publish. It names a passkey until its owner
/// does, and decides nothing.
const PROVIDERS: [(Uuid, &str); 13] = [
    (uuid!("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"), "Google Password Manager"),
    (uuid!("adce0002-35bc-c60a-648b-0b25f1f05503"), "Chrome on Mac"),
    (uuid!("08987058-cadc-4b81-b6e1-30de50dcbe96"), "Windows Hello"),
    (uuid!("9ddd1817-af5a-4672-a2b9-3e3dd95000a9"), "Windows Hello"),
    (uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2"), "Windows Hello"),
    (uuid!("dd4ec289-e01d-41c9-bb89-70fa845d4bf2"), "iCloud Keychain"),
    (uuid!("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), "iCloud Keychain"),
    (uuid!("531126d6-e717-415c-9320-3d9aa6981239"), "Dashlane"),
    (uuid!("bada5566-a7aa-401f-bd96-45619a55120d"), "1Password"),
    (uuid!("b84e4048-15dc-4dd0-8640-f4f60813c8af"), "NordPass"),
    (uuid!("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6"), "Keeper"),
    (uuid!("d548826e-79b4-db40-a3d8-11116f7e8349"), "Bitwarden"),
    (uuid!("53414d53-554e-4700-0000-000000000000"), "Samsung Pass"),
];

/// The provider's name by authenticator data (WebAuthn §6.1: the AAGUID begins at byte 37).
pub fn provider_name(authenticator_data: &[u8]) -> Option<&'static str> {
    let aaguid = Uuid::from_slice(authenticator_data.get(37..53)?).ok()?;
    PROVIDERS.iter().find(|(known, _)| *known == aaguid).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_authenticator_is_named_and_others_are_not() {
        let mut data = vec![0; 55];
        assert_eq!(provider_name(&data), None);
        data[37..53].copy_from_slice(uuid!("d548826e-79b4-db40-a3d8-11116f7e8349").as_bytes());
        assert_eq!(provider_name(&data), Some("Bitwarden"));
        assert_eq!(provider_name(&data[..50]), None);
    }
}
