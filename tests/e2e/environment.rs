//! Every flag of the server has a twin `MOCK_PUBLISHER_*`.

use tempfile::TempDir;

use crate::support::{Publisher, Receiver, mock_publisher, run};

#[test]
fn the_environment_says_what_flags_can_say() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_as(|command| {
        command.envs([
            ("MOCK_PUBLISHER_LISTEN", "127.0.0.1:0"),
            ("MOCK_PUBLISHER_DNS", "127.0.0.1:0"),
            ("MOCK_PUBLISHER_ACCOUNT", "77"),
            ("MOCK_PUBLISHER_ZONE", "example.test"),
            ("MOCK_PUBLISHER_WIRE", "documented"),
            ("MOCK_PUBLISHER_ACCESS_TOKEN", "chosen"),
            ("MOCK_PUBLISHER_READY_FILE", "ready.json"),
            ("MOCK_PUBLISHER_ALLOW_TARGET", "0.0.0.0,192.0.2.1"),
        ]);
        command.env("MOCK_PUBLISHER_DATA", data.path());
    });
    let receiver = Receiver::of(&publisher);
    assert_eq!(publisher.token, "chosen");
    assert!(publisher.key_id.ends_with("._domainkey.example.test"), "{}", publisher.key_id);
    assert!(data.path().join("publisher.sqlite").is_file());
    // This machine by an address that is neither loopback nor private, so that it must be allowed.
    publisher.callback(&format!("http://0.0.0.0:{}/", receiver.address.port()));
    publisher.profile("Mike");
    assert_eq!(receiver.next().header("x-copernica-id"), "account-77");
    let mut list = mock_publisher(data.path());
    list.args(["keys", "list"]).env("MOCK_PUBLISHER_DATA", data.path()).env("MOCK_PUBLISHER_ZONE", "example.test");
    let list = run(&mut list).expect_status(0).text();
    assert_eq!(list, format!("{}   RSA-2048   signs\n", publisher.key_id));
    let mut ready = mock_publisher(data.path());
    ready.arg("ready").env("MOCK_PUBLISHER_READY_FILE", data.path().join("ready.json"));
    run(&mut ready).expect_status(0);
}

#[test]
fn a_flag_beats_the_environment() {
    let publisher = Publisher::start_as(|command| {
        command.envs([
            ("MOCK_PUBLISHER_LISTEN", "0.0.0.0:0"),
            ("MOCK_PUBLISHER_ZONE", "example.test"),
            ("MOCK_PUBLISHER_ACCESS_TOKEN", "environment"),
        ]);
        command.args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"]);
        command.args(["--zone", "flag.test", "--access-token", "flag"]);
    });
    assert_eq!(publisher.token, "flag");
    assert!(publisher.key_id.ends_with("._domainkey.flag.test"), "{}", publisher.key_id);
}

#[test]
fn in_memory_can_be_switched_on_in_the_usual_words() {
    for word in ["true", "1", "yes"] {
        let publisher = Publisher::start_as(|command| {
            command.env("MOCK_PUBLISHER_IN_MEMORY", word);
            command.args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"]);
        });
        assert!(!publisher.folder.path().join("mock-publisher-data").exists(), "{word}");
    }
}

#[test]
fn a_wrong_value_in_the_environment_is_named() {
    let folder = TempDir::new().unwrap();
    for (variable, value, part) in [
        ("MOCK_PUBLISHER_LISTEN", "7070", "--listen"),
        ("MOCK_PUBLISHER_ACCOUNT", "x", "--account"),
        ("MOCK_PUBLISHER_IN_MEMORY", "perhaps", "--in-memory"),
    ] {
        run(mock_publisher(folder.path()).arg("serve").env(variable, value)).expect_failure(2, &[part]);
    }
    let secret =
        run(mock_publisher(folder.path()).args(["serve", "--help"]).env("MOCK_PUBLISHER_ACCESS_TOKEN", "s3cret"));
    assert!(!secret.text().contains("s3cret"), "the help shows the token");
}
