/// The choices of a `select`, one a line, without white space behind them and without the mark of the default.
fn choices(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().map(|line| line.trim_end()).map(|line| line.strip_suffix('*').unwrap_or(line).trim_end())
}

/// The choice marked by a `*`; if there is none, the first.
pub(super) fn default(lines: &str) -> &str {
    let marked = lines.lines().map(str::trim_end).find_map(|line| line.strip_suffix('*'));
    marked.map(str::trim_end).or_else(|| choices(lines).next()).unwrap_or_default()
}

/// The value if it is one of the choices, and nothing otherwise.
pub(super) fn chosen<'a>(lines: &'a str, value: &str) -> &'a str {
    choices(lines).find(|choice| *choice == value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_exact_or_nothing() {
        let lines = "A \r\nB\r\nC*";
        for (value, expected) in [("A", "A"), ("B", "B"), ("C", "C"), ("a", ""), ("A ", ""), ("C*", ""), ("D", "")] {
            assert_eq!(chosen(lines, value), expected, "{value}");
        }
        assert_eq!(default(lines), "C");
        assert_eq!(default("A\nB"), "A");
        assert_eq!(default(""), "");
    }
}
