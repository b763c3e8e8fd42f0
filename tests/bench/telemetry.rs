//! What it costs to take a request of OTLP apart and to tell what each span adds to its trace: ten traces of ten spans of
//! about 2 KB, with OpenTelemetry's and OpenInference's names beside each other.
//! Prints a JSON line for each. `cargo bench -p telemetry`

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use model::telemetry::Encoding;
use model::trace::Span;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Value, json};
use telemetry::digest;
use telemetry::facts::{Facts, NoPrices};
use telemetry::otlp::{Limits, Received, receive};

const TRACES: usize = 10;
const SPANS: usize = 10;

fn main() {
    let json = request().to_string();
    let protobuf = serde_json::from_str::<ExportTraceServiceRequest>(&json).unwrap().encode_to_vec();
    let read = |request: &[u8], encoding| receive(request, encoding, &Limits::default()).unwrap();
    let received = read(&protobuf, Encoding::OtlpProtobuf);
    assert_eq!((received.accepted, received.rejected), (TRACES * SPANS, 0));
    told("receive protobuf", protobuf.len(), || read(&protobuf, Encoding::OtlpProtobuf));
    told("receive json", json.len(), || read(json.as_bytes(), Encoding::OtlpJson));
    told("digest", protobuf.len(), || {
        received.traces.values().map(|spans| digest(spans, &NoPrices)).collect::<Vec<_>>()
    });
    told("facts", protobuf.len(), || spans(&received).map(Facts::of).collect::<Vec<_>>());
}

fn spans(received: &Received) -> impl Iterator<Item = &Span> {
    received.traces.values().flatten()
}

/// Does it for two seconds and tells the best and the middle time for each span.
fn told<T>(what: &str, bytes: usize, mut work: impl FnMut() -> T) {
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        black_box(work());
        times.push(one.elapsed());
    }
    times.sort_unstable();
    let each = |time: Duration| (time.as_secs_f64() * 1e8 / (TRACES * SPANS) as f64).round() / 100.0;
    let line = json!({
        "what": what, "spans": TRACES * SPANS, "span_bytes": bytes / (TRACES * SPANS),
        "best_us_per_span": each(times[0]), "middle_us_per_span": each(times[times.len() / 2]), "times": times.len(),
    });
    println!("{line}");
}

fn request() -> Value {
    let spans: Vec<_> = (0..TRACES).flat_map(|trace| (0..SPANS).map(move |span| one(trace, span))).collect();
    let resource = [
        ("service.name", json!("shop")),
        ("service.version", json!("1.2.3")),
        ("deployment.environment", json!("test")),
    ];
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&resource) },
        "scopeSpans": [{ "scope": { "name": "bench", "version": "1" }, "spans": spans }],
    }] })
}

fn one(trace: usize, span: usize) -> Value {
    let asked =
        "Which of the towns along the western coast has the most days of rain, and how is that known? ".repeat(4);
    let answered =
        "The town has 239 days of rain in a year, by the \"normal\" of thirty years.\nOthers have fewer. ".repeat(3);
    let message =
        |role: &str, text: &str| json!([{ "role": role, "parts": [{ "type": "text", "content": text }] }]).to_string();
    let said = [
        ("gen_ai.operation.name", json!(if span == 0 { "invoke_agent" } else { "chat" })),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.request.model", json!("gpt-4o-mini")),
        ("gen_ai.response.model", json!("gpt-4o-mini-2024-07-18")),
        ("gen_ai.response.id", json!(format!("chatcmpl-{trace}-{span}"))),
        ("gen_ai.request.temperature", json!(0.5)),
        ("gen_ai.usage.input_tokens", json!(1234)),
        ("gen_ai.usage.output_tokens", json!(321)),
        ("gen_ai.conversation.id", json!(format!("session-{trace}"))),
        ("gen_ai.input.messages", json!(message("user", &asked))),
        ("gen_ai.output.messages", json!(message("assistant", &answered))),
        ("openinference.span.kind", json!(if span == 0 { "AGENT" } else { "LLM" })),
        ("llm.model_name", json!("gpt-4o-mini")),
        ("llm.token_count.prompt", json!(1234)),
        ("llm.token_count.completion", json!(321)),
        ("llm.token_count.total", json!(1555)),
        ("llm.input_messages.0.message.role", json!("user")),
        ("llm.input_messages.0.message.content", json!(asked)),
        ("user.id", json!("alice")),
        ("metadata", json!("{\"tenant\": \"blue\", \"attempt\": 1}")),
    ];
    let mut fields = json!({
        "traceId": format!("{:032x}", trace + 1), "spanId": format!("{:016x}", trace * SPANS + span + 1),
        "name": "chat gpt-4o-mini", "kind": 3, "status": { "code": 1 },
        "startTimeUnixNano": (1_700_000_000_000_000_000 + span as u64 * 1000).to_string(),
        "endTimeUnixNano": (1_700_000_001_000_000_000 + span as u64 * 1000).to_string(),
        "attributes": attributes(&said),
    });
    if span > 0 {
        fields["parentSpanId"] = json!(format!("{:016x}", trace * SPANS + 1));
    }
    fields
}

fn attributes(said: &[(&str, Value)]) -> Value {
    let value = |value: &Value| match value {
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        other => json!({ "stringValue": other }),
    };
    said.iter().map(|(key, said)| json!({ "key": key, "value": value(said) })).collect()
}
