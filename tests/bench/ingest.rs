//! Spans sent to a real `karat serve`, with the sender beside it: as fast as it takes them, at half of that, at 10,000 spans a second, and by more
//! senders than it has room for. Prints a JSON line for each, and one for what is there afterwards.
//!
//! ```text
//! cargo build --release -p cli && cargo bench -p server --bench ingest [-- SECONDS]
//! ```
//!
//! Traces have 10 spans of 2 KB; a request has 500 spans, as much as SDKs put into one. `KARAT` names another binary.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tempfile::TempDir;

const TRACES: u64 = 50;
const SPANS: u64 = 10;
const SPAN_BYTES: usize = 2000;

/// What stands where the number of a trace goes: nothing else in a request looks so.
const MARK: [u8; 8] = [0xA5, 0x5A, 0xC3, 0x3C, 0x96, 0x69, 0xF0, 0x0F];

/// Senders of a load that can be borne, and of one that can't.
const FEW: usize = 8;
const MANY: usize = 128;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(30);
    let length = Duration::from_secs(seconds);
    let folder = TempDir::new().unwrap();
    let server = Server::start(&folder);
    let templates: Arc<Vec<Template>> = Arc::new((0..16).map(Template::new).collect());
    let numbers = Arc::new(AtomicU64::new(1));
    let load = Load { address: server.address.clone(), templates, numbers };
    let full = load.run(&server, "full", FEW, length, None);
    let half = load.run(&server, "half", FEW, length, Some(full / 2.0));
    assert!(half > 0.0);
    load.run(&server, "half of 20,000", FEW, length, Some(10_000.0));
    load.run(&server, "too many senders", MANY, length / 2, None);
    let acknowledged = load.acknowledged();
    let (found, _) = server.experiments();
    println!(
        r#"{{"bench": "ingest", "load": "afterwards", "acknowledged_traces": {acknowledged}, "found": {found}, "rss_mib": {:.0}}}"#,
        server.rss()
    );
    assert!(found >= acknowledged, "something acknowledged is missing");
    let begun = Instant::now();
    drop(server);
    let server = Server::start(&folder);
    let (again, _) = server.experiments();
    println!(
        r#"{{"bench": "ingest", "load": "killed and started again", "found": {again}, "seconds": {:.2}}}"#,
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(again, found);
}

/// A request, and where in it the numbers of its traces go.
struct Template {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Template {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let traces = (0..TRACES).flat_map(|trace| (0..SPANS).map(move |place| (trace, place)));
        let spans = traces.map(|(trace, place)| span(trace, place, &mut random)).collect();
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource = Resource { attributes: vec![text("service.name", "bot")], ..Resource::default() };
        let resource_spans = vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
        let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let places =
            bytes.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK).map(|(place, _)| place);
        Self { places: places.collect(), bytes }
    }

    /// The request with traces that nobody has sent.
    fn fill(&self, number: u64, to: &mut Vec<u8>) {
        to.clear();
        to.extend_from_slice(&self.bytes);
        for &place in &self.places {
            to[place..place + 8].copy_from_slice(&number.to_be_bytes());
        }
    }
}

fn span(trace: u64, place: u64, random: &mut fastrand::Rng) -> Span {
    let start = 1_795_608_000_000_000_000 + trace * 1_000_000_000 + place * 1_000_000;
    let words: Vec<String> = (0..SPAN_BYTES / 9).map(|_| format!("word {:03}", random.u32(0..1000))).collect();
    let kind = ["AGENT", "LLM", "TOOL"][place.min(2) as usize];
    let mut attributes = vec![
        text("openinference.span.kind", kind),
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4o-mini"),
        text("gen_ai.response.model", "gpt-4o-mini"),
        whole("gen_ai.usage.input_tokens", random.i64(100..4000)),
        whole("gen_ai.usage.output_tokens", random.i64(10..400)),
        text("input.value", &words[..words.len() / 2].join(" ")),
        text("output.value", &words[words.len() / 2..].join(" ")),
        text("deployment.environment.name", "prod"),
        text("http.request.method", "POST"),
        whole("http.response.status_code", 200),
    ];
    if place == 0 {
        attributes.push(text("session.id", &format!("s{}", random.u32(0..100_000))));
        attributes.push(text("user.id", &format!("u{}", random.u32(0..5000))));
    }
    Span {
        trace_id: [&MARK[..], &(trace + 1).to_be_bytes()].concat(),
        span_id: (place + 1).to_be_bytes().to_vec(),
        parent_span_id: if place > 0 { 1_u64.to_be_bytes().to_vec() } else { Vec::new() },
        name: ["answer", "chat gpt-4o-mini", "search docs"][place.min(2) as usize].to_owned(),
        kind: 3,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 900_000_000,
        attributes,
        ..Span::default()
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn whole(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

struct Load {
    address: String,
    templates: Arc<Vec<Template>>,
    /// The number of the next request, from 1.
    numbers: Arc<AtomicU64>,
}

/// What a sender saw.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    taken: u64,
    refused: u64,
}

static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);

impl Load {
    /// Sends for so long, at so many spans a second if that is said. Returns how many were taken a second.
    fn run(&self, server: &Server, load: &str, senders: usize, length: Duration, pace: Option<f64>) -> f64 {
        let (begun, cpu) = (Instant::now(), server.cpu());
        let handles: Vec<_> = (0..senders)
            .map(|sender| {
                let (address, templates, numbers) =
                    (self.address.clone(), Arc::clone(&self.templates), Arc::clone(&self.numbers));
                let every = pace.map(|pace| Duration::from_secs_f64(senders as f64 * (TRACES * SPANS) as f64 / pace));
                let first = every.map(|every| every.mul_f64(sender as f64 / senders as f64));
                thread::spawn(move || send(&address, &templates, &numbers, begun, length, every.zip(first)))
            })
            .collect();
        let mut seen = Seen::default();
        let mut highest = 0.0_f64;
        while begun.elapsed() < length {
            highest = highest.max(server.rss());
            thread::sleep(Duration::from_millis(200));
        }
        for handle in handles {
            let one = handle.join().unwrap();
            seen.waits.extend(one.waits);
            seen.taken += one.taken;
            seen.refused += one.refused;
        }
        let (elapsed, cpu) = (begun.elapsed().as_secs_f64(), server.cpu() - cpu);
        let spans = (seen.taken * TRACES * SPANS) as f64;
        ACKNOWLEDGED.fetch_add(seen.taken * TRACES, Ordering::Relaxed);
        seen.waits.sort_unstable();
        let at = |share: f64| seen.waits[((seen.waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        println!(
            r#"{{"bench": "ingest", "load": "{load}", "senders": {senders}, "spans_per_s": {:.0}, "cpu_us_per_span": {:.1}, "ms": {{"p50": {:.1}, "p90": {:.1}, "p99": {:.1}, "max": {:.1}}}, "requests": {}, "refused": {}, "rss_mib": {:.0}}}"#,
            spans / elapsed,
            cpu * 1e6 / spans,
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            seen.taken,
            seen.refused,
            highest,
        );
        spans / elapsed
    }

    fn acknowledged(&self) -> u64 {
        ACKNOWLEDGED.load(Ordering::Relaxed)
    }
}

fn send(
    address: &str,
    templates: &[Template],
    numbers: &AtomicU64,
    begun: Instant,
    length: Duration,
    pace: Option<(Duration, Duration)>,
) -> Seen {
    let mut seen = Seen::default();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut body = Vec::new();
    let mut due = pace.map(|(_, first)| begun + first);
    while begun.elapsed() < length {
        if let (Some(at), Some((every, _))) = (&mut due, pace) {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            *at += every;
        }
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        templates[number as usize % templates.len()].fill(number, &mut body);
        let asked = Instant::now();
        write!(stream, "POST /v1/traces HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
        let (status, closes) = answer(&mut stream);
        match status {
            200 => {
                seen.waits.push(asked.elapsed());
                seen.taken += 1;
            }
            429 | 503 => {
                seen.refused += 1;
                // Sooner than the server asks for, so that it has something to refuse.
                thread::sleep(Duration::from_millis(100));
            }
            other => panic!("status {other}"),
        }
        if closes {
            stream = TcpStream::connect(address).unwrap();
        }
    }
    seen
}

/// Status of an answer, and whether the connection ends with it.
fn answer(stream: &mut TcpStream) -> (u16, bool) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).unwrap();
    (head[9..12].parse().unwrap(), head.contains("connection: close"))
}

/// A server process, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &TempDir) -> Self {
        let karat = std::env::var_os("KARAT").map_or_else(beside, PathBuf::from);
        let mut command = Command::new(karat);
        command.args(["serve", "--json", "--port", "0", "--otlp-port", "0", "--grpc-port", "0", "--store"]);
        let mut child = command.arg(folder.path().join("store")).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told["api"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { child, address }
    }

    /// How many traces there are, in how many experiments.
    fn experiments(&self) -> (u64, usize) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET /api/karat/v1/experiments HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address)
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let told: serde_json::Value = serde_json::from_str(body).unwrap();
        let experiments = told["experiments"].as_array().unwrap();
        (experiments.iter().map(|one| one["traces"].as_u64().unwrap()).sum(), experiments.len())
    }

    /// Seconds of processor time.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }

    fn rss(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The release build beside this one.
fn beside() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.ancestors().nth(2).unwrap().join("karat")
}
