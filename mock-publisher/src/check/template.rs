//! Texts with `${variables}`, and with filters behind them: `${signature|first:20}`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a variable stands for.
pub(super) trait Variables {
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// A text that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("`${{{0}}}` is no variable")]
    Variable(String),
    #[error("`{0}` is no filter")]
    Filter(String),
    #[error("a `${{` has no end")]
    Open,
}

/// Fills in the variables of a text.
pub(super) fn filled(text: &str, variables: &impl Variables) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        let (inside, behind) = behind.split_once('}').ok_or(TemplateError::Open)?;
        let mut parts = inside.split('|');
        let name = parts.next().unwrap_or_default();
        let value = variables.get(name).ok_or_else(|| TemplateError::Variable(name.to_owned()))?;
        let mut value = value.into_owned();
        for filter in parts {
            value = filtered(&value, filter).ok_or_else(|| TemplateError::Filter(filter.to_owned()))?;
        }
        out.push_str(&value);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// `None` for what is no filter, or fits no such value.
fn filtered(value: &str, filter: &str) -> Option<String> {
    let (name, argument) = filter.split_once(':').unwrap_or((filter, ""));
    let count = || argument.parse::<usize>().ok();
    let moment = || {
        let date = callback_verifier::wire::parse_date(value.as_bytes()).ok()?;
        jiff::Timestamp::try_from(date).ok()
    };
    Some(match name {
        "upper" => value.to_ascii_uppercase(),
        "lower" => value.to_ascii_lowercase(),
        "first" => value.chars().take(count()?).collect(),
        "repeat" => value.repeat(count()?),
        "reverse" => value.chars().rev().collect(),
        "unpadded" => value.trim_end_matches('=').to_owned(),
        // The same bytes to a decoder that ignores the bits that stand for nothing.
        "stray_bits" => {
            let significant = value.trim_end_matches('=');
            let (last, front) = significant.as_bytes().split_last()?;
            let last = char::from(last.checked_add(1)?);
            format!("{}{last}{}", str::from_utf8(front).ok()?, &value[significant.len()..])
        }
        "hex" => STANDARD.decode(value).ok()?.iter().map(|byte| format!("{byte:02x}")).collect(),
        "rfc850" => moment()?.strftime("%A, %d-%b-%y %H:%M:%S GMT").to_string(),
        "asctime" => moment()?.strftime("%a %b %e %H:%M:%S %Y").to_string(),
        "unix" => moment()?.as_second().to_string(),
        "iso" => moment()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        // The same moment for those who carry what is too much, as many parsers do.
        "overflowing" => {
            let date = jiff::tz::Offset::UTC.to_datetime(moment()?);
            let (hour, minute, second) = (date.hour(), date.minute(), date.second());
            let (hour, minute, second) = match (hour, minute) {
                (0, 0) => (0, 0, second + 60),
                (0, _) => (0, minute - 1, second + 60),
                _ => (hour - 1, minute + 60, second),
            };
            format!("{} {hour:02}:{minute:02}:{second:02} GMT", date.strftime("%a, %d %b %Y"))
        }
        "full_width" => value.chars().map(full_width).collect::<Option<_>>()?,
        "two_digit_year" => moment()?.strftime("%a, %d %b %y %H:%M:%S GMT").to_string(),
        _ => return None,
    })
}

/// A digit as other scripts write it.
fn full_width(digit: char) -> Option<char> {
    char::from_u32(0xff10 + digit.to_digit(10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;

    impl Variables for Two {
        fn get(&self, name: &str) -> Option<Cow<'_, str>> {
            match name {
                "date" => Some("Mon, 23 Nov 2026 08:05:00 GMT".into()),
                "signature" => Some("+/8=".into()),
                "number" => Some("12".into()),
                _ => None,
            }
        }
    }

    #[test]
    fn variables_are_filled_in_and_filtered() {
        for (text, expected) in [
            ("", ""),
            ("a$b{c}", "a$b{c}"),
            ("<${signature}>", "<+/8=>"),
            ("${signature|first:2}${signature|reverse}", "+/=8/+"),
            ("${signature|unpadded|repeat:2}", "+/8+/8"),
            ("${signature|hex}", "fbff"),
            ("${signature|stray_bits}", "+/9="),
            ("${date|rfc850}", "Monday, 23-Nov-26 08:05:00 GMT"),
            ("${date|asctime}", "Mon Nov 23 08:05:00 2026"),
            ("${date|unix}", "1795421100"),
            ("${date|iso}", "2026-11-23T08:05:00Z"),
            ("${date|overflowing}", "Mon, 23 Nov 2026 07:65:00 GMT"),
            ("${number|full_width}", "１２"),
            ("${date|two_digit_year|upper}", "MON, 23 NOV 26 08:05:00 GMT"),
        ] {
            assert_eq!(filled(text, &Two).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(filled("${x}", &Two), Err(TemplateError::Variable("x".into())));
        assert_eq!(filled("${date|x}", &Two), Err(TemplateError::Filter("x".into())));
        assert_eq!(filled("${signature|unix}", &Two), Err(TemplateError::Filter("unix".into())));
        assert_eq!(filled("${date|first:x}", &Two), Err(TemplateError::Filter("first:x".into())));
        assert_eq!(filled("${date", &Two), Err(TemplateError::Open));
    }
}
