use ::redis::AsyncCommands as _;

use super::Redis;
use crate::storage::{ThrottleKey, ThrottleRecord};

/// Counts an attempt against every key, or, when one is blocked, against none: KEYS counters; ARGV now, start of the window,
/// then `free`, `base_ms`, `cap_ms` and whether it is a rate (1) of each. Answers 1 or 0, then failures, window_started_at, blocked_until of each.
pub const RESERVE: &str = "
local now, window_start = tonumber(ARGV[1]), tonumber(ARGV[2])
local records, blocked = {}, false
for i, key in ipairs(KEYS) do
    local have = redis.call('HMGET', key, 'failures', 'started', 'until')
    records[i] = { tonumber(have[1] or 0), tonumber(have[2] or now), tonumber(have[3] or 0) }
    blocked = blocked or records[i][3] > now
end
local answer = { blocked and 0 or 1 }
for i, key in ipairs(KEYS) do
    local record = records[i]
    if not blocked then
        local free, base, cap = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
        local is_rate = ARGV[4 * i + 2] == '1'
        local stale = record[2] < window_start or (is_rate and record[2] == window_start)
        record[1] = stale and 1 or record[1] + 1
        if stale or not is_rate then record[2] = now end
        local over = record[1] - free - 1
        local delay = 0
        if over >= 0 then delay = over < 40 and math.min(base * 2 ^ over, cap) or cap end
        if is_rate and over >= 0 then delay = record[2] + now - window_start - now end
        record[3] = now + delay
        local text = function(number) return string.format('%.0f', number) end
        redis.call('HSET', key, 'failures', text(record[1]), 'started', text(record[2]), 'until', text(record[3]))
        redis.call('PEXPIRE', key, text(math.max(now - window_start, delay) + 1))
    end
    for field = 1, 3 do answer[#answer + 1] = record[field] end
end
return answer";

/// Takes one failure and the block that it brought back, but not a later failure's: KEYS counters; ARGV the block of each.
pub const REFUND: &str = "
for i, key in ipairs(KEYS) do
    local have = redis.call('HMGET', key, 'failures', 'until')
    local failures = tonumber(have[1] or 0)
    if failures > 0 then redis.call('HSET', key, 'failures', failures - 1) end
    if have[2] and tonumber(have[2]) == tonumber(ARGV[i]) then redis.call('HSET', key, 'until', 0) end
end
return 0";

/// Outcome of a reservation, as `Throttles::reserve_attempt` tells it.
pub type Reserved = Result<Vec<ThrottleRecord>, ThrottleRecord>;

impl Redis {
    /// Counts an attempt; `None` when Redis does not answer.
    pub async fn reserve(&self, keys: &[ThrottleKey], now: i64, window_start: i64) -> Option<Reserved> {
        if !self.throttles {
            return None;
        }
        let mut connection = self.connection.clone();
        let mut call = self.scripts.reserve.prepare_invoke();
        call.arg(now).arg(window_start);
        for key in keys {
            call.key(self.key("throttle", &key.key)).arg(key.free).arg(key.base_ms).arg(key.cap_ms);
            call.arg(i64::from(key.is_rate));
        }
        let answer: Vec<i64> = self.ask(async move { call.invoke_async(&mut connection).await }).await?;
        let (counted, numbers) = answer.split_first()?;
        let records: Vec<ThrottleRecord> = keys
            .iter()
            .zip(numbers.as_chunks::<3>().0)
            .map(|(key, [failures, window_started_at, blocked_until])| ThrottleRecord {
                key: key.key.clone(),
                failures: *failures,
                window_started_at: *window_started_at,
                blocked_until: *blocked_until,
            })
            .collect();
        if *counted == 1 {
            return Some(Ok(records));
        }
        records.into_iter().max_by_key(|record| record.blocked_until).map(Err)
    }

    /// True when Redis has done it.
    pub async fn refund(&self, counted: &[ThrottleRecord]) -> bool {
        if !self.throttles || counted.is_empty() {
            return false;
        }
        let mut connection = self.connection.clone();
        let mut call = self.scripts.refund.prepare_invoke();
        for record in counted {
            call.key(self.key("throttle", &record.key)).arg(record.blocked_until);
        }
        self.ask(async move { call.invoke_async::<i64>(&mut connection).await }).await.is_some()
    }

    /// True when Redis has done it.
    pub async fn clear(&self, keys: &[&str]) -> bool {
        if !self.throttles || keys.is_empty() {
            return false;
        }
        let mut connection = self.connection.clone();
        let keys: Vec<String> = keys.iter().map(|key| self.key("throttle", key)).collect();
        self.ask(async move { connection.del::<_, ()>(keys).await }).await.is_some()
    }
}
