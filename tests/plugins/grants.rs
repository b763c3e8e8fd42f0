//! What a plugin may reach: as much as its manifest declares, the suite grants, somebody has looked at and the operator
//! allows. A suite from a stranger gets nothing by itself, and says what it asked for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use guests::wat::with_manifest;
use serde_json::json;

use crate::support::{Project, Said};

/// A server that says hello and keeps what it was told.
struct Server {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).unwrap();
                kept.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn fetch(url: &str, secrets: &[&str]) -> Vec<u8> {
    let rule = json!({ "url": url, "methods": ["GET"], "secrets": secrets, "why": "asks the truth" });
    let plugin = json!({ "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "http": [rule] } });
    with_manifest(guests::FETCH.to_vec(), &manifest.to_string())
}

/// A project whose suite has the plugin ask `url`, with `more` said about it.
fn project(url: &str, secrets: &[&str], more: &str) -> Project {
    let key = if secrets.is_empty() { String::new() } else { r#", key: "{{secret:API_KEY}}""#.to_owned() };
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - {{ plugin: ./fetch.wasm, use: fetches, with: {{ url: \"{url}/\"{key} }}{more} }}\n\
         limits: {{ max_failed: \"100%\" }}\n"
    );
    let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", r#"{"inputs": {"q": 1}, "outputs": "x"}"#)]);
    project.write("fetch.wasm", fetch(url, secrets));
    project
}

fn grant(url: &str, secrets: &str) -> String {
    format!(", grant: {{ http: [{{ url: \"{url}\", methods: [GET], secrets: [{secrets}] }}] }}")
}

fn refused(said: &Said, words: &[&str]) {
    assert_eq!(said.code, 2, "{said:#?}");
    for words in words {
        assert!(said.err.contains(words), "`{words}`: {}", said.err);
    }
}

#[test]
fn a_plugin_gets_what_manifest_suite_lock_and_operator_agree_on() {
    let server = Server::start();
    let url = &server.url;
    let asked = ["GET http://127.0.0.1:", "asks the truth"];

    let unsaid = project(url, &[], "");
    refused(&unsaid.run(&["eval"]), &[&asked[..], &["karat.yaml:4", "add `grant: {"]].concat());

    let project = project(url, &[], &grant(url, ""));
    refused(&project.run(&["eval"]), &[&asked[..], &["has not been allowed", "karat plugin allow"]].concat());

    let allowed = project.run(&["plugin", "allow"]);
    assert_eq!(allowed.code, 0, "{allowed:#?}");
    assert!(allowed.out.contains("may GET http://127.0.0.1:"), "{}", allowed.out);
    refused(&project.run(&["eval"]), &["only you can allow", &format!("--allow http={url}")]);
    assert_eq!(server.heard(), [""; 0]);

    let flag = format!("http={url}");
    assert_eq!(project.run(&["eval", "--allow", &flag]).code, 0);
    assert_eq!(project.export("last")[0]["feedback"][0]["value"], "200 hello");
    assert_eq!(server.heard().len(), 1);

    project.write("policy.toml", format!("allow = [\"{flag}\"]\n"));
    assert_eq!(project.run(&["eval", "--policy", "policy.toml"]).code, 0);
    assert_eq!(server.heard().len(), 2);

    // From a process that has no network, the host goes.
    project.write("policy.toml", format!("isolation = \"process\"\nallow = [\"{flag}\"]\n"));
    assert_eq!(project.run(&["eval", "--policy", "policy.toml"]).code, 0);
    assert_eq!(project.export("last")[0]["feedback"][0]["value"], "200 hello");
    assert_eq!(server.heard().len(), 3);
}

#[test]
fn a_plugin_that_changed_is_looked_at_again() {
    let server = Server::start();
    let project = project(&server.url, &[], &grant(&server.url, ""));
    assert_eq!(project.run(&["plugin", "allow"]).code, 0);
    let mut other = fetch(&server.url, &[]);
    // A custom section that means nothing.
    other.extend([0, 2, 1, b'x']);
    project.write("fetch.wasm", other);
    let flag = format!("http={}", server.url);
    refused(&project.run(&["eval", "--allow", &flag]), &["is not the plugin that was allowed", "karat plugin allow"]);
    project.write("fetch.wasm", fetch(&server.url, &["API_KEY"]));
    refused(&project.run(&["eval", "--allow", &flag]), &["asks for something else", "with the secret `API_KEY`"]);
    assert_eq!(server.heard(), [""; 0]);
}

#[test]
fn a_secret_goes_where_the_operator_sends_it_and_is_seen_by_nobody() {
    const VALUE: &str = "s3cr3t-v4lu3";
    let server = Server::start();
    let project = project(&server.url, &["API_KEY"], &grant(&server.url, "API_KEY"));
    assert_eq!(project.run(&["plugin", "allow"]).code, 0);
    let (http, env) = (format!("http={}", server.url), format!("env=API_KEY@{}", server.url));
    let run = |arguments: &[&str]| {
        let said = project.command(&[&["eval"], arguments].concat()).env("API_KEY", VALUE).output().unwrap();
        crate::support::said(said)
    };
    refused(&run(&["--allow", &http]), &[&format!("--allow {env}")]);
    let elsewhere = "env=API_KEY@http://127.0.0.1:1";
    refused(&run(&["--allow", &http, "--allow", elsewhere]), &[&format!("--allow {env}")]);
    assert_eq!(server.heard(), [""; 0]);

    let said = run(&["--allow", &http, "--allow", &env]);
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(server.heard()[0].contains(&format!("x-key: {VALUE}")), "{:?}", server.heard());
    assert!(!format!("{said:?}{:?}", project.export("last")).contains(VALUE));
}

/// A pull request that wants a key sent to its own server, looks at this machine and the metadata of its cloud, brings
/// its own lock and a link.
#[test]
fn a_suite_from_a_stranger_gets_nothing_and_says_what_it_asked_for() {
    let server = Server::start();
    for url in [&*server.url, "http://169.254.169.254", "http://localhost:1", "http://[::1]:1", "http://10.0.0.1"] {
        let stranger = project(url, &["AWS_SECRET_ACCESS_KEY"], &grant(url, "AWS_SECRET_ACCESS_KEY"));
        assert_eq!(stranger.run(&["plugin", "allow"]).code, 0, "the stranger has done so");
        let said = stranger.command(&["eval"]).env("AWS_SECRET_ACCESS_KEY", "secret").output().unwrap();
        let told = [format!("--allow http={url}"), format!("--allow env=AWS_SECRET_ACCESS_KEY@{url}")];
        refused(&crate::support::said(said), &[&told[0], &told[1]]);
    }
    let public = "https://collect.example";
    let stranger = project(public, &["AWS_SECRET_ACCESS_KEY"], &grant(public, "AWS_SECRET_ACCESS_KEY"));
    stranger.run(&["plugin", "allow"]);
    refused(&stranger.run(&["eval"]), &["--allow env=AWS_SECRET_ACCESS_KEY@https://collect.example"]);
    // A policy in the project is nobody's.
    stranger.write("policy.toml", "allow = [\"env=AWS_SECRET_ACCESS_KEY@https://collect.example\"]\n");
    refused(&stranger.run(&["eval"]), &["only you can allow"]);
    assert_eq!(server.heard(), [""; 0]);
}

#[test]
fn a_grant_for_what_nobody_asked_for_is_a_mistake() {
    let project = project("https://api.example.com", &[], &grant("https://api.exampel.com", ""));
    refused(&project.run(&["eval"]), &["does not ask to GET https://api.exampel.com", "grant"]);
    let wrong = grant("https://*", "");
    let project = self::project("https://api.example.com", &[], &wrong);
    refused(&project.run(&["eval"]), &["should be a scheme and a host"]);
}

#[test]
fn what_the_suite_does_not_grant_is_denied_to_the_plugin() {
    let project = project("https://api.example.com", &[], ", grant: {}");
    assert_eq!(project.run(&["plugin", "allow"]).code, 0);
    assert_eq!(project.run(&["eval"]).code, 0);
    let feedback = &project.export("last")[0]["feedback"][0];
    assert!(feedback["reason"].as_str().unwrap().contains("http was not granted"), "{feedback}");
}

#[test]
fn inspect_says_what_a_plugin_asks_for_and_why() {
    let project = project("https://api.example.com", &["API_KEY"], "");
    let said = project.run(&["plugin", "inspect", "fetch.wasm"]);
    let told = "asks to  GET https://api.example.com, with the secret `API_KEY`: asks the truth";
    assert!(said.out.contains(told), "{}", said.out);
}

#[test]
fn inspect_says_what_a_suite_would_grant() {
    let project = project("https://api.example.com", &["API_KEY"], &grant("https://api.example.com", ""));
    let said = project.run(&["plugin", "inspect", "fetch.wasm", "--suite", "karat.yaml"]);
    let told = "as `fetches` it would be granted\n  GET https://api.example.com: asks the truth\n";
    assert!(said.out.contains(told), "{said:#?}");
    project.write("karat.yaml", "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\n");
    refused(
        &project.run(&["plugin", "inspect", "fetch.wasm", "--suite", "karat.yaml"]),
        &["does not use `fetch.wasm`"],
    );
}

/// Runs `karat eval` on a terminal where somebody answers; none where this machine has no terminals to give.
fn on_a_terminal(project: &Project, answer: &str) -> Option<(i32, String)> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).ok()?;
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = std::fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = project.command(&["eval"]);
    command.stdin(theirs.try_clone().unwrap()).stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut child = command.spawn().unwrap();
    // The last copies of the terminal's other end are the child's.
    drop(command);
    let mut terminal = std::fs::File::from(ours);
    terminal.write_all(format!("{answer}\n").as_bytes()).unwrap();
    let mut said = Vec::new();
    // Ends with an error when the child has closed it.
    let _ = terminal.read_to_end(&mut said);
    Some((child.wait().unwrap().code().unwrap(), String::from_utf8(said).unwrap()))
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test has no other way to say so")]
fn whoever_sits_at_the_terminal_is_asked_once() {
    let server = Server::start();
    let project = project(&server.url, &[], &grant(&server.url, ""));
    assert_eq!(project.run(&["plugin", "allow"]).code, 0);
    let Some((code, said)) = on_a_terminal(&project, "n") else {
        return eprintln!("skipped: `whoever_sits_at_the_terminal_is_asked_once` needs a terminal");
    };
    assert!(code == 2 && said.contains("from now on") && said.contains("--allow http="), "{said}");
    assert_eq!(server.heard(), [""; 0]);
    let (code, said) = on_a_terminal(&project, "y").unwrap();
    assert!(code == 0 && said.contains("from now on"), "{said}");
    // Remembered for this user, outside of the project.
    assert!(!project.path("policy.toml").exists());
    assert_eq!(project.run(&["eval"]).code, 0);
    assert_eq!(server.heard().len(), 2);
}

#[test]
fn the_clients_of_other_languages_go_through_the_same_door() {
    let server = Server::start();
    let (url, flag) = (&server.url, format!("http={}", server.url));
    let authority = url.strip_prefix("http://").unwrap();
    let rule = json!({ "url": url, "methods": ["POST"], "why": "posts" });
    let plugin = json!({ "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "http": [rule] } });
    let project = Project::with(&[("rows.jsonl", r#"{"inputs": {"q": 1}, "outputs": "x"}"#)]);
    project.write("fetch.wasm", with_manifest(guests::FETCH.to_vec(), &manifest.to_string()));
    let said = |grant: String, isolation: &str, more: &[&str]| {
        let body = "x".repeat(2500);
        let suite = format!(
            "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - plugin: ./fetch.wasm\n    use: wasi_fetches\n    isolation: {isolation}\n    \
             with: {{ authority: \"{authority}\", body: \"{body}\" }}\n    grant: {grant}\n"
        );
        project.write("karat.yaml", suite);
        assert_eq!(project.run(&["plugin", "allow"]).code, 0);
        assert_eq!(project.run(&[&["eval"], more].concat()).code, 0);
        project.export("last")[0]["feedback"][0]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(said("{}".to_owned(), "thread", &[]), "refused: ErrorCode::HttpRequestDenied");
    assert_eq!(server.heard(), [""; 0]);
    let granted = format!("{{ http: [{{ url: \"{url}\", methods: [POST] }}] }}");
    for isolation in ["thread", "process"] {
        assert_eq!(said(granted.clone(), isolation, &["--allow", &flag]), "200 hello");
    }
    assert_eq!(server.heard().len(), 2);
    assert!(server.heard().iter().all(|request| request.starts_with("POST / HTTP/1.1\r\n")), "{:?}", server.heard());
}
