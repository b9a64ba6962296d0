use std::fmt;

use callback_verifier::{Header, RequestHead, Transport};
use sha2::{Digest, Sha256};

use super::keys::{A, TestKey};
use super::{DATE, HOST, KEY_ID, base64};

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) authority: Option<String>,
    pub(crate) transport: Transport,
}

impl Message {
    pub(crate) fn lines(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| Header::new(name, value)).collect()
    }

    pub(crate) fn head(&self) -> RequestHead<'_> {
        let head = RequestHead::new(&self.method, &self.target, self.lines()).with_transport(self.transport);
        match &self.authority {
            Some(authority) => head.with_authority(authority),
            None => head,
        }
    }

    /// Changes the request in whatever way.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn method(self, method: &str) -> Self {
        self.with(|message| message.method = method.into())
    }

    pub(crate) fn target(self, target: &str) -> Self {
        self.with(|message| message.target = target.into())
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(|message| message.body = body.into())
    }

    /// Replaces the value of a header, which must be there.
    pub(crate) fn set(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with(|message| {
            let line = message.headers.iter_mut().find(|(line, _)| line.eq_ignore_ascii_case(name));
            line.unwrap().1 = value.into();
        })
    }

    /// Adds a header line behind all others.
    pub(crate) fn add(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with(|message| message.headers.push((name.into(), value.into())))
    }

    /// Adds a header line before all others.
    pub(crate) fn add_first(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with(|message| message.headers.insert(0, (name.into(), value.into())))
    }

    pub(crate) fn without(self, name: &str) -> Self {
        self.with(|message| message.headers.retain(|(line, _)| !line.eq_ignore_ascii_case(name)))
    }

    pub(crate) fn value(&self, name: &str) -> &[u8] {
        &self.headers.iter().find(|(line, _)| line.eq_ignore_ascii_case(name)).unwrap().1
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        str::from_utf8(self.value(name)).unwrap()
    }

    /// Replaces a part of the `Signature` header, which must hold it.
    pub(crate) fn resign(self, from: &str, to: &str) -> Self {
        let header = self.text("Signature").to_owned();
        assert!(header.contains(from), "{header} has no {from}");
        self.set("Signature", header.replacen(from, to, 1))
    }
}

/// As it might stand on the wire.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} ({:?}, authority {:?})", self.method, self.target, self.transport, self.authority)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", value.escape_ascii())?;
        }
        write!(f, "\n{}", self.body.escape_ascii())
    }
}

/// A publisher at work: a request, and how it is to be signed.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) message: Message,
    /// The `headers` parameter.
    pub(crate) covered: String,
    pub(crate) key_id: String,
    pub(crate) algorithm: Option<&'static str>,
    pub(crate) key: &'static TestKey,
}

impl Forge {
    /// A callback in the wire profile `lowercase`.
    pub(crate) fn new() -> Self {
        let message = Message {
            method: "POST".into(),
            target: "/hooks/profile?list=7&source=crm".into(),
            headers: [
                ("Host", HOST),
                ("Date", DATE),
                ("Content-Type", "application/json"),
                ("Content-Length", ""),
                ("X-Copernica-ID", "account_1234"),
                ("Digest", ""),
                ("X-Nonce", "fsd9f2c07a1e4b86"),
            ]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .to_vec(),
            body: Vec::new(),
            authority: None,
            transport: Transport::Unknown,
        };
        let covered = "(request-target) host date content-length content-type x-copernica-id digest x-nonce".into();
        let algorithm = Some("rsa-sha256");
        Self { message, covered, key_id: KEY_ID.into(), algorithm, key: &A }.body(BODY)
    }

    /// A callback in the wire profile `documented`.
    pub(crate) fn documented() -> Self {
        Self::new().documented_names().documented_digest().documented_account()
    }

    pub(crate) fn documented_names(self) -> Self {
        self.covering("(request-target) Host Date Content-length Content-type X-Copernica-ID Digest X-nonce")
    }

    pub(crate) fn documented_digest(self) -> Self {
        let digest = self.message.text("Digest").replace("sha-256", "SHA-256");
        self.set("Digest", digest)
    }

    pub(crate) fn documented_account(self) -> Self {
        self.set("X-Copernica-ID", "account-1234")
    }

    /// Changes the request before it is signed.
    pub(crate) fn edit(mut self, change: impl FnOnce(Message) -> Message) -> Self {
        self.message = change(self.message);
        self
    }

    pub(crate) fn set(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.edit(|message| message.set(name, value))
    }

    pub(crate) fn add(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.edit(|message| message.add(name, value))
    }

    pub(crate) fn without(self, name: &str) -> Self {
        self.edit(|message| message.without(name))
    }

    pub(crate) fn target(self, target: &str) -> Self {
        self.edit(|message| message.target(target))
    }

    /// Sets the body, and the headers that follow from it.
    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let (length, digest) = (body.len().to_string(), format!("sha-256={}", base64(Sha256::digest(&body))));
        self.edit(|message| message.body(body).set("Content-Length", length).set("Digest", digest))
    }

    pub(crate) fn covering(mut self, names: &str) -> Self {
        self.covered = names.into();
        self
    }

    /// Covers one more header.
    pub(crate) fn covering_also(mut self, name: &str) -> Self {
        self.covered = format!("{} {name}", self.covered);
        self
    }

    /// Covers one header less.
    pub(crate) fn not_covering(mut self, name: &str) -> Self {
        let kept: Vec<_> = self.covered.split(' ').filter(|covered| !covered.eq_ignore_ascii_case(name)).collect();
        assert_eq!(kept.len() + 1, self.covered.split(' ').count(), "{name} is not covered");
        self.covered = kept.join(" ");
        self
    }

    pub(crate) fn key(mut self, key_id: &str, key: &'static TestKey) -> Self {
        self.key_id = key_id.into();
        self.key = key;
        self
    }

    pub(crate) fn algorithm(mut self, algorithm: Option<&'static str>) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The signing string, built as leniently as can be: a header that is not there is an empty one.
    pub(crate) fn signing_string(&self) -> Vec<u8> {
        let line = |name: &str| {
            let name = name.to_ascii_lowercase();
            let values: Vec<_> =
                self.message.headers.iter().filter(|(line, _)| line.eq_ignore_ascii_case(&name)).collect();
            let value = match name.as_str() {
                "(request-target)" => {
                    format!("{} {}", self.message.method.to_ascii_lowercase(), self.message.target).into_bytes()
                }
                "host" if values.is_empty() => self.message.authority.clone().unwrap_or_default().into_bytes(),
                _ => values.iter().map(|(_, value)| trimmed(value)).collect::<Vec<_>>().join(&b", "[..]),
            };
            [name.as_bytes(), b": ", &value].concat()
        };
        self.covered.split(' ').map(line).collect::<Vec<_>>().join(&b'\n')
    }

    pub(crate) fn sign(self) -> Message {
        let signing_string = self.signing_string();
        self.sign_over(&signing_string)
    }

    /// Signs other bytes than those that follow from the request.
    pub(crate) fn sign_over(self, signing_string: &[u8]) -> Message {
        let signature = self.key.sign(signing_string);
        self.carry(&signature)
    }

    /// Makes the request carry whatever bytes as its signature.
    pub(crate) fn carry(self, signature: &[u8]) -> Message {
        self.carry_text(&base64(signature))
    }

    /// The same, with bytes that need not be base64.
    pub(crate) fn carry_text(self, signature: &str) -> Message {
        let Self { message, covered, key_id, algorithm, key: _ } = self;
        let algorithm = algorithm.map(|algorithm| format!("algorithm=\"{algorithm}\",")).unwrap_or_default();
        message
            .add("Signature", format!("keyId=\"{key_id}\",{algorithm}headers=\"{covered}\",signature=\"{signature}\""))
    }
}

fn trimmed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|b| !b" \t".contains(b)).map_or(0, |last| last + 1);
    let start = value[..end].iter().position(|b| !b" \t".contains(b)).unwrap_or(0);
    &value[start..end]
}

const BODY: &str = r#"{"id":"184467","action":"update","fields":{"firstname":"Zoë","lastname":"van den Berg","email":"zoe@example.com","city":"Amsterdam","postcode":"1012 JS","birthday":"1987-06-05","newsletter":"yes","lastorder":"2026-11-20 17:42:09","loyalty":"gold","language":"nl_NL","phone":"+31 20 555 01 23","notes":"prefers e-mail; \"no calls\" before noon"},"interests":["tennis","sailing","chess"]}"#;
