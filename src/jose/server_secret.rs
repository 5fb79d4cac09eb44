use zeroize::Zeroizing;

use super::{Error, Sealer};
use crate::base::Random;
use crate::storage::{SigningKeys, Store};

/// A 32-byte secret that all instances on one database share: made by whichever comes first, sealed in the database.
pub async fn server_secret(
    store: &Store,
    sealer: &Sealer,
    name: &str,
    random: &dyn Random,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut candidate = Zeroizing::new([0_u8; 32]);
    random.fill(candidate.as_mut());
    let purpose = format!("server-secret:{name}");
    let stored = store.server_secret(name, &sealer.seal(&purpose, candidate.as_slice(), random)).await?;
    let unreadable = |cause: String| Error::Unreadable { kid: name.to_owned(), cause };
    let opened = sealer.open(&purpose, &stored).map_err(|error| unreadable(error.to_string()))?;
    let secret = opened.as_slice().try_into().map_err(|_| unreadable("it is not 32 bytes long".to_owned()))?;
    Ok(Zeroizing::new(secret))
}
