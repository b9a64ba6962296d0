use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

/// The text is not an IMF-fixdate.
///
/// [`parse_date`] reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`")]
pub struct DateError;

/// Reads an IMF-fixdate (RFC 9110 section 5.6.7), and nothing but that: the obsolete forms are refused, and so is a date
/// that does not exist or has the wrong day of the week.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::{DateError, parse_date};
///
/// let date = parse_date(b"Mon, 23 Nov 2026 08:15:00 GMT")?;
/// assert_eq!(date.duration_since(std::time::UNIX_EPOCH)?.as_secs(), 1_795_421_700);
/// assert_eq!(parse_date(b"Tue, 23 Nov 2026 08:15:00 GMT"), Err(DateError));       // it was a Monday
/// assert_eq!(parse_date(b"Monday, 23-Nov-26 08:15:00 GMT"), Err(DateError));      // an obsolete form
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Whatever [`format_date`] would not write is a [`DateError`].
pub fn parse_date(value: &[u8]) -> Result<SystemTime, DateError> {
    // The obsolete forms that `httpdate` reads too are shorter or longer than this one; of its own length it reads only what
    // it would write, which a test below makes sure of.
    let text: &[u8; 29] = value.try_into().map_err(|_| DateError)?;
    let date: Option<HttpDate> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    date.map(SystemTime::from).ok_or(DateError)
}

/// Writes an IMF-fixdate (RFC 9110 section 5.6.7). Fractions of a second are cut off, and times before 1970 or after 9999 are set to the nearest
/// that can be written.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let time = UNIX_EPOCH + Duration::from_millis(1_795_421_700_999);
/// assert_eq!(callback_verifier::wire::format_date(time), "Mon, 23 Nov 2026 08:15:00 GMT");
/// # Ok(())
/// # }
/// ```
pub fn format_date(time: SystemTime) -> String {
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    httpdate::fmt_http_date(UNIX_EPOCH + since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for seconds in [0, 784_111_777, 951_782_399, 951_868_800, 4_102_444_799, 253_402_300_799] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse_date(format_date(time).as_bytes()), Ok(time));
        }
    }

    #[test]
    fn reads_nothing_that_it_would_not_write() {
        for good in ["Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 29 Feb 2024 23:59:59 GMT", "Fri, 31 Dec 9999 00:00:00 GMT"]
        {
            for (at, byte) in (0..good.len()).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let mut text = good.as_bytes().to_vec();
                text[at] = byte;
                if let Ok(date) = parse_date(&text) {
                    assert_eq!(format_date(date).as_bytes(), text);
                }
            }
        }
    }

    #[test]
    fn refuses_every_other_form() {
        for bad in [
            "",
            "now",
            "tomorrow",
            "@0",
            "0",
            "-1",
            "1794989700",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 +00",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun,  6 Nov 1994 08:49:37 GMT",
            "Wed, 30 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 Nov -994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
            " un, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun,\t06 Nov 1994 08:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ] {
            assert_eq!(parse_date(bad.as_bytes()), Err(DateError), "{bad:?}");
        }
    }
}
