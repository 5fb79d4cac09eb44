//! What a client knows a person by (OpenID Connect Core §8).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Client, Context};

/// `subject_type` of a client's metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// Every client knows the person by the same name.
    #[default]
    Public,
    /// Clients of different sectors cannot tell that they know the same person.
    Pairwise,
}

impl SubjectType {
    /// `subject_types_supported` of the metadata.
    pub const SUPPORTED: [Self; 2] = [Self::Public, Self::Pairwise];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }
}

impl Context {
    /// The `sub` of a user for `client`, in every token and answer that it or its resource servers see.
    pub fn subject<'a>(&self, client: &Client, user_id: &'a str) -> Cow<'a, str> {
        match &client.sector {
            None => Cow::Borrowed(user_id),
            Some(sector) => Cow::Owned(self.pseudonyms.name(sector, user_id)),
        }
    }

    /// The `sid` of a session for `client`: one that clients of different sectors shared would lead from one `sub` to the
    /// other.
    pub fn sid<'a>(&self, client: &Client, session_id: &'a str) -> Cow<'a, str> {
        match &client.sector {
            None => Cow::Borrowed(session_id),
            Some(sector) => Cow::Owned(self.pseudonyms.session(sector, session_id)),
        }
    }
}
