//! Answers as somebody makes them up who wants another key to be believed. They come from the address that was asked, because who
//! forges answers forges their address too; what they lack is what he has to guess, or what he has no say in.

use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{LowerQuery, Message, MessageType, OpCode, Query};
use hickory_server::proto::rr::{Name, RecordType};
use serde::{Deserialize, Serialize};

use super::zone::{Answer, KEY_TTL, text_record};

/// What is made up, and the record that is to be believed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Forgery {
    pub(crate) how: Guess,
    pub(crate) record: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Guess {
    /// It comes before the right answer by UDP, with another id.
    OtherId,
    /// It comes before the right answer by UDP, with another question.
    OtherQuestion,
    /// It comes before the right answer by UDP, and does not say that it is an answer.
    NoResponse,
    /// The right answer has the record of another name instead of the one that was asked for.
    OtherOwner,
    /// The right answer has the record of another name as well.
    OtherOwnerBeside,
}

impl Forgery {
    /// Puts what is forged into the right answer.
    pub(super) fn mixed_into(&self, answer: &mut Answer) -> Result<(), ProtoError> {
        let owner = other(answer.records.first().map(|record| &record.name))?;
        let forged = text_record(owner, &self.record, KEY_TTL);
        match self.how {
            Guess::OtherOwner => answer.records = vec![forged],
            Guess::OtherOwnerBeside => answer.records.push(forged),
            Guess::OtherId | Guess::OtherQuestion | Guess::NoResponse => {}
        }
        Ok(())
    }

    /// What comes before the right answer, if something does.
    pub(super) fn sent_before(&self, id: u16, query: &LowerQuery) -> Result<Option<Vec<u8>>, ProtoError> {
        // As it was spelled: who mixes capitals in compares them.
        let asked = query.original().name().clone();
        let (mut id, mut kind, mut question) = (id, MessageType::Response, asked.clone());
        match self.how {
            Guess::OtherId => id ^= 1,
            Guess::OtherQuestion => question = other(Some(&asked))?,
            Guess::NoResponse => kind = MessageType::Query,
            Guess::OtherOwner | Guess::OtherOwnerBeside => return Ok(None),
        }
        let mut message = Message::new(id, kind, OpCode::Query);
        message.add_query(Query::query(question, RecordType::TXT));
        message.add_answer(text_record(asked, &self.record, KEY_TTL));
        message.to_vec().map(Some)
    }
}

/// A name beside the one that was asked for.
fn other(asked: Option<&Name>) -> Result<Name, ProtoError> {
    asked.map(Name::base_name).unwrap_or_default().prepend_label("somebody-else")
}
