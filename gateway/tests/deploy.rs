//! The files in `deploy/` are what the program and its surroundings take: the example configuration names every member, units and web servers'
//! configurations are valid, alerts use metrics that exist. What needs a program that is not installed is skipped, and says so.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use uis_gateway::config::Config;
use uis_test_support::root;

const GATEWAY: &str = env!("CARGO_BIN_EXE_uis-gateway");
/// What nobody may find in a log.
const SECRET: &str = "s3cret-of-an-address";

fn file(name: &str) -> String {
    fs::read_to_string(root().join("deploy").join(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// The program, if it is installed; in CI it must be.
fn installed(program: &str, question: &str) -> bool {
    let there = Command::new(program).arg(question).stdin(Stdio::null()).output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{program} is needed here");
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

// ---- the example configuration

fn parsed(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("/etc/uis-gateway"))
}

/// Whether a line is a member or table that is commented out.
fn is_off(line: &str) -> bool {
    line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '['))
}

/// The example with its members switched on: those with a default, or all. `without` are members that exclude others.
fn switched_on(examples: bool, without: &[&str]) -> String {
    let text = file("uis-gateway.example.toml");
    let (mut lines, mut example) = (Vec::new(), false);
    for line in text.lines() {
        match is_off(line) && (examples || !example) && !without.contains(&line) {
            true => lines.push(line[1..].to_owned()),
            false => lines.push(line.to_owned()),
        }
        example = line.starts_with("# Example");
    }
    lines.join("\n")
}

#[test]
fn the_example_configuration_shows_the_defaults() {
    let plain = parsed(&file("uis-gateway.example.toml")).expect("it is valid");
    let with_defaults = parsed(&switched_on(false, &[])).expect("it is valid");
    assert_eq!(format!("{plain:?}"), format!("{with_defaults:?}"));
    assert!(switched_on(false, &[]).lines().filter(|line| line.contains('=')).count() > 25, "members are switched on at all");
}

/// The members that a table has, from the error about one that it has not.
fn known(table: &str) -> BTreeSet<String> {
    let error = parsed(&format!("public-url = \"https://a.example\"\n{table}\nno-such-member = 1")).expect_err(table);
    let (_, known) = error.split_once("Known: ").or_else(|| error.split_once("there are: ")).unwrap_or_else(|| panic!("{table}: {error}"));
    known.split("; did you mean").next().unwrap_or_default().split(", ").map(|name| name.trim().to_owned()).collect()
}

#[test]
fn the_example_configuration_names_every_member() {
    for without in ["#socket = \"/run/uis-gateway/admin.sock\"", "#listen = \"127.0.0.1:9080\""] {
        parsed(&switched_on(true, &[without])).expect("everything switched on is valid");
    }
    let all: toml::Table = switched_on(true, &[]).parse().expect("TOML");
    let top = known("");
    for name in &top {
        let named = all.get(name).unwrap_or_else(|| panic!("deploy/uis-gateway.example.toml lacks {name}"));
        let (table, header) = match named {
            toml::Value::Table(table) => (table, format!("[{name}]")),
            toml::Value::Array(tables) => (tables[0].as_table().expect("a table"), format!("[[{name}]]\nname = \"a\"\npath = \"a\"")),
            _ => continue,
        };
        let header = if name == "plugin" { "[plugin]\npath = \"a\"".to_owned() } else { header };
        let members = if name == "limits" {
            parsed("public-url = \"https://a.example\"")
                .expect("valid")
                .limits
                .named()
                .into_iter()
                .map(|(name, _)| name.to_owned())
                .collect()
        } else {
            known(&header)
        };
        let missing: Vec<&String> = members.iter().filter(|member| !table.contains_key(*member)).collect();
        assert!(missing.is_empty(), "[{name}] lacks {missing:?}");
    }
}

// ---- systemd

#[test]
fn the_units_are_valid_and_hardened() {
    if !installed("systemd-analyze", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["uis-gateway.service", "uis-gateway-backup.service", "uis-gateway-backup.timer"];
    for name in names {
        // The program is not in its place here.
        fs::write(folder.path().join(name), file(name).replace("/usr/local/bin/uis-gateway", GATEWAY)).expect("written");
    }
    let verified =
        Command::new("systemd-analyze").args(["verify", "--man=no"]).args(names).current_dir(folder.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.is_empty(), "{said}");
    for (name, most) in [("uis-gateway.service", "20"), ("uis-gateway-backup.service", "25")] {
        let exposed = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold", most, name])
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        assert!(exposed.status.success(), "{name}: {}", String::from_utf8_lossy(&exposed.stdout));
    }
}

// ---- web servers in front

/// A web server that is ended with the test.
struct Front(Child);

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A certificate for the name of the examples.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["uis.shop.example".to_owned()]).expect("a certificate");
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    fs::write(&chain, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    (chain, key)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Answers each request with 200 and the length of its body, and gives the first lines.
fn upstream() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || answer(stream, &sender));
        }
    });
    (port, lines)
}

fn answer(stream: TcpStream, sender: &std::sync::mpsc::Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    sender.send(first.trim().to_owned()).ok()?;
    let text = length.to_string();
    let mut stream = stream;
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len()).ok()
}

/// The status with which a web server answers over https, and the body.
fn asked(port: u16, path: &str, body: &[u8]) -> (u16, String) {
    let output = Command::new("curl")
        .args([
            "-sk",
            "--noproxy",
            "*",
            "--max-time",
            "10",
            "-w",
            "\n%{http_code}",
            "--data-binary",
            "@-",
            "-H",
            "Content-Type: application/json",
        ])
        .args(["--resolve", &format!("uis.shop.example:{port}:127.0.0.1"), &format!("https://uis.shop.example:{port}{path}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|mut curl| {
            // A server that refuses a large body may close the connection before it has read it.
            let _ = curl.stdin.take().map(|mut input| input.write_all(body));
            curl.wait_with_output()
        })
        .expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", "0"));
    (status.parse().unwrap_or(0), body.to_owned())
}

/// Waits until the web server answers at all.
fn until_up(port: u16) {
    let end = Instant::now() + Duration::from_secs(30);
    while asked(port, "/", b"").0 == 0 {
        assert!(Instant::now() < end, "the web server does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends what the gateway must get, and what is too large, which is answered with this status: a failure, of which a web server would log the
/// request.
fn tried(port: u16, lines: &std::sync::mpsc::Receiver<String>, too_large: u16) {
    let path = format!("/shop/notify/{SECRET}/chat_message?text={SECRET}");
    let large = vec![b'a'; 1 << 20];
    assert_eq!(asked(port, &path, &large), (200, (1 << 20).to_string()), "a body of 1 MiB arrives");
    let first = lines.try_iter().find(|line| line.contains("/shop/notify/")).expect("it arrived");
    assert!(first.starts_with(&format!("POST {path} ")), "{first}");
    assert_eq!(asked(port, &path, &[large.as_slice(), b"a"].concat()).0, too_large);
}

/// No file of a folder contains the secret.
fn nothing_logged(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("readable")).into_owned();
            assert!(!text.contains(SECRET), "{}: {text}", path.display());
        }
    }
}

#[test]
fn nginx_passes_requests_on_and_logs_no_secret() {
    if !installed("nginx", "-v") || !installed("curl", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (at, port, plain) = (folder.path(), free_port(), free_port());
    let (chain, key) = certificate(at);
    let (gateway, lines) = upstream();
    let site = file("nginx.conf")
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{gateway}"))
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
        .replace("listen 80;", &format!("listen 127.0.0.1:{plain};"))
        .replace("/etc/letsencrypt/live/uis.shop.example/fullchain.pem", &chain.display().to_string())
        .replace("/etc/letsencrypt/live/uis.shop.example/privkey.pem", &key.display().to_string())
        .replace("/var/log/nginx/", &format!("{}/", at.display()));
    fs::write(at.join("site.conf"), site).expect("written");
    let temporary: String =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {}/{name};\n", at.display())).concat();
    let whole = format!(
        "daemon off;\npid {0}/pid;\nerror_log {0}/error.log info;\nevents {{}}\nhttp {{\naccess_log {0}/other.log;\n{temporary}include {0}/site.conf;\n}}\n",
        at.display()
    );
    fs::write(at.join("nginx.conf"), whole).expect("written");
    let arguments = ["-p", at.to_str().expect("UTF-8"), "-c", "nginx.conf", "-e", "start.log"];
    let checked = Command::new("nginx").args(arguments).arg("-t").output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let front = Front(Command::new("nginx").args(arguments).args(["-g", "master_process off;"]).spawn().expect("it runs"));
    until_up(port);
    tried(port, &lines, 413);
    // nginx writes the line of a request after its answer.
    let end = Instant::now() + Duration::from_secs(30);
    let access = || fs::read_to_string(at.join("uis-gateway.log")).expect("a log");
    while !access().contains(" POST 413 ") && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(front);
    let access = access();
    assert!(access.contains(" POST 200 ") && access.contains(" POST 413 "), "{access}");
    nothing_logged(at);
}

#[test]
fn caddy_passes_requests_on_and_logs_no_secret() {
    if !installed("caddy", "version") || !installed("curl", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (at, port, plain) = (folder.path(), free_port(), free_port());
    let (chain, key) = certificate(at);
    let (gateway, lines) = upstream();
    let text = file("Caddyfile");
    fs::write(at.join("Caddyfile"), &text).expect("written");
    let caddy = |arguments: &[&str]| {
        let mut command = Command::new("caddy");
        command.args(arguments).env("HOME", at).env("XDG_DATA_HOME", at.join("data")).env("XDG_CONFIG_HOME", at.join("config"));
        command.current_dir(at);
        command
    };
    let valid = caddy(&["validate", "--config", "Caddyfile", "--adapter", "caddyfile"]).output().expect("it runs");
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));

    let tls = format!("uis.shop.example {{\n\ttls {} {}", chain.display(), key.display());
    let global = format!("{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {port}\n\tauto_https disable_redirects\n");
    let own = text
        .replacen("{\n\tlog default", &format!("{global}\tlog default"), 1)
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{gateway}"))
        .replace("\nuis.shop.example {", &format!("\n{tls}"));
    assert!(own.contains(&global) && own.contains("\n\ttls "), "{own}");
    fs::write(at.join("Caddyfile"), own).expect("written");
    let log = fs::File::create(at.join("log")).expect("a file");
    let running = caddy(&["run", "--config", "Caddyfile", "--adapter", "caddyfile"]).stdout(Stdio::null()).stderr(log).spawn();
    let front = Front(running.expect("it runs"));
    until_up(port);
    // The gateway itself would say 413; Caddy notices it while it sends the body on.
    tried(port, &lines, 502);
    drop(front);
    nothing_logged(at);
}

// ---- metrics

/// All metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let begins = text.match_indices("uis_gateway_").map(|(at, _)| at);
    begins.map(|at| text[at..].chars().take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_').collect()).collect()
}

/// The metrics that the program's sources count.
fn counted() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => read(&path, found),
                false => {
                    let text = fs::read_to_string(&path).expect("readable");
                    found.extend(text.split('"').filter(|part| metrics(part).contains(*part)).map(str::to_owned));
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    read(&root().join("gateway/src"), &mut found);
    assert!(found.len() > 15, "{found:?}");
    found
}

#[test]
fn alerts_use_metrics_that_exist_and_the_operators_page_has_them_all() {
    let counted = counted();
    let exists = |name: &String| {
        let plain = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        counted.contains(name) || counted.contains(plain)
    };
    let rules = file("prometheus-rules.yaml");
    let unknown: Vec<String> = metrics(&rules).into_iter().filter(|name| !exists(name)).collect();
    assert!(unknown.is_empty(), "deploy/prometheus-rules.yaml: no such metrics: {unknown:?}");
    let page = fs::read_to_string(root().join("docs/operators.md")).expect("the page");
    let missing: Vec<&String> = counted.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/operators.md lacks {missing:?}");
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let unexplained: Vec<&str> = alerts.filter(|alert| !page.contains(&format!("`{alert}`"))).collect();
    assert!(unexplained.is_empty(), "docs/operators.md does not explain {unexplained:?}");
}

// ---- the container

#[test]
fn the_container_is_built_with_the_repositorys_toolchain() {
    let dockerfile = file("Dockerfile");
    let toolchain: toml::Table = fs::read_to_string(root().join("rust-toolchain.toml")).expect("readable").parse().expect("TOML");
    let channel = toolchain["toolchain"]["channel"].as_str().expect("a version");
    let image = dockerfile.lines().find_map(|line| line.strip_prefix("FROM rust:")).expect("an image");
    let version = image.split('-').next().expect("a version");
    assert!(channel == version || channel.starts_with(&format!("{version}.")), "rust:{image}, and rust-toolchain.toml has {channel}");
    assert!(dockerfile.contains("\"status\", \"--ready\""), "the health check asks the service");
}
