//! `mock-publisher demo`: the whole way of a callback, on free ports, with nothing left behind.
//!
//! A publisher, its name server and a receiver run in this process. Real calls of the REST API change a profile, and so do an
//! opened mail, a click, a failed delivery, a bounce, an import and a copy of the database; each change is delivered as JSON and
//! as XML, and verified with the key from the publisher's DNS. Then come forgeries, and a genuine request that is sent twice: the receiver must refuse those, and
//! the second of these.

mod masses;
mod messages;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};
use callback_verifier::Zone;
use http::Method;
use serde_json::{Value, json};

use crate::clock;
use crate::emit::{Emission, Payload, PayloadMethod, SignedRequest, TargetUrl, nonce};
use crate::keyring::rotation::Plan;
use crate::local_client::LocalClient;
use crate::output::print;
use crate::platform::{Action, Change, Entity, PayloadStyle, Switches, Trigger};
use crate::receiver::{Receiver, ReceiverSocket, Verdict};
use crate::send::Client;
use crate::server::{Config, Publisher};
use crate::store::Retention;
use crate::terms::Terms;
use crate::wire_profile::{Coverage, WireProfile};

const ACCOUNT: u64 = 1234;
/// What one step may take. None takes more than a few milliseconds, unless something is broken.
const STEP: Duration = Duration::from_secs(3);
/// What everything may take.
const ALL: Duration = Duration::from_secs(9);

pub(crate) async fn run(with_tls: bool) -> anyhow::Result<ExitCode> {
    match tokio::time::timeout(ALL, demonstrate(with_tls)).await {
        Ok(outcome) => outcome,
        Err(_) => bail!("the demonstration did not end within {} s", ALL.as_secs()),
    }
}

async fn demonstrate(with_tls: bool) -> anyhow::Result<ExitCode> {
    let config = config(with_tls)?;
    let publisher = Publisher::start(&config).await?;
    let socket = ReceiverSocket::bind(with_tls).await?;
    let mut receiver = socket.serve(ACCOUNT, &config.zone, publisher.dns, publisher.authority.as_ref())?;
    print(publisher.introduction(ACCOUNT))?;
    print(receiver.introduction())?;
    let score = show(&publisher, &mut receiver).await?;
    receiver.stop().await;
    publisher.stop().await;
    print(format!("\n{score}"))?;
    if score.unexpected > 0 {
        return Ok(ExitCode::FAILURE);
    }
    print("Next: `mock-publisher serve`, and `callback-verifier verify` for your own receiver's requests")?;
    Ok(ExitCode::SUCCESS)
}

fn config(with_tls: bool) -> anyhow::Result<Config> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(Config {
        listen: free,
        dns: free,
        data: None,
        account: ACCOUNT,
        zone: Zone::parse("copernica.com")?,
        wire: WireProfile::default(),
        coverage: Coverage::default(),
        // So that the copy of a database tells of itself.
        switches: Switches { copy_callbacks: true, ..Switches::default() },
        terms: Terms::default(),
        access_token: None,
        allow_targets: Vec::new(),
        ca_files: Vec::new(),
        tls: with_tls,
        max_import: 1 << 20,
        max_store: None,
        rotation: Plan::default(),
        retention: Retention { count: 1_000_000, age: None },
    })
}

async fn show(publisher: &Publisher, receiver: &mut Receiver) -> anyhow::Result<Score> {
    let mut score = Score::default();
    let rest = RestCalls(publisher.client());
    for method in ["json", "xml"] {
        let callback = json!({"url": format!("{}/{method}", receiver.url), "method": method});
        rest.call(Method::POST, "/v4/database/customers/callbacks", &callback).await?;
    }
    let mike = json!({"fields": {"name": "Mike", "city": "Amsterdam"}, "interests": ["tennis"]});
    let profile = rest.call(Method::POST, "/v4/database/customers/profiles", &mike).await?.context("no profile")?;
    show_deliveries(&rest, receiver, &mut score).await?;
    let path = format!("/v4/profile/{profile}");
    rest.call(Method::PUT, &path, &json!({"fields": {"city": "Utrecht"}})).await?;
    show_deliveries(&rest, receiver, &mut score).await?;
    messages::show(&rest, &profile, receiver, &mut score).await?;
    rest.call(Method::DELETE, &path, &json!({})).await?;
    show_deliveries(&rest, receiver, &mut score).await?;
    masses::show(&rest, receiver, &mut score).await?;
    print("")?;
    for request in made_by_hand(publisher, &receiver.url)? {
        show_made_by_hand(&publisher.caller, request, receiver, &mut score).await?;
    }
    Ok(score)
}

/// How many requests were sent, and how the receiver judged them.
#[derive(Debug, Default)]
struct Score {
    sent: usize,
    verified: usize,
    refused: usize,
    unexpected: usize,
}

impl Score {
    fn count(&mut self, verdict: &Verdict, as_expected: bool) {
        self.sent += 1;
        match verdict {
            Ok(()) => self.verified += 1,
            Err(_) => self.refused += 1,
        }
        self.unexpected += usize::from(!as_expected);
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sent, verified, refused, unexpected } = self;
        match unexpected {
            0 => write!(f, "{sent} sent, {verified} verified, {refused} refused as they should be"),
            _ => write!(f, "{sent} sent, {verified} verified, {refused} refused: {unexpected} NOT AS EXPECTED"),
        }
    }
}

/// Calls of the REST API, as a user's program makes them.
struct RestCalls(LocalClient);

impl RestCalls {
    /// A call that must succeed; the number of what it created, if it created something.
    async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Option<String>> {
        let answer = self.0.call(method.clone(), path, Some(body)).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status.is_success(), "{method} {path} answered {}: {text}", answer.status);
        Ok(answer.headers.get("x-created").and_then(|value| value.to_str().ok()).map(str::to_owned))
    }

    /// The delivery log behind a given delivery.
    async fn deliveries(&self, after: usize) -> anyhow::Result<Vec<Value>> {
        let answer = self.0.call(Method::GET, &format!("/mock/v1/deliveries?after={after}"), None).await?;
        let log: Value = serde_json::from_slice(&answer.body)?;
        log["deliveries"].as_array().cloned().context("the delivery log is no list")
    }
}

/// Waits for the two deliveries of a change, and shows what both sides say of each.
async fn show_deliveries(rest: &RestCalls, receiver: &mut Receiver, score: &mut Score) -> anyhow::Result<()> {
    let mut verdicts = vec![receiver.next_verdict(STEP).await?, receiver.next_verdict(STEP).await?];
    let waiting = async {
        loop {
            let log = rest.deliveries(score.sent).await?;
            if log.len() == verdicts.len() && log.iter().all(|delivery| delivery["state"] != "pending") {
                return anyhow::Ok(log);
            }
            // The receiver has judged; the publisher needs a moment to note the answer.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let log = tokio::time::timeout(STEP, waiting).await.context("the deliveries were not noted in time")??;
    for delivery in log {
        let text = |key: &str| delivery[key].as_str().unwrap_or("?").to_owned();
        let method = text("method");
        let index = verdicts.iter().position(|(path, _)| path.trim_start_matches('/') == method);
        let (_, verdict) = verdicts.remove(index.context("the receiver was called at another path")?);
        let milliseconds = delivery["micros"].as_f64().unwrap_or_default() / 1000.0;
        line(&Line {
            what: &text("trigger"),
            action: &text("action"),
            profile: &delivery["profile"].to_string(),
            method: &method,
            status: delivery["status"].as_u64(),
            verdict: &verdict,
            verified_in: Some(milliseconds),
        })?;
        score.count(&verdict, verdict.is_ok() && delivery["state"] == "delivered");
    }
    Ok(())
}

/// A request that no change caused.
#[derive(Clone)]
struct MadeByHand {
    name: &'static str,
    action: Action,
    method: PayloadMethod,
    request: SignedRequest,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Verified,
    /// With this status, for this reason.
    Refused(u16, &'static str),
}

fn made_by_hand(publisher: &Publisher, receiver: &str) -> anyhow::Result<[MadeByHand; 5]> {
    let now = SystemTime::now();
    let make = |name, action, method, account, date, expected| -> anyhow::Result<MadeByHand> {
        let payload = Payload::of(&sample_change(action), method, PayloadStyle::default(), clock::millis(date));
        let emission = Emission {
            target: &TargetUrl::parse(&format!("{receiver}/{}", method.name()))?,
            content_type: &payload.content_type,
            body: payload.bytes.into(),
            account,
            date,
            nonce: nonce()?,
            wire: WireProfile::default(),
            coverage: Coverage::default(),
            key: &publisher.keyring.signing(),
        };
        Ok(MadeByHand { name, action, method, request: emission.sign()?, expected })
    };
    let (json, xml) = (PayloadMethod::Json, PayloadMethod::Xml);
    let refused = |reason| Expected::Refused(401, reason);
    let mut tampered = make("tampered", Action::Update, json, ACCOUNT, now, refused("digest_mismatch"))?;
    // As long as before, so that nothing but the digest gives it away.
    tampered.request.body = String::from_utf8_lossy(&tampered.request.body).replace("Mike", "Mick").into();
    let stranger = make("stranger", Action::Update, json, 9999, now, refused("wrong_account"))?;
    let an_hour_ago = now - Duration::from_secs(3600);
    let stale = make("stale", Action::Delete, xml, ACCOUNT, an_hour_ago, refused("date_too_old"))?;
    let genuine = make("genuine", Action::Update, json, ACCOUNT, now, Expected::Verified)?;
    let replayed = MadeByHand { name: "replayed", expected: Expected::Refused(409, "replayed"), ..genuine.clone() };
    Ok([tampered, stranger, stale, genuine, replayed])
}

fn sample_change(action: Action) -> Change {
    let fields = vec![("name".to_owned(), "Mike".to_owned())];
    let entity = Entity::by_hand(1, fields, Vec::new(), clock::real_now());
    Change { action, trigger: Trigger::Rest, entity, before: None }
}

async fn show_made_by_hand(
    client: &Client,
    made: MadeByHand,
    receiver: &mut Receiver,
    score: &mut Score,
) -> anyhow::Result<()> {
    let outcome = client.attempt(&made.request, Terms::default().timeout).await;
    let status = outcome.result?.status.as_u16();
    let (_, verdict) = receiver.next_verdict(STEP).await?;
    line(&Line {
        what: made.name,
        action: made.action.name(),
        profile: "1",
        method: made.method.name(),
        status: Some(status.into()),
        verdict: &verdict,
        verified_in: None,
    })?;
    let found = match &verdict {
        Ok(()) => Expected::Verified,
        Err(rejection) => Expected::Refused(status, rejection.code()),
    };
    score.count(&verdict, found == made.expected);
    Ok(())
}

struct Line<'a> {
    what: &'a str,
    action: &'a str,
    profile: &'a str,
    method: &'a str,
    status: Option<u64>,
    verdict: &'a Verdict,
    verified_in: Option<f64>,
}

fn line(line: &Line<'_>) -> std::io::Result<()> {
    let Line { what, action, profile, method, status, verdict, verified_in } = line;
    let status = status.map_or("-".to_owned(), |status| status.to_string());
    let verdict = match (verdict, verified_in) {
        (Ok(()), Some(milliseconds)) => format!("verified   {milliseconds:.1} ms"),
        (Ok(()), None) => "verified".to_owned(),
        (Err(rejection), _) => format!("refused    {} ({rejection})", rejection.code()),
    };
    print(format!("  {what:<10} {action:<7} profile {profile}   {method:<5}  {status}   {verdict}"))
}
