use super::Store;
use crate::storage::{Result, ThrottleKey, ThrottleRecord, Throttles, sql};

impl Throttles for Store {
    async fn reserve_attempt(
        &self,
        keys: &[ThrottleKey],
        now: i64,
        window_start: i64,
    ) -> Result<std::result::Result<Vec<ThrottleRecord>, ThrottleRecord>> {
        if let Some(redis) = &self.redis
            && let Some(reserved) = redis.reserve(keys, now, window_start).await
        {
            return Ok(reserved);
        }
        let mut keys = keys.to_vec();
        // In the order of `ordered`.
        keys.sort_by(|a, b| a.key.cmp(&b.key));
        let window = now.saturating_sub(window_start);
        transaction!(self, |connection| {
            let mut records: Vec<ThrottleRecord> = Vec::with_capacity(keys.len());
            for key in &keys {
                let held = sqlx::query_as(sql::throttles::HOLD)
                    .bind(&key.key)
                    .bind(now)
                    .bind(now.saturating_add(window))
                    .fetch_one(&mut *connection)
                    .await?;
                records.push(held);
            }
            if let Some(blocking) = longest_block(&records, now) {
                Err(blocking)
            } else {
                for (key, record) in keys.iter().zip(&mut records) {
                    count(key, record, now, window_start);
                    sqlx::query(sql::throttles::COUNT)
                        .bind(&record.key)
                        .bind(record.failures)
                        .bind(record.window_started_at)
                        .bind(record.blocked_until)
                        .bind(record.blocked_until.max(now.saturating_add(window)))
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(records)
            }
        })
    }

    async fn refund_attempts(&self, counted: &[ThrottleRecord]) -> Result<()> {
        if let Some(redis) = &self.redis
            && redis.refund(counted).await
        {
            return Ok(());
        }
        let mut counted = counted.to_vec();
        // In the order of `ordered`.
        counted.sort_by(|a, b| a.key.cmp(&b.key));
        transaction!(self, |connection| {
            for record in &counted {
                sqlx::query(sql::throttles::REFUND)
                    .bind(&record.key)
                    .bind(record.blocked_until)
                    .execute(&mut *connection)
                    .await?;
            }
        })
    }

    async fn clear_attempts(&self, keys: &[&str]) -> Result<()> {
        if let Some(redis) = &self.redis
            && redis.clear(keys).await
        {
            return Ok(());
        }
        let keys = ordered(keys);
        transaction!(self, |connection| {
            for key in &keys {
                sqlx::query(sql::throttles::CLEAR).bind(key).execute(&mut *connection).await?;
            }
        })
    }
}

/// One order for all, so that two attempts never wait for each other.
fn ordered(keys: &[&str]) -> Vec<String> {
    let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    keys.sort_unstable();
    keys
}

fn longest_block(records: &[ThrottleRecord], now: i64) -> Option<ThrottleRecord> {
    records.iter().filter(|record| record.blocked_until > now).max_by_key(|record| record.blocked_until).cloned()
}

/// Counts one failure at `now`.
fn count(policy: &ThrottleKey, record: &mut ThrottleRecord, now: i64, window_start: i64) {
    let is_over = policy.is_rate && record.window_started_at == window_start;
    let stale = is_over || record.window_started_at < window_start;
    record.failures = if stale { 1 } else { record.failures.saturating_add(1) };
    if stale || !policy.is_rate {
        record.window_started_at = now;
    }
    record.blocked_until = if policy.is_rate && record.failures > policy.free {
        record.window_started_at.saturating_add(now.saturating_sub(window_start))
    } else {
        now.saturating_add(delay(policy, record.failures))
    };
}

/// None for the first `free` failures, then `base_ms`, doubling up to `cap_ms`.
fn delay(policy: &ThrottleKey, failures: i64) -> i64 {
    let Some(doublings) = failures.checked_sub(policy.free + 1).filter(|over| *over >= 0) else { return 0 };
    let factor = u32::try_from(doublings).ok().and_then(|doublings| 1_i64.checked_shl(doublings)).unwrap_or(0);
    match policy.base_ms.checked_mul(factor) {
        Some(delay) if factor > 0 => delay.min(policy.cap_ms),
        _ => policy.cap_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_begins_after_the_free_failures_doubles_and_stops_at_the_cap() {
        let policy = ThrottleKey { key: String::new(), free: 3, base_ms: 1000, cap_ms: 60_000, is_rate: false };
        let delays: Vec<i64> = [1, 3, 4, 5, 6, 9, 10, 66, 67, 1000, i64::MAX].map(|n| delay(&policy, n)).to_vec();
        assert_eq!(delays, [0, 0, 1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000, 60_000, 60_000]);
    }
}
