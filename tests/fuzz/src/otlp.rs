//! Whatever an exporter sends is received within its limits, sums up, and can be sent on in either encoding.

use model::digest::Fold;
use model::telemetry::Encoding;
use model::trace::Span;
use telemetry::facts::NoPrices;
use telemetry::otlp::{Limits, receive, write};

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let json = |attributes: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{"name":"lib"}},"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"a","kind":3,"startTimeUnixNano":"5","endTimeUnixNano":"6","status":{{"code":2,"message":"no"}},"attributes":[{attributes}],"links":[{{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175"}}]}}]}}]}}]}}"#
        )
    };
    let kept = [
        r#"{"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hi\"}]}]"}}"#,
        r#"{"key":"llm.input_messages.0.message.content","value":{"stringValue":"hi"}},{"key":"metadata","value":{"stringValue":"{\"a\":1}"}}"#,
        r#"{"key":"mlflow.spanInputs","value":{"kvlistValue":{"values":[{"key":"q","value":{"arrayValue":{"values":[{"doubleValue":1.5},{}]}}}]}}}"#,
        r#"{"key":"langfuse.observation.usage_details","value":{"stringValue":"{\"input\":3}"}},{"key":"b","value":{"bytesValue":"AQI="}}"#,
    ];
    let texts = kept.map(|attributes| json(attributes).into_bytes());
    let binary = texts.each_ref().map(|text| {
        let traces = receive(text, Encoding::OtlpJson, &Limits::default()).unwrap().traces;
        let traces: Vec<_> = traces.iter().map(|(id, spans)| (id.as_str(), &spans[..])).collect();
        write(&traces, Encoding::OtlpProtobuf)
    });
    texts.into_iter().chain(binary).collect()
}

/// Receives it in both encodings.
pub fn check(input: &[u8]) -> bool {
    let mut taken = false;
    for encoding in [Encoding::OtlpJson, Encoding::OtlpProtobuf] {
        let limits = Limits::default();
        let Ok(received) = receive(input, encoding, &limits) else { continue };
        assert_eq!(received.accepted, received.traces.values().map(Vec::len).sum::<usize>());
        taken |= received.accepted > 0;
        received.traces.values().for_each(|spans| summed(spans));
        let traces: Vec<_> = received.traces.iter().map(|(id, spans)| (id.as_str(), &spans[..])).collect();
        for encoding in [Encoding::OtlpJson, Encoding::OtlpProtobuf] {
            let again = receive(&write(&traces, encoding), encoding, &limits).unwrap();
            assert_eq!(again.traces, received.traces, "{encoding:?}");
        }
    }
    taken
}

/// What spans say of their trace is the same in whatever order they come.
pub(crate) fn summed(spans: &[Span]) {
    let (mut fold, mut backwards) = (Fold::default(), Fold::default());
    let digests = telemetry::digest(spans, &NoPrices);
    for (digest, from_behind) in digests.iter().zip(digests.iter().rev()) {
        fold.add(digest.clone());
        backwards.add(from_behind.clone());
    }
    assert_eq!(fold.header(), backwards.header());
}
