use std::fmt;

/// A bounded, printable copy of something that a stranger sent, safe to put into a log line.
///
/// At most 80 characters are kept; whatever is not visible ASCII is escaped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::Excerpt;
///
/// assert_eq!(Excerpt::from("a\nforged log line").to_string(), r"`a\nforged log line`");
/// assert_eq!(Excerpt::from("x".repeat(9000).as_str()).as_str().len(), 83);     // 80 and `...`
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt(Box<str>);

const MAX_EXCERPT: usize = 80;

impl Excerpt {
    /// The text of the excerpt.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&[u8]> for Excerpt {
    fn from(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(MAX_EXCERPT)];
        let mut text = kept.escape_ascii().to_string();
        if kept.len() < bytes.len() {
            text.push_str("...");
        }
        Self(text.into())
    }
}

impl From<&str> for Excerpt {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short_and_printable_and_says_what_was_cut_off() {
        let whole = "x".repeat(80);
        for (text, expected) in [
            ("", String::new()),
            ("a\r\nb\0\u{e9}`", r"a\r\nb\x00\xc3\xa9`".to_owned()),
            (whole.as_str(), whole.clone()),
            (&"x".repeat(81), format!("{whole}...")),
        ] {
            let excerpt = Excerpt::from(text);
            assert_eq!(excerpt.as_str(), expected);
            assert_eq!(excerpt.to_string(), format!("`{expected}`"));
            assert_eq!(format!("{excerpt:?}"), format!("{expected:?}"));
        }
    }
}
