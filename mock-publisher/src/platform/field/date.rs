//! Dates as the platform reads them: what PHP's `strtotime` takes for a moment, in the time zone of Amsterdam. Not read are
//! words that depend on the present, such as `tomorrow`; a bare number is no date.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The day that a text names, as `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<String> {
    parse(text).map(|moment| moment.date().to_string())
}

/// The moment that a text names, as `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn moment(text: &str) -> Option<String> {
    parse(text).map(|moment| moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// No date that is understood is longer.
const MAX_LENGTH: usize = 64;

static AMSTERDAM: LazyLock<TimeZone> = LazyLock::new(|| {
    // The time zones are part of the program, so this one is there.
    TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC)
});

fn parse(text: &str) -> Option<DateTime> {
    let text = text.trim();
    if text.len() > MAX_LENGTH || !text.is_ascii() {
        return None;
    }
    if let Some(seconds) = text.strip_prefix('@') {
        let moment = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        return Some(AMSTERDAM.to_datetime(moment));
    }
    let text = without_weekday(text);
    let (date, rest) = date(text)?;
    let rest = rest.trim_start_matches(|c: char| c == 'T' || c == 't' || c == ',' || c.is_ascii_whitespace());
    if rest.is_empty() {
        return Some(date.to_datetime(Time::midnight()));
    }
    let (time, rest) = time(rest)?;
    let civil = date.to_datetime(time);
    match zone(rest.trim())? {
        None => Some(civil),
        Some(offset) => Some(AMSTERDAM.to_datetime(offset.to_timestamp(civil).ok()?)),
    }
}

/// `Mon, 23 Nov 2026` is the same without its first word.
fn without_weekday(text: &str) -> &str {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let word = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    match text.get(..3) {
        Some(start) if days.iter().any(|day| start.eq_ignore_ascii_case(day)) => {
            text[word..].trim_start_matches([',', ' '])
        }
        _ => text,
    }
}

/// A date, and what follows it.
fn date(text: &str) -> Option<(Date, &str)> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // `November 23, 2026`
        let (month, rest) = month(text)?;
        let (day, rest) = number(rest.trim_start_matches([' ', '.']), 2)?;
        let (year, rest) = number(rest.trim_start_matches([',', ' ']), 4)?;
        return Some((civil(year.value, month, day.value)?, rest));
    }
    let (first, rest) = number(text, 4)?;
    let separator = rest.chars().next()?;
    let rest = &rest[1..];
    if separator == ' ' || rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // `23 November 2026`, `23-Nov-2026`
        let (month, rest) = month(rest.trim_start())?;
        let (year, rest) = number(rest.trim_start_matches([' ', '-', '.', ',']), 4)?;
        return Some((civil(year.value, month, first.value)?, rest));
    }
    let (second, rest) = number(rest, 2)?;
    let (third, rest) = number(rest.strip_prefix(separator)?, 4)?;
    let (year, month, day) = match (first.digits, third.digits, separator) {
        (4, 1..=2, '-' | '/') => (first.value, second.value, third.value),
        (1..=2, 4, '-' | '.') => (third.value, second.value, first.value),
        // As Americans write it.
        (1..=2, 4, '/') => (third.value, first.value, second.value),
        _ => return None,
    };
    Some((civil(year, month, day)?, rest))
}

/// PHP lets days up to 31 run over into the next month. The year 0 is how the platform writes that there is no date.
fn civil(year: i32, month: i32, day: i32) -> Option<Date> {
    if year == 0 || !(1..=31).contains(&day) {
        return None;
    }
    let first = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    first.checked_add(Span::new().days(day - 1)).ok()
}

/// `HH:MM`, `HH:MM:SS`, with a fraction of a second and `am` or `pm`, and what follows it.
fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => number(rest, 2)?,
        None => (Number { value: 0, digits: 2 }, rest),
    };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let after = rest.trim_start();
    let half = after.get(..2).map(str::to_ascii_lowercase);
    let (hour, rest) = match (half.as_deref(), hour.value) {
        (Some("am"), 1..=12) => (hour.value % 12, &after[2..]),
        (Some("pm"), 1..=12) => (hour.value % 12 + 12, &after[2..]),
        (Some("am" | "pm"), _) => return None,
        (_, hour) => (hour, rest),
    };
    let part = |value: i32| i8::try_from(value).ok();
    Some((Time::new(part(hour)?, part(minute.value)?, part(second.value)?, 0).ok()?, rest))
}

/// The offset of a time: none, `Z`, `UTC`, `GMT`, `+0100`, `+01:00`. `None` if it is something else.
fn zone(text: &str) -> Option<Option<jiff::tz::Offset>> {
    if text.is_empty() {
        return Some(None);
    }
    if ["z", "utc", "gmt"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(Some(jiff::tz::Offset::UTC));
    }
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, rest) = number(digits, 2)?;
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => 0,
        rest => number(rest, 2).filter(|(minutes, rest)| rest.is_empty() && minutes.value < 60)?.0.value,
    };
    jiff::tz::Offset::from_seconds(sign * (hours.value * 3600 + minutes * 60)).ok().map(Some)
}

/// A month by its name or the first three letters of it, and what follows.
fn month(text: &str) -> Option<(i32, &str)> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let word = text[..end].to_ascii_lowercase();
    let index = NAMES.iter().position(|name| *name == word || (word.len() == 3 && name.starts_with(&word)))?;
    Some((i32::try_from(index).ok()? + 1, &text[end..]))
}

struct Number {
    value: i32,
    digits: usize,
}

/// Up to so many digits, and what follows.
fn number(text: &str, most: usize) -> Option<(Number, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = text[..digits].parse().ok()?;
    Some((Number { value, digits }, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_php_reads_them() {
        for (text, expected) in [
            ("2026-11-23", Some("2026-11-23 00:00:00")),
            ("2026-1-2", Some("2026-01-02 00:00:00")),
            ("2026/11/23", Some("2026-11-23 00:00:00")),
            (" 2026-11-23 08:15:30 ", Some("2026-11-23 08:15:30")),
            ("2026-11-23T08:15", Some("2026-11-23 08:15:00")),
            ("2026-11-23 08:15:30.123", Some("2026-11-23 08:15:30")),
            ("2026-11-23 8:15 pm", Some("2026-11-23 20:15:00")),
            ("2026-11-23 12:15am", Some("2026-11-23 00:15:00")),
            ("23-11-2026", Some("2026-11-23 00:00:00")),
            ("23.11.2026", Some("2026-11-23 00:00:00")),
            ("11/23/2026", Some("2026-11-23 00:00:00")),
            ("23 November 2026", Some("2026-11-23 00:00:00")),
            ("23-Nov-2026", Some("2026-11-23 00:00:00")),
            ("Nov 23, 2026 08:15", Some("2026-11-23 08:15:00")),
            ("Mon, 23 Nov 2026 08:15:00 +0100", Some("2026-11-23 08:15:00")),
            // In Amsterdam it is an hour later in winter, and two hours in summer.
            ("2026-11-23T08:15:00Z", Some("2026-11-23 09:15:00")),
            ("2026-07-01 23:30:00+00:00", Some("2026-07-02 01:30:00")),
            ("2026-07-01 08:00 GMT", Some("2026-07-01 10:00:00")),
            ("@0", Some("1970-01-01 01:00:00")),
            // A day too many runs over.
            ("2026-02-30", Some("2026-03-02 00:00:00")),
            ("2026-02-32", None),
            ("2026-13-01", None),
            ("23/11/2026", None),
            ("1795421700", None),
            ("0000-00-00", None),
            ("0000-00-00 00:00:00", None),
            ("", None),
            ("soon", None),
            ("2026-11", None),
            ("2026-11-23 25:00", None),
            ("2026-11-23 08:15 x", None),
            ("2026-11-23 13:15 pm", None),
            ("\u{0662}026-11-23", None),
            ("@", None),
            ("@99999999999999999999", None),
            ("2026-11-23 08:15+99:99", None),
            ("-", None),
            ("1-", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(day("Mon, 23 Nov 2026 08:15:00 GMT").as_deref(), Some("2026-11-23"));
    }
}
