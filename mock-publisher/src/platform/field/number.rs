use serde_json::Value;

/// PHP's `(int)`: of a text the number that it begins with, truncated; of a list, whether it is empty.
pub(super) fn integer(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(truth) => i64::from(*truth),
        Value::Number(number) => number.as_i64().unwrap_or_else(|| truncated(number.as_f64().unwrap_or_default())),
        Value::String(text) => leading_integer(text),
        Value::Array(items) => i64::from(!items.is_empty()),
        Value::Object(items) => i64::from(!items.is_empty()),
    }
}

/// PHP's `(float)`, written as PHP writes it: without a fraction if there is none.
pub(super) fn float(value: &Value) -> String {
    let number = match value {
        Value::Null => 0.0,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => leading_number(text).parse().unwrap_or_default(),
        Value::Array(items) => f64::from(u8::from(!items.is_empty())),
        Value::Object(items) => f64::from(u8::from(!items.is_empty())),
    };
    // `-0` is a zero like any other.
    (number + 0.0).to_string()
}

/// The number that a text begins with: sign, digits, fraction, exponent. `1e3` is one, of `1e` only the `1` is, of `1-2` too.
fn leading_number(text: &str) -> &str {
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
    &text[..end]
}

fn leading_integer(text: &str) -> i64 {
    let number = leading_number(text);
    number.parse().ok().or_else(|| number.parse().ok().map(truncated)).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "saturating is what is wanted of an absurd number")]
fn truncated(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::text;
    use super::*;

    #[test]
    fn a_long_number_is_read_in_one_go() {
        // Trying one end after another would take hours.
        let long = format!("{}{}", "1".repeat(4 << 20), "-".repeat(4 << 20));
        assert_eq!(integer(&json!(long)), i64::MAX);
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
            assert_eq!(text(&value), as_text, "{value}");
            assert_eq!(integer(&value).to_string(), as_integer, "{value}");
        }
    }

    #[test]
    fn floats_are_written_as_php_writes_them() {
        for (value, expected) in [
            (json!("3.50"), "3.5"),
            (json!("3.0"), "3"),
            (json!(" -7.25 apples"), "-7.25"),
            (json!("apples"), "0"),
            (json!("-0"), "0"),
            (json!("1e3"), "1000"),
            (json!(true), "1"),
            (json!(2), "2"),
        ] {
            assert_eq!(float(&value), expected, "{value}");
        }
    }
}
