//! The publisher's name server, asked by `dig` (Debian package `bind9-dnsutils`).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Publisher, mock_publisher, run};

/// What `dig` shows of an answer.
fn dig(server: SocketAddr, question: &[&str]) -> String {
    let found = Command::new("dig").arg("-v").output();
    assert!(found.is_ok(), "`dig` is not there: install the Debian package `bind9-dnsutils`");
    let mut command = Command::new("dig");
    command.arg(format!("@{}", server.ip())).args(["-p", &server.port().to_string(), "+tries=1", "+time=10"]);
    run(command.args(question)).expect_status(0).text()
}

/// The lines of a section, such as `ANSWER`.
fn section<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let title = format!(";; {name} SECTION:");
    answer.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty()).collect()
}

/// The character-strings of a TXT record in master-file form. `dig` writes `;` as `\;`.
fn strings(record: &str) -> Vec<String> {
    let (_, text) = record.split_once("TXT").unwrap();
    let parts = text.trim().trim_matches('"').split("\" \"");
    parts.map(|part| part.replace("\\;", ";")).collect()
}

#[test]
fn udp_and_tcp_publish_what_keys_record_shows() {
    for (arguments, zone, prefix) in [
        (&[][..], "copernica.com", "v=DKIM1;k=rsa;p=MII"),
        (&["--zone", "example.test"], "example.test", "v=DKIM1;k=rsa;p=MII"),
        (&["--wire", "documented"], "copernica.com", "v=DKIM1; k=rsa; p=MII"),
    ] {
        let data = TempDir::new().unwrap();
        let in_data = ["--data", data.path().to_str().unwrap()];
        let publisher = Publisher::start_with(&[&in_data, arguments].concat());
        assert!(publisher.key_id.ends_with(&format!("._domainkey.{zone}")), "{}", publisher.key_id);
        let mut command = mock_publisher(publisher.folder.path());
        let shown = run(command.args(["keys", "record"]).args(in_data).args(arguments)).expect_status(0).text();
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(shown.starts_with(&format!("{}. 300 IN TXT \"{prefix}", publisher.key_id)), "{shown}");
        let expected = strings(&shown);
        assert!(expected.len() > 1 && expected.iter().all(|string| string.len() <= 255), "{shown}");
        for transport in ["+notcp", "+tcp"] {
            let answer = dig(publisher.dns, &[transport, "TXT", &publisher.key_id]);
            let [record] = section(&answer, "ANSWER")[..] else { panic!("not one record: {answer}") };
            let begin: Vec<_> = record.split_whitespace().take(4).collect();
            assert_eq!(begin, [&format!("{}.", publisher.key_id), "300", "IN", "TXT"]);
            assert_eq!(strings(record), expected, "{transport}");
            assert!(answer.contains(";; flags: qr aa"), "{answer}");
        }
    }
}

#[test]
fn each_question_has_the_status_it_deserves() {
    let publisher = Publisher::start_with(&["--in-memory", "--zone", "example.test"]);
    let key = publisher.key_id.as_str();
    let (shouted, below) = (key.to_uppercase(), format!("deeper.{key}"));
    let (none, soa): (&[&str], _) = (&[], &["SOA"][..]);
    for (question, status, answer, authority) in [
        (&["TXT", key][..], "NOERROR", &["TXT"][..], none),
        (&["TXT", &shouted], "NOERROR", &["TXT"], none),
        (&["ANY", "+notcp", key], "NOERROR", &["TXT"], none),
        (&["SOA", "example.test"], "NOERROR", &["SOA"], none),
        (&["NS", "example.test"], "NOERROR", &["NS"], none),
        (&["A", "ns.example.test"], "NOERROR", &["A"], none),
        // The name is there, the type is not; of a name that only leads to others, none is.
        (&["A", key], "NOERROR", none, soa),
        (&["TXT", "_domainkey.example.test"], "NOERROR", none, soa),
        (&["TXT", "example.test"], "NOERROR", none, soa),
        (&["AAAA", "ns.example.test"], "NOERROR", none, soa),
        // The name is not there.
        (&["TXT", "1999-01._domainkey.example.test"], "NXDOMAIN", none, soa),
        (&["TXT", &below], "NXDOMAIN", none, soa),
        (&["A", "www.example.test"], "NXDOMAIN", none, soa),
        // The name is somebody else's.
        (&["TXT", "one._domainkey.copernica.com"], "REFUSED", none, none),
        (&["A", "test"], "REFUSED", none, none),
        (&["A", "notexample.test"], "REFUSED", none, none),
        (&["SOA", "."], "REFUSED", none, none),
        (&["TXT", "-c", "CH", "version.bind"], "REFUSED", none, none),
        (&["+opcode=NOTIFY", "SOA", "example.test"], "NOTIMP", none, none),
        (&["+opcode=UPDATE", "SOA", "example.test"], "NOTIMP", none, none),
    ] {
        for transport in ["+notcp", "+tcp"] {
            let said = dig(publisher.dns, &[&[transport, "+norecurse"], question].concat());
            assert!(said.contains(&format!("status: {status},")), "{question:?}: {said}");
            let types = |name| {
                let records = section(&said, name).into_iter().map(|line| line.split_whitespace().nth(3).unwrap());
                records.collect::<Vec<_>>()
            };
            assert_eq!(types("ANSWER"), answer, "{question:?}: {said}");
            assert_eq!(types("AUTHORITY"), authority, "{question:?}: {said}");
        }
    }
}

#[test]
fn edns_is_answered_with_edns() {
    let publisher = Publisher::start();
    for (flags, expected) in [
        (&["+edns=0", "+bufsize=4096"][..], Some("udp: 1232")),
        (&["+edns=0", "+bufsize=600"], Some("udp: 600")),
        (&["+edns=0", "+dnssec"], Some("EDNS: version: 0")),
        (&["+noedns"], None),
    ] {
        let said = dig(publisher.dns, &[flags, &["TXT", &publisher.key_id]].concat());
        assert_eq!(section(&said, "ANSWER").len(), 1, "{flags:?}: {said}");
        match expected {
            Some(expected) => {
                assert!(said.contains("EDNS: version: 0") && said.contains(expected), "{flags:?}: {said}")
            }
            None => assert!(!said.contains("EDNS:"), "{said}"),
        }
    }
    let said = dig(publisher.dns, &["+edns=1", "+noednsnegotiation", "TXT", &publisher.key_id]);
    assert!(said.contains("status: BADVERS"), "{said}");
}

#[test]
fn an_answer_too_long_for_udp_is_truncated_and_complete_over_tcp() {
    let zone = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
    let publisher = Publisher::start_with(&["--in-memory", "--zone", &zone]);
    let question = ["+noedns", "TXT", &publisher.key_id];
    let truncated = dig(publisher.dns, &[&["+ignore"], &question[..]].concat());
    assert!(truncated.contains("flags: qr aa tc") && section(&truncated, "ANSWER").is_empty(), "{truncated}");
    let complete = dig(publisher.dns, &question);
    assert!(complete.contains("retrying in TCP mode") && section(&complete, "ANSWER").len() == 1, "{complete}");
}

#[test]
fn garbage_does_not_stop_it() {
    let publisher = Publisher::start();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Half a connection that stays open all the while.
    let mut open = TcpStream::connect(publisher.dns).unwrap();
    open.write_all(&[0x02]).unwrap();
    for packet in garbage() {
        udp.send_to(&packet, publisher.dns).unwrap();
        let mut tcp = TcpStream::connect(publisher.dns).unwrap();
        tcp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        // The length is right, too long, and missing. Whatever comes back, or nothing, is fine.
        let _ = tcp.write_all(&u16::try_from(packet.len()).unwrap().to_be_bytes());
        let _ = tcp.write_all(&packet);
        let _ = tcp.write_all(&[0xff, 0xff]);
        let _ = tcp.write_all(&packet);
        let _ = tcp.read(&mut [0; 512]);
    }
    for transport in ["+notcp", "+tcp"] {
        let said = dig(publisher.dns, &[transport, "TXT", &publisher.key_id]);
        assert_eq!(section(&said, "ANSWER").len(), 1, "{said}");
    }
    assert!(!publisher.log().contains("panicked"), "{}", publisher.log());
}

fn garbage() -> Vec<Vec<u8>> {
    // A question for `a.`, as it should be.
    let question =
        [b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".as_slice(), b"\x01a\x00\x00\x10\x00\x01"].concat();
    let mut packets = vec![vec![], vec![0], vec![0; 11], vec![0; 12], vec![0xff; 12], vec![0xff; 512], vec![0; 9000]];
    packets.extend((1..question.len()).map(|length| question[..length].to_vec()));
    // One bit of the head after the other: responses, opcodes, counts that are not kept.
    packets.extend((0..12 * 8).map(|bit| {
        let mut packet = question.clone();
        packet[bit / 8] ^= 1 << (bit % 8);
        packet
    }));
    for name in [&b"\xc0\x0c"[..], b"\xc0\xff", b"\x3f", b"\x80", b"\x01a\xc0\x0c"] {
        packets.push([&question[..12], name, b"\x00\x10\x00\x01"].concat());
    }
    packets
}
