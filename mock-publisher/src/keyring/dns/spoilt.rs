//! Faults of the name server: what becomes of an answer that has a key.

use std::time::Duration;

use hickory_server::proto::op::{LowerQuery, ResponseCode};
use hickory_server::proto::rr::RecordType;

use super::zone::{Answer, KEY_TTL, text_record};
use super::{Contents, Forgery};
use crate::faults::FaultKind;

/// How an answer goes out.
pub(super) enum Delivery {
    Whole,
    /// With the mark that there is more, and nothing else.
    Truncated,
    /// Not at all.
    Never,
}

/// What is in TXT records besides keys.
const FOREIGN: &str = "google-site-verification=0123456789abcdef";

impl Contents {
    /// Lets an answer go wrong as the faults say.
    pub(super) async fn spoil(&self, answer: &mut Answer, is_udp: bool) -> Delivery {
        let mut delivery = Delivery::Whole;
        for fault in self.faults(answer) {
            let Some(owner) = answer.records.first().map(|record| record.name.clone()) else { continue };
            let mut replace = |text: &str| answer.records = vec![text_record(owner.clone(), text.as_bytes(), KEY_TTL)];
            match fault {
                FaultKind::DnsServfail => fail(answer, ResponseCode::ServFail),
                FaultKind::DnsNxdomain => fail(answer, ResponseCode::NXDomain),
                FaultKind::DnsRefused => fail(answer, ResponseCode::Refused),
                FaultKind::DnsTimeout => return Delivery::Never,
                FaultKind::DnsSlow { seconds } => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
                // Who asks by TCP gets the whole, or nothing.
                FaultKind::DnsTruncated | FaultKind::DnsTruncatedOnly if is_udp => {
                    answer.records.clear();
                    delivery = Delivery::Truncated;
                }
                FaultKind::DnsTruncatedOnly => return Delivery::Never,
                FaultKind::DnsRevoked => replace("v=DKIM1; k=rsa; p="),
                FaultKind::DnsMalformed => replace("v=DKIM1; k=rsa; p=this is no key"),
                FaultKind::DnsWrongKey => {
                    if let Some(text) = self.strangers_record() {
                        replace(&text);
                    }
                }
                FaultKind::DnsSeveralRecords => {
                    let others = [Some(FOREIGN.to_owned()), self.strangers_record()];
                    for text in others.into_iter().flatten() {
                        answer.records.insert(0, text_record(owner.clone(), text.as_bytes(), KEY_TTL));
                    }
                }
                FaultKind::DnsShortTtl { seconds } => answer.records.iter_mut().for_each(|record| record.ttl = seconds),
                _ => {}
            }
        }
        delivery
    }

    /// What touches the answer to this question.
    fn faults(&self, answer: &Answer) -> Vec<FaultKind> {
        let owner = answer.records.first().map(|record| record.name.to_ascii().to_ascii_lowercase());
        match self {
            Self::Keys { faults, .. } => faults.touching_question(),
            Self::Names(names) => {
                let told = owner.and_then(|owner| names.told(owner.trim_end_matches('.')));
                told.and_then(|told| told.fault).into_iter().collect()
            }
        }
    }

    /// Counts a question.
    pub(super) fn count(&self, query: &LowerQuery) {
        if let Self::Names(names) = self
            && query.query_type() == RecordType::TXT
        {
            names.count(query.name().to_string().trim_end_matches('.'));
        }
    }

    /// What somebody else has made up about a name.
    pub(super) fn forgery(&self, name: &str) -> Option<Forgery> {
        let Self::Names(names) = self else { return None };
        names.told(name.trim_end_matches('.'))?.forgery
    }

    /// The record of a key that signs nothing.
    fn strangers_record(&self) -> Option<String> {
        let Self::Keys { keyring, stranger, .. } = self else { return None };
        let signing = keyring.signing();
        // A key pair is made for the first of these, which takes a while.
        let stranger = tokio::task::block_in_place(|| stranger.named(&signing.name));
        let stranger = stranger.inspect_err(|error| tracing::error!(%error, "no other key could be made")).ok()?;
        Some(keyring.record_of(stranger.private.public_key_der()))
    }
}

fn fail(answer: &mut Answer, code: ResponseCode) {
    *answer = Answer { code, records: Vec::new(), authority: None };
}
