use serde::Serialize;

use super::Occurrence;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub(crate) enum FaultKind {
    // On the wire, before the signature is made.
    /// The date lies back.
    StaleDate {
        seconds: u32,
    },
    /// The date lies ahead.
    FutureDate {
        seconds: u32,
    },
    /// The signature is made with a key that nobody published, under the name of the one that is.
    WrongKey,
    /// It is signed for another account.
    WrongAccount {
        account: u64,
    },
    // On the wire, afterwards.
    /// One letter or digit of the body is another one.
    TamperedBody,
    /// One letter or digit of a header is another one.
    TamperedHeader {
        header: SentHeader,
    },
    /// A header is missing.
    DroppedHeader {
        header: SentHeader,
    },
    /// A header is there twice.
    DuplicatedHeader {
        header: SentHeader,
    },
    /// There is no signature.
    Unsigned,
    // In delivery.
    /// The same bytes are sent once more, as somebody would who has listened.
    Replay,
    /// It is delivered so many more times, each signed anew.
    Duplicate {
        count: u8,
    },
    /// The next one of the same profile goes first.
    Reorder,
    /// It is sent later.
    Delay {
        seconds: f64,
    },
    /// It waits, with all others, until the publisher's clock comes to a multiple of so many seconds.
    Burst {
        seconds: f64,
    },
    /// It is never sent, and nothing is tried again.
    Drop,
    /// So many attempts count as failed without being made.
    FailFirst {
        attempts: u32,
    },
    // In the name server, where somebody asks for a key.
    DnsServfail,
    DnsNxdomain,
    /// The name server refuses to answer.
    DnsRefused,
    /// There is no answer.
    DnsTimeout,
    /// It takes so long.
    DnsSlow {
        seconds: f64,
    },
    /// By UDP there is only the mark that there is more.
    DnsTruncated,
    /// By UDP there is only that, and by TCP no answer.
    DnsTruncatedOnly,
    /// The record says that the key is not to be used any more.
    DnsRevoked,
    /// It is another key.
    DnsWrongKey,
    /// Another key and something foreign stand before the right one.
    DnsSeveralRecords,
    /// The record cannot be read.
    DnsMalformed,
    /// The record may be kept for so long.
    DnsShortTtl {
        seconds: u32,
    },
}

/// A header that is sent, but for the one that frames the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SentHeader {
    Host,
    Date,
    ContentType,
    #[serde(rename = "x-copernica-id")]
    Account,
    Digest,
    #[serde(rename = "x-nonce")]
    Nonce,
    Signature,
}

impl SentHeader {
    const ALL: [Self; 7] =
        [Self::Host, Self::Date, Self::ContentType, Self::Account, Self::Digest, Self::Nonce, Self::Signature];

    /// In lower case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Date => "date",
            Self::ContentType => "content-type",
            Self::Account => "x-copernica-id",
            Self::Digest => "digest",
            Self::Nonce => "x-nonce",
            Self::Signature => "signature",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.name().eq_ignore_ascii_case(name))
    }

    /// All names, with commas between.
    pub(super) fn names() -> String {
        Self::ALL.map(|header| format!("`{}`", header.name())).join(", ")
    }
}

impl FaultKind {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::StaleDate { .. } => "stale_date",
            Self::FutureDate { .. } => "future_date",
            Self::WrongKey => "wrong_key",
            Self::WrongAccount { .. } => "wrong_account",
            Self::TamperedBody => "tampered_body",
            Self::TamperedHeader { .. } => "tampered_header",
            Self::DroppedHeader { .. } => "dropped_header",
            Self::DuplicatedHeader { .. } => "duplicated_header",
            Self::Unsigned => "unsigned",
            Self::Replay => "replay",
            Self::Duplicate { .. } => "duplicate",
            Self::Reorder => "reorder",
            Self::Delay { .. } => "delay",
            Self::Burst { .. } => "burst",
            Self::Drop => "drop",
            Self::FailFirst { .. } => "fail_first",
            Self::DnsServfail => "dns_servfail",
            Self::DnsNxdomain => "dns_nxdomain",
            Self::DnsRefused => "dns_refused",
            Self::DnsTimeout => "dns_timeout",
            Self::DnsSlow { .. } => "dns_slow",
            Self::DnsTruncated => "dns_truncated",
            Self::DnsTruncatedOnly => "dns_truncated_only",
            Self::DnsRevoked => "dns_revoked",
            Self::DnsWrongKey => "dns_wrong_key",
            Self::DnsSeveralRecords => "dns_several_records",
            Self::DnsMalformed => "dns_malformed",
            Self::DnsShortTtl { .. } => "dns_short_ttl",
        }
    }

    /// Whether what it touches is sent at another time instead.
    pub(super) const fn puts_off(&self) -> bool {
        matches!(self, Self::Reorder | Self::Delay { .. } | Self::Burst { .. })
    }

    /// Whether it is about the name server.
    pub(super) fn is_dns(&self) -> bool {
        self.name().starts_with("dns_")
    }

    /// Whether it can touch this attempt at all.
    pub(super) fn fits(&self, occurrence: Occurrence<'_>) -> bool {
        let is_first = occurrence.attempt == 1 && !occurrence.before.iter().any(|(_, name)| name == self.name());
        match self {
            Self::Replay | Self::Duplicate { .. } => is_first && !occurrence.is_repeat,
            Self::Reorder => is_first && occurrence.is_followed,
            Self::Delay { .. } | Self::Burst { .. } | Self::Drop => is_first,
            Self::FailFirst { attempts } => occurrence.attempt <= *attempts,
            _ if self.is_dns() => false,
            _ => !occurrence.is_exact,
        }
    }
}
