use std::fmt;

use crate::rejection::Rejection;
use crate::verified::AuthenticHead;
use crate::wire::Account;

/// How long a nonce may be, in characters.
pub const MAX_NONCE: usize = 256;

/// What makes a callback one of a kind: the account, and the nonce that its sender chose.
///
/// Not the `keyId`, which the signature does not cover.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nonce {
    account: Account,
    text: Box<str>,
}

impl Nonce {
    /// The nonce of an authentic head.
    ///
    /// # Errors
    /// [`Rejection::NonceMissing`] if the signature does not cover one, [`Rejection::NonceMalformed`] if it is not 1 to
    /// [`MAX_NONCE`] visible ASCII characters.
    pub fn of(head: &AuthenticHead) -> Result<Self, Rejection> {
        let value = head.covered("x-nonce").ok_or(Rejection::NonceMissing)?;
        let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_graphic()));
        match text {
            Some(text) if (1..=MAX_NONCE).contains(&text.len()) => {
                Ok(Self { account: head.account(), text: text.into() })
            }
            _ => Err(Rejection::NonceMalformed { got: value.into() }),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({} {})", self.account, self.text)
    }
}
