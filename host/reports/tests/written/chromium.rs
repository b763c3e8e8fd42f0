//! A real browser without a window, spoken to by its own protocol over a pipe, with no network.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

pub(crate) struct Chromium {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    /// What it has told without being asked.
    pub(crate) events: Vec<Value>,
    _profile: TempDir,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let profile = TempDir::new().expect("a folder");
        let found = BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
        let browser = found.unwrap_or_else(|| panic!("there is no browser: install one of {}", BROWSERS.join(", ")));
        // It reads questions from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#, browser])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"])
            .args(["--hide-scrollbars", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let from = BufReader::new(from);
        let mut browser = Self { child, to, from, session: None, sent: 0, events: Vec::new(), _profile: profile };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let session = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        let offline = json!({ "offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0 });
        browser.ask("Network.emulateNetworkConditions", offline);
        browser
    }

    /// Asks for something, and gives the answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut question = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            question["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{question}\0").as_bytes()).expect("the browser is there");
        loop {
            let message = self.hear();
            if message["id"] == json!(self.sent) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// Waits until it tells of this.
    pub(crate) fn wait(&mut self, event: &str) {
        while !self.events.iter().any(|told| told["method"] == event) {
            let message = self.hear();
            self.events.push(message);
        }
    }

    /// Opens a file and waits until it is laid out.
    pub(crate) fn open(&mut self, file: &Path) {
        self.events.clear();
        self.ask("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        self.wait("Page.loadEventFired");
    }

    pub(crate) fn resize(&mut self, width: u32, height: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", features);
    }

    /// The value of an expression, after what it promises.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let told = self.ask("Runtime.evaluate", asked);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        self.value(&format!(
            "new Promise((done) => {{ const look = () => ({expression}) ? done() : setTimeout(look); look(); }})"
        ));
    }

    /// Presses keys as a person would: names as in `KeyboardEvent.key`.
    pub(crate) fn press(&mut self, keys: &[&str]) {
        for key in keys {
            let text = match *key {
                "Enter" => "\r",
                "Tab" => "",
                other => other,
            };
            let code = if *key == "Tab" { 9 } else { text.bytes().next().map_or(0, u32::from) };
            let mut event = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
            if !text.is_empty() {
                event["text"] = json!(text);
            }
            self.ask("Input.dispatchKeyEvent", event);
            self.ask("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        }
    }

    /// A picture of what is seen of the page.
    pub(crate) fn picture(&mut self, file: &Path) {
        let told = self.ask("Page.captureScreenshot", json!({}));
        let bytes = BASE64_STANDARD.decode(told["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(file, bytes).expect("a file");
    }

    /// What went wrong since the page was opened, in the console or elsewhere, and what was fetched beside the page.
    pub(crate) fn complaints(&self) -> Vec<&Value> {
        let is_bad = |told: &&Value| match told["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => true,
            Some("Network.requestWillBeSent") => told["params"]["type"] != "Document",
            _ => false,
        };
        self.events.iter().filter(is_bad).collect()
    }

    fn hear(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("the browser is there");
        message.pop();
        serde_json::from_slice(&message).expect("JSON")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
