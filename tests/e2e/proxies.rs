//! The configurations of the manual's chapter on proxies, in the real proxies; and what happens with the wrong ones.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Background, Example, Publisher, background, own_address, wait_for};

const MANUAL: &str = include_str!("../../verifier/docs/behind-a-proxy.md");

#[test]
fn nginx_as_in_the_manual_changes_nothing() {
    let told = from_manual("nginx");
    assert_eq!(status_through(Proxy::nginx, 10, &told), Ok(200));
}

#[test]
fn nginx_that_replaces_the_host_is_found_out() {
    let told = from_manual("nginx").replace("proxy_set_header Host", "proxy_set_header X-Was");
    assert_eq!(status_through(Proxy::nginx, 12, &told), Err("wrong_host".to_owned()));
}

#[test]
fn nginx_that_rewrites_the_path_is_found_out() {
    let told = from_manual("nginx").replace(":8080;", ":8080/internal/hook;");
    assert_eq!(status_through(Proxy::nginx, 14, &told), Err("bad_signature".to_owned()));
}

#[test]
fn apache_as_in_the_manual_changes_nothing() {
    assert_eq!(status_through(Proxy::apache, 16, &from_manual("apache")), Ok(200));
}

#[test]
fn apache_that_replaces_the_host_is_found_out() {
    let told = from_manual("apache").replace("ProxyPreserveHost On", "");
    assert_eq!(status_through(Proxy::apache, 18, &told), Err("wrong_host".to_owned()));
}

#[test]
fn caddy_as_in_the_manual_changes_nothing() {
    assert_eq!(status_through(Proxy::caddy, 20, &from_manual("text")), Ok(200));
}

/// The block of the manual in this language.
fn from_manual(language: &str) -> String {
    let (_, block) = MANUAL.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// What a callback through a proxy is answered; if it is refused, why.
fn status_through(start: impl Fn(SocketAddr, &str) -> Proxy, number: u8, told: &str) -> Result<u64, String> {
    let publisher = Publisher::start();
    let (proxy_address, receiver_address) = (own_address(number), own_address(number + 1));
    let host = proxy_address.to_string();
    let receiver = Example::start("axum", number + 1, publisher.dns, &[("PUBLIC_HOST", &host)]);
    let told = told.replace("127.0.0.1:8080", &receiver_address.to_string());
    let _proxy = start(proxy_address, &told);
    // A query that anything which decodes and encodes again would change.
    let url = format!("http://{proxy_address}/hook?a=%7E&b=c+d&e=f%2Fg&h=//i;j");
    publisher.post("/v4/database/customers/callbacks", &json!({"url": url}));
    publisher.profile("Mike");
    let delivery: Value = publisher.settled(1).remove(0);
    match delivery["status"].as_u64() {
        Some(401) => Err(refusal(&receiver.log())),
        Some(status) => Ok(status),
        None => panic!("{delivery}"),
    }
}

/// `... refused: the reason code="bad_signature" step=10 ...`
fn refusal(log: &str) -> String {
    let mut codes = log.lines().filter_map(|line| line.split_once("code=\"")?.1.split_once('"'));
    // The first line may be about the question whether the receiver listens.
    codes.next_back().unwrap().0.to_owned()
}

struct Proxy {
    _program: Background,
    _folder: TempDir,
}

impl Proxy {
    fn nginx(address: SocketAddr, told: &str) -> Self {
        let config = |folder: &str| {
            format!(
                "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n\
                 http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
                 fastcgi_temp_path {folder}/a; uwsgi_temp_path {folder}/b; scgi_temp_path {folder}/c;\n\
                 server {{ listen {address};\n{told}\n}} }}\n"
            )
        };
        Self::start("nginx", address, "nginx.conf", config, |command, folder| {
            command.args(["-c", &format!("{folder}/nginx.conf"), "-p", folder, "-e", &format!("{folder}/errors")]);
        })
    }

    fn apache(address: SocketAddr, told: &str) -> Self {
        let config = |folder: &str| {
            let modules: String = ["mpm_event", "authz_core", "proxy", "proxy_http"]
                .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
                .concat();
            format!(
                "ServerRoot {folder}\nServerName {address}\nListen {address}\nPidFile {folder}/pid\n\
                 ErrorLog {folder}/errors\nDefaultRuntimeDir {folder}\n{modules}{told}\n"
            )
        };
        Self::start("apache2", address, "apache.conf", config, |command, folder| {
            command.args(["-X", "-f", &format!("{folder}/apache.conf")]);
        })
    }

    fn caddy(address: SocketAddr, told: &str) -> Self {
        // Of its own accord it listens on every address of this machine.
        let told = told.replace("hooks.example.com", &format!("http://{address}"));
        let told = told.replacen('{', &format!("{{\nbind {}", address.ip()), 1);
        let config = |_: &str| format!("{{\nadmin off\nauto_https off\n}}\n{told}\n");
        Self::start("caddy", address, "Caddyfile", config, |command, folder| {
            command.args(["run", "--config", &format!("{folder}/Caddyfile"), "--adapter", "caddyfile"]);
            command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder).env("HOME", folder);
        })
    }

    /// Starts a proxy with a configuration, in a folder of its own, and waits until it listens.
    fn start(
        name: &str,
        address: SocketAddr,
        file: &str,
        config: impl Fn(&str) -> String,
        tell: impl Fn(&mut Command, &str),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join(file), config(path)).unwrap();
        let mut command = Command::new(name);
        tell(&mut command, path);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut program = background(&mut command);
        wait_for("a proxy to listen", || {
            let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(!program.has_ended(), "`{name}` has ended: {}", log());
            std::net::TcpStream::connect(address).ok()
        });
        Self { _program: program, _folder: folder }
    }
}
