use model::digest::{Cost, Fold, Header, State, Tokens};
use model::telemetry::Encoding;
use model::trace::{Event, Link};
use serde_json::{Value, json};

use super::*;
use crate::facts::NoPrices;
use crate::{otlp, recorded};

fn fold(spans: &[Span]) -> Fold {
    let mut fold = Fold::default();
    for digest in digest(spans, &NoPrices) {
        fold.add(digest);
    }
    fold
}

fn span(id: &str, parent: Option<&str>, attributes: Value) -> Span {
    let attributes = attributes.as_object().expect("an object").iter();
    let attributes = attributes.map(|(key, value)| (key.clone(), Json::from_serialize(value).expect("JSON"))).collect();
    Span { id: id.to_owned(), parent: parent.map(str::to_owned), attributes, start: 1, end: Some(2), ..Span::default() }
}

fn of(attributes: Value) -> SpanDigest {
    digest(&[span("a", None, attributes)], &NoPrices).remove(0)
}

fn metadata_of(attributes: Value) -> Vec<(String, String)> {
    of(attributes).metadata
}

fn pairs(said: &[(&str, &str)]) -> Vec<(String, String)> {
    said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn any_shuffle_and_repetition_gives_the_same_header() {
    let mut random = fastrand::Rng::with_seed(11);
    for (name, _) in recorded::ALL {
        let spans = recorded::spans(name);
        // A span that was sent before it ended.
        let unfinished: Vec<_> =
            spans.iter().map(|span| Span { end: None, name: "unfinished".to_owned(), ..span.clone() }).collect();
        let expected = fold(&spans).header();
        for _ in 0..50 {
            let mut sent: Vec<_> =
                spans.iter().chain(random.choice(&spans)).chain(random.choice(&unfinished)).cloned().collect();
            random.shuffle(&mut sent);
            assert_eq!(fold(&sent).header(), expected, "{name}");
        }
    }
}

/// Which spans come together decides which of them show what came in; the one that a trace is named after always does.
#[test]
fn any_cut_gives_the_same_header() {
    let mut random = fastrand::Rng::with_seed(12);
    for (name, _) in recorded::ALL {
        let spans = recorded::spans(name);
        let expected = fold(&spans).header();
        for _ in 0..50 {
            let mut sent = spans.clone();
            random.shuffle(&mut sent);
            let mut batches = Vec::new();
            while !sent.is_empty() {
                batches.push(fold(&sent.split_off(random.usize(0..sent.len()))));
            }
            random.shuffle(&mut batches);
            let mut whole = Fold::default();
            batches.into_iter().for_each(|batch| whole.merge(batch));
            assert_eq!(whole.header(), expected, "{name}");
        }
    }
}

#[test]
fn a_step_that_does_not_say_what_it_cost_is_priced() {
    let prices = |provider: Option<&str>, model: &str, tokens: &Tokens| {
        assert_eq!((provider, model), (Some("openai"), "gpt-4o-mini-2024-07-18"));
        Some(Cost { input: tokens.input as f64 * 0.15e-6, output: tokens.output as f64 * 0.6e-6 })
    };
    let mut fold = Fold::default();
    for digest in digest(&recorded::spans("openllmetry")[..1], &prices) {
        fold.add(digest);
    }
    let header = fold.header();
    assert_eq!(
        (header.input_cost, header.output_cost, header.cost),
        (Some(0.000_006), Some(0.000_009), Some(0.000_015))
    );
}

/// Google's Agent Development Kit calls tools within the call that asked for them, and a tool may be an agent.
#[test]
fn an_agent_within_a_tool_is_counted() {
    let mut spans = recorded::spans("adk");
    let tool = spans.iter().find(|span| span.name == "execute_tool weather").expect("a tool").id.clone();
    let within: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "call_llm")
        .map(|span| Span { id: format!("{}-2", span.id), parent: Some(tool.clone()), ..span.clone() })
        .collect();
    let input = |spans: &[Span]| fold(spans).header().tokens.map(|tokens| tokens.input);
    assert_eq!(input(&spans), Some(110));
    spans.extend(within);
    assert_eq!(input(&spans), Some(220));
}

#[test]
fn an_empty_request_adds_nothing() {
    assert_eq!(digest(&[], &NoPrices), []);
    assert_eq!(fold(&[]).header(), Header { state: State::InProgress, ..Header::default() });
}

#[test]
fn only_the_top_shows_what_came_in_and_went_out() {
    let said = json!({ "input.value": "in", "output.value": "out" });
    let top = span("a", Some("elsewhere"), said.clone());
    let below = span("b", Some("a"), said);
    let shown = |spans: &[Span]| {
        let shown = digest(spans, &NoPrices).into_iter().map(|digest| (digest.inputs, digest.outputs));
        shown.map(|(inputs, outputs)| inputs.zip(outputs)).collect::<Vec<_>>()
    };
    let both = Some(("in".to_owned(), "out".to_owned()));
    assert_eq!(shown(&[top, below.clone()]), [both.clone(), None]);
    assert_eq!(shown(&[below]), [both]);
}

#[test]
fn of_a_conversation_the_last_is_shown_and_of_anything_else_its_beginning() {
    let shown = |inputs: Value, outputs: Value| {
        let digest = of(json!({ "mlflow.spanInputs": inputs, "mlflow.spanOutputs": outputs }));
        (digest.inputs.unwrap_or_default(), digest.outputs.unwrap_or_default())
    };
    let asked = json!({ "messages": [
        { "role": "system", "content": "Be brief." }, { "role": "user", "content": "first" },
        { "role": "assistant", "content": "so" }, { "role": "user", "content": [{ "type": "text", "text": "last" }] },
    ]});
    let answered = json!({ "choices": [{ "message": { "role": "assistant", "content": "done" } }] });
    assert_eq!(shown(asked.clone(), answered), ("last".to_owned(), "done".to_owned()));
    assert_eq!(shown(json!(asked.to_string()), json!("done")), ("last".to_owned(), "done".to_owned()));
    let question = json!({ "question": "é".repeat(2000) });
    let (inputs, outputs) = shown(question, json!({ "answer": 7 }));
    assert_eq!((inputs.chars().count(), &inputs[..15]), (1000, "{\"question\":\"é"));
    assert_eq!(outputs, r#"{"answer":7}"#);
    let told = of(
        json!({ "gen_ai.input.messages": "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hi\"}]}]" }),
    );
    assert_eq!((told.inputs.as_deref(), told.outputs), (Some("hi"), None));
}

#[test]
fn prompts_are_names_with_versions() {
    let linked =
        json!({ "mlflow.linkedPrompts": "[{\"name\": \"greet\", \"version\": \"1.10\"}, {\"name\": \"part\"}]" });
    assert_eq!(of(linked).prompts, ["greet/1.10", "part"]);
}

#[test]
fn what_dialects_say_of_the_trace_is_kept_by_name() {
    let langfuse = json!({
        "langfuse.trace.metadata.tenant": "blue", "langfuse.trace.tags": ["a", "b"], "langfuse.release": "r1",
        "langfuse.version": "2", "langfuse.user.id": "alice",
    });
    let expected = [("langfuse.release", "r1"), ("langfuse.trace.tags", r#"["a","b"]"#), ("langfuse.version", "2")];
    let mut said = metadata_of(langfuse);
    said.sort();
    assert_eq!(said, [pairs(&expected), pairs(&[("tenant", "blue")])].concat());

    let mlflow = json!({
        "mlflow.sourceRun": "\"run\"", "mlflow.modelId": "m-1", "mlflow.traceTag.team": "x", "mlflow.traceRequestId": "tr-1",
        "mlflow.trace.session": "s", "mlflow.spanType": "LLM",
    });
    assert_eq!(
        metadata_of(mlflow),
        pairs(&[("mlflow.modelId", "m-1"), ("mlflow.sourceRun", "run"), ("mlflow.traceTag.team", "x")])
    );

    let openinference =
        json!({ "metadata": "{\"tenant\": \"1e5\", \"n\": 1.50, \"deep\": {}, \"no\": null}", "tag.tags": ["a"] });
    assert_eq!(metadata_of(openinference), pairs(&[("tenant", "1e5"), ("n", "1.50"), ("tag.tags", r#"["a"]"#)]));
    let of_a_framework = json!({ "mlflow.traceRequestId": "\"tr-1\"", "metadata": { "ls_provider": "openai" } });
    assert_eq!(metadata_of(of_a_framework), []);

    let traceloop = json!({
        "traceloop.association.properties.chat": "7", "traceloop.association.properties.session_id": "s",
        "traceloop.association.properties.user_id": "u",
    });
    assert_eq!(metadata_of(traceloop), pairs(&[("chat", "7")]));
    // Vercel's names mean nothing where nobody speaks it.
    assert_eq!(metadata_of(json!({ "ai.telemetry.metadata.a": 1 })), []);
    let vercel =
        json!({ "ai.operationId": "ai.embed", "ai.telemetry.metadata.a": 1, "ai.telemetry.metadata.userId": "u" });
    assert_eq!(metadata_of(vercel), pairs(&[("a", "1")]));
}

#[test]
fn of_a_name_that_two_dialects_say_the_first_dialect_counts() {
    let both = json!({ "langfuse.trace.metadata.tenant": "blue", "metadata": "{\"tenant\": \"red\"}", });
    assert_eq!(metadata_of(both), pairs(&[("tenant", "blue")]));
}

#[test]
fn a_resource_says_where_and_in_which_version_a_trace_was_made() {
    let resource = |said: &[(&str, &str)]| {
        let attributes =
            said.iter().map(|(key, value)| ((*key).to_owned(), Json::from_serialize(value).expect("JSON")));
        let source = Source { resource: Arc::new(attributes.collect()), ..Source::default() };
        let span = Span { source: Some(Arc::new(source)), ..span("a", None, json!({})) };
        digest(&[span], &NoPrices).remove(0)
    };
    let said = resource(&[("service.name", "shop"), ("service.version", "1.10"), ("deployment.environment", "test")]);
    assert_eq!(said.service.as_deref(), Some("shop"));
    assert_eq!(said.metadata, pairs(&[("deployment.environment.name", "test"), ("service.version", "1.10")]));
    let both = resource(&[("deployment.environment", "old"), ("deployment.environment.name", "new")]);
    assert_eq!(both.metadata, pairs(&[("deployment.environment.name", "new")]));
}

#[test]
fn what_a_span_says_of_the_trace_is_bounded() {
    let many: serde_json::Map<_, _> =
        (0..100).map(|number| (format!("langfuse.trace.metadata.{number:03}"), json!(number))).collect();
    assert_eq!(metadata_of(many.into()).len(), 64);
    let name = format!("langfuse.trace.metadata.{}", "é".repeat(200));
    let said = metadata_of([(name, json!("é".repeat(2000)))].into_iter().collect::<serde_json::Map<_, _>>().into());
    assert_eq!((said[0].0.len(), said[0].1.len()), (250, 1000));
    let fields: serde_json::Map<_, _> = (0..100).map(|number| (number.to_string(), json!(number))).collect();
    assert_eq!(metadata_of(json!({ "metadata": fields })).len(), 64);
    let links = vec![json!({ "name": "p".repeat(300), "version": "1".repeat(300) }); 100];
    let said = of(json!({ "session.id": "s".repeat(2000), "mlflow.linkedPrompts": links }));
    assert_eq!((said.prompts.len(), said.prompts[0].len()), (64, 501));
    assert_eq!(said.session.map(|session| session.len()), Some(1000));
}

#[test]
fn the_version_is_the_same_through_both_doors() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;

    for (name, request) in recorded::ALL {
        let binary = serde_json::from_str::<ExportTraceServiceRequest>(request).expect("OTLP").encode_to_vec();
        let read = |request: &[u8], encoding| {
            let received = otlp::receive(request, encoding, &otlp::Limits::default()).expect("read");
            received.traces.values().flat_map(|spans| digest(spans, &NoPrices)).collect::<Vec<_>>()
        };
        assert_eq!(read(request.as_bytes(), Encoding::OtlpJson), read(&binary, Encoding::OtlpProtobuf), "{name}");
    }
}

#[test]
fn any_difference_makes_another_version() {
    let version = |span: Span| digest(&[span], &NoPrices)[0].version;
    let same = || span("a", None, json!({ "a": "bc" }));
    let source = |scope: &str| Some(Arc::new(Source { scope: scope.to_owned(), ..Source::default() }));
    let versions = [
        same(),
        span("a", None, json!({ "ab": "c" })),
        span("a", None, json!({})),
        Span { name: "n".to_owned(), ..same() },
        Span { kind: SpanKind::Server, ..same() },
        Span { end: Some(3), ..same() },
        Span { status: Status::Ok, ..same() },
        Span { status: Status::Error(String::new()), ..same() },
        Span { status: Status::Error("so".to_owned()), ..same() },
        Span { events: vec![Event::default()], ..same() },
        Span { links: vec![Link::default()], ..same() },
        Span { source: source(""), ..same() },
        Span { source: source("lib"), ..same() },
    ]
    .map(version);
    let different: HashSet<_> = versions.iter().collect();
    assert_eq!(different.len(), versions.len());
    assert_eq!(version(same()), versions[0]);
}
