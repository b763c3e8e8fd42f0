//! Numbers of many traces, spans and assessments, as MLflow's user interface charts them.

use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue as Any, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Running;
use crate::client::Answer;

/// 2026-11-23T15:00:00Z in milliseconds.
const THREE: u64 = 1_795_446_000_000;

const HOUR: u64 = 3_600_000;

/// What a client says of a trace: its number, when it began (RFC 3339), how many milliseconds it took, and how it ended.
fn announcement(number: u8, start: &str, milliseconds: u64, state: &str) -> Value {
    json!({
        "trace_id": format!("tr-{}", format!("{number:02x}").repeat(16)),
        "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } },
        "request_time": start,
        "execution_duration": format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000),
        "state": state,
        "trace_metadata": {},
        "tags": { "mlflow.traceName": if number.is_multiple_of(2) { "even" } else { "odd" } }
    })
}

/// A span of a trace, with texts as attributes; times are milliseconds.
fn span(trace: u8, number: u8, name: &str, (start, end): (u64, u64), attributes: &[(&str, &str)]) -> Span {
    let text = |&(key, value): &(&str, &str)| KeyValue {
        key: key.to_owned(),
        value: Some(Any { value: Some(AnyValue::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![0, 0, 0, 0, 0, 0, 0, number],
        parent_span_id: if number == 1 { Vec::new() } else { vec![0, 0, 0, 0, 0, 0, 0, 1] },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: start * 1_000_000,
        end_time_unix_nano: end * 1_000_000,
        attributes: attributes.iter().map(text).collect(),
        ..Span::default()
    }
}

/// `view metric` with aggregations, such as `AVG` or `P99`.
fn question(view: &str, metric: &str, aggregations: &[&str]) -> Value {
    let aggregation = |name: &&str| match name.strip_prefix('P').map(str::parse::<f64>) {
        Some(Ok(percentile)) => json!({ "aggregation_type": "PERCENTILE", "percentile_value": percentile }),
        _ => json!({ "aggregation_type": name }),
    };
    let aggregations: Vec<_> = aggregations.iter().map(aggregation).collect();
    json!({ "experiment_ids": ["0"], "view_type": view, "metric_name": metric, "aggregations": aggregations })
}

fn with(mut question: Value, more: &Value) -> Value {
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    question
}

impl Running {
    async fn announced(&self, info: Value) {
        self.three(Method::POST, "traces", json!({ "trace": { "trace_info": info } })).await.ok();
    }

    async fn ask(&self, question: &Value) -> Answer {
        self.three(Method::POST, "traces/metrics", question.clone()).await
    }

    /// Dimensions (without their names, in the order of names) and values of all points.
    async fn points(&self, question: &Value) -> Vec<(Vec<String>, Value)> {
        let answer = self.ask(question).await.ok();
        let texts = |point: &Value| {
            let dimensions = point["dimensions"].as_object().into_iter().flatten();
            dimensions.map(|(_, value)| value.as_str().unwrap().to_owned()).collect()
        };
        let points = answer["data_points"].as_array().into_iter().flatten();
        points.map(|point| (texts(point), point["values"].clone())).collect()
    }

    async fn check(&self, question: Value, expected: &[(&[&str], Value)]) {
        let expected: Vec<(Vec<String>, Value)> = expected
            .iter()
            .map(|(texts, values)| (texts.iter().map(|text| (*text).to_owned()).collect(), values.clone()))
            .collect();
        assert_eq!(self.points(&question).await, expected, "{question}");
    }

    /// Four that took 100, 200, 300 and 400 ms from three o'clock on, one that failed then, and one an hour later.
    async fn with_traces() -> Self {
        let running = Self::start().await;
        for number in 1..=4_u8 {
            let start = format!("2026-11-23T15:{number:02}:00Z");
            running.announced(announcement(number, &start, u64::from(number) * 100, "OK")).await;
        }
        running.announced(announcement(5, "2026-11-23T15:59:59.999Z", 900, "ERROR")).await;
        running.announced(announcement(6, "2026-11-23T16:00:00Z", 50, "OK")).await;
        running
    }
}

#[tokio::test]
async fn the_latency_of_a_status_is_told_for_each_hour() {
    let running = Running::with_traces().await;
    let question = with(
        question("TRACES", "latency", &["AVG", "P50"]),
        &json!({ "dimensions": ["trace_status"], "filters": ["trace.status = 'OK'"], "time_interval_seconds": 3600,
            "start_time_ms": THREE, "end_time_ms": THREE + 2 * HOUR, "max_results": 1000 }),
    );
    let point = |bucket: &str, average: f64| {
        json!({ "metric_name": "latency", "dimensions": { "time_bucket": bucket, "trace_status": "OK" },
            "values": { "AVG": average, "P50.0": average } })
    };
    let expected = json!({ "data_points":
        [point("2026-11-23T15:00:00+00:00", 250.0), point("2026-11-23T16:00:00+00:00", 50.0)] });
    assert_eq!(running.ask(&question).await.ok(), expected);
    // The user interface has a root of its own.
    let request = running.request(Method::POST, "/ajax-api/3.0/mlflow/traces/metrics");
    let request = request.header("content-type", "application/json").body(question.to_string());
    let told: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn percentiles_lie_between_the_nearest_numbers() {
    let running = Running::with_traces().await;
    let asked = question("TRACES", "latency", &["MIN", "MAX", "P0", "P25", "P99", "P99.9", "P100"]);
    let asked = with(asked, &json!({ "filters": ["trace.status = \"OK\""], "end_time_ms": THREE + HOUR - 1 }));
    let values = running.points(&asked).await.remove(0).1;
    assert!((values["P99.9"].as_f64().unwrap() - 399.7).abs() < 1e-9, "{values}");
    let mut exact = values;
    exact.as_object_mut().unwrap().remove("P99.9");
    assert_eq!(
        exact,
        json!({ "MIN": 100.0, "MAX": 400.0, "P0.0": 100.0, "P25.0": 175.0, "P99.0": 397.0, "P100.0": 400.0 })
    );
}

#[tokio::test]
async fn both_ends_of_a_range_are_in_it_and_points_come_in_order() {
    let running = Running::with_traces().await;
    let count = question("TRACES", "trace_count", &["COUNT"]);
    let minute = 60_000;
    for (start, end, expected) in [
        (THREE + minute, THREE + 2 * minute, 2.0),
        (THREE + minute + 1, THREE + 2 * minute - 1, 0.0),
        (THREE + HOUR - 1, THREE + HOUR - 1, 1.0),
        (0, THREE, 0.0),
    ] {
        let asked = with(count.clone(), &json!({ "start_time_ms": start, "end_time_ms": end }));
        running.check(asked, &[(&[], json!({ "COUNT": expected }))]).await;
    }
    let split = json!({ "dimensions": ["trace_status", "trace_name"], "time_interval_seconds": 1800,
        "start_time_ms": THREE, "end_time_ms": THREE + HOUR });
    let one = |bucket, name, status, count| ([bucket, name, status], json!({ "COUNT": count }));
    let all = [
        one("2026-11-23T15:00:00+00:00", "even", "OK", 2.0),
        one("2026-11-23T15:00:00+00:00", "odd", "OK", 2.0),
        one("2026-11-23T15:30:00+00:00", "odd", "ERROR", 1.0),
        one("2026-11-23T16:00:00+00:00", "even", "OK", 1.0),
    ];
    let all: Vec<(&[&str], Value)> = all.iter().map(|(texts, value)| (&texts[..], value.clone())).collect();
    running.check(with(count.clone(), &split), &all).await;
    let fewer = with(with(count, &split), &json!({ "max_results": 2 }));
    running.check(fewer, &all[..2]).await;
}

#[tokio::test]
async fn traces_are_counted_by_what_they_and_their_clients_say() {
    let running = Running::start().await;
    for (number, session, tokens) in [(1, "a", 7), (2, "a", 9), (3, "b", 20)] {
        let mut info = announcement(number, "2026-11-23T15:00:00Z", 100, "OK");
        let usage = json!({ "input_tokens": tokens, "output_tokens": 3, "total_tokens": tokens + 3 });
        info["trace_metadata"] = json!({ "mlflow.trace.session": session, "mlflow.trace.tokenUsage": usage.to_string(),
            "a b": "c" });
        info["tags"]["fruit.kind"] = json!("apple");
        running.announced(info).await;
    }
    // Told by spans alone, and not over.
    let attributes = [("session.id", "c"), ("mlflow.spanType", "AGENT")];
    assert_eq!(running.spans("0", vec![span(4, 1, "even", (THREE, 0), &attributes)]).await, 200);
    running
        .check(
            with(
                question("TRACES", "trace_count", &["COUNT"]),
                &json!({ "dimensions": ["trace_name", "trace_status"] }),
            ),
            &[
                (&["even", "IN_PROGRESS"], json!({ "COUNT": 1.0 })),
                (&["even", "OK"], json!({ "COUNT": 1.0 })),
                (&["odd", "OK"], json!({ "COUNT": 2.0 })),
            ],
        )
        .await;
    running.check(question("TRACES", "session_count", &["COUNT"]), &[(&[], json!({ "COUNT": 3.0 }))]).await;
    let tokens =
        with(question("TRACES", "input_tokens", &["SUM", "AVG", "P50"]), &json!({ "dimensions": ["trace_name"] }));
    running
        .check(
            tokens,
            &[
                (&["even"], json!({ "SUM": 9.0, "AVG": 9.0, "P50.0": 9.0 })),
                (&["odd"], json!({ "SUM": 27.0, "AVG": 13.5, "P50.0": 13.5 })),
            ],
        )
        .await;
    for (metric, sum) in [("output_tokens", 9.0), ("total_tokens", 45.0)] {
        running.check(question("TRACES", metric, &["SUM"]), &[(&[], json!({ "SUM": sum }))]).await;
    }
    for metric in ["cache_read_input_tokens", "cache_creation_input_tokens"] {
        running.check(question("TRACES", metric, &["SUM", "AVG", "MIN", "MAX", "P50"]), &[]).await;
    }
    for (filters, count) in [
        (json!(["trace.tag.fruit.kind = 'apple'"]), 3.0),
        (json!(["trace.tag.`fruit.kind` = 'apple'", "trace.metadata.`a b` = \"c\""]), 3.0),
        (json!(["trace.tag.fruit.kind = 'pear'"]), 0.0),
        (json!(["trace.tag.`mlflow.traceName` = 'even'"]), 2.0),
        (json!(["trace.metadata.mlflow.trace.session='a'"]), 2.0),
        (json!(["trace.metadata.`mlflow.trace.session` = 'c'", "trace.status = 'IN_PROGRESS'"]), 1.0),
    ] {
        let asked = with(question("TRACES", "trace_count", &["COUNT"]), &json!({ "filters": filters }));
        running.check(asked, &[(&[], json!({ "COUNT": count }))]).await;
    }
}

#[tokio::test]
async fn spans_are_counted_at_the_time_of_their_trace_and_their_costs_at_their_own() {
    let running = Running::start().await;
    let call = |cost: &'static str| {
        [
            ("mlflow.spanType", "\"LLM\""),
            ("mlflow.llm.model", "\"m\""),
            ("mlflow.llm.provider", "\"p\""),
            ("mlflow.llm.cost", cost),
        ]
    };
    let (root, first, second) = ((THREE, THREE + 2 * HOUR), (THREE, THREE + 100), (THREE + HOUR, THREE + HOUR + 300));
    let failed = Status { code: 2, ..Status::default() };
    let spans = vec![
        span(1, 1, "root", root, &[]),
        span(1, 2, "call", first, &call(r#"{"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}"#)),
        Span { status: Some(failed), ..span(1, 3, "call", second, &call(r#"{"total_cost": 2.0}"#)) },
    ];
    assert_eq!(running.spans("0", spans).await, 200);
    let hours = json!({ "time_interval_seconds": 3600, "start_time_ms": THREE, "end_time_ms": THREE + 3 * HOUR });
    let count = question("SPANS", "span_count", &["COUNT"]);
    running.check(with(count.clone(), &hours), &[(&["2026-11-23T15:00:00+00:00"], json!({ "COUNT": 3.0 }))]).await;
    running
        .check(
            with(question("SPANS", "total_cost", &["SUM"]), &hours),
            &[
                (&["2026-11-23T15:00:00+00:00"], json!({ "SUM": 0.75 })),
                (&["2026-11-23T16:00:00+00:00"], json!({ "SUM": 2.0 })),
            ],
        )
        .await;
    let late = json!({ "start_time_ms": THREE + 1, "dimensions": ["span_model_provider"] });
    running.check(with(count.clone(), &late), &[]).await;
    running.check(with(question("SPANS", "total_cost", &["SUM"]), &late), &[(&["p"], json!({ "SUM": 2.0 }))]).await;
    for (metric, cost) in [("input_cost", 0.25), ("output_cost", 0.5)] {
        let asked = with(question("SPANS", metric, &["SUM", "AVG"]), &json!({ "dimensions": ["span_model_name"] }));
        running.check(asked, &[(&["m"], json!({ "SUM": cost, "AVG": cost }))]).await;
    }
    let dimensions = ["span_name", "span_type", "span_status", "span_model_name", "span_model_provider"];
    for (dimension, points) in dimensions.into_iter().zip([
        vec![("call", 2.0), ("root", 1.0)],
        vec![("LLM", 2.0), ("UNKNOWN", 1.0)],
        vec![("ERROR", 1.0), ("UNSET", 2.0)],
        vec![("m", 2.0)],
        vec![("p", 2.0)],
    ]) {
        let points: Vec<_> = points.into_iter().map(|(text, count)| ([text], json!({ "COUNT": count }))).collect();
        let points: Vec<(&[&str], Value)> = points.iter().map(|(text, value)| (&text[..], value.clone())).collect();
        running.check(with(count.clone(), &json!({ "dimensions": [dimension] })), &points).await;
    }
    let latency = with(question("SPANS", "latency", &["MIN", "MAX"]), &json!({ "filters": ["span.type = 'LLM'"] }));
    running.check(latency, &[(&[], json!({ "MIN": 100.0, "MAX": 300.0 }))]).await;
    for (filters, expected) in [
        (json!(["span.name = 'call'"]), 2.0),
        (json!(["span.name = 'call'", "span.status = 'ERROR'"]), 1.0),
        (json!(["span.name = 'root'", "span.status = 'ERROR'"]), 0.0),
        (json!(["span.type = 'UNKNOWN'", "trace.status = 'OK'"]), 1.0),
        (json!(["trace.status = 'ERROR'"]), 0.0),
    ] {
        let asked = with(count.clone(), &json!({ "filters": filters }));
        running.check(asked, &[(&[], json!({ "COUNT": expected }))]).await;
    }
}

#[tokio::test]
async fn what_judges_say_is_a_number_where_it_is_yes_or_no_or_one() {
    let running = Running::with_traces().await;
    let assessment = |name: &str, said: Value, hour: u64| {
        let said = said.as_object().unwrap().clone();
        let mut assessment = json!({ "assessment_name": name, "source": { "source_type": "HUMAN", "source_id": "ann" },
            "create_time": format!("2026-11-23T{hour}:30:00Z") });
        assessment.as_object_mut().unwrap().extend(said);
        assessment
    };
    for (number, (name, said, hour)) in [
        ("good", json!({ "feedback": { "value": "yes" } }), 15),
        ("good", json!({ "feedback": { "value": "No" } }), 16),
        ("good", json!({ "feedback": { "value": true } }), 16),
        ("good", json!({ "feedback": { "value": "maybe" } }), 16),
        ("score", json!({ "feedback": { "value": 3 } }), 15),
        ("score", json!({ "feedback": { "error": { "error_code": "X", "error_message": "no" } } }), 15),
        ("answer", json!({ "expectation": { "value": "Paris" } }), 15),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("traces/tr-{}/assessments", format!("{:02x}", number % 2 + 1).repeat(16));
        let body = json!({ "assessment": assessment(name, said, hour) });
        running.three(Method::POST, &path, body).await.ok();
    }
    let count = question("ASSESSMENTS", "assessment_count", &["COUNT"]);
    running
        .check(
            with(count.clone(), &json!({ "dimensions": ["assessment_name", "assessment_value"] })),
            &[
                (&["answer", "\"Paris\""], json!({ "COUNT": 1.0 })),
                (&["good", "\"No\""], json!({ "COUNT": 1.0 })),
                (&["good", "\"maybe\""], json!({ "COUNT": 1.0 })),
                (&["good", "\"yes\""], json!({ "COUNT": 1.0 })),
                (&["good", "true"], json!({ "COUNT": 1.0 })),
                (&["score", "3.0"], json!({ "COUNT": 1.0 })),
                (&["score", "null"], json!({ "COUNT": 1.0 })),
            ],
        )
        .await;
    let values = question("ASSESSMENTS", "assessment_value", &["AVG", "MIN", "MAX", "P50"]);
    running
        .check(
            with(values.clone(), &json!({ "dimensions": ["assessment_name"] })),
            &[
                (&["good"], json!({ "AVG": 2.0 / 3.0, "MIN": 0.0, "MAX": 1.0, "P50.0": 1.0 })),
                (&["score"], json!({ "AVG": 3.0, "MIN": 3.0, "MAX": 3.0, "P50.0": 3.0 })),
            ],
        )
        .await;
    let hours = json!({ "time_interval_seconds": 3600, "start_time_ms": THREE, "end_time_ms": THREE + HOUR,
        "filters": ["assessment.name = 'good'"] });
    running
        .check(
            with(count.clone(), &hours),
            &[
                (&["2026-11-23T15:00:00+00:00"], json!({ "COUNT": 1.0 })),
                (&["2026-11-23T16:00:00+00:00"], json!({ "COUNT": 3.0 })),
            ],
        )
        .await;
    for (kind, expected) in [("feedback", 6.0), ("expectation", 1.0), ("issue", 0.0)] {
        let asked = with(count.clone(), &json!({ "filters": [format!("assessment.type = '{kind}'")] }));
        running.check(asked, &[(&[], json!({ "COUNT": expected }))]).await;
    }
}

#[tokio::test]
async fn of_nothing_there_is_a_count_and_no_mean() {
    let running = Running::start().await;
    let nothing = [(&[][..], json!({ "COUNT": 0.0 }))];
    for (view, metric) in [
        ("TRACES", "trace_count"),
        ("TRACES", "session_count"),
        ("SPANS", "span_count"),
        ("ASSESSMENTS", "assessment_count"),
    ] {
        running.check(question(view, metric, &["COUNT"]), &nothing).await;
        let nowhere = json!({ "experiment_ids": ["99"] });
        running.check(with(question(view, metric, &["COUNT"]), &nowhere), &nothing).await;
    }
    let latency = question("TRACES", "latency", &["AVG", "MIN", "MAX", "P50"]);
    assert_eq!(running.ask(&latency).await.ok(), json!({}));
    let named = with(question("TRACES", "trace_count", &["COUNT"]), &json!({ "dimensions": ["trace_name"] }));
    assert_eq!(running.ask(&named).await.ok(), json!({}));
}

#[tokio::test]
async fn what_can_not_be_asked_is_refused() {
    let running = Running::start().await;
    let count = || question("TRACES", "trace_count", &["COUNT"]);
    let latency = |more: Value| with(question("TRACES", "latency", &["AVG"]), &more);
    let percentile = |value: Value| {
        latency(json!({ "aggregations": [{ "aggregation_type": "PERCENTILE", "percentile_value": value }] }))
    };
    let filtered = |filter: &str| with(count(), &json!({ "filters": [filter] }));
    for (asked, message) in [
        (with(count(), &json!({ "experiment_ids": [] })), "'experiment_ids'"),
        (with(count(), &json!({ "view_type": null })), "'view_type'"),
        (with(count(), &json!({ "metric_name": null })), "'metric_name'"),
        (with(count(), &json!({ "aggregations": [] })), "'aggregations'"),
        (
            question("RUNS", "trace_count", &["COUNT"]),
            "view_type must be one of ['TRACES', 'SPANS', 'ASSESSMENTS'], got 'RUNS'",
        ),
        (question("TRACES", "span_count", &["COUNT"]), "got 'span_count'"),
        (
            question("ASSESSMENTS", "latency", &["AVG"]),
            "metric_name must be one of ['assessment_count', 'assessment_value'], got 'latency'",
        ),
        (
            question("TRACES", "trace_count", &["AVG"]),
            "Found invalid aggregation_type(s): ['AVG']. Supported aggregation types: ['COUNT']",
        ),
        (question("TRACES", "latency", &["SUM"]), "['SUM']"),
        (question("SPANS", "latency", &["MEDIAN"]), "['MEDIAN']"),
        (percentile(json!(101)), "between 0 and 100, got 101.0"),
        (percentile(json!("NaN")), "between 0 and 100"),
        (percentile(Value::Null), "is required"),
        (
            latency(json!({ "aggregations": [{ "aggregation_type": "AVG", "percentile_value": 50 }] })),
            "is only allowed",
        ),
        (
            with(count(), &json!({ "dimensions": ["trace_name", "span_name"] })),
            "Found invalid dimension(s): ['span_name']. Supported dimensions: ['trace_name', 'trace_status']",
        ),
        (with(question("TRACES", "session_count", &["COUNT"]), &json!({ "dimensions": ["trace_name"] })), "trace_name"),
        (latency(json!({ "time_interval_seconds": 60, "start_time_ms": 0 })), "are required if time_interval_seconds"),
        (latency(json!({ "time_interval_seconds": -1, "start_time_ms": 0, "end_time_ms": 1 })), "must be positive"),
        (with(count(), &json!({ "max_results": 1001 })), "at most 1000"),
        (filtered("status = 'OK'"), "Invalid trace metrics filter 'status = 'OK''"),
        (filtered("trace.status != 'OK'"), "comparator '!=' is not supported"),
        (filtered("trace.status LIKE 'OK'"), "comparator 'LIKE' is not supported"),
        (filtered("trace.status = OK"), "expected"),
        (filtered("trace.status = 'OK' AND trace.status = 'OK'"), "expected"),
        (filtered("trace.name = 'x'"), "no such field 'name'"),
        (filtered("trace.tag = 'x'"), "lacks a key"),
        (filtered("trace.status.x = 'x'"), "'status'"),
        (filtered("run.name = 'x'"), "'run' is none of"),
        (filtered("span.name = 'x'"), "only supported for SPANS"),
        (filtered("assessment.name = 'x'"), "only supported for ASSESSMENTS"),
        (
            with(
                question("ASSESSMENTS", "assessment_count", &["COUNT"]),
                &json!({ "filters": ["assessment.status = 'x'"] }),
            ),
            "'status'",
        ),
    ] {
        running.ask(&asked).await.invalid(message);
    }
}
