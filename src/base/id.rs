use uuid::{Builder, Uuid};

use super::{Random, Timestamp};

/// A time-ordered row id (UUID version 7, RFC 9562 §5.7): new rows land beside each other in the index,
/// which a random key would scatter. It is no secret.
pub fn new_id(now: Timestamp, random: &dyn Random) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    Builder::from_unix_timestamp_millis(u64::try_from(now.millis()).unwrap_or(0), &bytes).into_uuid()
}
