use std::fmt;

/// What kind of customer an [`Account`] is.
///
/// See the example of [`Account`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// `account_1234`: an account of the platform.
    Account,
    /// `environment_1234`: an environment of its sister product, accepted by opt-in only.
    Environment,
}

/// The value of `X-Copernica-ID`: whose data a callback carries.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::{Account, AccountError, AccountKind};
///
/// assert_eq!(Account::parse(b"Account-1234")?, Account::new(1234));
/// assert_eq!(Account::new(1234).to_string(), "account_1234");
/// assert_eq!(Account::parse(b"environment_7")?.kind, AccountKind::Environment);
/// assert_eq!(Account::parse(b"account_01234"), Err(AccountError));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account {
    /// An account, or an environment of the sister product.
    pub kind: AccountKind,
    /// Its number.
    pub id: u64,
}

/// The value of `X-Copernica-ID` names no account.
///
/// See the example of [`Account`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `account_` or `account-` and a plain decimal number")]
pub struct AccountError;

impl Account {
    /// An account of the platform.
    pub const fn new(id: u64) -> Self {
        Self { kind: AccountKind::Account, id }
    }

    /// Reads `account_1234`, `account-1234`, `Account_1234`, or the same with `environment`.
    ///
    /// # Errors
    /// [`AccountError`] unless the number is a plain decimal without sign or leading zero that fits 64 bits.
    pub fn parse(value: &[u8]) -> Result<Self, AccountError> {
        let at = value.iter().position(|b| matches!(b, b'_' | b'-')).ok_or(AccountError)?;
        let (word, number) = (&value[..at], &value[at + 1..]);
        let kind = if word.eq_ignore_ascii_case(b"account") {
            AccountKind::Account
        } else if word.eq_ignore_ascii_case(b"environment") {
            AccountKind::Environment
        } else {
            return Err(AccountError);
        };
        let plain = number.iter().all(u8::is_ascii_digit) && (number.len() == 1 || number.first() != Some(&b'0'));
        let text = std::str::from_utf8(number).map_err(|_| AccountError)?;
        let id = text.parse().ok().filter(|_| plain).ok_or(AccountError)?;
        Ok(Self { kind, id })
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            AccountKind::Account => "account",
            AccountKind::Environment => "environment",
        };
        write!(f, "{word}_{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_that_is_seen_and_no_other() {
        for good in ["account_1234", "account-1234", "Account_1234", "ACCOUNT-1234"] {
            assert_eq!(Account::parse(good.as_bytes()), Ok(Account::new(1234)), "{good}");
        }
        assert_eq!(Account::parse(b"environment-7"), Ok(Account { kind: AccountKind::Environment, id: 7 }));
        for bad in [
            "",
            "1234",
            "account",
            "account_",
            "account_01234",
            "account_+1",
            "account_-1",
            "account__1",
            "account_1e0",
            "account_1234x",
            " account_1234",
            "account_1 ",
            "account.1234",
            "acount_1",
            "account_0x10",
            "account_18446744073709551616",
            "account_\u{661}",
        ] {
            assert_eq!(Account::parse(bad.as_bytes()), Err(AccountError), "{bad:?}");
        }
    }
}
