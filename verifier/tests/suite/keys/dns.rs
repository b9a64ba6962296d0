//! Keys from DNS, over real sockets.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use callback_verifier::key::RecordError;
use callback_verifier::{Class, DnsKeys, KeyName, KeyStore, Rejection, Verifier};
use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::rdata::{SOA, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};

use super::name_server::{NameServer, Protocol, alias, answer, failure, referral, text, texts};
use crate::support::keys::{A, B, BITS_4096};
use crate::support::{ACCOUNT, Forge, HOST, KEY_ID, now};

/// What a receiver says to an honest callback that is signed with key A.
pub(super) async fn verdict_at(verifier: &Verifier, now: SystemTime) -> Result<(), Rejection> {
    let message = Forge::new().sign();
    verifier.verify(&message.head(), &message.body, now).await.map(drop)
}

pub(super) fn verifier(server: &NameServer) -> Verifier {
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap();
    Verifier::builder(ACCOUNT).host(HOST).keys(keys).max_age(Duration::from_secs(1 << 30)).build().unwrap()
}

async fn verdict(
    answers: impl Fn(&Message, Protocol) -> Vec<Message> + Send + Sync + 'static,
) -> Result<(), Rejection> {
    verdict_at(&verifier(&NameServer::start(answers)), now()).await
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

#[tokio::test]
async fn finds_a_key() {
    let server = NameServer::start(|question, _| vec![texts(question, &[A.record()])]);
    assert_eq!(verdict_at(&verifier(&server), now()).await, Ok(()));
    assert_eq!(server.questions(), (1, 0));
}

#[tokio::test]
async fn asks_for_the_name_itself_and_not_for_one_in_the_search_list() {
    let verdict = verdict(|question, _| {
        let asked = question.queries[0].name();
        assert!(asked.is_fqdn() && *asked == name(&format!("{KEY_ID}.")), "asked for {asked}");
        vec![texts(question, &[A.record()])]
    });
    assert_eq!(verdict.await, Ok(()));
}

#[tokio::test]
async fn joins_the_strings_of_a_record() {
    // 4096 bits need 736 characters, so three strings; and strings may be cut anywhere, even empty.
    let server = NameServer::start(|question, protocol| {
        if protocol == Protocol::Udp {
            return truncated(question); // too much for one datagram
        }
        let mut answer = texts(question, &[BITS_4096.record()]);
        let owner = answer.queries[0].name().clone();
        let record = A.record();
        let strings = vec![&record.as_bytes()[..1], b"", &record.as_bytes()[1..200], &record.as_bytes()[200..]];
        answer.answers.push(Record::from_rdata(owner, 300, RData::TXT(TXT::from_bytes(strings))));
        vec![answer]
    });
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap();
    let found = keys.lookup(&KeyName::parse(KEY_ID).unwrap(), now()).await.unwrap();
    let bits: Vec<_> = found.candidates().iter().map(|candidate| candidate.key.modulus_bits()).collect();
    assert_eq!(bits, [4096, 2048]);
    assert_eq!(found.time_to_live(), Some(Duration::from_secs(300)));
}

#[tokio::test]
async fn tries_every_record() {
    let several = || vec!["v=spf1 -all".to_owned(), "v=DKIM1;p=".into(), B.record(), A.record()];
    assert_eq!(verdict(move |question, _| vec![texts(question, &several())]).await, Ok(()));
    let wrong = |question: &Message, _| vec![texts(question, &[B.record()])];
    assert_eq!(verdict(wrong).await, Err(Rejection::BadSignature));
}

#[tokio::test]
async fn follows_aliases() {
    // In one answer, and over several.
    let at_once = |question: &Message, _| {
        let (asked, middle, target) = (question.queries[0].name().clone(), name("a.example."), name("b.example."));
        let mut answer = answer(question);
        answer.answers =
            vec![alias(&asked, &middle), alias(&middle, &target), text(&target, 300, A.record().as_bytes())];
        vec![answer]
    };
    assert_eq!(verdict(at_once).await, Ok(()));
    let one_by_one = |question: &Message, _| {
        let asked = question.queries[0].name().clone();
        if asked == name("selector.mail.example.") {
            return vec![texts(question, &[A.record()])];
        }
        let mut answer = answer(question);
        answer.answers = vec![alias(&asked, &name("selector.mail.example."))];
        vec![answer]
    };
    assert_eq!(verdict(one_by_one).await, Ok(()));
}

#[tokio::test]
async fn gives_up_a_chain_of_aliases_that_has_no_end() {
    let endless = |question: &Message, _| {
        let asked = question.queries[0].name();
        let next: u32 = asked.iter().next().and_then(|label| str::from_utf8(label).ok()?.parse().ok()).unwrap_or(0);
        let mut answer = answer(question);
        answer.answers = vec![alias(asked, &name(&format!("{}.example.", next + 1)))];
        vec![answer]
    };
    let server = NameServer::start(endless);
    assert_eq!(verdict_at(&verifier(&server), now()).await, too_many_aliases());
    assert_eq!(server.questions(), (9, 0));
    let circle = |question: &Message, _| {
        let asked = question.queries[0].name().clone();
        let mut answer = answer(question);
        let other = name("other.example.");
        answer.answers = vec![alias(&asked, &other), alias(&other, &asked)];
        vec![answer]
    };
    assert_eq!(verdict(circle).await, too_many_aliases());
}

/// It may be a mistake that is put right in a moment, so it is not "there is no key".
fn too_many_aliases() -> Result<(), Rejection> {
    Err(Rejection::KeyUnavailable("more than 8 aliases, or they lead in a circle".to_owned()))
}

#[tokio::test]
async fn follows_eight_aliases_of_one_answer_and_no_ninth() {
    for (aliases, expected) in [(8, Ok(())), (9, too_many_aliases())] {
        let chain = move |question: &Message, _| {
            let mut answer = answer(question);
            let mut owner = question.queries[0].name().clone();
            for index in 0..aliases {
                let target = name(&format!("a{index}.example."));
                answer.answers.push(alias(&owner, &target));
                owner = target;
            }
            answer.answers.push(text(&owner, 300, A.record().as_bytes()));
            vec![answer]
        };
        assert_eq!(verdict(chain).await, expected, "{aliases} aliases");
    }
}

#[tokio::test]
async fn a_name_without_keys_is_final() {
    for code in [ResponseCode::NXDomain, ResponseCode::NoError] {
        let refused = verdict(move |question, _| failure(question, code)).await;
        assert_eq!(refused, Err(Rejection::KeyNotFound), "{code}");
        assert_eq!(refused.unwrap_err().class(), Class::Rejected);
    }
    let dangling = |question: &Message, _| {
        let asked = question.queries[0].name().clone();
        let mut failure = failure(question, ResponseCode::NXDomain);
        failure[0].answers = vec![alias(&asked, &name("gone.example."))];
        failure
    };
    assert_eq!(verdict(dangling).await, Err(Rejection::KeyNotFound));
    let unusable = |question: &Message, _| vec![texts(question, &["v=spf1 -all"])];
    assert_eq!(verdict(unusable).await, Err(Rejection::KeyUnusable(RecordError::Version)));
    let revoked = |question: &Message, _| vec![texts(question, &["v=DKIM1; p="])];
    assert_eq!(verdict(revoked).await, Err(Rejection::KeyRevoked));
    let nine = |question: &Message, protocol| match protocol {
        Protocol::Udp => truncated(question),
        Protocol::Tcp => vec![texts(question, &vec![B.record(); 9])],
    };
    assert_eq!(verdict(nine).await, Err(Rejection::TooManyKeys));
}

#[tokio::test]
async fn a_referral_is_no_answer_and_final_is_only_what_says_that_there_is_no_key() {
    let other_name = |question: &Message| {
        let mut answer = referral(question);
        answer.answers = vec![text(&name("other.example."), 300, A.record().as_bytes())];
        answer
    };
    let behind_an_alias = |question: &Message| {
        let (asked, target) = (question.queries[0].name().clone(), name("target.example."));
        let mut answer = if asked == target { referral(question) } else { answer(question) };
        if asked != target {
            answer.answers = vec![alias(&asked, &target)];
        }
        answer
    };
    let referrals: [fn(&Message) -> Message; 3] = [referral, other_name, behind_an_alias];
    for (number, referral) in referrals.into_iter().enumerate() {
        let refused = verdict(move |question, _| vec![referral(question)]).await.unwrap_err();
        let expected = "the name server sent a referral, not an answer".to_owned();
        assert_eq!(refused, Rejection::KeyUnavailable(expected), "referral {number}");
        assert_eq!(refused.class(), Class::Temporary);
    }
    // With the SOA record of its zone it is an answer (RFC 2308 section 2.2).
    let denied = |question: &Message, _: Protocol| {
        let mut answer = referral(question);
        let zone = name("copernica.com.");
        let soa = SOA::new(name("ns.copernica.com."), name("hostmaster.copernica.com."), 1, 3600, 600, 86_400, 300);
        answer.authorities.push(Record::from_rdata(zone, 300, RData::SOA(soa)));
        vec![answer]
    };
    assert_eq!(verdict(denied).await, Err(Rejection::KeyNotFound));
}

fn truncated(question: &Message) -> Vec<Message> {
    let mut answer = answer(question);
    answer.metadata.truncation = true;
    vec![answer]
}

#[tokio::test]
async fn a_name_server_that_fails_may_work_in_a_moment() {
    use ResponseCode::{FormErr, NotAuth, NotImp, Refused, ServFail};
    for code in [ServFail, Refused, NotImp, FormErr, NotAuth] {
        let refused = verdict(move |question, _| failure(question, code)).await.unwrap_err();
        assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary), "{code}");
    }
}

#[tokio::test]
async fn asks_by_tcp_where_the_answer_is_truncated() {
    let server = NameServer::start(|question, protocol| match protocol {
        Protocol::Udp => truncated(question),
        Protocol::Tcp => vec![texts(question, &[B.record(), A.record()])],
    });
    assert_eq!(verdict_at(&verifier(&server), now()).await, Ok(()));
    assert_eq!(server.questions(), (1, 1));
}

#[tokio::test]
async fn does_not_take_what_a_truncated_answer_begins_with() {
    // The records that were cut off may be the ones that count, so what is there is not "none".
    let closed = |question: &Message, protocol| match protocol {
        Protocol::Udp => {
            let mut answer = texts(question, &[B.record()]);
            answer.metadata.truncation = true;
            vec![answer]
        }
        Protocol::Tcp => Vec::new(),
    };
    let refused = verdict(closed).await.unwrap_err();
    assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary));
}

#[tokio::test]
async fn a_silent_name_server_is_given_up() {
    let began = std::time::Instant::now();
    let refused = verdict(|_, _| Vec::new()).await.unwrap_err();
    assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary));
    assert!(began.elapsed() < Duration::from_secs(10), "the deadline is 3 s");
}

/// An address where no name server listens: those of the tests are all at 127.0.0.1.
fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 2], 53_535))
}

#[tokio::test]
async fn an_absent_name_server_is_given_up() {
    let keys = DnsKeys::with_name_servers(&[nobody()]).unwrap();
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    let refused = verdict_at(&verifier, now()).await.unwrap_err();
    assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary));
    assert!(DnsKeys::with_name_servers(&[]).is_err());
}

#[tokio::test]
async fn the_second_name_server_is_asked_where_the_first_is_absent() {
    let server = NameServer::start(|question, _| vec![texts(question, &[A.record()])]);
    let keys = DnsKeys::with_name_servers(&[nobody(), server.address]).unwrap();
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    assert_eq!(verdict_at(&verifier, now()).await, Ok(()));
}

/// Answers that somebody else might send, each before the honest one. They carry a key that has not signed, so that
/// whoever takes one of them refuses the callback.
#[tokio::test]
async fn ignores_answers_to_other_questions() {
    type Spoil = fn(&mut Message);
    let spoils: [(&str, Spoil); 4] = [
        ("other id", |forged| forged.metadata.id ^= 0x0101),
        ("other name", |forged| {
            forged.queries[0].set_name(name("other.copernica.com."));
        }),
        ("other type", |forged| {
            forged.queries[0].set_query_type(RecordType::A);
        }),
        ("no question", |forged| forged.queries.clear()),
    ];
    for (what, spoil) in spoils {
        let verdict = verdict(move |question, _| {
            let mut forged = texts(question, &[B.record()]);
            spoil(&mut forged);
            vec![forged, texts(question, &[A.record()])]
        });
        assert_eq!(verdict.await, Ok(()), "{what}");
    }
}

#[tokio::test]
async fn does_not_trust_an_answer_that_spells_the_question_otherwise() {
    // The case of the letters is random, so that a forger must guess it too; the question is then asked by TCP.
    let server = NameServer::start(|question, protocol| match protocol {
        Protocol::Udp => {
            let mut forged = texts(question, &[B.record()]);
            let spelled: String = question.queries[0]
                .name()
                .to_string()
                .chars()
                .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect();
            forged.queries[0].set_name(name(&spelled));
            vec![forged]
        }
        Protocol::Tcp => vec![texts(question, &[A.record()])],
    });
    assert_eq!(verdict_at(&verifier(&server), now()).await, Ok(()));
    assert_eq!(server.questions(), (1, 1));
}

#[tokio::test]
async fn takes_no_record_of_another_name() {
    let foreign = name("evil.example.");
    // Alone, beside an honest record, and beside an alias that does not lead there.
    let owner = foreign.clone();
    let alone = move |question: &Message, _: Protocol| {
        let mut answer = answer(question);
        answer.answers = vec![text(&owner, 300, A.record().as_bytes())];
        vec![answer]
    };
    assert_eq!(verdict(alone).await, Err(Rejection::KeyNotFound));
    let owner = foreign.clone();
    let beside = move |question: &Message, _: Protocol| {
        let mut answer = texts(question, &[B.record()]);
        answer.answers.push(text(&owner, 300, A.record().as_bytes()));
        vec![answer]
    };
    assert_eq!(verdict(beside).await, Err(Rejection::BadSignature));
    let owner = foreign.clone();
    let additional = move |question: &Message, _: Protocol| {
        let mut answer = texts(question, &[B.record()]);
        answer.additionals.push(text(&owner, 300, A.record().as_bytes()));
        vec![answer]
    };
    assert_eq!(verdict(additional).await, Err(Rejection::BadSignature));
    let aliased = move |question: &Message, _: Protocol| {
        let asked = question.queries[0].name().clone();
        let mut answer = answer(question);
        let target = name("target.example.");
        answer.answers = vec![
            alias(&asked, &target),
            text(&target, 300, B.record().as_bytes()),
            text(&foreign, 300, A.record().as_bytes()),
        ];
        vec![answer]
    };
    assert_eq!(verdict(aliased).await, Err(Rejection::BadSignature));
}

#[tokio::test]
async fn what_is_malformed_causes_no_question() {
    let server = NameServer::start(|question, _| vec![texts(question, &[A.record()])]);
    let verifier = verifier(&server);
    let signed = || Forge::new().sign();
    for (message, code) in [
        (signed().resign("copernica.com", "evil.test"), "foreign_key"),
        (Forge::new().carry_text("AAA"), "signature_not_base64"),
        (Forge::new().set("Digest", "md5=AAAA").sign(), "digest_malformed"),
        (Forge::new().set("Content-Length", "+1").sign(), "content_length_malformed"),
        (Forge::new().set("Content-Length", "99999999").sign(), "body_too_large"),
        (signed().set("X-Copernica-ID", "account_9"), "wrong_account"),
        (signed().set("Host", "other.example"), "wrong_host"),
    ] {
        let refused = verifier.verify(&message.head(), &message.body, now()).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), code);
    }
    assert_eq!(server.questions(), (0, 0));
}
