use std::sync::Arc;
use std::time::Duration;

use super::background::Stop;
use super::outage::Outage;
use crate::base::{Random, Timestamp, new_id};
use crate::oauth::Context;
use crate::storage::{self, Audit as _, Maintenance as _, Store};

/// Rows of each kind that one batch removes at most.
const BATCH: i64 = 500;
/// Between two batches, so that requests come between.
const BREATH: Duration = Duration::from_millis(50);
/// Between two rounds, give or take a quarter, so that instances do not sweep in step.
const ROUND_EVERY: Duration = Duration::from_secs(30);
/// One instance sweeps at a time; when it is gone, another takes over after this.
const LEASE: Duration = Duration::from_mins(2);

/// Removes what has expired, in small batches beside the requests. Nothing depends on it but the size of the database:
/// expiry is compared wherever something is used.
pub struct Janitor {
    context: Arc<Context>,
    /// Names this instance on the lease.
    holder: String,
}

impl Janitor {
    pub fn new(context: Arc<Context>) -> Self {
        let holder = new_id(context.now(), context.random.as_ref()).to_string();
        Self { context, holder }
    }

    pub(super) async fn run(self, mut stop: Stop) {
        let mut outage = Outage::watch("removing expired rows");
        while stop.pause(jittered(ROUND_EVERY, self.context.random.as_ref())).await {
            self.context.beginnings.tidy();
            let outcome = self.round(&mut stop).await;
            match &outcome {
                Ok(swept) if *swept > 0 => tracing::debug!(rows = swept, "expired rows removed"),
                _ => {}
            }
            outage.note(outcome.map(drop));
        }
    }

    /// Sweeps until nothing expired is left, or until told to stop; how many rows went.
    async fn round(&self, stop: &mut Stop) -> storage::Result<u64> {
        let mut swept = 0;
        loop {
            let now = self.context.now();
            let held_until = now.plus(LEASE).millis();
            let store: &Store = &self.context.store;
            if !store.hold_lease("janitor", &self.holder, now.millis(), held_until).await? {
                return Ok(swept);
            }
            let batch = self.batch(now).await?;
            swept += batch;
            // Fewer than one full batch of any kind: no kind has more.
            if batch < BATCH.unsigned_abs() || !stop.pause(BREATH).await {
                return Ok(swept);
            }
        }
    }

    /// Removes one batch of each kind; how many rows went.
    async fn batch(&self, now: Timestamp) -> storage::Result<u64> {
        let store: &Store = &self.context.store;
        let kept_since = now.minus(self.context.config.audit.kept_for.duration());
        Ok(store.sweep(now.millis(), BATCH).await? + store.sweep_audit_events(kept_since.millis(), BATCH).await?)
    }
}

/// `pause`, a quarter more or less.
fn jittered(pause: Duration, random: &dyn Random) -> Duration {
    let mut byte = [0_u8; 1];
    random.fill(&mut byte);
    pause.mul_f64(0.75 + f64::from(u8::from_be_bytes(byte)) / 510.0)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use serde_json::json;

    use super::*;
    use crate::config::Ttl;
    use crate::oauth::Caller;
    use crate::oauth::context::AuditSubject;
    use crate::oauth::testing::World;

    #[tokio::test]
    async fn audit_events_stay_for_as_long_as_the_settings_say() {
        let World { mut cx, clock } = World::new().await;
        let mut config = (*cx.config).clone();
        config.audit.kept_for = Ttl::days(1);
        cx.config = Arc::new(config);
        let caller = Caller { address: Ipv4Addr::LOCALHOST.into(), request_id: "r1" };
        cx.audit("login_failed", AuditSubject::default(), caller, &json!({}));
        let janitor = Janitor::new(Arc::new(cx));
        let left = async || janitor.context.store.list_audit_events(Some("login_failed"), 10).await.unwrap().len();
        clock.advance(Duration::from_hours(23));
        janitor.batch(janitor.context.now()).await.unwrap();
        assert_eq!(left().await, 1);
        clock.advance(Duration::from_hours(2));
        janitor.batch(janitor.context.now()).await.unwrap();
        assert_eq!(left().await, 0);
    }
}
