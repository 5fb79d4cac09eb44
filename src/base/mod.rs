//! What every layer may use: time, randomness, identifiers, opaque tokens, and the texts in each shipped language and the times in each zone.

pub mod acr;
pub mod base62;
mod clock;
mod device_name;
mod id;
mod locale;
mod network;
mod place;
mod random;
mod request_id;
pub mod token;
mod zone;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use device_name::{device_name, known_device_name};
pub use id::new_id;
pub use locale::{Locale, SHIPPED_LOCALES};
pub use network::subscriber;
pub use place::place_of;
pub use random::{Random, SystemRandom};
pub use request_id::RequestId;
pub use token::{OpaqueToken, RefreshToken, TokenHash, TokenKind};
pub use zone::Zone;
