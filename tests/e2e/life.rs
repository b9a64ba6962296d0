//! How a publisher starts, says that it is ready, stops, and finds everything again.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, background, mock_publisher, run, silent, wait_for};

fn ready(folder: &Path, arguments: &[&str]) -> crate::support::Outcome {
    run(mock_publisher(folder).arg("ready").args(arguments))
}

#[test]
fn the_ready_files_tell_where_it_is_and_go_with_it() {
    for signal in ["TERM", "INT"] {
        let data = TempDir::new().unwrap();
        let mut publisher = Publisher::start_in(data.path());
        let files = [publisher.folder.path().join("ready.json"), data.path().join("ready.json")];
        for file in &files {
            // The second one is written a moment after the first, on which the start waits.
            let text = wait_for("a ready file", || fs::read_to_string(file).ok());
            let expected = json!({
                "url": format!("http://{}", publisher.http),
                "http": publisher.http.to_string(),
                "dns": publisher.dns.to_string(),
                "access_token": publisher.token,
                "account": 1234,
                "key_id": publisher.key_id,
                "data": data.path(),
                "ca": null,
            });
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
        let said = wait_for("the banner", || Some(publisher.banner()).filter(|banner| banner.contains("Ctrl-C")));
        for part in [
            &format!("publisher  http://{}   account 1234   token {}", publisher.http, publisher.token),
            &format!("dns        {}   {}   RSA-2048", publisher.dns, publisher.key_id),
            &format!("data       {}", data.path().display()),
            "Assumptions where the platform documents nothing",
        ] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        publisher.program.signal(signal);
        assert_eq!(publisher.program.ended().code(), Some(0), "{signal}: {}", publisher.log());
        assert!(publisher.log().contains("stopping"), "{}", publisher.log());
        assert!(!files.iter().any(|file| file.exists()), "{signal}");
    }
}

#[test]
fn without_a_data_folder_nothing_is_kept() {
    let mut publisher = Publisher::start();
    wait_for("the banner", || publisher.banner().contains("nothing is kept").then_some(()));
    publisher.profile("Mike");
    publisher.stop();
    let left: Vec<_> = fs::read_dir(publisher.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "banner" || name == "log"), "{left:?}");
}

#[test]
fn without_a_subcommand_it_serves() {
    let mut publisher = Publisher::start_as(|command| {
        command.args(["--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"]);
    });
    publisher.profile("Mike");
    publisher.stop();
    assert!(publisher.folder.path().join("mock-publisher-data/publisher.sqlite").is_file());
}

#[test]
fn ready_tells_whether_a_publisher_is_ready() {
    let data = TempDir::new().unwrap();
    let here = data.path();
    let in_data = ["--data", here.to_str().unwrap()];
    ready(here, &in_data).expect_failure(1, &["not ready", "no publisher has left its addresses in", "ready.json"]);
    ready(here, &["--wait", "--timeout", "0.2"]).expect_failure(1, &["not ready after 0.2 s", "mock-publisher-data"]);
    let mut publisher = Publisher::start_in(here);
    let expected = format!("ready   http://{}\n", publisher.http);
    let file = publisher.folder.path().join("ready.json");
    for arguments in [&["--ready-file", file.to_str().unwrap()][..], &["--wait", "--data", in_data[1]]] {
        assert_eq!(ready(here, arguments).expect_status(0).text(), expected, "{arguments:?}");
    }
    publisher.stop();
    ready(here, &in_data).expect_failure(1, &["no publisher has left its addresses in"]);

    // After a kill the file is still there, and nobody answers.
    let publisher = Publisher::start_in(here);
    let address = publisher.http.to_string();
    let left = wait_for("the ready file", || fs::read_to_string(here.join("ready.json")).ok());
    publisher.kill();
    assert_eq!(fs::read_to_string(here.join("ready.json")).unwrap(), left);
    // Somebody else may have got its port by now.
    let (_socket, silent) = silent();
    fs::write(here.join("ready.json"), left.replace(&address, &silent.to_string())).unwrap();
    ready(here, &in_data).expect_failure(1, &["not ready", &format!("nobody answers at `http://{silent}`")]);
    fs::write(here.join("ready.json"), "{").unwrap();
    ready(here, &in_data).expect_failure(1, &["not ready", "ready.json"]);
}

#[test]
fn ready_can_wait_for_a_publisher_that_is_not_yet_started() {
    let data = TempDir::new().unwrap();
    let mut command = mock_publisher(data.path());
    let mut waiting = background(command.args(["ready", "--wait", "--data", "."]).stdout(std::process::Stdio::null()));
    assert!(!waiting.has_ended());
    let _publisher = Publisher::start_in(data.path());
    assert_eq!(waiting.ended().code(), Some(0));
}

#[test]
fn everything_is_found_again_after_a_restart() {
    let data = TempDir::new().unwrap();
    let paths =
        ["/v4/database/customers/profiles", "/v4/database/customers/callbacks", "/v4/profile/2", "/mock/v1/deliveries"];
    let pem = || {
        let mut command = mock_publisher(data.path());
        run(command.args(["keys", "record", "--pem", "--data", "."])).expect_status(0).text()
    };
    let mut publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/"));
    publisher.profile("Mike");
    publisher.profile("Removed");
    publisher.delete("/v4/profile/2");
    publisher.settled(3);
    let before = (paths.map(|path| publisher.get(path)), publisher.token.clone(), publisher.key_id.clone(), pem());
    publisher.stop();
    // Stopped or killed, it is the same.
    for _ in 0..2 {
        let publisher = Publisher::start_in(data.path());
        let now = (paths.map(|path| publisher.get(path)), publisher.token.clone(), publisher.key_id.clone(), pem());
        assert_eq!(now, before);
        publisher.kill();
    }
    let publisher = Publisher::start_in(data.path());
    assert_eq!(publisher.profile("next"), 3);
    for _ in 0..4 {
        // With the key that the receiver has known since before the restart.
        receiver.next_verified();
    }
}

#[test]
fn a_chosen_token_holds_for_that_run_only() {
    let data = TempDir::new().unwrap();
    let in_data = ["--data", data.path().to_str().unwrap()];
    let mut publisher = Publisher::start_with(&in_data);
    let kept = publisher.token.clone();
    publisher.stop();
    let mut publisher = Publisher::start_with(&[&in_data[..], &["--access-token", "chosen"]].concat());
    assert_eq!(publisher.token, "chosen");
    publisher.stop();
    assert_eq!(Publisher::start_with(&in_data).token, kept);
}

#[test]
fn a_stop_lets_what_is_under_way_be_finished() {
    let data = TempDir::new().unwrap();
    let mut publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/"));
    receiver.hold();
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    receiver.next_verified();
    publisher.program.signal("TERM");
    wait_for("the publisher to stop", || publisher.log().contains("stopping").then_some(()));
    assert!(!publisher.program.has_ended());
    receiver.release();
    assert_eq!(publisher.program.ended().code(), Some(0));
    // The first delivery was noted; the second one stayed in the outbox.
    let publisher = Publisher::start_in(data.path());
    publisher.settled(2);
    assert!(receiver.next_verified().text().contains("Mick"));
    receiver.expect_nothing_more();
}

#[test]
fn a_connection_that_is_idle_does_not_delay_the_stop() {
    let mut publisher = Publisher::start();
    let _silent = TcpStream::connect(publisher.http).unwrap();
    let _silent_too = TcpStream::connect(publisher.dns).unwrap();
    publisher.get("/v4/database/1/profiles");
    let begun = Instant::now();
    publisher.stop();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[cfg(unix)]
#[test]
fn a_data_folder_that_others_can_look_into_is_told_of_and_its_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    for (mode, told) in [(0o700, false), (0o755, true)] {
        let data = folder.path().join(format!("{mode:o}"));
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
        let publisher = Publisher::start_in(&data);
        publisher.profile("Mike");
        assert_eq!(publisher.log().contains("others can look into the data folder"), told, "{}", publisher.log());
        for entry in fs::read_dir(&data).unwrap() {
            let entry = entry.unwrap();
            let others = entry.metadata().unwrap().permissions().mode() & 0o077;
            assert_eq!(others, 0, "{:?}", entry.file_name());
        }
    }
}
