use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::Timestamp;
use crate::storage::RevocationRecord;

/// What a revocation names. The names are those of the `kind` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationKind {
    /// One access token.
    Jti,
    /// Everything that came from one authorization code or device authorization.
    Family,
    /// Whatever ends with one signed-in browser.
    Session,
    /// Whatever was issued for one person.
    User,
    /// Whatever was issued to one client.
    Client,
}

impl RevocationKind {
    const ALL: [Self; 5] = [Self::Jti, Self::Family, Self::Session, Self::User, Self::Client];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Jti => "jti",
            Self::Family => "family",
            Self::Session => "session",
            Self::User => "user",
            Self::Client => "client",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether what it names never gives tokens again, so that when a token was issued makes no difference.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Jti | Self::Family | Self::Session)
    }
}

/// What a token carries that a revocation may name.
#[derive(Clone, Copy, Debug)]
pub struct TokenMarks<'a> {
    pub jti: &'a str,
    /// When it was issued, to the millisecond: the whole seconds of `iat` could not tell a token issued just after
    /// "sign out everywhere" from one issued just before.
    pub issued: Timestamp,
    pub client_id: &'a str,
    /// `None` where a client speaks for itself.
    pub user_id: Option<&'a str>,
    pub family: Option<&'a str>,
    /// Only of tokens that end with their session.
    pub sid: Option<&'a str>,
}

/// The unexpired rows of `revocations` in memory: a token is checked against them without a query.
///
/// Cheap to clone; every clone sees the same. What this instance revokes is applied at once, what others revoke comes
/// with the next poll. A revocation in here stays until no token that it concerns can be unexpired.
#[derive(Clone, Default)]
pub struct RevocationView(Arc<View>);

#[derive(Default)]
struct View {
    jti: Marks,
    family: Marks,
    session: Marks,
    user: Marks,
    client: Marks,
    /// The highest `seq` taken in. Numbers become visible in their order, so nothing below it can appear later.
    position: AtomicI64,
}

/// The marks of one kind. `count` lets the usual case, none at all, pass without the lock.
#[derive(Default)]
struct Marks {
    count: AtomicUsize,
    by_key: RwLock<HashMap<String, Mark>>,
}

#[derive(Clone, Copy)]
struct Mark {
    not_before: i64,
    expires_at: i64,
}

impl RevocationView {
    /// Whether a revocation names anything of this token.
    pub fn is_void(&self, token: &TokenMarks<'_>) -> bool {
        let view = &self.0;
        let issued = token.issued.millis();
        view.jti.names(token.jti, issued)
            || view.client.names(token.client_id, issued)
            || token.family.is_some_and(|key| view.family.names(key, issued))
            || token.sid.is_some_and(|key| view.session.names(key, issued))
            || token.user_id.is_some_and(|key| view.user.names(key, issued))
    }

    /// Takes in a revocation made by this instance, after its commit.
    pub fn apply(&self, kind: RevocationKind, key: &str, not_before: Timestamp, expires_at: Timestamp) {
        self.put(kind, key, not_before.millis(), expires_at.millis());
    }

    /// The `seq` after which to read the table next.
    pub fn position(&self) -> i64 {
        self.0.position.load(Ordering::Acquire)
    }

    /// Takes in what a read of the table brought. Rows seen before change nothing.
    pub fn take_in(&self, rows: &[RevocationRecord]) {
        for row in rows {
            if let Some(kind) = RevocationKind::from_name(&row.kind) {
                self.put(kind, &row.key, row.not_before, row.expires_at);
            } else {
                tracing::warn!(kind = %row.kind, "a revocation of an unknown kind is ignored");
            }
        }
        if let Some(last) = rows.iter().map(|row| row.seq).max() {
            self.0.position.fetch_max(last, Ordering::AcqRel);
        }
    }

    /// Forgets revocations whose tokens have all expired.
    pub fn drop_expired(&self, now: Timestamp) {
        for kind in RevocationKind::ALL {
            self.marks(kind).drop_expired(now.millis());
        }
    }

    fn put(&self, kind: RevocationKind, key: &str, not_before: i64, expires_at: i64) {
        let not_before = if kind.is_final() { i64::MAX } else { not_before };
        self.marks(kind).put(key, Mark { not_before, expires_at });
    }

    fn marks(&self, kind: RevocationKind) -> &Marks {
        match kind {
            RevocationKind::Jti => &self.0.jti,
            RevocationKind::Family => &self.0.family,
            RevocationKind::Session => &self.0.session,
            RevocationKind::User => &self.0.user,
            RevocationKind::Client => &self.0.client,
        }
    }
}

impl Marks {
    fn names(&self, key: &str, issued: i64) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let by_key = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        by_key.get(key).is_some_and(|mark| issued <= mark.not_before)
    }

    fn put(&self, key: &str, mark: Mark) {
        let mut by_key = self.by_key.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_key.get_mut(key) {
            known.not_before = known.not_before.max(mark.not_before);
            known.expires_at = known.expires_at.max(mark.expires_at);
        } else {
            by_key.insert(key.to_owned(), mark);
        }
        self.count.store(by_key.len(), Ordering::Release);
    }

    fn drop_expired(&self, now: i64) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut by_key = self.by_key.write().unwrap_or_else(PoisonError::into_inner);
        by_key.retain(|_, mark| mark.expires_at > now);
        self.count.store(by_key.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: TokenMarks<'_> = TokenMarks {
        jti: "j",
        issued: Timestamp::from_millis(1_500),
        client_id: "c",
        user_id: Some("u"),
        family: Some("f"),
        sid: Some("s"),
    };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn row(seq: i64, kind: &str, key: &str) -> RevocationRecord {
        RevocationRecord { seq, kind: kind.to_owned(), key: key.to_owned(), not_before: 2_000, expires_at: 9_000 }
    }

    #[test]
    fn each_kind_of_revocation_voids_the_token_that_carries_its_key_and_no_other() {
        for (kind, key) in RevocationKind::ALL.into_iter().zip(["j", "f", "s", "u", "c"]) {
            let view = RevocationView::default();
            view.apply(kind, "another", at(2_000), at(9_000));
            assert!(!view.is_void(&TOKEN), "{kind:?}");
            view.clone().apply(kind, key, at(2_000), at(9_000));
            assert!(view.is_void(&TOKEN), "{kind:?}");
        }
    }

    #[test]
    fn a_token_issued_in_the_same_second_but_later_stays_valid() {
        let view = RevocationView::default();
        view.apply(RevocationKind::User, "u", at(1_499), at(9_000));
        assert!(!view.is_void(&TOKEN));
        view.apply(RevocationKind::User, "u", at(1_500), at(9_000));
        assert!(view.is_void(&TOKEN));
        // An older mark that arrives late takes nothing back.
        view.apply(RevocationKind::User, "u", at(10), at(20));
        assert!(view.is_void(&TOKEN));
    }

    #[test]
    fn what_has_ended_for_good_gives_no_later_token_either() {
        // Of two exchanges at once, the replay's revocation can come before the other's token is made.
        for (kind, key, for_good) in [
            (RevocationKind::Jti, "j", true),
            (RevocationKind::Family, "f", true),
            (RevocationKind::Session, "s", true),
            (RevocationKind::User, "u", false),
            (RevocationKind::Client, "c", false),
        ] {
            let view = RevocationView::default();
            view.apply(kind, key, at(1_000), at(9_000));
            assert_eq!(view.is_void(&TOKEN), for_good, "{kind:?}");
        }
    }

    #[test]
    fn tokens_without_session_outlive_every_session() {
        let view = RevocationView::default();
        view.apply(RevocationKind::Session, "s", at(2_000), at(9_000));
        assert!(!view.is_void(&TokenMarks { sid: None, ..TOKEN }));
    }

    #[test]
    fn marks_are_forgotten_when_they_expire() {
        let view = RevocationView::default();
        view.take_in(&[row(1, "jti", "j")]);
        view.drop_expired(at(8_999));
        assert!(view.is_void(&TOKEN));
        view.drop_expired(at(9_000));
        assert!(!view.is_void(&TOKEN));
    }

    #[test]
    fn reading_goes_on_after_the_highest_number_seen() {
        let view = RevocationView::default();
        view.take_in(&[row(7, "jti", "x"), row(9, "jti", "j")]);
        view.take_in(&[row(8, "of another version", "y")]);
        assert_eq!(view.position(), 9);
        assert!(view.is_void(&TOKEN));
    }
}
