//! Scenarios: `run`, `serve --scenario` and `exec`, as their users start them.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Outcome, Publisher, Receiver, background, mock_publisher, run, silent, wait_for};

/// Runs a scenario's text.
fn run_text(text: &str, arguments: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("it.toml"), text).unwrap();
    run(mock_publisher(folder.path()).args(["run", "it.toml"]).args(arguments))
}

#[test]
fn the_scenarios_that_come_with_the_program_hold() {
    let folder = TempDir::new().unwrap();
    let list = run(mock_publisher(folder.path()).args(["run", "--list"])).expect_status(0).text();
    let names: Vec<_> = list.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["shop", "newsletter", "burst"]);
    for (name, summary) in [
        ("shop", "11 steps, 10 deliveries (10 verified); everything held"),
        ("newsletter", "6 steps, 2 deliveries (2 verified); everything held"),
        ("burst", "2 steps, 400 deliveries (400 verified); everything held"),
    ] {
        let outcome = run(mock_publisher(folder.path()).args(["run", name])).expect_status(0);
        assert_eq!((outcome.text().lines().last(), outcome.err.as_str()), (Some(summary), ""), "{name}");
    }
    // Nothing is left behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_scenario_runs_beside_a_publisher_that_the_environment_names() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let (http, dns) = (publisher.http.to_string(), publisher.dns.to_string());
    let mut command = mock_publisher(data.path());
    command
        .envs([("MOCK_PUBLISHER_LISTEN", http), ("MOCK_PUBLISHER_DNS", dns)])
        .env("MOCK_PUBLISHER_DATA", data.path());
    run(command.args(["run", "shop"])).expect_status(0);
}

#[test]
fn steps_come_in_by_every_entrance() {
    let text = r#"
        [[databases]]
        name = "customers"
        fields = [{ name = "name" }, { name = "email", type = "email" }]
        collections = [{ name = "orders", fields = [{ name = "product" }] }]
        profiles = [{ as = "mike", fields = { name = "Mike", email = "mike@example.com" } }]

        [[callbacks]]
        database = "customers"
        url = "receiver/hook"

        [[callbacks]]
        database = "customers"
        collection = "orders"
        url = "receiver/orders"

        [[steps]]
        via = "soap"
        create = { database = "customers", as = "zoe", fields = { name = "Zoë & <Co>" } }

        [[steps]]
        via = "soap"
        create = { profile = "zoe", collection = "orders", as = "hat", fields = { product = "hat" } }

        [[steps]]
        via = "soap"
        update = { subprofile = "hat", fields = { product = "fez" } }

        [[steps]]
        via = "rest"
        update = { subprofile = "hat", fields = { product = "cap" } }

        [[steps]]
        via = "rest"
        create = { profile = "mike", collection = "orders", fields = { product = "ball" } }

        [[steps]]
        expect = { deliveries = 5, verdict = "verified" }

        [[steps]]
        via = "import"
        import = { database = "customers", key = ["email"], rows = [{ email = "mike@example.com", name = "Nick" }, { email = "new@example.com", name = "New" }] }

        [[steps]]
        via = "import"
        import = { database = "customers", invented = 20 }

        [[steps]]
        expect = { deliveries = 22, verdict = "verified" }

        [[steps]]
        via = "copy"
        copy = { database = "customers", name = "more customers", subprofiles = false }

        [[steps]]
        via = "rest"
        create = { database = "more customers", fields = { name = "Last" } }

        [[steps]]
        via = "soap"
        remove = { profile = "zoe" }

        [[steps]]
        expect = { deliveries = 2, verdict = "verified" }
    "#;
    let outcome = run_text(text, &[]).expect_status(0);
    let text = outcome.text();
    for line in [
        "soap       create   profile 2 in `customers`",
        "soap       update   subprofile 1",
        "import     import   2 rows into `customers`: 1 created, 1 updated, 0 unchanged",
        "import     import   20 rows into `customers`: 20 created, 0 updated, 0 unchanged",
        "copy       copy     `customers` as `more customers`, 23 profiles",
        "rest       create   profile 47 in `more customers`",
        "soap       remove   profile 2",
        "13 steps, 29 deliveries (29 verified); everything held",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn each_step_and_each_delivery_has_a_line() {
    let text = run_text(
        r#"
        [[callbacks]]
        database = "customers"
        url = "receiver/hook"
        triggers = ["publisher"]
        [[steps]]
        via = "rest"
        create = { database = "customers", as = "mike", fields = { name = "Mike" } }
        [[steps]]
        via = "publisher"
        update = { profile = "mike", fields = { score = 2.9 }, interests = ["golf"] }
        [[steps]]
        at = "0.3s"
        expect = { deliveries = 1, verdict = "verified" }
        "#,
        &[],
    );
    let text = text.expect_status(0).text();
    let lines: Vec<Vec<&str>> = text.lines().skip(5).map(|line| line.split_whitespace().collect()).collect();
    let without_time = |line: &[&str]| line.iter().skip(2).map(|word| (*word).to_owned()).collect::<Vec<_>>().join(" ");
    assert_eq!(without_time(&lines[0]), "rest create profile 1 in `customers`");
    assert_eq!(without_time(&lines[1]), "publisher update profile 1");
    assert_eq!(
        lines[2][..11].join(" "),
        "-> delivery 1 publisher update profile 1 json 200 verified".to_owned() + &format!(" {}", lines[2][10])
    );
    assert_eq!(without_time(&lines[3]), "expect 1 delivery, verified");
    assert!(lines[3][0].parse::<f64>().unwrap() >= 0.3, "{text}");
    assert_eq!(text.lines().last(), Some("3 steps, 1 delivery (1 verified); everything held"));
}

#[test]
fn what_does_not_hold_is_said_and_is_the_exit_status() {
    let (_socket, nobody) = silent();
    let callback = format!("[[callbacks]]\ndatabase = \"customers\"\nurl = \"http://{nobody}/\"\n");
    let create = "[[steps]]\nvia = \"rest\"\ncreate = { database = \"customers\" }\n";
    for (steps, said) in [
        ("[[steps]]\nexpect = { deliveries = 2 }", "expected 2 deliveries, there were 1 (line 7)"),
        (
            "[[steps]]\nexpect = { deliveries = 1, verdict = \"delivered\" }",
            "expected 1 delivery delivered: 1 delivery (1 failed)",
        ),
        ("[[steps]]\nvia = \"rest\"\nupdate = { profile = 99 }", "answered 400: No entity with supplied ID (line 7)"),
        ("[[steps]]\nvia = \"publisher\"\nremove = { profile = 99 }", "answered 404: no profile 99 (line 7)"),
        ("[[steps]]\nvia = \"click\"\nmessage = { to = 99 }", "answered 404: no profile 99 (line 7)"),
    ] {
        let outcome = run_text(&format!("{callback}{create}{steps}"), &[]).expect_status(1);
        assert!(outcome.text().contains(&format!("NOT HELD   {said}")), "{}", outcome.text());
        assert!(outcome.text().ends_with("1 NOT HELD\n"), "{}", outcome.text());
    }
    let held = format!("{callback}{create}[[steps]]\nexpect = {{ deliveries = 1, verdict = \"failed\" }}");
    assert!(run_text(&held, &[]).expect_status(0).text().contains("connection_refused   failed"));
}

#[test]
fn the_same_scenario_sends_the_same_bodies_again() {
    let bodies = || {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start();
        let text = format!(
            r#"
            seed = 5
            [switches]
            numbers-as-ids = true
            [[databases]]
            name = "people"
            fields = [{{ name = "name" }}, {{ name = "email", type = "email" }}, {{ name = "born", type = "date" }}]
            interests = ["music"]
            profiles = 30
            [[callbacks]]
            database = "people"
            url = "{}"
            [[callbacks]]
            database = "people"
            url = "{}"
            method = "xml"
            "#,
            receiver.url("/json"),
            receiver.url("/xml"),
        );
        fs::write(folder.path().join("people.toml"), text).unwrap();
        let scenario = folder.path().join("people.toml");
        let publisher = Publisher::start_with(&["--in-memory", "--scenario", scenario.to_str().unwrap()]);
        receiver.trust(&publisher);
        let secrets: Vec<_> =
            (1..=30).map(|id| publisher.get(&format!("/v4/profile/{id}"))["secret"].clone()).collect();
        for id in 1..=30 {
            publisher.put(&format!("/v4/profile/{id}"), &json!({"interests": {"music": id % 2}}));
        }
        let mut bodies: Vec<String> = Vec::new();
        for _ in 0..publisher.get("/mock/v1/changes?limit=1000")["changes"].as_array().unwrap().len() * 2 {
            bodies.push(receiver.next_verified().text().to_owned());
        }
        bodies.sort();
        assert!(bodies.iter().any(|body| body.starts_with("{\"id\":")), "{}", bodies[0]);
        (bodies, secrets)
    };
    let (first, again) = (bodies(), bodies());
    assert!(first.0.len() > 10);
    assert_eq!(first, again);
}

const SHOP: &str = r#"
[[databases]]
name = "shop"
fields = [{ name = "name" }, { name = "city", value = "Utrecht" }]
collections = [{ name = "orders", fields = [{ name = "product" }] }]
interests = ["hats"]
handlers = { click = "profile.fields.city = 'Delft'" }
profiles = [{ fields = { name = "Mike" }, interests = ["hats"], subprofiles = [{ collection = "orders", fields = { product = "fez" } }] }]

[[callbacks]]
database = "shop"
collection = "orders"
url = "receiver/orders"

[[callbacks]]
database = "shop"
url = "receiver"
expression = "profile.city == 'Delft'"
"#;

#[test]
fn a_server_holds_what_the_scenario_says_and_its_receiver_verifies() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("shop.toml"), SHOP).unwrap();
    let data = folder.path().join("data");
    let scenario = folder.path().join("shop.toml");
    let arguments = ["--data", data.to_str().unwrap(), "--scenario", scenario.to_str().unwrap()];
    let mut publisher = Publisher::start_with(&arguments);
    // The ready file is there before the banner.
    wait_for("the banner to name the receiver", || {
        publisher.banner().contains("receiver   http://127.0.0.1:").then_some(())
    });
    let databases = publisher.get("/mock/v1/ui/databases")["databases"].as_array().unwrap().clone();
    assert_eq!((databases.len(), &databases[0]["id"], &databases[0]["name"]), (1, &json!(1), &json!("shop")));
    let mike = publisher.get("/mock/v1/ui/profiles/1");
    assert_eq!((&mike["fields"], &mike["interests"]), (&json!({"name": "Mike", "city": "Utrecht"}), &json!(["hats"])));
    assert_eq!(publisher.get("/mock/v1/ui/subprofiles/1")["fields"]["product"], "fez");
    // What is there from the start is no change.
    assert_eq!(publisher.get("/mock/v1/changes")["changes"], json!([]));
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Delft"}}));
    publisher.delete("/v4/profile/1");
    let log = publisher.settled(3);
    assert!(log.iter().all(|row| row["state"] == "delivered"), "{log:#?}");
    publisher.stop();
    // The same folder is not fresh any more, and says what it has.
    let again = run(mock_publisher(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0"])
        .args(arguments));
    again.expect_failure(1, &["has data already", "--in-memory"]);
    let publisher = Publisher::start_with(&["--data", data.to_str().unwrap()]);
    assert_eq!(publisher.get("/mock/v1/deliveries")["deliveries"].as_array().unwrap().len(), 3);
}

#[test]
fn a_store_that_cannot_be_filled_stays_as_it_was() {
    let folder = TempDir::new().unwrap();
    // The store knows what a field can be called; the file is fine as far as it goes.
    fs::write(
        folder.path().join("bad.toml"),
        "[[databases]]\nname = \"d\"\nprofiles = 5\nfields = [{ name = \"a b\" }]",
    )
    .unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--data", "data"];
    let failed = run(mock_publisher(folder.path()).args(serve).args(["--scenario", "bad.toml"]));
    failed.expect_failure(1, &["`a b` is no name of a field"]);
    let publisher = Publisher::start_in(&folder.path().join("data"));
    assert_eq!(publisher.get("/mock/v1/ui/databases/1")["name"], "customers");
}

#[test]
fn an_interrupted_run_stops_cleanly() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("long.toml"), "[[steps]]\nwait = \"1h\"").unwrap();
    let said = folder.path().join("said");
    let mut command = mock_publisher(folder.path());
    command.args(["run", "long.toml"]).stdin(Stdio::null()).stdout(File::create(&said).unwrap());
    let mut program = background(&mut command);
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    wait_for("the step to begin", || read(&said).contains("wait       3600 s").then_some(()));
    program.signal("INT");
    assert_eq!(program.ended().code(), Some(1));
    assert!(read(&said).ends_with("\ninterrupted\n"), "{}", read(&said));
}

#[test]
fn a_file_that_makes_no_sense_is_refused_where_it_does_not() {
    const SHOP: &str = "[[databases]]\nname = \"d\"\nfields = [{ name = \"a\" }]\n\
        collections = [{ name = \"c\", fields = [{ name = \"x\" }] }]\n\
        profiles = [{ as = \"p\", subprofiles = [{ collection = \"c\", as = \"s\" }] }]\n";
    const CALLBACK: &str = "[[callbacks]]\ndatabase = \"customers\"\nurl = \"receiver\"\n";
    let folder = TempDir::new().unwrap();
    for (before, text, line, column, part) in [
        ("", "seed = ", 1, 8, "string values must be quoted"),
        ("", "sede = 1", 1, 1, "unknown field `sede`, expected one of `seed`, `switches`"),
        ("", "[switches]\npayload-dialect = \"old\"", 2, 19, "expected `current` or `legacy`"),
        ("", "[[databases]]\nnmae = \"d\"", 2, 1, "unknown field `nmae`, expected one of `name`"),
        (
            "",
            "[[databases]]\nname = \"d\"\nfields = [{ name = \"a\", type = \"colour\" }]",
            3,
            32,
            "expected one of `integer`",
        ),
        ("", "[[databases]]\nname = \"d\"\nprofiles = 1_000_001", 3, 12, "up to 1000000"),
        (
            "",
            "[[databases]]\nname = \"d\"\nprofiles = [{ fields = { b = 1 } }]",
            3,
            26,
            "no field `b` here, there are none",
        ),
        ("", "[[databases]]\nname = \"d\"\nhandlers = { click = \"(\" }", 3, 22, "no JavaScript"),
        (SHOP, "[[databases]]\nname = \"D\"", 7, 8, "there are two databases `D`"),
        ("", "[[callbacks]]\ndatabase = \"x\"\nurl = \"receiver\"", 2, 12, "expected one of `customers`"),
        ("", "[[callbacks]]\ndatabase = \"customers\"\nurl = \"ftp://h/\"", 3, 7, "or `receiver`"),
        (CALLBACK, "triggers = [\"fax\"]", 4, 13, "expected one of `publisher`, `rest`"),
        (CALLBACK, "method = \"yaml\"", 4, 10, "expected one of `json`, `xml`, `form`"),
        (CALLBACK, "action = \"read\"", 4, 10, "expected `create`, `update`, `delete` or `all`"),
        (CALLBACK, "expression = \"(\"", 1, 1, "`expression`"),
        (CALLBACK, "collection = \"x\"", 4, 14, "no collection `x` in `customers`, expected one of `orders`"),
        ("", "[[steps]]\nvia = \"rest\"", 1, 1, "a step has one of `create`"),
        ("", "[[steps]]\nwait = \"soon\"", 2, 8, "such as `500ms`"),
        ("", "[[steps]]\nvia = \"rest\"\nwait = \"1s\"", 2, 7, "`wait` does not come in"),
        ("", "[[steps]]\ncreate = { database = \"customers\" }", 1, 1, "`via` is missing"),
        (
            "",
            "[[steps]]\nvia = \"fax\"\ncreate = { database = \"customers\" }",
            2,
            7,
            "unknown entrance `fax`, expected `rest`",
        ),
        (
            "",
            "[[steps]]\nvia = \"import\"\ncreate = { database = \"customers\" }",
            2,
            7,
            "through `import` comes `import`",
        ),
        ("", "[[steps]]\nvia = \"click\"\ncreate = { database = \"customers\" }", 2, 7, "comes a `message`"),
        ("", "[[steps]]\nvia = \"rest\"\nmessage = { to = 1 }", 2, 7, "`click`, `open`, `failure` or `bounce`"),
        ("", "[[steps]]\nvia = \"bounce\"\nmessage = { to = 1, script = \"1\" }", 3, 30, "handler of the database"),
        (
            "",
            "[[steps]]\nvia = \"rest\"\nupdate = { profile = \"mike\" }",
            3,
            22,
            "no profile was given the name `mike`",
        ),
        (
            "",
            "[[steps]]\nvia = \"soap\"\nupdate = { profile = 1, interests = [] }",
            2,
            7,
            "interests do not come in through `soap`",
        ),
        (
            "",
            "[[steps]]\nvia = \"rest\"\nimport = { database = \"customers\", invented = 1 }",
            2,
            7,
            "comes in through `import`",
        ),
        (
            "",
            "[[steps]]\nvia = \"import\"\nimport = { database = \"customers\" }",
            3,
            23,
            "either `rows` or `invented`",
        ),
        (
            "",
            "[[steps]]\nvia = \"import\"\nimport = { database = \"customers\", rows = [{ nme = 1 }] }",
            3,
            46,
            "no field `nme`",
        ),
        (
            "",
            "[[steps]]\nvia = \"import\"\nimport = { database = \"customers\", invented = 1, key = [\"x.y\"] }",
            3,
            57,
            "no field `x.y`",
        ),
        (
            "",
            "[[steps]]\nvia = \"copy\"\ncopy = { database = \"customers\", name = \"Customers\" }",
            3,
            41,
            "there is a database",
        ),
        (
            "",
            "[[steps]]\nvia = \"rest\"\ncreate = { database = \"customers\", fields = { nmae = 1 } }",
            3,
            47,
            "expected one of `name`",
        ),
        (
            "",
            "[[steps]]\nvia = \"rest\"\ncreate = { database = \"customers\", invented = 5, as = \"m\" }",
            3,
            47,
            "no name",
        ),
        ("", "[[steps]]\nexpect = { deliveries = 1, verdict = \"good\" }", 2, 38, "expected one of `delivered`"),
        (
            SHOP,
            "[[steps]]\nvia = \"publisher\"\nupdate = { profile = \"s\" }",
            8,
            22,
            "no profile was given the name `s`",
        ),
        (
            SHOP,
            "[[steps]]\nvia = \"publisher\"\nupdate = { subprofile = \"s\", fields = { a = 1 } }",
            8,
            41,
            "expected one of `x`",
        ),
    ] {
        fs::write(folder.path().join("bad.toml"), format!("{before}{text}")).unwrap();
        let outcome = run(mock_publisher(folder.path()).args(["run", "bad.toml"]));
        outcome.expect_failure(2, &[&format!("`bad.toml`, line {line}, column {column}: "), part]);
    }
    let missing = run(mock_publisher(folder.path()).args(["run", "nowhere.toml"]));
    missing.expect_failure(2, &["nowhere.toml", "mock-publisher run --list"]);
    fs::write(folder.path().join("latin.toml"), b"# caf\xe9").unwrap();
    run(mock_publisher(folder.path()).args(["run", "latin.toml"])).expect_failure(2, &["is not UTF-8"]);
    let exec = run(mock_publisher(folder.path()).args(["exec", "--scenario", "nowhere", "--", "true"]));
    exec.expect_failure(2, &["nowhere"]);
}

#[test]
fn a_command_runs_with_a_publisher_beside_it() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("shop.toml"), SHOP).unwrap();
    let exec = |script: &str| {
        run(mock_publisher(folder.path()).args(["exec", "--scenario", "shop.toml", "--", "sh", "-c", script]))
    };
    let script = "curl -sf -H \"Authorization: Bearer $MOCK_PUBLISHER_TOKEN\" \
                  $MOCK_PUBLISHER_SERVER/v4/profile/1 && echo && echo $MOCK_PUBLISHER_HTTP $MOCK_PUBLISHER_DNS \
                  $MOCK_PUBLISHER_ACCOUNT $MOCK_PUBLISHER_KEY_ID";
    let text = exec(script).expect_status(0).text();
    let (profile, rest) = text.split_once('\n').unwrap();
    let profile: Value = serde_json::from_str(profile).unwrap();
    assert_eq!(profile["fields"]["name"], "Mike");
    let words: Vec<_> = rest.split_whitespace().collect();
    assert!(words[0].starts_with("127.0.0.1:") && words[1].starts_with("127.0.0.1:"), "{rest}");
    assert!(words[2] == "1234" && words[3].ends_with("._domainkey.copernica.com"), "{rest}");
    exec(&format!("{} ready", mock_publisher(folder.path()).get_program().display())).expect_status(0);
    exec("exit 7").expect_status(7);
    exec("kill -TERM $$").expect_status(143);
    let nothing = run(mock_publisher(folder.path()).args(["exec", "--", "./no-such-program"]));
    nothing.expect_failure(1, &["cannot run `./no-such-program`"]);
    run(mock_publisher(folder.path()).arg("exec")).expect_failure(2, &["COMMAND"]);
}

#[test]
fn a_command_that_is_interrupted_may_clean_up() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    // A shell runs a trap once what it waits for has ended.
    let command = |trap: &str| format!("trap '{trap}' INT TERM; touch begun; while :; do sleep 0.1; done");
    let start = |script: &str| {
        let _ = fs::remove_file(file("begun"));
        let mut command = mock_publisher(folder.path());
        let command = command.args(["exec", "--", "sh", "-c", script]);
        let program = background(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));
        wait_for("the command to begin", || file("begun").exists().then_some(()));
        program
    };
    let clean = "curl -sf $MOCK_PUBLISHER_SERVER/readyz > clean; exit 5";
    for signal in ["INT", "TERM"] {
        let mut program = start(&command(clean));
        program.signal(signal);
        assert_eq!(program.ended().code(), Some(5), "{signal}");
        // The publisher was still there.
        assert_eq!(fs::read_to_string(file("clean")).unwrap(), "ready\n", "{signal}");
        fs::remove_file(file("clean")).unwrap();
    }
    // One that does not want to end is killed by the second signal.
    let mut program = start(&command("touch deaf"));
    program.signal("TERM");
    wait_for("the signal to arrive", || file("deaf").exists().then_some(()));
    assert!(!program.has_ended());
    program.signal("TERM");
    assert_eq!(program.ended().code(), Some(128 + 9));
}

#[test]
fn something_goes_wrong_in_a_step_and_a_callback_has_terms_of_its_own() {
    let text = r#"
        [[callbacks]]
        database = "customers"
        url = "receiver/hook"
        terms = { schedule = "fixed:0s", rate = 1000 }

        [[steps]]
        fault = { fault = "stale_date", times = 2, callback = 1 }

        [[steps]]
        via = "rest"
        create = { database = "customers", fields = { name = "Mike" } }

        [[steps]]
        expect = { deliveries = 1, verdict = "refused" }

        [[steps]]
        fault = "none"

        [[steps]]
        via = "rest"
        create = { database = "customers", fields = { name = "Jessica" } }

        [[steps]]
        expect = { deliveries = 1, verdict = "verified" }
    "#;
    let outcome = run_text(text, &[]).expect_status(0);
    assert!(outcome.text().contains("everything held"), "{}", outcome.text());
    let wrong = text.replace("stale_date", "fire");
    run_text(&wrong, &[]).expect_failure(2, &["line 8", "there is no fault `fire`"]);
    let wrong = text.replace("rate = 1000", "rate = 0");
    run_text(&wrong, &[]).expect_failure(2, &["expected attempts per second"]);
}
