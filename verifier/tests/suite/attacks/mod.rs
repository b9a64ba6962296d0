//! What a receiver must take, and what it must refuse and for which reason.
//!
//! One file per family of attacks, one test per class, one table entry per vector. A vector that is refused for another
//! reason than its own would still pass if that other check were the only one, so each names its reason.

mod accepted;
mod algorithm;
mod body;
mod coverage;
mod foreign_key;
mod freshness;
mod key_record;
mod parser;
mod place;
mod rsa_forgery;

use std::collections::HashSet;

use callback_verifier::Rejection;

use crate::support::{Message, Receiver};

/// Why a vector is refused.
#[derive(Debug)]
enum Refusal {
    Exactly(Box<Rejection>),
    /// Where the reason repeats much of what was sent.
    Code(&'static str),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Exactly(Box::new(rejection))
    }
}

impl From<&'static str> for Refusal {
    fn from(code: &'static str) -> Self {
        Self::Code(code)
    }
}

/// The vectors of one class.
struct Table {
    class: &'static str,
    receiver: Receiver,
    ids: HashSet<String>,
    surprises: Vec<String>,
}

impl Table {
    fn new(class: &'static str) -> Self {
        Self::of(class, Receiver::strict())
    }

    /// The same, of a receiver that is not the strict one.
    fn of(class: &'static str, receiver: Receiver) -> Self {
        Self { class, receiver, ids: HashSet::new(), surprises: Vec::new() }
    }

    fn accept(&mut self, name: &str, message: &Message) {
        self.note_acceptance(name, &self.receiver.verdict(message));
    }

    fn accept_by(&mut self, receiver: &Receiver, name: &str, message: &Message) {
        self.note_acceptance(name, &receiver.verdict(message));
    }

    fn refuse(&mut self, name: &str, refusal: impl Into<Refusal>, message: &Message) {
        let verdict = self.receiver.verdict(message);
        self.note_refusal(name, refusal.into(), &verdict);
    }

    fn refuse_by(&mut self, receiver: &Receiver, name: &str, refusal: impl Into<Refusal>, message: &Message) {
        let verdict = receiver.verdict(message);
        self.note_refusal(name, refusal.into(), &verdict);
    }

    fn note_acceptance(&mut self, name: &str, verdict: &Result<(), Rejection>) {
        self.note(name, *verdict == Ok(()), "accepted", verdict);
    }

    fn note_refusal(&mut self, name: &str, refusal: Refusal, verdict: &Result<(), Rejection>) {
        let as_expected = match (&refusal, verdict) {
            (Refusal::Exactly(rejection), Err(got)) => **rejection == *got,
            (Refusal::Code(code), Err(got)) => *code == got.code(),
            (_, Ok(())) => false,
        };
        self.note(name, as_expected, &format!("{refusal:?}"), verdict);
    }

    fn note(&mut self, name: &str, as_expected: bool, expected: &str, verdict: &Result<(), Rejection>) {
        let id = format!("{}/{name}", self.class);
        if !as_expected {
            self.surprises.push(format!("{id}: expected {expected}, got {verdict:?}"));
        }
        assert!(self.ids.insert(id), "{name} is there twice");
    }

    /// The end of a table: nothing was a surprise, and no vector is lost.
    fn finish(self, vectors: usize) {
        assert!(self.surprises.is_empty(), "\n{}", self.surprises.join("\n"));
        assert_eq!(self.ids.len(), vectors, "{}: the number of vectors has changed", self.class);
    }
}
