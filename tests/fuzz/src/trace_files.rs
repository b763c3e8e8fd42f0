//! Whatever is in a file of traces is read or told, and what is read can be written in our own format and read again.

use std::ops::ControlFlow;

use model::search::TraceInfo;
use telemetry::files::{Imported, Output, read, write};

use crate::otlp::summed;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kept = [
        r#"{"karat":1,"trace_id":"5b8efff798038103d269b633813fc60c","experiment":"e","tags":{"a":"b"},"assessments":[{"id":"00000000-0000-0000-0000-000000000001","name":"n","feedback":true,"source":{"kind":"HUMAN"},"created":1,"updated":2}],"spans":[{"span_id":"eee19b7ec3c1b174","name":"a","start_time_unix_nano":5,"attributes":{"k":1.0},"resource":{"service.name":"shop"},"scope":{"name":"lib","version":"","attributes":{}}}]}"#,
        r#"{"info":{"trace_id":"tr-5b8efff798038103d269b633813fc60c","request_time":"2026-11-23T16:26:25.449Z","execution_duration":"0.1s","state":"OK","tags":{"mlflow.traceName":"a"},"trace_metadata":{"mlflow.trace.session":"s"},"assessments":[{"assessment_id":"a-1","assessment_name":"n","source":{"source_type":"HUMAN"},"feedback":{"value":1},"overrides":"a-2"}]},"data":{"spans":[{"trace_id":"W47/95gDgQPSabYzgT/GDA==","span_id":"7uGbfsPBsXQ=","parent_span_id":null,"name":"a","start_time_unix_nano":5,"attributes":{"mlflow.spanType":"\"LLM\""}}]}}"#,
        "[{\"id\":\"t-1\",\"timestamp\":\"2026-11-23T16:26:25Z\",\"sessionId\":\"s\",\"tags\":[\"x\"],\"metadata\":{\"a\":1},\n\
         \"observations\":[{\"id\":\"o-1\",\"type\":\"GENERATION\",\"startTime\":\"2026-11-23T16:26:25+01:00\",\"usageDetails\":{\"input\":3}}],\n\
         \"scores\":[{\"id\":\"s-1\",\"name\":\"n\",\"value\":1,\"source\":\"EVAL\",\"dataType\":\"BOOLEAN\"}]},\n5]",
        "{\"name\":\"a\",\"context\":{\"trace_id\":\"5b8efff798038103d269b633813fc60c\",\"span_id\":\"eee19b7ec3c1b174\"},\"span_kind\":\"LLM\",\"start_time\":1795451185449,\"status_code\":\"OK\",\"attributes\":{\"llm\":{\"input_messages\":[{\"message\":{\"role\":\"user\"}}]}}}\n\
         {\"name\":\"b\",\"context.trace_id\":\"1\",\"context.span_id\":\"2\",\"start_time\":5,\"attributes.input.value\":\"x\"}\n{\"a\":",
    ];
    let texts = kept.map(|text| text.as_bytes().to_vec());
    let requests = crate::otlp::seeds();
    let framed = requests.last().map(|request| [&(request.len() as u32).to_be_bytes()[..], request].concat());
    requests.into_iter().chain(framed).chain(texts).collect()
}

/// Reads it as whatever it is.
pub fn check(input: &[u8]) -> bool {
    let all = imported(input);
    for one in &all {
        summed(&one.trace.spans);
        let info = TraceInfo {
            id: one.trace.id.clone(),
            experiment: one.experiment.clone().unwrap_or_default(),
            tags: one.tags.clone(),
            assessments: one.assessments.clone(),
            ..TraceInfo::default()
        };
        let again = imported(&write(Output::Karat, &info, &one.trace.spans));
        let experiment = one.experiment.clone().filter(|experiment| !experiment.is_empty());
        assert_eq!(again, [Imported { experiment, ..one.clone() }]);
    }
    !all.is_empty()
}

fn imported(mut file: &[u8]) -> Vec<Imported> {
    let mut all = Vec::new();
    let mut each = |one: Result<_, _>| {
        all.extend(one.ok());
        ControlFlow::Continue(())
    };
    read(&mut file, &mut each).unwrap();
    all
}
