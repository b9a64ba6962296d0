//! What stands in the way of a start, and what is asked for in the wrong way: each has a status and a text that helps.

use std::fs;
use std::io::pipe;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::{Outcome, Publisher, background, mock_publisher, run, verifier};

/// Starts a publisher that cannot start, with its data in `data` below a folder.
fn serve(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = mock_publisher(folder);
    command.args(["serve", "--data", "data"]).args(arguments);
    for flag in ["--listen", "--dns"] {
        if !arguments.contains(&flag) {
            command.args([flag, "127.0.0.1:0"]);
        }
    }
    run(&mut command)
}

/// A folder with the data of a publisher that has stopped.
fn used() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut publisher = Publisher::start_in(&folder.path().join("data"));
    publisher.profile("Mike");
    publisher.stop();
    folder
}

#[test]
fn data_that_another_publisher_uses_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let publisher = Publisher::start_in(&folder.path().join("data"));
    serve(folder.path(), &[]).expect_failure(1, &["another publisher is using `data`", "stop it", "`--data`"]);
    publisher.profile("Mike");
}

#[test]
fn data_of_a_newer_version_is_left_alone() {
    let folder = used();
    let file = folder.path().join("data/publisher.sqlite");
    let version = |set: Option<u32>| {
        let store = rusqlite::Connection::open(&file).unwrap();
        if let Some(version) = set {
            store.pragma_update(None, "user_version", version).unwrap();
        }
        store.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap()
    };
    let known = version(None);
    version(Some(99));
    let known_here = format!("its format is 99, this one knows {known}");
    serve(folder.path(), &[]).expect_failure(1, &["written by a newer version", &known_here, "`--data`"]);
    assert_eq!(version(None), 99);
    version(Some(known));
    assert_eq!(Publisher::start_in(&folder.path().join("data")).profile("next"), 2);
}

#[test]
fn damaged_data_is_said_to_be_damaged() {
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| *bytes = b"this is no database, although it is long enough to be taken for the head of one".repeat(99),
        |bytes| bytes.truncate(bytes.len() / 2 + 100),
        |bytes| bytes[100..4096].fill(0x5a),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let folder = used();
        let file = folder.path().join("data/publisher.sqlite");
        let mut bytes = fs::read(&file).unwrap();
        damage(&mut bytes);
        fs::write(&file, &bytes).unwrap();
        let outcome = serve(folder.path(), &[]);
        assert!(outcome.err.contains("the data is damaged"), "{number}: {outcome:?}");
        outcome.expect_failure(1, &["move it away, or choose another folder with `--data`"]);
        assert_eq!(fs::read(&file).unwrap(), bytes, "{number}: what may be rescued is not touched");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = TempDir::new().unwrap();
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let (tcp, udp) = (tcp.local_addr().map(|a| (tcp, a)).unwrap(), udp.local_addr().map(|a| (udp, a)).unwrap());
    for (flag, address) in [("--listen", tcp.1), ("--dns", tcp.1), ("--dns", udp.1)] {
        let address = address.to_string();
        let parts = [&format!("cannot listen on `{address}`"), &format!("choose another address with `{flag}`")];
        serve(folder.path(), &[flag, &address]).expect_failure(1, &parts.map(|part| part.as_str()));
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    type Spoil = fn(&Path);
    let key = |data: &Path| fs::read_dir(data.join("keys")).unwrap().next().unwrap().unwrap().path();
    let cases: [(Spoil, &[&str]); 8] = [
        (
            |data| fs::write(data.join("keys/9999-12.pem"), "no key").unwrap(),
            &["9999-12.pem` is not usable", "move it away to have a new key pair made"],
        ),
        (|data| fs::write(data.join("keys/9999-12.pem"), [0xff; 9]).unwrap(), &["cannot read or write", "9999-12.pem"]),
        (|data| fs::create_dir(data.join("keys/9999-12.pem")).unwrap(), &["cannot read or write", "9999-12.pem"]),
        (
            |data| {
                fs::remove_dir_all(data.join("keys")).unwrap();
                fs::write(data.join("keys"), "").unwrap();
            },
            &["cannot read or write", "keys"],
        ),
        (
            |data| fs::write(data.join("access_token"), "\n").unwrap(),
            &["access_token` holds no access token", "remove it"],
        ),
        (|data| fs::write(data.join("access_token"), [0xff]).unwrap(), &["cannot use", "access_token"]),
        (
            |data| {
                fs::remove_file(data.join("lock")).unwrap();
                fs::create_dir(data.join("lock")).unwrap();
            },
            &["cannot use", "lock"],
        ),
        (
            |data| {
                fs::remove_dir_all(data).unwrap();
                fs::write(data, "").unwrap();
            },
            &["cannot use `data`"],
        ),
    ];
    for (spoil, parts) in cases {
        let folder = used();
        let data = folder.path().join("data");
        assert!(key(&data).is_file());
        spoil(&data);
        serve(folder.path(), &[]).expect_failure(1, parts);
    }
    let folder = used();
    serve(folder.path(), &["--ready-file", "nowhere/ready.json"])
        .expect_failure(1, &["cannot write the ready file `nowhere/ready.json`"]);
    assert!(!folder.path().join("data/ready.json").exists());
}

#[test]
fn what_is_asked_for_in_the_wrong_way_has_status_2() {
    let folder = TempDir::new().unwrap();
    for (arguments, part) in [
        (&["--nothing"][..], "unexpected argument '--nothing'"),
        (&["nothing"], "unrecognized subcommand 'nothing'"),
        (&["serve", "--listen", "7070"], "invalid value '7070' for '--listen <ADDR>'"),
        (&["serve", "--dns", "localhost:7053"], "for '--dns <ADDR>'"),
        (&["serve", "--account", "account_1"], "for '--account <N>'"),
        (&["serve", "--account=-1"], "for '--account <N>'"),
        (&["serve", "--zone", "no zone"], "for '--zone <ZONE>'"),
        (&["serve", "--zone", ""], "--zone <ZONE>"),
        (&["serve", "--wire", "other"], "[possible values: lowercase, documented]"),
        (&["serve", "--access-token", "two words"], "expected visible ASCII characters"),
        (&["serve", "--access-token", ""], "--access-token <TOKEN>"),
        (&["--account", "1", "demo"], "cannot be used with"),
        (&["demo", "--account", "1"], "unexpected argument '--account'"),
        (&["send"], "<URL>"),
        (&["send", "hook"], "`hook` is no URL, expected `http://host:port/path`"),
        (&["send", "ftp://127.0.0.1/"], "`ftp://127.0.0.1/` is neither an `http://` nor an `https://` URL"),
        (&["send", "http://127.0.0.1/", "--action", "all"], "expected `create`, `update` or `delete`"),
        (&["send", "http://127.0.0.1/", "--method", "yaml"], "[possible values: json, xml, form]"),
        (&["send", "http://127.0.0.1/", "--field", "name"], "expected NAME=VALUE"),
        (&["send", "http://127.0.0.1/", "--id", "x"], "for '--id <N>'"),
        (&["ready", "--timeout", "soon"], "expected a number of seconds from 0 to 86400"),
        (&["ready", "--timeout", "NaN"], "expected a number of seconds"),
        (&["keys"], "Usage: mock-publisher keys <COMMAND>"),
        (&["keys", "nothing"], "unrecognized subcommand 'nothing'"),
    ] {
        let outcome = run(mock_publisher(folder.path()).args(arguments));
        assert!(outcome.err.contains(part), "{arguments:?}: {outcome:?}");
        outcome.expect_failure(2, &[]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a wrong call leaves something behind");
}

#[test]
fn every_help_names_the_exit_status() {
    let folder = TempDir::new().unwrap();
    let publisher =
        [&[][..], &["serve"], &["demo"], &["send"], &["keys"], &["keys", "list"], &["keys", "record"], &["ready"]];
    for (program, subcommands) in
        [(mock_publisher as fn(&Path) -> _, &publisher[..]), (verifier, &[&[][..], &["verify"], &["key"]][..])]
    {
        for subcommand in subcommands {
            let help = run(program(folder.path()).args(*subcommand).arg("--help")).expect_status(0).text();
            assert!(help.contains("Exit status:"), "{subcommand:?}: {help}");
            let short = run(program(folder.path()).args(*subcommand).arg("-h")).expect_status(0).text();
            assert!(short.contains("Usage:"), "{subcommand:?}: {short}");
        }
        let help = run(program(folder.path()).arg("--help")).expect_status(0).text();
        let version = run(program(folder.path()).arg("--version")).expect_status(0).text();
        assert!(version.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{version}");
        assert!(help.contains("Usage:"), "{help}");
    }
    for subcommand in [&[][..], &["serve"], &["demo"], &["send"], &["keys", "record"], &["ready"]] {
        let help = run(mock_publisher(folder.path()).args(subcommand).arg("--help")).text();
        assert!(help.contains("Example"), "{subcommand:?}: {help}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_panic() {
    let folder = used();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["demo"],
        &["serve", "--in-memory", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"],
        &["keys", "list", "--data", "data"],
        &["keys", "record", "--data", "data"],
        &["send", "http://127.0.0.1:1/", "--print", "--data", "data"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let log = folder.path().join("log");
        let mut command = mock_publisher(folder.path());
        command.args(arguments).stdin(Stdio::null()).stdout(writer).stderr(fs::File::create(&log).unwrap());
        let status = background(&mut command).ended();
        let log = fs::read_to_string(log).unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}: {log}");
        assert!(!log.contains("panicked"), "{arguments:?}: {log}");
        assert!(!folder.path().join("ready.json").exists());
    }
}
