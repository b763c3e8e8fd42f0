//! Requests of exporters.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const TRACE_BYTES: [u8; 16] = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();

pub(crate) fn text(key: &str, text: &str) -> KeyValue {
    value(key, Value::StringValue(text.to_owned()))
}

pub(crate) fn value(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A span of the trace, known by its number.
pub(crate) fn span(number: u8) -> Span {
    Span {
        trace_id: TRACE_BYTES.to_vec(),
        span_id: vec![number; 8],
        name: format!("step {number}"),
        kind: 1,
        start_time_unix_nano: 1_732_548_728_000_000_000,
        end_time_unix_nano: 1_732_548_729_000_000_000,
        ..Span::default()
    }
}

pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    from(Resource::default(), InstrumentationScope::default(), spans)
}

fn from(resource: Resource, scope: InstrumentationScope, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

/// One that is as large as this, and no smaller when it is compressed.
pub(crate) fn large(number: u8, bytes: usize) -> ExportTraceServiceRequest {
    let mut state = u64::from(number) + 1;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    let attributes = vec![text("noise", &noise.take(bytes).collect::<String>())];
    request(vec![Span { attributes, ..span(number) }])
}

/// One that says `secret` wherever a span can say something.
pub(crate) fn talkative(secret: &str) -> ExportTraceServiceRequest {
    let array = |values| Value::ArrayValue(ArrayValue { values });
    let object = |values| Value::KvlistValue(KeyValueList { values });
    let any = |value| AnyValue { value: Some(value) };
    let deep = array(vec![any(object(vec![
        value("list", array(vec![any(Value::StringValue(format!("<{secret}>")))])),
        text(secret, "a name"),
    ]))]);
    let attributes = || {
        vec![
            text("plain", &format!("by {secret}, today")),
            value("deep", deep.clone()),
            text("json", &serde_json::json!({ "messages": [{ "content": format!("to\n{secret}") }] }).to_string()),
            // Of these, what is known of the trace is made.
            text("user.id", secret),
            text("input.value", secret),
            text("nested", &serde_json::json!({ "text": serde_json::json!([secret]).to_string() }).to_string()),
        ]
    };
    let event = Event { time_unix_nano: 1, name: "said".to_owned(), attributes: attributes(), ..Event::default() };
    let link =
        Link { trace_id: TRACE_BYTES.to_vec(), span_id: vec![9; 8], attributes: attributes(), ..Link::default() };
    let status = Status { code: 2, message: format!("no such user: {secret}") };
    let span =
        Span { attributes: attributes(), events: vec![event], links: vec![link], status: Some(status), ..span(1) };
    let scope = InstrumentationScope {
        name: "library".to_owned(),
        attributes: attributes(),
        ..InstrumentationScope::default()
    };
    from(Resource { attributes: attributes(), ..Resource::default() }, scope, vec![span])
}
