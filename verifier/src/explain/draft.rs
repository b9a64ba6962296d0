//! A copy of a request that can be changed, together with the receiver that would judge it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::checklist::PendingHead;
use crate::policy::Policy;
use crate::rejection::Rejection;
use crate::wire::{
    CoveredHeaders, Digests, Header, RequestHead, Separator, SignatureHeader, SigningString, Transport, trim_ows,
};

use super::keys::Keys;

/// A request, and who judges it when.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) authority: Option<String>,
    pub(super) transport: Transport,
    pub(super) body: Arc<[u8]>,
    pub(super) policy: Arc<Policy>,
    pub(super) now: SystemTime,
}

impl Draft {
    pub(super) fn new(policy: &Policy, head: &RequestHead<'_>, body: &[u8], now: SystemTime) -> Self {
        Self {
            method: head.method().to_owned(),
            target: head.target().to_owned(),
            headers: head.headers().iter().map(|line| (line.name.to_owned(), line.value.to_vec())).collect(),
            authority: head.authority().map(str::to_owned),
            transport: head.transport(),
            body: body.into(),
            policy: Arc::new(policy.clone()),
            now,
        }
    }

    /// Asks the checklist, all of it. What it accepts goes no further than this.
    pub(super) fn verdict(&self, keys: &Keys) -> Result<(), Rejection> {
        self.as_head(|head| {
            let pending = PendingHead::check(&self.policy, head, self.now)?;
            let keys = keys.get(pending.key_name()).ok_or(Rejection::KeyNotFound)?;
            pending.verify(keys)?.verify_body(&*self.body).map(drop)
        })
    }

    /// The signing string of the changed request.
    pub(super) fn signing_string(&self) -> Option<SigningString> {
        let header = self.value("signature")?;
        let header = SignatureHeader::parse(header, Separator::CommaOrBlank).ok()?;
        let covered = CoveredHeaders::parse(header.headers).ok()?;
        self.as_head(|head| SigningString::build(head, &covered).ok())
    }

    /// The covered names, in lower case. Empty if they cannot be read.
    pub(super) fn covered(&self) -> Vec<String> {
        let names = || {
            let header = SignatureHeader::parse(self.value("signature")?, Separator::CommaOrBlank).ok()?;
            let covered = CoveredHeaders::parse(header.headers).ok()?;
            Some(covered.iter().map(str::to_ascii_lowercase).collect())
        };
        names().unwrap_or_default()
    }

    /// The digest that the body must have, if the header can be read.
    pub(super) fn digests(&self) -> Option<Digests> {
        Digests::parse(self.value("digest")?).ok()
    }

    /// The values of a header, without white space at their ends.
    pub(super) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.headers.iter().filter(move |(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| trim_ows(value))
    }

    /// The first of them.
    pub(super) fn value<'s>(&'s self, name: &'s str) -> Option<&'s [u8]> {
        self.values(name).next()
    }

    /// The same, if it is ASCII text.
    pub(super) fn text<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        self.value(name).filter(|value| value.is_ascii()).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The request with one instance of a header, of this value, at the place of the first one.
    #[must_use]
    pub(super) fn with_header(&self, name: &str, value: &[u8]) -> Self {
        let mut changed = self.clone();
        let at = changed.headers.iter().position(|(line, _)| line.eq_ignore_ascii_case(name));
        changed.headers.retain(|(line, _)| !line.eq_ignore_ascii_case(name));
        let at = at.unwrap_or(changed.headers.len()).min(changed.headers.len());
        changed.headers.insert(at, (name.to_owned(), value.to_vec()));
        changed
    }

    #[must_use]
    pub(super) fn with_target(&self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self.clone() }
    }

    #[must_use]
    pub(super) fn with_policy(&self, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::clone(&self.policy);
        change(&mut policy);
        Self { policy: Arc::new(policy), ..self.clone() }
    }

    fn as_head<T>(&self, look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let lines: Vec<_> = self.headers.iter().map(|(name, value)| Header::new(name, value)).collect();
        let head = RequestHead::new(&self.method, &self.target, lines).with_transport(self.transport);
        match &self.authority {
            Some(authority) => look(&head.with_authority(authority)),
            None => look(&head),
        }
    }
}

/// How many bytes a head has, but for the characters between its parts.
pub(super) fn size_of(head: &RequestHead<'_>) -> usize {
    let lines = head.headers().iter().map(|line| line.name.len() + line.value.len());
    head.method().len() + head.target().len() + lines.sum::<usize>()
}
