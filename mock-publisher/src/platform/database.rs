use serde_json::Value;

use super::Id;

/// A database: which fields and interests its profiles have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    /// The names of the interests that a profile can have.
    pub(crate) interests: Vec<String>,
}

/// A field of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// What a profile has that was created without a value.
    pub(crate) default: String,
}

/// What values a field has. They are always handed out as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text,
    /// Text: the platform does not check an address.
    Email,
    Integer,
}

impl Database {
    /// The database that a fresh store has.
    pub(crate) fn sample() -> Self {
        let field = |name: &str, kind, default: &str| Field { name: name.into(), kind, default: default.into() };
        Self {
            id: 1,
            name: "customers".into(),
            fields: vec![
                field("name", FieldKind::Text, ""),
                field("email", FieldKind::Email, ""),
                field("city", FieldKind::Text, ""),
                field("company", FieldKind::Text, ""),
                field("score", FieldKind::Integer, "0"),
            ],
            interests: vec!["tennis".into(), "golf".into()],
        }
    }
}

impl FieldKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Integer => "integer",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Text, Self::Email, Self::Integer].into_iter().find(|kind| kind.name() == name)
    }

    /// What the platform makes of a value: whatever comes in is cast the way PHP casts it, and comes out as text.
    pub(crate) fn normalise(self, value: &Value) -> String {
        match self {
            Self::Text | Self::Email => text(value),
            Self::Integer => integer(value).to_string(),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "1".into(),
        Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// PHP's `(int)`: of a text the number that it begins with, truncated; of a list, whether it is empty.
fn integer(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(truth) => i64::from(*truth),
        Value::Number(number) => number.as_i64().unwrap_or_else(|| truncated(number.as_f64().unwrap_or_default())),
        Value::String(text) => leading_number(text),
        Value::Array(items) => i64::from(!items.is_empty()),
        Value::Object(items) => i64::from(!items.is_empty()),
    }
}

/// The number that a text begins with: sign, digits, fraction, exponent. `1e3` is one, of `1e` only the `1` is, of `1-2` too.
fn leading_number(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = |at: usize| usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let whole = sign(0);
    let mut end = whole + digits(whole);
    let mut has_digits = end > whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        has_digits |= fraction > 0;
        end += 1 + fraction;
    }
    if has_digits && matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent = end + 1 + sign(end + 1);
        if digits(exponent) > 0 {
            end = exponent + digits(exponent);
        }
    }
    let number = &text[..end];
    number.parse().ok().or_else(|| number.parse().ok().map(truncated)).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "saturating is what is wanted of an absurd number")]
fn truncated(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_number_is_read_in_one_go() {
        // Trying one end after another would take hours.
        let long = format!("{}{}", "1".repeat(4 << 20), "-".repeat(4 << 20));
        assert_eq!(FieldKind::Integer.normalise(&json!(long)), i64::MAX.to_string());
    }

    #[test]
    fn values_are_cast_as_php_casts_them() {
        for (value, as_text, as_integer) in [
            (json!("Mike"), "Mike", "0"),
            (json!(""), "", "0"),
            (json!("12"), "12", "12"),
            (json!(" -7 apples"), " -7 apples", "-7"),
            (json!("3.9"), "3.9", "3"),
            (json!("1e3"), "1e3", "1000"),
            (json!("1-2"), "1-2", "1"),
            (json!("1e"), "1e", "1"),
            (json!("-1.5e+2x"), "-1.5e+2x", "-150"),
            (json!(".5"), ".5", "0"),
            (json!("-"), "-", "0"),
            (json!("."), ".", "0"),
            (json!("+7"), "+7", "7"),
            (json!(4.5), "4.5", "4"),
            (json!(true), "1", "1"),
            (json!(false), "", "0"),
            (json!(null), "", "0"),
            (json!([1]), "", "1"),
            (json!({}), "", "0"),
            (json!("99999999999999999999"), "99999999999999999999", "9223372036854775807"),
        ] {
            assert_eq!(FieldKind::Text.normalise(&value), as_text, "{value}");
            assert_eq!(FieldKind::Integer.normalise(&value), as_integer, "{value}");
        }
    }
}
