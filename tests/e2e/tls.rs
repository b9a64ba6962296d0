//! HTTPS: the publisher's own, with a local authority, and that of receivers. What is on the other side comes from elsewhere:
//! `curl` calls the publisher, `openssl` makes the receivers' certificates, and Python serves them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Background, Outcome, Publisher, background, mock_publisher, run, wait_for};

/// Answers 200 to everything, with TLS; the first line of its output is its port.
const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        print(self.requestline, self.headers["Host"], file=sys.stderr, flush=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// Certificates that `openssl` made: an authority, and what it has signed.
struct Certificates(TempDir);

impl Certificates {
    fn new() -> Self {
        let made = Self(TempDir::new().unwrap());
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=tests");
        made
    }

    fn openssl(&self, arguments: &str) {
        run(Command::new("openssl").args(arguments.split(' ')).current_dir(self.0.path())).expect_status(0);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn authority(&self) -> String {
        self.path("ca.pem").to_str().unwrap().to_owned()
    }

    /// A server with a certificate for a name or an address, such as `IP:127.0.0.1`, valid for so many days.
    fn server(&self, name: &str, days: &str) -> HttpsServer {
        self.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=server");
        fs::write(self.path("names"), format!("subjectAltName={name}\n")).unwrap();
        self.openssl(&format!(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days {days} -extfile names"
        ));
        HttpsServer::start(&self.path("server.pem"), &self.path("server.key"))
    }
}

struct HttpsServer {
    port: u16,
    _program: Background,
}

impl HttpsServer {
    fn start(certificate: &Path, key: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", SERVER]).args([certificate, key]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = background(&mut command);
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { port: line.trim().parse().unwrap(), _program: program }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/hook", self.port)
    }
}

fn curl(arguments: &[&str]) -> Outcome {
    run(Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments))
}

fn ready_file(publisher: &Publisher) -> Value {
    serde_json::from_slice(&fs::read(publisher.folder.path().join("ready.json")).unwrap()).unwrap()
}

#[test]
fn the_publisher_speaks_https_with_an_authority_of_its_own() {
    let data = TempDir::new().unwrap();
    let arguments = ["--tls", "--data", data.path().to_str().unwrap()];
    let mut publisher = Publisher::start_with(&arguments);
    let (url, ready) = (format!("https://{}", publisher.http), ready_file(&publisher));
    let ca = data.path().join("tls/ca.pem");
    assert_eq!((&ready["url"], &ready["ca"]), (&json!(url), &json!(ca)));
    let banner = wait_for("the banner", || Some(publisher.banner()).filter(|banner| banner.contains("Ctrl-C")));
    assert!(banner.contains(&url) && banner.contains(&format!("trust      {}", ca.display())), "{banner}");
    for file in ["tls/ca.pem", "tls/authority.pem"] {
        assert_eq!(fs::metadata(data.path().join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert!(!fs::read_to_string(&ca).unwrap().contains("PRIVATE"));

    let trusted = ca.to_str().unwrap();
    let port = publisher.http.port();
    for host in ["127.0.0.1", "localhost"] {
        curl(&["--fail", "--cacert", trusted, &format!("https://{host}:{port}/readyz")]).expect_status(0);
    }
    // 60: the certificate is not trusted.
    curl(&[&format!("{url}/readyz")]).expect_status(60);
    let plain = curl(&["-i", &format!("http://127.0.0.1:{port}/readyz")]).expect_status(0).text();
    assert!(plain.starts_with("HTTP/1.1 400 ") && plain.ends_with("use `https://`.\n"), "{plain}");
    for (origin, status) in [(url.clone(), "200"), (format!("http://127.0.0.1:{port}"), "403")] {
        let origin = format!("Origin: {origin}");
        let told = curl(&[
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--cacert",
            trusted,
            "-H",
            &origin,
            &format!("{url}/livez"),
        ]);
        assert_eq!(told.expect_status(0).text(), status, "{origin}");
    }

    // The other commands find it by its ready file, and whoever names it names the authority, too.
    let command = |arguments: &[&str]| run(mock_publisher(publisher.folder.path()).args(arguments));
    let at = data.path().to_str().unwrap();
    let said = command(&["ready", "--wait", "--data", at]).expect_status(0).text();
    assert_eq!(said.trim(), format!("ready   {url}"));
    command(&["stats", "--data", at]).expect_status(0);
    let named = ["stats", "--server", &url, "--token", &publisher.token];
    command(&named).expect_failure(1, &["nobody answers at", "not trusted", "`--ca FILE`"]);
    command(&[&named[..], &["--ca", trusted]].concat()).expect_status(0);
    command(&["stats", "--server", "ftp://127.0.0.1:1"]).expect_failure(1, &["is no address of a publisher"]);

    let before = fs::read(&ca).unwrap();
    publisher.stop();
    let again = Publisher::start_with(&arguments);
    assert_eq!(fs::read(&ca).unwrap(), before);
    curl(&["--fail", "--cacert", trusted, &format!("https://{}/readyz", again.http)]).expect_status(0);
    again.kill();

    let authority = data.path().join("tls/authority.pem");
    let whole = fs::read_to_string(&authority).unwrap();
    for damaged in ["", &whole[..whole.len() / 2], &whole.replace("PRIVATE", "PRIMATE")] {
        fs::write(&authority, damaged).unwrap();
        let mut command = mock_publisher(publisher.folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0"]).args(arguments);
        run(&mut command)
            .expect_failure(1, &["authority.pem` cannot be used", "remove the file to have another one made"]);
    }
}

/// Whoever gets hold of the key can pretend to be nobody else than this machine.
#[test]
fn the_authority_vouches_for_this_machine_only() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_with(&["--tls", "--data", data.path().to_str().unwrap()]);
    let folder = data.path().join("tls");
    let openssl = |arguments: &str| run(Command::new("openssl").args(arguments.split(' ')).current_dir(&folder));
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.csr -subj /CN=server")
        .expect_status(0);
    for (names, status) in
        [("DNS:localhost", 0), ("IP:127.9.9.9", 0), ("DNS:bank.example", 2), ("IP:192.0.2.1", 2), ("IP:::2", 2)]
    {
        fs::write(folder.join("names"), format!("subjectAltName={names}\n")).unwrap();
        openssl("x509 -req -in c.csr -CA authority.pem -CAkey authority.pem -CAcreateserial -out c.pem -days 1 -extfile names")
            .expect_status(0);
        let checked = openssl("verify -CAfile ca.pem c.pem").expect_status(status);
        assert_eq!(checked.err.contains("permitted subtree violation"), status != 0, "{names}: {}", checked.err);
    }
    publisher.kill();
}

#[test]
fn without_a_data_folder_the_authority_goes_with_the_publisher() {
    let temporary = TempDir::new().unwrap();
    let mut publisher = Publisher::start_as(|command| {
        command.args(["serve", "--tls", "--in-memory", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0"]);
        command.args(["--ready-file", "ready.json"]).env("TMPDIR", temporary.path());
    });
    let ca = ready_file(&publisher)["ca"].as_str().unwrap().to_owned();
    assert!(Path::new(&ca).starts_with(temporary.path()), "{ca}");
    curl(&["--fail", "--cacert", &ca, &format!("https://{}/readyz", publisher.http)]).expect_status(0);
    publisher.stop();
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn the_demonstration_and_scenarios_go_over_https() {
    let (here, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let told = |arguments: &[&str]| {
        run(mock_publisher(here.path()).args(arguments).env("TMPDIR", temporary.path())).expect_status(0).text()
    };
    let shown = told(&["demo", "--tls"]);
    assert_eq!(shown.matches("https://127.0.0.1:").count(), 2, "{shown}");
    assert!(shown.contains("23 sent, 19 verified, 4 refused as they should be"), "{shown}");
    let played = told(&["run", "shop", "--tls"]);
    assert!(played.contains("receiver   https://127.0.0.1:") && played.contains("everything held"), "{played}");
    let script = "curl -sSf --cacert \"$MOCK_PUBLISHER_CA\" \"$MOCK_PUBLISHER_SERVER/readyz\"";
    told(&["exec", "--tls", "--", "sh", "-c", script]);
    for folder in [here.path(), temporary.path()] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{}", folder.display());
    }
}

#[test]
fn nobody_is_held_up_by_those_who_say_nothing() {
    let publisher = Publisher::start_with(&["--tls", "--in-memory"]);
    let ca = ready_file(&publisher)["ca"].as_str().unwrap().to_owned();
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(publisher.http).unwrap()).collect();
    let half = TcpStream::connect(publisher.http).unwrap();
    (&half).write_all(&[22, 3, 1]).unwrap();
    curl(&["--fail", "--max-time", "5", "--cacert", &ca, &format!("https://{}/readyz", publisher.http)])
        .expect_status(0);
    // They are let go after a while.
    half.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    assert!(matches!((&half).read(&mut [0; 64]), Ok(0) | Err(_)));
    for socket in silent {
        socket.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
        assert_eq!((&socket).read(&mut [0; 64]).unwrap(), 0);
    }
}

#[test]
fn callbacks_go_to_receivers_with_https() {
    let certificates = Certificates::new();
    let server = certificates.server("IP:127.0.0.1", "1");
    let authority = certificates.authority();
    let publisher = Publisher::start_with(&["--in-memory", "--ca", &authority]);
    publisher.callback(&server.url());
    publisher.profile("Mike");
    publisher.profile("Nick");
    let log = publisher.settled(2);
    let attempt = |id: &Value| {
        let history = publisher.get(&format!("/mock/v1/deliveries/{id}"));
        history["history"][0].clone()
    };
    for delivery in &log {
        assert_eq!((&delivery["state"], &delivery["status"]), (&json!("delivered"), &json!(200)), "{delivery}");
        let request = String::from_utf8(
            publisher.call("GET", &format!("/mock/v1/deliveries/{}/request", delivery["id"]), None).body,
        )
        .unwrap();
        assert!(request.contains(&format!("127.0.0.1:{}\r\n", server.port)), "{request}");
    }
    let first = log.iter().map(|delivery| attempt(&delivery["id"])).find(|attempt| !attempt["tls"].is_null());
    let first = first.expect("an attempt that made the connection");
    assert!(first["tls"].as_u64() > Some(0) && first["connect"].is_u64() && first["dns"].is_u64(), "{first}");

    let folder = TempDir::new().unwrap();
    let command = |arguments: &[&str]| run(mock_publisher(folder.path()).args(arguments));
    let url = server.url();
    command(&["send", &url, "--ca", &authority]).expect_status(0);
    command(&["send", &url]).expect_failure(1, &["no TLS came about", "not trusted", "`--ca FILE`"]);
    let rehearse = ["rehearse", &url, "--profiles", "20", "--in-memory", "--dns", "127.0.0.1:0"];
    let said = command(&[&rehearse[..], &["--ca", &authority]].concat()).expect_status(0).text();
    assert!(said.contains("20 sent = 20 accepted"), "{said}");
    let said = command(&rehearse).expect_status(1);
    assert_eq!(said.err.matches("not trusted").count(), 1, "{}", said.err);
    // The usual short cut.
    let short = HttpsServer::start(&certificates.path("ca.pem"), &certificates.path("ca.key"));
    command(&["send", &short.url(), "--ca", &authority]).expect_failure(1, &["that of an authority", "`CA:FALSE`"]);
}

#[test]
fn a_receiver_that_cannot_be_believed_is_not_told_anything() {
    let certificates = Certificates::new();
    let authority = certificates.authority();
    // It does not speak TLS, and hangs up when it hears it.
    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let plain_port = plain.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    // It never says anything; the system takes the connection.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let foreign = Certificates::new();
    let servers = [
        certificates.server("DNS:other.example", "1"),
        certificates.server("IP:127.0.0.1", "-1"),
        foreign.server("IP:127.0.0.1", "1"),
    ];
    let publisher = Publisher::start_with(&["--in-memory", "--ca", &authority]);
    for (url, class, detail) in [
        (servers[0].url(), "tls_error", "not valid for"),
        (servers[1].url(), "tls_error", "invalid peer certificate: Expired"),
        (servers[2].url(), "tls_error", "an authority that is not trusted"),
        (format!("https://127.0.0.1:{plain_port}/"), "tls_error", "is it `http://`?"),
        (format!("https://127.0.0.1:{silent_port}/"), "timeout_connect", "no connection was made in time"),
        ("https://192.0.2.1/".to_owned(), "target_refused", "--allow-target 192.0.2.1"),
    ] {
        let callback = publisher.callback(&url);
        publisher.profile("Mike");
        let settled = wait_for("an outcome", || {
            let log = publisher.get(&format!("/mock/v1/deliveries?callback={callback}"));
            let delivery = log["deliveries"][0].clone();
            (delivery["state"] == "failed").then_some(delivery)
        });
        assert_eq!(settled["error"], class, "{url}: {settled}");
        assert!(settled["error_detail"].as_str().unwrap().contains(detail), "{url}: {settled}");
        publisher.delete(&format!("/v4/callback/{callback}"));
    }
}

#[test]
fn a_file_of_authorities_that_holds_none_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    fs::write(folder.path().join("odd.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (file, reason) in [
        ("empty.pem", "holds no certificate in PEM that could be trusted: there is none"),
        ("odd.pem", "holds no certificate in PEM that could be trusted"),
        ("absent.pem", "cannot use `absent.pem`"),
    ] {
        let serve = ["serve", "--in-memory", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ca", file];
        for arguments in [&serve[..], &["send", "https://127.0.0.1:9/", "--ca", file]] {
            run(mock_publisher(folder.path()).args(arguments)).expect_failure(1, &[reason]);
        }
    }
}
