//! Imports: what each action makes of a file, which callbacks fire, and what becomes of an import that does not come to its end.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, Watched, background, mock_publisher, run, run_with_input, wait_for};

/// Asks for an import through the REST API, and waits for its end.
#[track_caller]
fn import(publisher: &Publisher, body: &Value) -> Value {
    let id = publisher.post("/v4/imports", body);
    ended(publisher, id)
}

/// Sends a file, and waits for the end of its import.
#[track_caller]
fn upload(publisher: &Publisher, query: &str, content_type: &str, file: &[u8]) -> Value {
    let answer = publisher.send("POST", &format!("/mock/v1/imports?{query}"), content_type, file).expect_status(201);
    ended(publisher, answer.json()["id"].as_u64().unwrap())
}

fn ended(publisher: &Publisher, id: u64) -> Value {
    wait_for("an import to end", || {
        let import = publisher.get(&format!("/mock/v1/imports/{id}"));
        (import["done"] == true).then_some(import)
    })
}

/// What an import came to: created, updated, removed, unchanged, callbacks.
fn tally(import: &Value) -> [u64; 5] {
    assert_eq!(import["status"], "finished", "{import:#}");
    ["created", "updated", "removed", "unchanged", "fired"].map(|key| import[key].as_u64().unwrap())
}

fn profiles(publisher: &Publisher) -> Vec<String> {
    let list = publisher.get("/v4/database/customers/profiles?limit=1000");
    let text =
        |fields: &Value| ["name", "email", "city"].map(|name| fields[name].as_str().unwrap().to_owned()).join("|");
    list["data"].as_array().unwrap().iter().map(|profile| text(&profile["fields"])).collect()
}

#[test]
fn imports_create_update_and_remove_and_only_their_own_callbacks_fire() {
    let watched = Watched::start();
    let rows = json!([{"Email": "jessica@example.com", "Name": "Jessica"}, {"Email": "", "Name": "Nobody"}]);
    assert_eq!(tally(&import(&watched.publisher, &json!({"database": "customers", "source": rows}))), [2, 0, 0, 0, 2]);
    assert_eq!(watched.told(2), ["import: create profile 2", "import: create profile 3"]);

    let update = |action: &str, rows: Value| {
        import(&watched.publisher, &json!({"database": 1, "action": action, "keyFields": ["email"], "source": rows}))
    };
    let mike = json!({"email": "mike@EXAMPLE.com", "city": "Utrecht"});
    assert_eq!(tally(&update("update", json!([mike, {"email": "x@example.com", "city": "y"}]))), [0, 1, 0, 0, 1]);
    assert_eq!(watched.told(1), ["import: update profile 1"]);
    assert_eq!(tally(&update("update", json!([mike]))), [0, 0, 0, 1, 0], "an update without effect is told to nobody");
    let rows = json!([{"email": "new@example.com", "city": "Gouda"}, {"email": "New@example.com", "city": "Delft"}]);
    assert_eq!(tally(&update("update or add", rows)), [1, 1, 0, 0, 2]);
    assert_eq!(watched.told(2), ["import: create profile 4", "import: update profile 4"]);
    let rows = json!([{"email": "new@example.com", "city": "Breda"}, {"email": "", "city": "Breda"}]);
    assert_eq!(tally(&update("ignore or add", rows)), [1, 0, 0, 1, 1], "an empty key is the key of nobody");
    assert_eq!(watched.told(1), ["import: create profile 5"]);
    assert_eq!(tally(&update("delete", json!([{"email": "mike@example.com"}]))), [0, 0, 1, 0, 1]);
    assert_eq!(watched.told(1), ["import: delete profile 1"]);
    watched.expect_no_more_than(1 + 2 + 1 + 2 + 1 + 1);
    assert_eq!(
        profiles(&watched.publisher),
        ["Jessica|jessica@example.com|", "Nobody||", "|New@example.com|Delft", "||Breda"]
    );
}

#[test]
fn a_row_for_each_subprofile_repeats_the_columns_of_the_profile() {
    let watched = Watched::start();
    let file = "email;orders.product;orders.amount;shoe\n\
                a@example.com;apple;1;44\na@example.com;pear;2;44\nb@example.com;;;45\n";
    let added = upload(&watched.publisher, "database=customers", "text/csv", file.as_bytes());
    assert_eq!(tally(&added), [4, 0, 0, 0, 4]);
    assert_eq!(
        watched.told(4),
        [
            "import: create profile 2",
            "import: create profile 3",
            "import: create subprofile 1",
            "import: create subprofile 2"
        ]
    );
    let keys = "database=customers&keyFields[]=email&keyFields[]=orders.product";
    let file = "email,orders.product,orders.amount\na@example.com,PEAR,3\nb@example.com,pear,4\n";
    let query = format!("{keys}&action=update+or+add");
    assert_eq!(tally(&upload(&watched.publisher, &query, "text/csv", file.as_bytes())), [1, 1, 0, 2, 2]);
    assert_eq!(watched.told(2), ["import: create subprofile 3", "import: update subprofile 2"]);

    let file = "email\torders.product\na@example.com\tapple\nb@example.com\tapple\n";
    let query = format!("{keys}&action=delete&deleteTarget=subprofile");
    assert_eq!(
        tally(&upload(&watched.publisher, &query, "text/tab-separated-values", file.as_bytes())),
        [0, 0, 1, 0, 1]
    );
    assert_eq!(watched.told(1), ["import: delete subprofile 1"]);
    watched.expect_no_more_than(1 + 4 + 2 + 1);
}

#[test]
fn what_is_missing_is_removed_and_empty_values_can_be_left_alone() {
    let publisher = Publisher::start();
    let rows = json!([{"name": "A", "email": "a", "city": "x"}, {"name": "B", "email": "b", "city": "y"}]);
    import(&publisher, &json!({"database": "customers", "source": rows}));
    let body = json!({
        "database": "customers", "action": "update or add", "keyFields": ["email"], "removeMissing": "true",
        "ignoreEmptyFields": "true", "source": "email,name,city\nB,,z\nC,C,\n",
    });
    assert_eq!(tally(&import(&publisher, &body)), [1, 1, 1, 0, 0]);
    assert_eq!(profiles(&publisher), ["B|B|z", "C|C|"]);
}

#[test]
fn a_file_that_cannot_be_read_further_says_where_and_what_was_done_before() {
    let publisher = Publisher::start();
    for (file, expected) in [
        ("name,email\nA,a\nB\n", "line 3: expected 2 values as in the first row, got 1; the first row was carried out"),
        (
            "name,email\nA,a\nB,\"b\n",
            "line 3: the quote that is opened here is never closed; the first row was carried out",
        ),
        (
            "shoe,hat\n1,2\n",
            "line 1: no column has the name of a field; the first is named `shoe`; nothing was carried out",
        ),
        ("name,NAME\n1,2\n", "line 1: two columns are named `NAME`; nothing was carried out"),
    ] {
        let before = profiles(&publisher).len();
        let import = upload(&publisher, "database=customers", "text/csv", file.as_bytes());
        assert_eq!(import["status"], "failed", "{import:#}");
        assert_eq!(import["error"], expected);
        assert_eq!(profiles(&publisher).len() - before, import["processed"].as_u64().unwrap() as usize);
        let shown = publisher.get(&format!("/v3/import/{}", import["id"]));
        assert_eq!(shown["lasterror"], expected);
    }
    let file = b"[{\"name\": \"A\"},\n{\"nam\": \"B\"}]";
    let import = upload(&publisher, "database=customers", "application/json", file);
    assert_eq!(
        import["error"],
        "line 2, record 2: the record has no `name`, which the first one has; the first row was carried out"
    );
}

#[test]
fn an_import_is_shown_as_documented_and_can_wait_to_be_started() {
    let publisher = Publisher::start();
    let body = json!({
        "database": "customers", "name": "waits", "autostart": "false", "action": "update or add", "keyFields": ["email"],
        "followups": "false", "rebuild": false, "source": "email\na\nb\n",
    });
    let id = publisher.call("PUT", "/v3/imports", Some(&body)).expect_status(201);
    let id = id.header("x-created").unwrap().to_owned();
    let expected = json!({
        "ID": id, "name": "waits", "type": "add or update", "status": "ready for start", "totallines": "0",
        "processedLines": "0", "processedlines": "0", "lastrun": false, "nextrun": false, "lasterror": false,
    });
    assert_eq!(publisher.get(&format!("/v4/import/{id}")), expected);
    publisher.call("POST", &format!("/mock/v1/imports/{id}/start"), None).expect_status(204);
    assert_eq!(tally(&ended(&publisher, id.parse().unwrap())), [2, 0, 0, 0, 0]);
    let shown = publisher.get(&format!("/v4/import/{id}"));
    assert_eq!(
        (&shown["totallines"], &shown["processedLines"], &shown["status"]),
        (&json!("2"), &json!("2"), &json!("finished"))
    );

    let refused = |body: Value| publisher.call("POST", "/v4/imports", Some(&body)).expect_status(400).text();
    assert!(
        refused(json!({"database": "customers", "location": "http://127.0.0.1/a.csv"})).contains("nothing is fetched")
    );
    assert!(refused(json!({"database": "shop", "source": []})).contains("No database with supplied ID"));
    assert!(refused(json!({"database": "customers"})).contains("`source` is missing"));
    publisher.call("GET", "/v4/import/99", None).expect_status(400);
    publisher.send("POST", "/mock/v1/imports?database=customers&keyField=x", "text/csv", b"a\n").expect_status(400);
    publisher.send("POST", "/mock/v1/imports?database=customers", "image/png", b"a\n").expect_status(415);
}

/// A table of so many customers.
fn customers(count: usize) -> String {
    let rows = (1..=count).map(|number| format!("Customer {number},c{number}@example.com,{number}\n"));
    ["name,email,score\n".to_owned()].into_iter().chain(rows).collect()
}

#[test]
fn a_publisher_that_is_killed_has_whole_rows_and_every_callback_of_them_and_no_other() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    let condition = json!({"url": receiver.url("/hook"), "expression": "profile.score % 10 == 0"});
    publisher.post("/v4/database/customers/callbacks", &condition);
    let answer =
        publisher.send("POST", "/mock/v1/imports?database=customers", "text/csv", customers(20_000).as_bytes());
    let id = answer.expect_status(201).json()["id"].as_u64().unwrap();
    let path = format!("/mock/v1/imports/{id}");
    wait_for("the import to be on its way", || {
        let import = publisher.get(&path);
        assert_ne!(import["done"], true, "{import:#}");
        (import["processed"].as_u64().unwrap() > 1000).then_some(())
    });
    receiver.next_verified();
    publisher.kill();

    let again = Publisher::start_in(data.path());
    receiver.trust(&again);
    let import = wait_for("the import to be noted as interrupted", || {
        let import = again.get(&path);
        (import["status"] == "interrupted").then_some(import)
    });
    let processed = import["processed"].as_u64().unwrap();
    assert!((1000..20_000).contains(&processed), "{import:#}");
    assert_eq!(import["created"], processed);
    assert_eq!(again.get("/v4/database/customers/profiles")["total"], processed);
    // Every tenth one fires; each is delivered, and what had been sent when the publisher was killed perhaps twice.
    let expected = processed / 10;
    assert_eq!(import["fired"], expected);
    let mut told: HashMap<String, usize> = HashMap::new();
    wait_for("every callback", || {
        let log = again.get(&format!("/mock/v1/deliveries?limit=1000&after={}", expected.saturating_sub(1000)));
        log["deliveries"].as_array().unwrap().iter().all(|delivery| delivery["state"] == "delivered").then_some(())
    });
    let log: Vec<Value> = {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let part = again.get(&format!("/mock/v1/deliveries?limit=1000&after={after}"));
            let part = part["deliveries"].as_array().unwrap().clone();
            let Some(last) = part.last() else { break all };
            after = last["id"].as_u64().unwrap();
            all.extend(part);
        }
    };
    assert_eq!(log.len() as u64, expected);
    let changes: HashSet<u64> = log.iter().map(|delivery| delivery["change"].as_u64().unwrap()).collect();
    assert_eq!(changes.len() as u64, expected, "one delivery for each change");
    for delivery in &log {
        *told.entry(delivery["profile"].to_string()).or_default() += 1;
        assert_eq!((&delivery["trigger"], &delivery["action"]), (&json!("import"), &json!("create")));
    }
    assert!((1..=expected).all(|number| told.get(&(number * 10).to_string()) == Some(&1)), "profiles 10, 20, ...");
    let store = rusqlite::Connection::open(data.path().join("publisher.sqlite")).unwrap();
    let count = |sql: &str| store.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM changes"), processed);
    assert_eq!(count("SELECT count(*) FROM decisions"), processed);
}

#[test]
fn a_stopped_import_keeps_what_it_did_and_others_are_served_meanwhile() {
    let data = TempDir::new().unwrap();
    let mut publisher = Publisher::start_in(data.path());
    let table = customers(20_000);
    let begin = |name: &str| {
        let query = format!("/mock/v1/imports?database=customers&name={name}");
        publisher.send("POST", &query, "text/csv", table.as_bytes()).expect_status(201).json()["id"].as_u64().unwrap()
    };
    let (first, second) = (begin("first"), begin("second"));
    let running = |id: u64| {
        wait_for("an import to be on its way", || {
            let import = publisher.get(&format!("/mock/v1/imports/{id}"));
            assert_ne!(import["status"], "finished", "{import:#}");
            (import["processed"].as_u64().unwrap() > 0).then_some(())
        });
    };
    running(first);
    publisher.profile("in between");
    publisher.delete(&format!("/mock/v1/imports/{first}"));
    let stopped = ended(&publisher, first);
    assert_eq!(stopped["status"], "interrupted");
    let done = stopped["processed"].as_u64().unwrap();
    assert_eq!(stopped["error"], format!("the import was stopped; the first {done} rows were carried out"));
    running(second);
    publisher.stop();
    let again = Publisher::start_in(data.path());
    let stopped = again.get(&format!("/mock/v1/imports/{second}"));
    assert_eq!(stopped["status"], "interrupted");
    assert!(stopped["error"].as_str().unwrap().starts_with("the publisher was stopped; the first "), "{stopped:#}");
    let total = done + 1 + stopped["processed"].as_u64().unwrap();
    assert_eq!(again.get("/v4/database/customers/profiles")["total"], total);
}

#[test]
fn the_program_imports_a_file_and_tells_what_came_of_it() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let file = data.path().join("people.csv");
    let folder = data.path().to_str().unwrap();
    let import = |arguments: &[&str]| {
        let mut command = mock_publisher(data.path());
        run(command.args(["import", "people.csv", "--database", "customers"]).args(arguments))
    };
    fs::write(&file, "name,email\nMike,m\nJessica,j\n").unwrap();
    let outcome = import(&["--data", folder]).expect_status(0);
    assert!(outcome.text().starts_with("finished   2 of 2 rows in "), "{}", outcome.text());
    assert!(outcome.text().contains("2 created, 0 updated"), "{}", outcome.text());
    assert_eq!(outcome.err, "");
    let server = format!("http://{}", publisher.http);
    let there = ["--server", &server, "--token", &publisher.token];
    fs::write(&file, "name,email\nMichael,m\nX\n").unwrap();
    let outcome = import(&[&there[..], &["--action", "update", "--key", "email"]].concat());
    assert!(outcome.text().contains("1 updated"), "{}", outcome.text());
    outcome.expect_failure(1, &["error: line 3: expected 2 values", "the first row was carried out"]);
    import(&[&there[..], &["--action", "update"]].concat()).expect_failure(2, &["`keyFields`: `update` needs"]);
    import(&["--data", folder, "--action", "merge"]).expect_failure(2, &["expected one of `add`"]);
    import(&["--data", "nowhere"]).expect_failure(1, &["no publisher has left its address", "--server"]);

    // A column that no field has the name of is named. What comes through a pipe has no length of its own.
    for name in ["-", "/dev/stdin"] {
        let mut command = mock_publisher(data.path());
        let command = command.args(["import", name, "--database", "customers", "--data", folder]);
        let text = run_with_input(command, b"name,shoe\nMike,44\nJo,45\n").expect_status(0).text();
        assert!(text.contains("2 of 2 rows") && text.contains("columns without a field: \"shoe\""), "{text}");
    }
    let last = publisher.get("/mock/v1/imports?limit=1000")["imports"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["name"], &last["ignored_columns"]), (&json!("stdin"), &json!(["shoe"])));
    let mut command = mock_publisher(data.path());
    run(command.args(["import", ".", "--database", "customers", "--data", folder])).expect_failure(1, &["a folder"]);
}

#[test]
fn ctrl_c_stops_an_import_and_a_second_one_does_not_wait() {
    let publisher = Publisher::start();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("people.csv"), customers(40_000)).unwrap();
    let server = format!("http://{}", publisher.http);
    let begin = |last: u64| {
        let file = |name: &str| fs::File::create(folder.path().join(name)).unwrap();
        let mut command = mock_publisher(folder.path());
        command.args(["import", "people.csv", "--database", "customers", "--server", &server]);
        command.args(["--token", &publisher.token]).stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        let program = background(&mut command);
        wait_for("the import to be on its way", || {
            let list = publisher.get(&format!("/mock/v1/imports?after={last}"));
            let import = list["imports"].as_array().unwrap().first()?.clone();
            assert_ne!(import["done"], true, "{import:#}");
            (import["processed"].as_u64().unwrap() > 0).then_some(())
        });
        program
    };
    let said = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();

    let mut program = begin(0);
    program.signal("INT");
    assert_eq!(program.ended().code(), Some(1));
    let rows = publisher.get("/mock/v1/imports/1")["processed"].as_u64().unwrap();
    assert!(said("out").starts_with(&format!("interrupted   {rows} of 40000 rows in ")), "{}", said("out"));
    assert_eq!(said("err"), format!("error: the import was stopped; the first {rows} rows were carried out\n"));

    let mut program = begin(1);
    publisher.program.signal("STOP");
    program.signal("INT");
    thread::sleep(Duration::from_millis(500));
    assert!(!program.has_ended(), "it waits for the publisher: {}", said("err"));
    program.signal("INT");
    assert_eq!(program.ended().code(), Some(1));
    publisher.program.signal("CONT");
    let told = said("err");
    assert!(told.starts_with("error: ended at once; ") && told.contains("`GET /mock/v1/imports/2` tells"), "{told}");
}

#[test]
fn files_and_imports_that_wait_have_a_bound() {
    let publisher = Publisher::start_with(&["--in-memory", "--max-import", "1"]);
    let long = customers(60_000);
    assert!(long.len() > 2 << 20);
    let refused = publisher.send("POST", "/mock/v1/imports?database=customers", "text/csv", long.as_bytes());
    assert_eq!(
        refused.expect_status(413).json()["error"]["message"],
        "the file is larger than 1 MiB; see `--max-import`"
    );
    assert_eq!(publisher.get("/mock/v1/imports")["imports"], json!([]));

    let held = json!({"database": "customers", "autostart": false, "source": [{"name": "Mike"}]});
    for _ in 0..100 {
        publisher.post("/v4/imports", &held);
    }
    let upload = || publisher.send("POST", "/mock/v1/imports?database=customers", "text/csv", b"name\nMike\n");
    assert_eq!(upload().expect_status(503).json()["error"]["code"], "busy");
    let refused = publisher.call("POST", "/v4/imports", Some(&held)).expect_status(400).text();
    assert!(refused.contains("100 imports are on their way already; wait for one to end"), "{refused}");
    publisher.delete("/mock/v1/imports/1");
    ended(&publisher, 1);
    wait_for("its place", || (upload().status == 201).then_some(()));
}

#[test]
fn an_import_whose_key_field_is_renamed_meanwhile_ends_and_says_so() {
    let publisher = Publisher::start();
    let query = "/mock/v1/imports?database=customers&action=update+or+add&keyFields[]=email";
    let answer = publisher.send("POST", query, "text/csv", customers(40_000).as_bytes());
    let id = answer.expect_status(201).json()["id"].as_u64().unwrap();
    wait_for("the import to be on its way", || {
        (publisher.get(&format!("/mock/v1/imports/{id}"))["processed"].as_u64().unwrap() > 0).then_some(())
    });
    publisher.put("/v4/database/customers/field/2", &json!({"name": "mail"}));
    let import = ended(&publisher, id);
    let rows = &import["processed"];
    assert_eq!(
        import["error"],
        format!(
            "the key field `email` was renamed to `mail` while the import ran; the first {rows} rows were carried out"
        )
    );
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], *rows);
}

#[test]
fn nothing_of_an_upload_can_be_left_behind() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let files = || {
        let mut names: Vec<_> = fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    wait_for("the last file of its own", || data.path().join("ready.json").exists().then_some(()));
    let before = files();
    let mut upload = TcpStream::connect(publisher.http).unwrap();
    let head = format!(
        "POST /mock/v1/imports?database=customers HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nname\n",
        publisher.http, publisher.token
    );
    upload.write_all(head.as_bytes()).unwrap();
    upload.write_all(&[b'x'; 200_000]).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(files(), before, "the file has no name, so that it is gone with whoever has it open");
}
