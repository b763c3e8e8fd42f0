//! What instrumentations emit, recorded by `tests/dialects/record.py` and `record.mjs`; what could not be recorded is written
//! by hand after its documentation, in `by_hand.json`.

/// Each with its name.
pub(crate) const ALL: [(&str, &str); 8] = [
    ("adk", include_str!("../tests/dialects/adk.json")),
    ("by_hand", include_str!("../tests/dialects/by_hand.json")),
    ("gen_ai", include_str!("../tests/dialects/gen_ai.json")),
    ("langfuse", include_str!("../tests/dialects/langfuse.json")),
    ("mlflow", include_str!("../tests/dialects/mlflow.json")),
    ("openinference", include_str!("../tests/dialects/openinference.json")),
    ("openllmetry", include_str!("../tests/dialects/openllmetry.json")),
    ("vercel", include_str!("../tests/dialects/vercel.json")),
];

/// The spans of a recording, of all its traces.
pub(crate) fn spans(name: &str) -> Vec<model::trace::Span> {
    let (_, request) = ALL.iter().find(|(own, _)| *own == name).expect("a recording");
    let received = crate::otlp::receive(request.as_bytes(), model::telemetry::Encoding::OtlpJson, &Default::default());
    received.expect("read").traces.into_values().flatten().collect()
}
