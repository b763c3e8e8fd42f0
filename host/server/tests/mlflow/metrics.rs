//! Metrics and their histories.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::Running;
use crate::client::each;

async fn log(running: &Running, run: &str, key: &str, value: Value, timestamp: i64, step: i64) {
    let point = json!({ "run_id": run, "key": key, "value": value, "timestamp": timestamp, "step": step });
    assert_eq!(running.post("runs/log-metric", point).await.ok(), json!({}));
}

fn values(history: &Value) -> Vec<f64> {
    history["metrics"].as_array().into_iter().flatten().map(|point| point["value"].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn a_run_shows_the_latest_and_keeps_them_all() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    for (value, timestamp, step) in [(0.5, 5, 1), (0.7, 6, 2), (0.9, 7, 0), (0.7, 6, 2)] {
        log(&running, &id, "m", json!(value), timestamp, step).await;
    }
    log(&running, &id, "other", json!("-Infinity"), 1, 0).await;
    let latest = running.shown(&id).await["data"]["metrics"].take();
    let expected = json!([
        { "key": "m", "value": 0.7, "timestamp": 6, "step": 2 },
        { "key": "other", "value": "-Infinity", "timestamp": 1, "step": 0 },
    ]);
    assert_eq!(latest, expected);
    let history = running.get(&format!("metrics/get-history?run_id={id}&metric_key=m&max_results=25000")).await.ok();
    assert_eq!(values(&history), [0.5, 0.7, 0.9]);
    assert_eq!(history["metrics"][0], json!({ "key": "m", "value": 0.5, "timestamp": 5, "step": 1 }));
    let none = running.get(&format!("metrics/get-history?run_uuid={id}&metric_key=none")).await.ok();
    assert_eq!(none, json!({}));
}

#[tokio::test]
async fn a_history_comes_in_pages() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    for n in 0..5 {
        log(&running, &id, "m/a b", json!(n), n, n).await;
    }
    let path = format!("metrics/get-history?run_id={id}&metric_key=m/a%20b");
    assert_eq!(values(&running.get(&path).await.ok()), [0.0, 1.0, 2.0, 3.0, 4.0]);
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = running.get(&format!("{path}&max_results=2{next}")).await.ok();
        pages.push(values(&page).len());
        let Some(token) = page["next_page_token"].as_str() else { break };
        next = format!("&page_token={}", token.replace('+', "%2B").replace('=', "%3D"));
    }
    assert_eq!(pages, [2, 2, 1]);
    running.get(&format!("{path}&max_results=0")).await.invalid("It must be a positive integer");
    running.get(&format!("{path}&page_token=!")).await.invalid("Invalid page token, could not base64-decode");
    running.get("metrics/get-history?run_id=nobody&metric_key=m").await.missing("Run with id=nobody not found");
    running.get(&format!("metrics/get-history?run_id={id}")).await.invalid("'metric_key'");
}

#[tokio::test]
async fn histories_of_several_runs_come_together() {
    let running = Running::start().await;
    let mut ids = [running.run("a", 1).await, running.run("b", 2).await];
    ids.sort();
    for (id, factor) in ids.iter().zip([1, 10]) {
        for n in 0..20 {
            log(&running, id, "m", json!(n * factor), 100 - n, n).await;
        }
    }
    let [first, second] = &ids;
    let bulk = format!("metrics/get-history-bulk?run_id={second}&run_id={first}&run_id=nobody&metric_key=m");
    let all = running.get(&bulk).await.ok();
    assert_eq!(values(&all).len(), 40);
    assert_eq!(all["metrics"][0], json!({ "key": "m", "value": 19.0, "timestamp": 81, "step": 19, "run_id": first }));
    assert_eq!(each(&all["metrics"], "run_id")[20..], vec![second.as_str(); 20]);
    let some = running.get(&format!("{bulk}&max_results=25")).await.ok();
    assert_eq!(values(&some).len(), 25);
    assert_eq!(running.get("metrics/get-history-bulk?run_id=nobody&metric_key=m").await.ok(), json!({ "metrics": [] }));
    running.get("metrics/get-history-bulk?metric_key=m").await.invalid("must specify at least one run_id");
    running.get("metrics/get-history-bulk?run_id=a").await.invalid("must specify a metric_key");

    let interval = format!("metrics/get-history-bulk-interval?run_ids={first}&run_ids={second}&metric_key=m");
    let sampled = running.get(&format!("{interval}&max_results=3")).await.ok();
    assert_eq!(values(&sampled), [0.0, 9.0, 19.0, 0.0, 90.0, 190.0]);
    let again = running.get(&format!("{interval}&run_ids={first}&max_results=3")).await.ok();
    assert_eq!(each(&again["metrics"], "run_id"), each(&sampled["metrics"], "run_id"), "each run once");
    let within = running.get(&format!("{interval}&start_step=3&end_step=4")).await.ok();
    assert_eq!(values(&within), [3.0, 4.0, 30.0, 40.0]);
    running.get(&format!("{interval}&start_step=3")).await.invalid("both must be specified");
    running.get(&format!("{interval}&start_step=3&end_step=2")).await.invalid("end_step must be greater");
    running.get(&format!("{interval}&max_results=2501")).await.invalid("max_results must be between 1 and 2500.");
    running.get("metrics/get-history-bulk-interval?metric_key=m").await.invalid("'run_ids'");
}

#[tokio::test]
async fn what_is_wrong_with_a_point_is_said() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    for (body, message) in [
        (json!({}), "Missing value for required parameter 'run_id'"),
        (json!({ "run_id": id, "value": 1, "timestamp": 1 }), "Missing value for required parameter 'key'"),
        (json!({ "run_id": id, "key": "m", "timestamp": 1 }), "Missing value for required parameter 'value'"),
        (json!({ "run_id": id, "key": "m", "value": 1 }), "Missing value for required parameter 'timestamp'"),
        (
            json!({ "run_id": id, "key": "m", "value": "x", "timestamp": 1 }),
            "Invalid value \"x\" for parameter 'value'",
        ),
        (json!({ "run_id": id, "key": "m", "value": 1, "timestamp": -1 }), "Timestamp must be a nonnegative long"),
        (
            json!({ "run_id": id, "key": "m", "value": 1, "timestamp": 1.5 }),
            "Invalid value 1.5 for parameter 'timestamp'",
        ),
        (json!({ "run_id": id, "key": "a%", "value": 1, "timestamp": 1 }), "Names may only contain alphanumerics"),
        (
            json!({ "run_id": id, "key": "k".repeat(251), "value": 1, "timestamp": 1 }),
            "'Metric name' exceeds the maximum length of 250 characters",
        ),
    ] {
        running.post("runs/log-metric", body).await.invalid(message);
    }
    let point = json!({ "run_id": "nobody", "key": "m", "value": 1, "timestamp": 1 });
    running.post("runs/log-metric", point).await.missing("Run with id=nobody not found");
}

#[tokio::test]
async fn of_points_logged_at_once_none_is_lost() {
    const TASKS: i64 = 20;
    const POINTS: i64 = 10;
    let running = Arc::new(Running::start().await);
    let id = running.run("r", 1).await;
    let task = |task: i64| {
        let (running, id) = (Arc::clone(&running), id.clone());
        tokio::spawn(async move {
            for n in 0..POINTS {
                log(&running, &id, "shared", json!(n), task, n).await;
                log(&running, &id, &format!("own {task}"), json!(n), 1, n).await;
            }
            running
                .post("runs/log-parameter", json!({ "run_id": id, "key": format!("p{task}"), "value": "1" }))
                .await
                .ok();
        })
    };
    for task in (0..TASKS).map(task).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let history = running.get(&format!("metrics/get-history?run_id={id}&metric_key=shared")).await.ok();
    assert_eq!(values(&history).len() as i64, TASKS * POINTS);
    let data = running.shown(&id).await["data"].take();
    assert_eq!(data["metrics"].as_array().unwrap().len() as i64, TASKS + 1);
    assert_eq!(data["params"].as_array().unwrap().len() as i64, TASKS);
    assert!(values(&data).iter().all(|latest| *latest == (POINTS - 1) as f64), "{data}");
}
