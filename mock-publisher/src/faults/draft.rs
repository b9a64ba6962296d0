use serde::{Deserialize, Deserializer, de};

use super::{FaultKind, SentHeader};
use crate::platform::Id;

/// A fault that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FaultDraft {
    pub(crate) kind: FaultKind,
    pub(crate) callback: Option<Id>,
    pub(crate) chance: f64,
    pub(crate) times: Option<u64>,
    pub(crate) seed: u64,
}

/// As it is written: what the fault is called, and whatever any fault may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `fault`")]
struct Written {
    fault: String,
    callback: Option<Id>,
    chance: Option<f64>,
    times: Option<u64>,
    seed: Option<u64>,
    header: Option<String>,
    seconds: Option<f64>,
    account: Option<u64>,
    count: Option<u64>,
    attempts: Option<u64>,
}

/// An hour.
const DEFAULT_SHIFT: f64 = 3600.0;
/// A second, in which no cache keeps anything.
const SHORT_TTL: f64 = 1.0;
/// Ten years.
const MAX_SHIFT: f64 = 10.0 * 366.0 * 86_400.0;
/// A slower answer is none.
const MAX_SLOWNESS: f64 = 60.0;
const MAX_DELAY: f64 = 30.0 * 86_400.0;
const MAX_COPIES: u64 = 100;
const MAX_ATTEMPTS: u64 = 100;
/// The account that a `wrong_account` is signed for if it says no other.
const OTHER_ACCOUNT: u64 = 9999;

impl<'de> Deserialize<'de> for FaultDraft {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer)?.draft().map_err(de::Error::custom)
    }
}

impl Written {
    fn draft(mut self) -> Result<FaultDraft, String> {
        let kind = self.kind()?;
        let left_over = [
            ("header", self.header.is_some()),
            ("seconds", self.seconds.is_some()),
            ("account", self.account.is_some()),
            ("count", self.count.is_some()),
            ("attempts", self.attempts.is_some()),
        ];
        if let Some((name, _)) = left_over.iter().find(|(_, given)| *given) {
            return Err(format!("`{}` has no `{name}`", self.fault));
        }
        if kind.is_dns() && self.callback.is_some() {
            return Err(format!(
                "`{}` has no `callback`: the name server does not know who is asked about",
                self.fault
            ));
        }
        let chance = self.chance.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&chance) {
            return Err(format!("`chance`: expected a number from 0 to 1, got {chance}"));
        }
        if self.times == Some(0) {
            return Err("`times`: expected a whole number from 1, got 0".to_owned());
        }
        Ok(FaultDraft { kind, callback: self.callback, chance, times: self.times, seed: self.seed.unwrap_or_default() })
    }

    /// What it is, taking what belongs to it.
    fn kind(&mut self) -> Result<FaultKind, String> {
        Ok(match self.fault.as_str() {
            "stale_date" => FaultKind::StaleDate { seconds: self.shift()? },
            "future_date" => FaultKind::FutureDate { seconds: self.shift()? },
            "wrong_key" => FaultKind::WrongKey,
            "wrong_account" => FaultKind::WrongAccount { account: self.account.take().unwrap_or(OTHER_ACCOUNT) },
            "tampered_body" => FaultKind::TamperedBody,
            "tampered_header" => FaultKind::TamperedHeader { header: self.header()? },
            "dropped_header" => FaultKind::DroppedHeader { header: self.header()? },
            "duplicated_header" => FaultKind::DuplicatedHeader { header: self.header()? },
            "unsigned" => FaultKind::Unsigned,
            "replay" => FaultKind::Replay,
            "duplicate" => {
                let count = within("count", self.count.take().unwrap_or(1), MAX_COPIES)?;
                FaultKind::Duplicate { count: u8::try_from(count).unwrap_or(u8::MAX) }
            }
            "reorder" => FaultKind::Reorder,
            "delay" => FaultKind::Delay { seconds: self.time()? },
            "burst" => FaultKind::Burst { seconds: self.time()? },
            "drop" => FaultKind::Drop,
            "fail_first" => {
                let attempts = self.attempts.take().ok_or("`fail_first` wants `attempts`: how many fail")?;
                let attempts = within("attempts", attempts, MAX_ATTEMPTS)?;
                FaultKind::FailFirst { attempts: u32::try_from(attempts).unwrap_or(u32::MAX) }
            }
            "dns_servfail" => FaultKind::DnsServfail,
            "dns_nxdomain" => FaultKind::DnsNxdomain,
            "dns_refused" => FaultKind::DnsRefused,
            "dns_timeout" => FaultKind::DnsTimeout,
            "dns_slow" => FaultKind::DnsSlow { seconds: self.time()?.min(MAX_SLOWNESS) },
            "dns_truncated" => FaultKind::DnsTruncated,
            "dns_truncated_only" => FaultKind::DnsTruncatedOnly,
            "dns_revoked" => FaultKind::DnsRevoked,
            "dns_wrong_key" => FaultKind::DnsWrongKey,
            "dns_several_records" => FaultKind::DnsSeveralRecords,
            "dns_malformed" => FaultKind::DnsMalformed,
            "dns_short_ttl" => FaultKind::DnsShortTtl { seconds: self.whole(SHORT_TTL)? },
            other => return Err(format!("there is no fault `{other}`; `GET /mock/v1/openapi.json` lists them")),
        })
    }

    fn header(&mut self) -> Result<SentHeader, String> {
        let names = SentHeader::names();
        let name = self.header.take().ok_or_else(|| format!("`{}` wants a `header`: one of {names}", self.fault))?;
        SentHeader::from_name(&name).ok_or_else(|| format!("`header`: expected one of {names}, got `{name}`"))
    }

    fn shift(&mut self) -> Result<u32, String> {
        self.whole(DEFAULT_SHIFT)
    }

    fn whole(&mut self, default: f64) -> Result<u32, String> {
        let seconds = self.seconds.take().unwrap_or(default);
        if seconds.fract() != 0.0 || !(1.0..=MAX_SHIFT).contains(&seconds) {
            return Err(format!("`seconds`: expected a whole number from 1 to {MAX_SHIFT}, got {seconds}"));
        }
        Ok(seconds as u32)
    }

    fn time(&mut self) -> Result<f64, String> {
        let seconds = self.seconds.take().ok_or_else(|| format!("`{}` wants `seconds`: how long", self.fault))?;
        if !(0.001..=MAX_DELAY).contains(&seconds) {
            return Err(format!("`seconds`: expected a number from 0.001 to {MAX_DELAY}, got {seconds}"));
        }
        Ok(seconds)
    }
}

fn within(name: &str, number: u64, most: u64) -> Result<u64, String> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(format!("`{name}`: expected a whole number from 1 to {most}, got {number}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn draft(json: Value) -> Result<FaultDraft, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_fault_has_what_belongs_to_it_and_sensible_defaults() {
        let kind = |json| draft(json).unwrap().kind;
        assert_eq!(kind(json!({"fault": "stale_date"})), FaultKind::StaleDate { seconds: 3600 });
        assert_eq!(kind(json!({"fault": "duplicate", "count": 3})), FaultKind::Duplicate { count: 3 });
        let header = FaultKind::DroppedHeader { header: SentHeader::Nonce };
        assert_eq!(kind(json!({"fault": "dropped_header", "header": "X-Nonce"})), header);
        let whole = draft(json!({"fault": "drop", "callback": 3, "chance": 0.5, "times": 7, "seed": 9})).unwrap();
        let FaultDraft { callback, chance, times, seed, .. } = whole;
        assert_eq!((callback, chance, times, seed), (Some(3), 0.5, Some(7), 9));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (wrong, expected) in [
            (json!({}), "missing field `fault`"),
            (json!({"fault": "fire"}), "there is no fault `fire`"),
            (json!({"fault": "drop", "seconds": 1}), "`drop` has no `seconds`"),
            (json!({"fault": "drop", "chance": 1.5}), "`chance`: expected a number from 0 to 1, got 1.5"),
            (json!({"fault": "drop", "oven": 1}), "unknown field `oven`"),
            (json!({"fault": "delay"}), "`delay` wants `seconds`"),
            (json!({"fault": "delay", "seconds": 0}), "`seconds`: expected a number from 0.001"),
            (json!({"fault": "stale_date", "seconds": 0.5}), "`seconds`: expected a whole number from 1"),
            (json!({"fault": "fail_first"}), "`fail_first` wants `attempts`"),
            (json!({"fault": "fail_first", "attempts": 101}), "`attempts`: expected a whole number from 1 to 100"),
            (json!({"fault": "tampered_header"}), "`tampered_header` wants a `header`: one of `host`, `date`"),
            (json!({"fault": "tampered_header", "header": "content-length"}), "`header`: expected one of"),
        ] {
            let error = draft(wrong.clone()).unwrap_err();
            assert!(error.starts_with(expected), "{wrong}: {error}");
        }
    }
}
