/// A text that somebody else wrote, for a place that has room for so many characters; `...` stands for the rest.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_between_two_characters() {
        for (text, expected) in
            [("", ""), ("abc", "abc"), ("abcd", "abc..."), ("zoë", "zoë"), ("ééé\u{1f600}", "ééé...")]
        {
            assert_eq!(excerpt(text, 3), expected);
        }
    }
}
