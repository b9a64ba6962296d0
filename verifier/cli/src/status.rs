use std::process::ExitCode;

/// How the program ends. Scripts rely on these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// The callback is verified; the key is usable.
    Good = 0,
    /// The callback is refused; there is no usable key.
    Refused = 1,
    /// There is no verdict: wrong usage, or input that cannot be read.
    Unreadable = 2,
    /// There is no verdict at the moment: the key could not be looked up.
    Temporary = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}
