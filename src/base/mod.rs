//! What every layer may use: time, randomness, identifiers, opaque tokens, and the texts in each shipped language and the times in each zone.

pub mod acr;
pub mod base62;
mod clock;
mod id;
mod locale;
mod network;
mod random;
mod request_id;
pub mod token;
mod zone;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use id::new_id;
pub use locale::{Locale, SHIPPED_LOCALES};
pub use network::subscriber;
pub use random::{Random, SystemRandom};
pub use request_id::RequestId;
pub use token::{OpaqueToken, RefreshToken, TokenHash, TokenKind};
pub use zone::Zone;
