use super::limits;
use crate::excerpt::excerpt;

/// What is wrong with a script, or went wrong in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("the script has {length} bytes, at most {} are allowed", limits::SOURCE)]
    TooLong { length: usize },
    #[error("it takes longer than {} ms to compile", limits::COMPILING.as_millis())]
    TooMuch,
    #[error("line {line}, column {column}: {message}")]
    Syntax { message: String, line: u32, column: u32 },
    /// The script threw an error and did not catch it.
    #[error("{0}")]
    Thrown(String),
    #[error("not finished after {} ms; is there an endless loop?", limits::DEADLINE.as_millis())]
    Deadline,
    #[error("more than {} MiB of memory needed", limits::MEMORY / 1024 / 1024)]
    Memory,
    #[error("calls nested too deeply; does a function call itself without an end?")]
    Stack,
    /// The script promised a value for later, and there is no later.
    #[error("a script must come to its value at once, without promises")]
    Promise,
    /// The engine itself does not work.
    #[error("the JavaScript engine failed: {0}")]
    Engine(String),
}

impl ScriptError {
    /// What a script threw, or why what it asked for is not done.
    pub(crate) fn thrown(text: &str) -> Self {
        Self::Thrown(excerpt(text, limits::MESSAGE))
    }

    pub(super) fn engine(cause: impl ToString) -> Self {
        Self::Engine(excerpt(&cause.to_string(), limits::MESSAGE))
    }

    /// Whether the realm that the script ran in can be used again.
    pub(super) const fn leaves_realm_intact(&self) -> bool {
        matches!(self, Self::Thrown(_) | Self::TooLong { .. } | Self::TooMuch | Self::Syntax { .. })
    }
}
