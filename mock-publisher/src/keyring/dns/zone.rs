use std::collections::HashMap;
use std::str::FromStr;

use callback_verifier::KeyName;
use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{LowerQuery, ResponseCode};
use hickory_server::proto::rr::rdata::{A, NS, SOA, TXT};
use hickory_server::proto::rr::{DNSClass, LowerName, Name, RData, Record, RecordType};

use super::super::Keyring;
use crate::clock::Millis;

/// How long a key may be kept, in seconds. Assumption: the platform's own value is not documented.
pub(super) const KEY_TTL: u32 = 300;
/// How long it may be kept that there is no such name, in seconds.
const NEGATIVE_TTL: u32 = 10;
/// A character-string of a TXT record has at most this many bytes (RFC 1035 section 3.3).
const MAX_STRING: usize = 255;

/// The contents of the key zone at a time.
pub(super) struct Zone {
    apex: LowerName,
    start_of_authority: Record,
    /// Every name that exists, those that only lead to another one included, with its records.
    names: HashMap<LowerName, Vec<Record>>,
}

/// An answer in the making.
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    pub(super) records: Vec<Record>,
    /// The SOA record, where the answer is that there is nothing (RFC 2308).
    pub(super) authority: Option<Record>,
}

impl Zone {
    pub(super) fn of(keyring: &Keyring, now: Millis) -> Result<Self, ProtoError> {
        let apex = absolute(keyring.zone().as_str())?;
        let (server, contact) = (apex.prepend_label("ns")?, apex.prepend_label("hostmaster")?);
        let soa = SOA::new(server.clone(), contact, 1, 3600, 600, 86400, NEGATIVE_TTL);
        let start_of_authority = Record::from_rdata(apex.clone(), NEGATIVE_TTL, RData::SOA(soa));
        let name_server = Record::from_rdata(apex.clone(), KEY_TTL, RData::NS(NS(server.clone())));
        let address = Record::from_rdata(server.clone(), KEY_TTL, RData::A(A::new(127, 0, 0, 1)));
        let mut names = HashMap::from([
            (LowerName::new(&apex), vec![start_of_authority.clone(), name_server]),
            (LowerName::new(&server), vec![address]),
        ]);
        for (key_name, text) in keyring.records(now) {
            let owner = absolute(key_name.as_str())?;
            let record = text_record(owner.clone(), &text, KEY_TTL);
            names.entry(LowerName::new(&owner)).or_default().push(record);
            // The names between the key and the apex exist too, and have no records.
            let mut above = owner.base_name();
            while above != apex && apex.zone_of(&above) {
                names.entry(LowerName::new(&above)).or_default();
                above = above.base_name();
            }
        }
        Ok(Self { apex: LowerName::new(&apex), start_of_authority, names })
    }

    pub(super) fn answer(&self, query: &LowerQuery) -> Answer {
        let nothing =
            |code, authority: Option<&Record>| Answer { code, records: Vec::new(), authority: authority.cloned() };
        if query.query_class() != DNSClass::IN || !self.apex.zone_of(query.name()) {
            return nothing(ResponseCode::Refused, None);
        }
        let Some(records) = self.names.get(query.name()) else {
            return nothing(ResponseCode::NXDomain, Some(&self.start_of_authority));
        };
        let wanted =
            |record: &Record| query.query_type() == RecordType::ANY || record.record_type() == query.query_type();
        // The records of one type stand together: a key has TXT records only, and the apex one record of a type.
        let start = records.iter().position(wanted).unwrap_or(records.len());
        let length = records[start..].iter().take_while(|record| wanted(record)).count();
        match &records[start..start + length] {
            [] => nothing(ResponseCode::NoError, Some(&self.start_of_authority)),
            found => Answer { code: ResponseCode::NoError, records: found.to_vec(), authority: None },
        }
    }
}

/// The TXT record of a key.
pub(super) fn text_record(owner: Name, text: &str, ttl: u32) -> Record {
    let strings = text.as_bytes().chunks(MAX_STRING).collect();
    Record::from_rdata(owner, ttl, RData::TXT(TXT::from_bytes(strings)))
}

fn absolute(name: &str) -> Result<Name, ProtoError> {
    Name::from_str(&format!("{name}."))
}

/// A key record as a line of a zone file (RFC 1035 section 5.1). The text has no character that would need escaping.
pub(crate) fn zone_file_line(name: &KeyName, text: &str) -> String {
    let strings: Vec<String> =
        text.as_bytes().chunks(MAX_STRING).map(|part| format!("\"{}\"", part.escape_ascii())).collect();
    format!("{name}. {KEY_TTL} IN TXT {}", strings.join(" "))
}
