use ::redis::{AsyncCommands as _, SetExpiry, SetOptions};

use super::Redis;

/// Moves the last use forward, at most once a minute: KEYS session; ARGV now, idle time.
pub const TOUCH: &str = "
local seen = redis.call('GET', KEYS[1])
if not seen or ARGV[1] - seen >= 60000 then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0";

/// How rarely the last use is written to the database as well, for when Redis is lost. Milliseconds.
pub const DATABASE_TOUCH_MS: i64 = 15 * 60 * 1000;

impl Redis {
    pub fn keeps_sessions(&self) -> bool {
        self.session_idle_ms.is_some()
    }

    /// When the session was last used; `None` where that is not known here.
    pub async fn last_seen(&self, id: &str) -> Option<i64> {
        self.session_idle_ms?;
        let (key, mut connection) = (self.key("session", id), self.connection.clone());
        self.ask(async move { connection.get::<_, Option<i64>>(key).await }).await.flatten()
    }

    /// A session begins, or begins anew, at `now`.
    pub async fn saw(&self, id: &str, now: i64) {
        let Some(idle) = self.session_idle_ms.and_then(|idle| u64::try_from(idle).ok()) else { return };
        let (key, mut connection) = (self.key("session", id), self.connection.clone());
        let options = SetOptions::default().with_expiration(SetExpiry::PX(idle));
        self.ask(async move { connection.set_options::<_, _, ()>(key, now, options).await }).await;
    }

    pub async fn touch(&self, id: &str, now: i64) {
        let Some(idle) = self.session_idle_ms else { return };
        let (key, mut connection) = (self.key("session", id), self.connection.clone());
        let script = &self.scripts.touch;
        self.ask(async move { script.key(key).arg(now).arg(idle).invoke_async::<i64>(&mut connection).await }).await;
    }

    /// The session has ended in the database; what is left here would mean nothing.
    pub async fn forget(&self, id: &str) {
        if self.session_idle_ms.is_none() {
            return;
        }
        let (key, mut connection) = (self.key("session", id), self.connection.clone());
        self.ask(async move { connection.del::<_, ()>(key).await }).await;
    }
}
