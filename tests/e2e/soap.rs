//! The SOAP API: what comes in by it is told with the trigger `soap`, and what is not as it should be changes nothing.
//! How standard clients see it is tested in `tests/soap`.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{Answer, Publisher, Receiver, exchange};

/// An envelope as most clients write it.
fn envelope(call: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:ns1=\"urn:POMSOAPAPI\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><SOAP-ENV:Body>{call}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

/// Names and values, as the parameter `fields`.
fn fields(pairs: &[(&str, &str)]) -> String {
    let pair = |(key, value): &(&str, &str)| format!("<pair><key>{key}</key><value>{value}</value></pair>");
    format!("<fields>{}</fields>", pairs.iter().map(pair).collect::<String>())
}

/// Calls an operation with the access token.
fn call(publisher: &Publisher, operation: &str, parameters: &str) -> Answer {
    let token = &publisher.token;
    let call = format!("<ns1:{operation}><access_token>{token}</access_token>{parameters}</ns1:{operation}>");
    post(publisher, &[], envelope(&call).as_bytes())
}

/// Posts a body without a token.
fn post(publisher: &Publisher, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut all = vec![("Content-Type", "text/xml; charset=utf-8")];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    all.extend_from_slice(headers);
    exchange(publisher.http, "POST", "/soap", &all, body)
}

/// Calls an operation that must succeed; the first `id` in its answer, if there is one.
#[track_caller]
pub(crate) fn done(publisher: &Publisher, operation: &str, parameters: &str) -> Option<u64> {
    let text = call(publisher, operation, parameters).expect_status(200).text();
    assert!(text.contains(&format!("<{operation}Response xmlns=\"urn:POMSOAPAPI\">")), "{text}");
    Some(between(&text, "<id>", "</id>")?.parse().unwrap())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// Checks that an answer is a fault, and which.
#[track_caller]
fn expect_fault(answer: &Answer, status: u16, code: &str, message: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
    assert_eq!(between(&text, "<faultcode>", "</faultcode>"), Some(format!("soap:{code}").as_str()), "{text}");
    let said = between(&text, "<faultstring>", "</faultstring>").unwrap();
    assert!(said.contains(message), "expected {message:?}: {text}");
}

#[test]
fn profiles_that_change_by_soap_are_told_with_that_trigger() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let create =
        format!("<id>1</id><url>{}</url><method>json</method><triggers>soap</triggers>", receiver.url("/hook"));
    done(&publisher, "Database_createCallback", &create).unwrap();

    let created = done(&publisher, "Database_createProfile", &format!("<id>1</id>{}", fields(&[("NAME", "Mike")])));
    let id = format!("<id>{}</id>", created.unwrap());
    done(&publisher, "Profile_updateFields", &format!("{id}{}", fields(&[("city", "Utrecht &amp; Delft")])));
    done(&publisher, "Profile_addInterest", &format!("{id}<interest>golf</interest>"));
    done(&publisher, "Profile_remove", &id);

    for (action, city, interests) in [
        ("create", "", json!([])),
        ("update", "Utrecht & Delft", json!([])),
        ("update", "Utrecht & Delft", json!(["golf"])),
        ("delete", "Utrecht & Delft", json!(["golf"])),
    ] {
        let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
        assert_eq!((&told["id"], &told["action"]), (&json!("1"), &json!(action)));
        assert_eq!((&told["fields"]["name"], &told["fields"]["city"]), (&json!("Mike"), &json!(city)));
        assert_eq!(told["interests"], interests);
    }
    let log = publisher.settled(4);
    assert!(log.iter().all(|delivery| delivery["trigger"] == "soap"), "{log:#?}");
}

#[test]
fn subprofiles_that_change_by_soap_are_told_with_that_trigger() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let create = format!("<id>1</id><url>{}</url>", receiver.url("/orders"));
    done(&publisher, "Collection_createCallback", &create).unwrap();
    done(&publisher, "Database_createProfile", "<id>1</id>").unwrap();

    let lamp = fields(&[("product", "lamp"), ("amount", "2")]);
    let here = "<id>1</id><collection><id>1</id></collection>";
    let created = done(&publisher, "Profile_createSubProfile", &format!("{here}{lamp}")).unwrap();
    let id = format!("<id>{created}</id>");
    done(&publisher, "SubProfile_updateFields", &format!("{id}{}", fields(&[("amount", "3")])));
    let lamps = "<requirements><fieldname>product</fieldname><value>lamp</value><operator>=</operator></requirements>";
    let update = format!("{here}{lamps}<create>false</create>{}", fields(&[("amount", "4")]));
    done(&publisher, "Profile_updateSubProfiles", &update);
    done(&publisher, "SubProfile_remove", &id);

    for (action, amount) in [("create", "2"), ("update", "3"), ("update", "4"), ("delete", "4")] {
        let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
        let expected = json!({"id": "1", "action": action, "fields": {"product": "lamp", "amount": amount}});
        assert_eq!(told, expected);
    }
    let log = publisher.settled(4);
    assert!(log.iter().all(|delivery| delivery["trigger"] == "soap" && delivery["subprofile"] == 1), "{log:#?}");
}

#[test]
fn a_callback_without_the_trigger_soap_is_told_nothing() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let create = format!("<id>1</id><url>{}</url><triggers>rest,publisher</triggers>", receiver.url("/hook"));
    done(&publisher, "Database_createCallback", &create).unwrap();
    done(&publisher, "Database_createProfile", "<id>1</id>").unwrap();
    done(&publisher, "Profile_remove", "<id>1</id>");
    assert_eq!(publisher.profile("Mike"), 2);
    let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
    assert_eq!(told["id"], "2");
    assert_eq!(publisher.settled(1)[0]["trigger"], "rest");
    receiver.expect_nothing_more();
}

#[test]
fn a_callback_that_is_set_up_by_soap_can_do_what_one_of_the_rest_api_can() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let rules = json!({"field": "name", "contains": "Mi"});
    let create = format!(
        "<id>1</id><url>{}</url><conditions>{rules}</conditions><dialect>legacy</dialect><wire>lowercase</wire>",
        receiver.url("/hook")
    );
    done(&publisher, "Database_createCallback", &create).unwrap();
    let shown = publisher.get("/v4/callback/1")["data"][0].clone();
    assert_eq!(
        (&shown["conditions"], &shown["dialect"], &shown["wire"]),
        (&rules, &json!("legacy"), &json!("lowercase"))
    );
    publisher.profile("Jessica");
    publisher.profile("Mike");
    receiver.next_verified();
    assert_eq!(publisher.settled(1)[0]["profile"], 2);

    // An update leaves the rules unless it names them.
    done(&publisher, "Callback_update", "<id>1</id><dialect>current</dialect><conditions>null</conditions>");
    done(&publisher, "Callback_update", "<id>1</id><action>create</action>");
    publisher.profile("Jessica");
    let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
    assert_eq!((&told["id"], &told["fields"]["name"]), (&json!("3"), &json!("Jessica")));
    let retrieved = call(&publisher, "Callback_retrieve", "<id>1</id>").text();
    assert_eq!(between(&retrieved, "<dialect>", "</dialect>"), Some("current"));
    assert!(!retrieved.contains("<conditions>"), "{retrieved}");
}

#[test]
fn a_profile_that_moves_is_told_as_gone_in_the_one_database_and_as_new_in_the_other() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let other = done(&publisher, "Account_createDatabase", "<name>other</name>").unwrap();
    done(&publisher, "Database_createField", &format!("<id>{other}</id><name>city</name>")).unwrap();
    let values = fields(&[("name", "Mike"), ("city", "Utrecht")]);
    done(&publisher, "Database_createProfile", &format!("<id>1</id>{values}")).unwrap();
    for database in [1, other] {
        let create = format!("<id>{database}</id><url>{}</url>", receiver.url(&format!("/{database}")));
        done(&publisher, "Database_createCallback", &create).unwrap();
    }
    done(&publisher, "Profile_move", &format!("<id>1</id><database><id>{other}</id></database>"));
    let mut told: Vec<(String, Value)> = (0..2)
        .map(|_| {
            let request = receiver.next_verified();
            (request.request, serde_json::from_slice(&request.body).unwrap())
        })
        .collect();
    told.sort_by(|left, right| left.0.cmp(&right.0));
    let before = json!({"name": "Mike", "email": "", "city": "Utrecht", "company": "", "score": "0"});
    for ((request, body), (database, action, fields)) in
        told.iter().zip([(1, "delete", before), (other, "create", json!({"city": "Utrecht"}))])
    {
        assert_eq!(*request, format!("POST /{database}"));
        assert_eq!((&body["id"], &body["action"], &body["fields"]), (&json!("1"), &json!(action), &fields));
    }
    assert!(publisher.settled(2).iter().all(|delivery| delivery["trigger"] == "soap"));
    assert_eq!(publisher.get("/v4/database/other/profiles")["data"][0]["ID"], "1");
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], 0);
}

#[test]
fn a_database_is_removed_with_all_that_is_in_it_and_each_profile_is_told() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    receiver.next_verified();
    done(&publisher, "Profile_createSubProfile", "<id>1</id><collection>1</collection>").unwrap();
    done(&publisher, "Database_remove", "<id>1</id>");
    let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
    assert_eq!(
        (&told["id"], &told["action"], &told["fields"]["name"]),
        (&json!("1"), &json!("delete"), &json!("Mike"))
    );
    assert_eq!(publisher.settled(2)[1]["trigger"], "soap");
    for (operation, parameters) in [
        ("Database_retrieve", "<id>1</id>"),
        ("Database_remove", "<id>1</id>"),
        ("Collection_retrieve", "<id>1</id>"),
        ("Profile_retrieve", "<id>1</id>"),
        ("SubProfile_retrieve", "<id>1</id>"),
        ("Callback_retrieve", "<id>1</id>"),
    ] {
        expect_fault(&call(&publisher, operation, parameters), 500, "Client", "No ");
    }
    // What happened there is still in the log.
    let changes = publisher.get("/mock/v1/changes")["changes"].clone();
    assert_eq!(changes.as_array().unwrap().len(), 4);
    assert_eq!((&changes[3]["database"], &changes[3]["database_name"]), (&json!(1), &Value::Null));
    let why = publisher.get("/mock/v1/changes/4/why");
    assert_eq!((&why["callbacks"][0]["reason"], &why["callbacks"][0]["url"]), (&json!("fired"), &Value::Null));
    // The name is free, and its number is not given again.
    assert_eq!(done(&publisher, "Account_createDatabase", "<name>customers</name>"), Some(2));
}

#[test]
fn many_are_updated_and_removed_in_one_call_or_none() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    for name in ["Mike", "Jessica", "Mike"] {
        done(&publisher, "Database_createProfile", &format!("<id>1</id>{}", fields(&[("name", name)]))).unwrap();
    }
    let mikes = "<requirements><fieldname>name</fieldname><value>Mike</value><operator>=</operator></requirements>";
    let update = format!("<id>1</id>{mikes}{}", fields(&[("city", "Utrecht")]));
    let answer = call(&publisher, "Database_updateProfiles", &update).expect_status(200).text();
    assert_eq!(between(&answer, "<value>", "</value>"), Some("2"));

    let answer = call(&publisher, "Database_removeProfiles", "<id>1</id><ids>1</ids><ids>2</ids><ids>77</ids>");
    expect_fault(&answer, 500, "Client", "no profile 77 is here; nothing was removed");
    let answer = call(&publisher, "Database_removeProfiles", "<id>1</id><ids>1</ids><ids>3</ids><ids>3</ids>");
    assert_eq!(between(&answer.expect_status(200).text(), "<value>", "</value>"), Some("2"));
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], 1);
    publisher.settled(3 + 2 + 2);
}

#[test]
fn clients_of_the_old_kind_are_understood() {
    let publisher = Publisher::start();
    let token = &publisher.token;
    let string = |key: &str, value: &str| {
        format!("<item><key xsi:type=\"xsd:string\">{key}</key><value xsi:type=\"xsd:string\">{value}</value></item>")
    };
    // PHP without a WSDL: the one object is a map, and so is the map in it.
    let (mike, one) = (string("name", "Mike"), string("id", "1"));
    let php = format!(
        "<ns1:database_CREATEPROFILE><param0 xsi:type=\"ns2:Map\">{}{one}<item><key>fields</key>\
         <value xsi:type=\"ns2:Map\">{mike}</value></item></param0></ns1:database_CREATEPROFILE>",
        string("access_token", token)
    );
    // Java with references.
    let java = format!(
        "<Profile_updateFields><access_token>{token}</access_token><id href=\"#id0\"/><fields href=\"#id1\"/>\
         </Profile_updateFields><multiRef id=\"id0\">1</multiRef><multiRef id=\"id1\"><pair href=\"#id2\"/></multiRef>\
         <multiRef id=\"id2\"><key>city</key><value>Utrecht</value></multiRef>"
    );
    for body in [envelope(&php), envelope(&java)] {
        post(&publisher, &[], body.as_bytes()).expect_status(200);
    }
    // One that names the operation in a header only.
    let action = ("SOAPAction", "\"urn:POMSOAPAPI#Profile_updateFields\"");
    let input =
        format!("<input><access_token>{token}</access_token><id>1</id><fields><score>7</score></fields></input>");
    post(&publisher, &[action], envelope(&input).as_bytes()).expect_status(200);
    // One that packs what it sends.
    let input = format!("<id>1</id>{}", fields(&[("company", "Apple")]));
    let input = format!("<Profile_updateFields><access_token>{token}</access_token>{input}</Profile_updateFields>");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(envelope(&input).as_bytes()).unwrap();
    post(&publisher, &[("Content-Encoding", "gzip")], &packed.finish().unwrap()).expect_status(200);

    let fields = json!({"name": "Mike", "email": "", "city": "Utrecht", "company": "Apple", "score": "7"});
    assert_eq!(publisher.get("/v4/profile/1")["fields"], fields);
}

#[test]
fn a_caller_shows_the_token_or_the_cookie_of_a_login() {
    let publisher = Publisher::start();
    let token = publisher.token.as_str();
    let list = |headers: &[(&str, &str)], token: &str| {
        let given = if token.is_empty() { String::new() } else { format!("<access_token>{token}</access_token>") };
        post(&publisher, headers, envelope(&format!("<Account_databases>{given}</Account_databases>")).as_bytes())
    };
    expect_fault(&list(&[], ""), 500, "Client", "Not logged on");
    assert!(list(&[], "").text().contains("<detail><hint>send the parameter `access_token`"));
    expect_fault(&list(&[], "wrong"), 500, "Client", "Invalid access token");
    expect_fault(&list(&[("Authorization", "Bearer wrong")], ""), 500, "Client", "Not logged on");
    expect_fault(&list(&[("Cookie", "soap_session=wrong")], ""), 500, "Client", "Not logged on");
    list(&[], token).expect_status(200);
    list(&[("Authorization", &format!("Bearer {token}"))], "").expect_status(200);

    let login = |password: &str| {
        let login = format!("<username>a</username><password>{password}</password><account>b</account>");
        post(&publisher, &[], envelope(&format!("<ns1:login>{login}</ns1:login>")).as_bytes())
    };
    let refused = login("wrong");
    expect_fault(&refused, 500, "Client", "Invalid username or password");
    assert_eq!(refused.header("set-cookie"), None);
    let answer = login(token).expect_status(200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/soap; HttpOnly; SameSite=Strict") && !cookie.contains(token), "{cookie}");
    list(&[("Cookie", cookie.split(';').next().unwrap())], "").expect_status(200);
}

#[test]
fn the_wsdl_names_the_servers_own_address() {
    let publisher = Publisher::start();
    for target in ["/soap?SOAPAPI=WSDL", "/soap?soapapi=wsdl", "/soap/?wsdl"] {
        let answer = exchange(publisher.http, "GET", target, &[], b"").expect_status(200);
        assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
        let text = answer.text();
        assert!(text.contains(&format!("<soap:address location=\"http://{}/soap\"/>", publisher.http)), "{text}");
        assert!(text.contains("<!-- Assumption: the platform's own WSDL is not public."), "{text}");
    }
    let signpost = exchange(publisher.http, "GET", "/soap", &[], b"").expect_status(404);
    assert!(signpost.text().contains("/soap?SOAPAPI=WSDL"));
    exchange(publisher.http, "PUT", "/soap", &[], b"").expect_status(405);
}

#[test]
fn a_long_field_is_kept_whole_and_one_that_is_too_long_is_refused() {
    let publisher = Publisher::start();
    let long = "x".repeat(10 << 20);
    done(&publisher, "Database_createProfile", &format!("<id>1</id>{}", fields(&[("name", &long)]))).unwrap();
    assert_eq!(publisher.get("/v4/profile/1")["fields"]["name"].as_str().unwrap().len(), long.len());
    let answer = call(&publisher, "Profile_fields", "<id>1</id>").expect_status(200);
    assert!(answer.body.len() > long.len());

    let longer = "x".repeat(17 << 20);
    let answer = call(&publisher, "Database_createProfile", &format!("<id>1</id>{}", fields(&[("name", &longer)])));
    expect_fault(&answer, 400, "Client", "larger than 16 MiB");
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], 1);
}

#[test]
fn what_is_no_soap_is_refused() {
    let publisher = Publisher::start();
    let token = &publisher.token;
    let create =
        format!("<Database_createProfile><access_token>{token}</access_token><id>1</id></Database_createProfile>");
    let whole = envelope(&create);
    let entity =
        format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", whole.split_once('\n').unwrap().1);
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, u16, &'a str, &'a str);
    let bodies: [Case<'_>; 15] = [
        (&[], "", 400, "Client", "there is no element in it"),
        (&[], "{\"id\": 1}", 400, "Client", "text outside of the root element"),
        (&[], &whole[..whole.len() - 20], 400, "Client", "no well-formed XML"),
        (&[], &entity, 400, "Client", "a document type (`&lt;!DOCTYPE`) is not allowed"),
        (&[], &whole.replace(">1<", ">&one;<"), 400, "Client", "the entity `&amp;one;` is unknown"),
        (&[], &whole.replace("UTF-8", "UTF-16"), 400, "Client", "not UTF-8"),
        (&[], &create, 500, "Client", "is no SOAP envelope"),
        (&[], &envelope(""), 500, "Client", "`&lt;Body&gt;` is empty"),
        (&[], &envelope(&create.replace("Database_", "Data_")), 500, "Client", "no operation `Data_createProfile`"),
        (
            &[],
            &whole.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"),
            500,
            "VersionMismatch",
            "SOAP 1.1",
        ),
        (
            &[],
            &whole.replace(
                "<SOAP-ENV:Body>",
                "<SOAP-ENV:Header><a SOAP-ENV:mustUnderstand='1'/></SOAP-ENV:Header><SOAP-ENV:Body>",
            ),
            500,
            "MustUnderstand",
            "`a`",
        ),
        (&[("Content-Encoding", "gzip")], &whole, 400, "Client", "no gzip"),
        (&[("Content-Encoding", "br")], &whole, 400, "Client", "content encoding `br`"),
        (&[("Content-Type", "text/xml; charset=iso-8859-1")], &whole, 400, "Client", "charset `iso-8859-1`"),
        (&[("Origin", "http://evil.test")], &whole, 403, "", ""),
    ];
    for (headers, body, status, code, message) in bodies {
        let answer = post(&publisher, headers, body.as_bytes());
        match status {
            403 => drop(answer.expect_status(403)),
            _ => expect_fault(&answer, status, code, message),
        }
    }
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], 0);
    post(&publisher, &[], whole.as_bytes()).expect_status(200);
}

#[test]
fn parameters_that_make_no_sense_are_refused_and_nothing_is_half_done() {
    let publisher = Publisher::start();
    done(&publisher, "Database_createProfile", &format!("<id>1</id>{}", fields(&[("name", "Mike")]))).unwrap();
    let before = publisher.get("/v4/profile/1");
    let requirement = |field: &str, operator: &str| {
        format!("<requirements><fieldname>{field}</fieldname><operator>{operator}</operator></requirements>")
    };
    let url = "<url>http://127.0.0.1:9/</url>";
    let calls: [(&str, String, &str); 41] = [
        ("Database_retrieve", "<id>9</id>".into(), "No database with supplied ID"),
        ("Database_retrieve", "<id>customers</id>".into(), "`id`: expected a number, got `customers`"),
        ("Database_retrieve", String::new(), "`id` is missing"),
        ("Database_remove", "<id>9</id>".into(), "No database with supplied ID"),
        ("Database_createProfile", "<id>9</id>".into(), "No database with supplied ID"),
        ("Database_createProfile", "<id>1</id><fields>x</fields>".into(), "`fields`: expected pairs"),
        ("Database_createField", "<id>1</id><name>a b</name>".into(), "no name of a field"),
        ("Database_createField", "<id>1</id><name>NAME</name>".into(), "there is a field `NAME` already"),
        ("Database_createField", "<id>1</id><name>a</name><type>blob</type>".into(), "unknown type of field `blob`"),
        ("Database_createField", "<id>1</id><name>a</name><length>5000000000</length>".into(), "more than a field"),
        ("Database_createCollection", "<id>1</id><name>orders</name>".into(), "there is a collection `orders` already"),
        ("Database_createInterest", "<id>1</id><name>golf</name>".into(), "there is an interest `golf` already"),
        ("Account_createDatabase", "<name>customers</name>".into(), "there is a database `customers` already"),
        ("Account_createDatabase", "<name/>".into(), "a database needs a name"),
        ("Database_updateProfiles", format!("<id>1</id>{}", fields(&[("name", "x")])), "`requirements` is empty"),
        ("Database_updateProfiles", format!("<id>1</id>{}", requirement("shoe", "=")), "no field `shoe`"),
        ("Database_searchProfiles", format!("<id>1</id>{}", requirement("name", "like")), "unknown operator `like`"),
        ("Database_searchProfiles", format!("<id>1</id>{}", requirement("name", "=").repeat(101)), "101 are too many"),
        ("Database_profiles", "<id>1</id><orderby>shoe</orderby>".into(), "no field `shoe`"),
        ("Database_createCallback", "<id>1</id><url>ftp://a/</url>".into(), "`url`: `ftp://a/`"),
        ("Database_createCallback", format!("<id>9</id>{url}"), "No database with supplied ID"),
        ("Database_createCallback", format!("<id>1</id>{url}<triggers>sms</triggers>"), "unknown trigger `sms`"),
        ("Database_createCallback", format!("<id>1</id>{url}<method>yaml</method>"), "`method`: expected"),
        ("Database_createCallback", format!("<id>1</id>{url}<dialect>new</dialect>"), "`dialect`: expected `current`"),
        ("Database_createCallback", format!("<id>1</id>{url}<wire>upper</wire>"), "`wire`: expected `lowercase`"),
        (
            "Database_createCallback",
            format!("<id>1</id>{url}<conditions>city = Utrecht</conditions>"),
            "`conditions`: expected a set of rules as JSON: expected value at line 1",
        ),
        (
            "Collection_createCallback",
            format!("<id>1</id>{url}<conditions>[</conditions>"),
            "`conditions`: expected a set of rules as JSON: EOF",
        ),
        ("Database_createCallback", format!("<id>1</id>{url}<conditions>7</conditions>"), "`conditions`: "),
        ("Callback_retrieve", "<id>9</id>".into(), "No callback with supplied ID"),
        ("Field_update", "<id>99</id><name>x</name>".into(), "Failed to get the field"),
        ("Field_update", "<id>1</id><name>email</name>".into(), "there is a field `email` already"),
        ("Profile_updateFields", format!("<id>9</id>{}", fields(&[("name", "x")])), "No entity with supplied ID"),
        ("Profile_remove", "<id>-1</id>".into(), "No entity with supplied ID"),
        ("Profile_addInterest", "<id>1</id><interest>chess</interest>".into(), "no interest `chess`"),
        ("Profile_createSubProfile", "<id>1</id><collection><id>9</id></collection>".into(), "No collection"),
        ("Profile_createSubProfile", "<id>1</id>".into(), "`collection` is missing"),
        ("Profile_move", "<id>1</id>".into(), "`database` is missing"),
        ("Profile_move", "<id>1</id><database><id>1</id></database>".into(), "profile 1 is in `customers` already"),
        ("Profile_move", "<id>1</id><database><id>9</id></database>".into(), "No database with supplied ID"),
        ("SubProfile_remove", "<id>1</id>".into(), "No subprofile with supplied ID"),
        ("Collection_removeSubProfiles", "<id>9</id>".into(), "No collection"),
    ];
    for (operation, parameters, message) in calls {
        expect_fault(&call(&publisher, operation, &parameters), 500, "Client", message);
    }
    assert_eq!(publisher.get("/v4/profile/1"), before);
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], 1);
    assert_eq!(publisher.get("/v4/database/customers/callbacks")["total"], 0);
    let beyond = format!("<id>1</id><start>{}</start><length>{0}</length>", u64::MAX);
    let beyond = call(&publisher, "Database_profiles", &beyond).expect_status(200).text();
    assert!(beyond.contains("<length>0</length><total>1</total><items></items>"), "{beyond}");
    let databases = call(&publisher, "Account_databases", "").text();
    assert_eq!(between(&databases, "<total>", "</total>"), Some("1"));
}
