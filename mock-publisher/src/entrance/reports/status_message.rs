use mailparse::{MailHeader, MailHeaderMap, MailParseError, parse_headers, parse_mail};

use super::report::{Report, Whose};

/// How many parts a message may have.
const MAX_PARTS: usize = 100;
/// How many lines may look like the beginning of a part. Signatures and tables in the text do too.
const MAX_BOUNDARIES: usize = 5000;
/// How many pieces of headers may look encoded (RFC 2047). To decode them takes the parser time that grows with their square.
const MAX_ENCODED_WORDS: usize = 1000;
/// How many recipients a report may be about.
const MAX_RECIPIENTS: usize = 100;
/// How long what a mail server says of a failure may be, in characters.
const MAX_DESCRIPTION: usize = 500;
/// How long an address may be, in bytes (RFC 5321, section 4.5.3.1: 64, the `@`, and 255).
const MAX_ADDRESS: usize = 320;
/// How much of a wrong value is shown, in characters.
const MAX_SHOWN: usize = 100;

/// The parts that tell what became of a message; the second one is that for addresses beyond ASCII (RFC 6533).
const STATUS_TYPES: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];

/// What can stand in `Action` (RFC 3464, section 2.3.3).
const ACTIONS: [&str; 5] = ["failed", "delayed", "delivered", "relayed", "expanded"];

/// The mail message is no report that could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StatusError {
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    #[error("the message has more than {MAX_PARTS} parts")]
    TooManyParts,
    #[error("the message has more than {MAX_ENCODED_WORDS} encoded words")]
    TooManyEncodedWords,
    #[error("the message is no delivery status report: none of its parts is `message/delivery-status`")]
    NoStatus,
    #[error("the delivery status tells of nobody: no group has a `Final-Recipient`")]
    NoRecipient,
    #[error("the delivery status tells of more than {MAX_RECIPIENTS} recipients")]
    TooManyRecipients,
    #[error("recipient {recipient} of the delivery status has no `{field}`")]
    Missing { recipient: usize, field: &'static str },
    #[error("recipient {recipient} of the delivery status has the {field} `{value}`, expected {expected}")]
    Wrong { recipient: usize, field: &'static str, value: String, expected: &'static str },
}

impl From<MailParseError> for StatusError {
    fn from(error: MailParseError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// Reads a report that a mail server sent back, in a message as RFC 3464 has it.
pub(super) fn read(message: &[u8]) -> Result<Vec<Report>, StatusError> {
    check_effort(message)?;
    let message = parse_mail(message)?;
    if message.parts().nth(MAX_PARTS).is_some() {
        return Err(StatusError::TooManyParts);
    }
    let is_status = |mimetype: &str| STATUS_TYPES.iter().any(|known| known.eq_ignore_ascii_case(mimetype));
    let status = message.parts().find(|part| is_status(&part.ctype.mimetype)).ok_or(StatusError::NoStatus)?;
    let status = status.get_body_raw()?;
    // It may have been encoded.
    check_effort(&status)?;
    read_status(&status)
}

/// Refuses what would cost the parser more than its length allows. How deep parts may be nested is bounded by the parser.
fn check_effort(message: &[u8]) -> Result<(), StatusError> {
    // Every part takes memory, even an empty one.
    if message.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"--")).count() > MAX_BOUNDARIES {
        return Err(StatusError::TooManyParts);
    }
    if message.windows(2).filter(|pair| pair == b"=?").count() > MAX_ENCODED_WORDS {
        return Err(StatusError::TooManyEncodedWords);
    }
    Ok(())
}

/// Reads the part that tells what became of the message: groups of fields, the first one about the message, the others each
/// about a recipient.
fn read_status(body: &[u8]) -> Result<Vec<Report>, StatusError> {
    let mut reports = Vec::new();
    let mut rest = body.trim_ascii_start();
    let mut is_first = true;
    while !rest.is_empty() {
        let (fields, end) = parse_headers(rest)?;
        rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
        // Some servers forget the group about the message.
        if !std::mem::take(&mut is_first) || fields.get_first_value("Final-Recipient").is_some() {
            if reports.len() == MAX_RECIPIENTS {
                return Err(StatusError::TooManyRecipients);
            }
            reports.push(recipient(&fields, reports.len() + 1)?);
        }
    }
    if reports.is_empty() { Err(StatusError::NoRecipient) } else { Ok(reports) }
}

fn recipient(fields: &[MailHeader<'_>], recipient: usize) -> Result<Report, StatusError> {
    let needed = |field| match fields.get_first_value(field).as_deref().map(without_comment) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(StatusError::Missing { recipient, field }),
    };
    let wrong = |field, value: String, expected| {
        let value = value.chars().take(MAX_SHOWN).collect();
        StatusError::Wrong { recipient, field, value, expected }
    };
    let given = needed("Final-Recipient")?;
    let final_recipient = address(&given)
        .ok_or_else(|| wrong("Final-Recipient", given, "an address such as `rfc822; name@example.com`"))?;
    let action = needed("Action")?.to_ascii_lowercase();
    if !ACTIONS.contains(&action.as_str()) {
        let expected = "failed, delayed, delivered, relayed or expanded";
        return Err(wrong("Action", action, expected));
    }
    // Here servers put the comment without a space before it.
    let code = needed("Status")?.split('(').next().unwrap_or_default().trim().to_owned();
    if !is_status_code(&code) {
        return Err(wrong("Status", code, "a code such as `5.1.1`"));
    }
    // A message may have been passed on: whoever sent it knows the address that it was sent to at first.
    let original = fields.get_first_value("Original-Recipient").and_then(|given| address(&without_comment(&given)));
    let addresses = [Some(final_recipient), original].into_iter().flatten().collect();
    let diagnostic = fields.get_first_value("Diagnostic-Code").unwrap_or_default();
    let description = diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, text)| text).trim();
    let description = description.chars().take(MAX_DESCRIPTION).collect();
    Ok(Report { whose: Whose::Addresses { addresses, database: None }, action, code, description })
}

/// The address behind its type: `rfc822; name@example.com`.
fn address(given: &str) -> Option<String> {
    let (_, address) = given.split_once(';')?;
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    (address.contains('@') && address.len() <= MAX_ADDRESS).then(|| address.to_owned())
}

/// Fields may have a comment at their end (RFC 3464, section 2.1.1).
fn without_comment(value: &str) -> String {
    value.split(" (").next().unwrap_or_default().trim().to_owned()
}

/// `class.subject.detail` (RFC 3463, section 2).
fn is_status_code(code: &str) -> bool {
    let numbers: Vec<&str> = code.split('.').collect();
    let is_number = |text: &&str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(is_number) && ["2", "4", "5"].contains(&numbers[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "Final-Recipient: rfc822; Mike@example.com\r\nAction: failed\r\nStatus: 5.1.1 (no such box)\r\n\
                         Diagnostic-Code: smtp; 550 5.1.1 Unknown\r\n user\r\n";

    fn message(status: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nTo: mike@example.com\r\n\r\n--b is here\r\n--b--\r\n"
        )
    }

    fn status(groups: &str) -> Result<Vec<Report>, StatusError> {
        read(message(&format!("Reporting-MTA: dns; mx.example\r\n\r\n{groups}")).as_bytes())
    }

    #[test]
    fn tells_of_each_recipient_what_became_of_the_message() {
        let second = "Original-Recipient: rfc822; sales@example.com\r\nFinal-Recipient: RFC822;<jo@example.net>\r\n\
                      Action: Delayed\r\nStatus: 4.4.7(late)\r\n";
        let reports = status(&format!("{GROUP}\r\n\r\n{second}\r\n")).unwrap();
        let report = |addresses: &[&str], action: &str, code: &str, description: &str| Report {
            whose: Whose::Addresses { addresses: addresses.iter().map(|a| (*a).to_owned()).collect(), database: None },
            action: action.to_owned(),
            code: code.to_owned(),
            description: description.to_owned(),
        };
        let expected = [
            report(&["Mike@example.com"], "failed", "5.1.1", "550 5.1.1 Unknown user"),
            report(&["jo@example.net", "sales@example.com"], "delayed", "4.4.7", ""),
        ];
        assert_eq!(reports, expected);
        // A server that forgets the group about the message, and one that encodes the part.
        assert_eq!(read(message(GROUP).as_bytes()).unwrap(), expected[..1]);
        let encoded = message("RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYgpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMC4wCg==")
            .replace("delivery-status\r\n\r\n", "delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        assert_eq!(read(encoded.as_bytes()).unwrap(), [report(&["a@b"], "failed", "5.0.0", "")]);
    }

    #[test]
    fn what_is_no_report_is_refused_with_a_reason() {
        let wrong = |groups: &str| status(groups).unwrap_err().to_string();
        for (groups, reason) in [
            ("", "no group has a `Final-Recipient`"),
            ("Action: failed\r\nStatus: 5.0.0\r\n", "recipient 1 of the delivery status has no `Final-Recipient`"),
            ("Final-Recipient: rfc822; a@b\r\nStatus: 5.0.0\r\n", "no `Action`"),
            ("Final-Recipient: rfc822; a@b\r\nAction: failed\r\n", "no `Status`"),
            ("Final-Recipient: a@b\r\nAction: failed\r\nStatus: 5.0.0\r\n", "the Final-Recipient `a@b`, expected"),
            ("Final-Recipient: rfc822; ab\r\nAction: failed\r\nStatus: 5.0.0\r\n", "expected an address"),
            ("Final-Recipient: rfc822; a@b\r\nAction: lost\r\nStatus: 5.0.0\r\n", "the Action `lost`, expected failed"),
            ("Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 550\r\n", "the Status `550`, expected a code"),
            (&format!("{GROUP}\r\nAction: failed\r\n"), "recipient 2 of the delivery status has no `Final-Recipient`"),
            (&format!("{GROUP}\r\n").repeat(MAX_RECIPIENTS + 1), "more than 100 recipients"),
        ] {
            assert!(wrong(groups).contains(reason), "{groups}: {}", wrong(groups));
        }
        for (message, reason) in [
            ("", StatusError::NoStatus),
            ("Subject: hello\r\n\r\nworld", StatusError::NoStatus),
            (&message(GROUP).replace("message/delivery-status", "text/plain"), StatusError::NoStatus),
            (&message(GROUP).replace("boundary=\"b\"", ""), StatusError::NoStatus),
            (&format!("{}{}", message(GROUP), "--b\n".repeat(6000)), StatusError::TooManyParts),
            (&format!("Subject: {}\r\n\r\n", "=?utf-8?q?a?= ".repeat(9000)), StatusError::TooManyEncodedWords),
            (&message(GROUP).replace("--b--", &"--b\r\n\r\nx\r\n".repeat(200)), StatusError::TooManyParts),
        ] {
            assert_eq!(read(message.as_bytes()), Err(reason), "{message}");
        }
    }

    #[test]
    fn a_report_within_a_forwarded_message_is_none_of_ours() {
        let forwarded = format!("Content-Type: message/rfc822\r\n\r\n{}", message(GROUP));
        assert_eq!(read(forwarded.as_bytes()), Err(StatusError::NoStatus));
    }

    #[test]
    fn nothing_that_comes_in_breaks_it() {
        let whole = message(&format!("Reporting-MTA: dns; x\r\n\r\n{GROUP}"));
        for end in 0..whole.len() {
            let _ = read(&whole.as_bytes()[..end]);
            let mut damaged = whole.clone().into_bytes();
            damaged[end] ^= 0x80;
            let _ = read(&damaged);
            damaged[end] = b'\n';
            let _ = read(&damaged);
        }
        let nested: String = (0..5000)
            .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n"))
            .collect();
        assert!(read(nested.as_bytes()).is_err());
        let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
        assert_eq!(read(messages.as_bytes()), Err(StatusError::NoStatus));
    }
}
