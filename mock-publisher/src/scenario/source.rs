use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::emit::TargetError;

/// A scenario cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenarioError {
    #[error(
        "cannot read the scenario `{}`: {cause}; those that come with the program are listed by `mock-publisher run --list`",
        path.display()
    )]
    File { path: PathBuf, cause: io::Error },
    #[error("the scenario `{}` is longer than {most} MiB", path.display())]
    TooLong { path: PathBuf, most: u64 },
    #[error("the scenario `{}` is not UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{0}")]
    At(Box<Place>),
    #[error("the receiver cannot be called: {0}")]
    Receiver(TargetError),
}

impl ScenarioError {
    /// Whether the scenario that was asked for is none: there is no other remedy than to ask for another one.
    pub(crate) const fn is_wrong_scenario(&self) -> bool {
        !matches!(self, Self::Receiver(_))
    }
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`, line {line}, column {column}: {message}\n  {line:>4} | {text}\n       | {arrow}")]
pub(crate) struct Place {
    file: String,
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    message: String,
    /// The line, as far as it is shown.
    text: String,
    /// What points at the column.
    arrow: String,
}

/// How much of a line is shown, in characters.
const SHOWN: usize = 160;

/// The text of a scenario, and what it is called.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a place in the text, or at its beginning.
    pub(super) fn error(&self, span: Option<Range<usize>>, message: impl Into<String>) -> ScenarioError {
        let at = span.map_or(0, |span| span.start.min(self.text.len()));
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let text: String = self.text[start..].lines().next().unwrap_or_default().chars().take(SHOWN).collect();
        let column = before[start..].chars().count() + 1;
        // Beyond what is shown there is nothing to point at.
        let arrow = if column > SHOWN { String::new() } else { format!("{}^", " ".repeat(column - 1)) };
        let place = Place {
            file: self.name.to_owned(),
            line,
            column,
            message: message.into(),
            text: text.replace('\t', " "),
            arrow,
        };
        ScenarioError::At(Box::new(place))
    }

    /// The number of the line that a place is in, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().matches('\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, at: usize) -> String {
        Source { name: "it.toml", text }.error(Some(at..at), "wrong").to_string()
    }

    #[test]
    fn an_error_shows_where_it_is() {
        let text = "a = 1\n\tb = 'é' c\n";
        let expected = "`it.toml`, line 2, column 10: wrong\n     2 |  b = 'é' c\n       |          ^";
        assert_eq!(shown(text, text.find('c').unwrap()), expected);
    }

    #[test]
    fn no_place_is_too_far_away() {
        let text = format!("a = {}", "1".repeat(100_000));
        assert!(shown(&text, 90_000).starts_with("`it.toml`, line 1, column 90001: wrong\n"));
        for at in [0, 100_004, 100_005, usize::MAX] {
            assert!(shown(&text, at).contains("line 1, "), "{at}");
        }
        assert!(shown("é", 1).contains("line 1, column 1"));
        assert!(shown("", 0).contains("line 1, column 1"));
    }
}
