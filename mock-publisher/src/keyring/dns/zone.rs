use std::collections::HashMap;
use std::str::FromStr;

use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{LowerQuery, ResponseCode};
use hickory_server::proto::rr::rdata::{A, CNAME, NS, SOA, TXT};
use hickory_server::proto::rr::{DNSClass, LowerName, Name, RData, Record, RecordType};

use super::Told;

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

/// How many aliases are followed.
const MAX_CHAIN: usize = 8;

impl Zone {
    pub(super) fn of(apex: &str, told: impl Iterator<Item = (String, Told)>) -> Result<Self, ProtoError> {
        let apex = absolute(apex)?;
        let (server, contact) = (apex.prepend_label("ns")?, apex.prepend_label("hostmaster")?);
        let soa = SOA::new(server.clone(), contact, 1, 3600, 600, 86400, NEGATIVE_TTL);
        let start_of_authority = Record::from_rdata(apex.clone(), NEGATIVE_TTL, RData::SOA(soa));
        let name_server = Record::from_rdata(apex.clone(), KEY_TTL, RData::NS(NS(server.clone())));
        let address = Record::from_rdata(server.clone(), KEY_TTL, RData::A(A::new(127, 0, 0, 1)));
        let mut names = HashMap::from([
            (LowerName::new(&apex), vec![start_of_authority.clone(), name_server]),
            (LowerName::new(&server), vec![address]),
        ]);
        for (name, told) in told {
            let owner = absolute(&name)?;
            let records = names.entry(LowerName::new(&owner)).or_default();
            records.extend(told.records.iter().map(|text| text_record(owner.clone(), text, KEY_TTL)));
            if let Some(alias) = told.alias {
                records.push(Record::from_rdata(owner.clone(), KEY_TTL, RData::CNAME(CNAME(absolute(&alias)?))));
            }
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
        if query.query_class() != DNSClass::IN {
            return nothing(ResponseCode::Refused, None);
        }
        let Some(records) = self.names.get(query.name()) else {
            return match self.apex.zone_of(query.name()) {
                true => nothing(ResponseCode::NXDomain, Some(&self.start_of_authority)),
                false => nothing(ResponseCode::Refused, None),
            };
        };
        if query.query_type() == RecordType::TXT
            && let Some(chain) = self.chain(records)
        {
            return Answer { code: ResponseCode::NoError, records: chain, authority: None };
        }
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

    /// An alias, those behind it, and the records that they lead to (RFC 1034 section 4.3.2); `None` if this is no alias.
    fn chain(&self, records: &[Record]) -> Option<Vec<Record>> {
        let mut chain = Vec::new();
        let mut present = records;
        while let Some((record, alias)) = present.iter().find_map(|record| match &record.data {
            RData::CNAME(CNAME(alias)) => Some((record, alias)),
            _ => None,
        }) && chain.len() < MAX_CHAIN
        {
            chain.push(record.clone());
            present = self.names.get(&LowerName::new(alias)).map(Vec::as_slice).unwrap_or_default();
        }
        if chain.is_empty() {
            return None;
        }
        chain.extend(present.iter().filter(|record| record.record_type() == RecordType::TXT).cloned());
        Some(chain)
    }
}

/// The TXT record of a key.
pub(super) fn text_record(owner: Name, text: &[u8], ttl: u32) -> Record {
    let strings = text.chunks(MAX_STRING).collect();
    Record::from_rdata(owner, ttl, RData::TXT(TXT::from_bytes(strings)))
}

fn absolute(name: &str) -> Result<Name, ProtoError> {
    Name::from_str(&format!("{name}."))
}

/// A key record as a line of a zone file (RFC 1035 section 5.1). The text has no character that would need escaping.
pub(crate) fn zone_file_line(name: &str, text: &str) -> String {
    let strings: Vec<String> =
        text.as_bytes().chunks(MAX_STRING).map(|part| format!("\"{}\"", part.escape_ascii())).collect();
    format!("{name}. {KEY_TTL} IN TXT {}", strings.join(" "))
}
