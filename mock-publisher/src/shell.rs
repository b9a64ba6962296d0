/// A text as one word of a command line of `sh`.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_could_read_is_quoted() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/hook", "http://127.0.0.1:8080/hook"),
            ("", "''"),
            ("a b", "'a b'"),
            ("http://h/?x=1&y=$(id)", "'http://h/?x=1&y=$(id)'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(word(text), expected);
        }
    }
}
