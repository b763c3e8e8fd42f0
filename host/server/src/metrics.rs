//! What is counted, for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use crate::door::Door;
use crate::shared::Shared;

#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) accepted: AtomicU64,
    pub(crate) rejected: AtomicU64,
    /// Of requests that were sent again.
    pub(crate) repeated: AtomicU64,
    /// Spans of the gateway that the store did not get.
    pub(crate) lost: AtomicU64,
    /// Deliveries to webhooks that were taken, and those that were not.
    pub(crate) told: AtomicU64,
    pub(crate) untold: AtomicU64,
    requests: Mutex<BTreeMap<(Door, String), u64>>,
    puts: Mutex<Histogram>,
}

/// Upper ends, in milliseconds.
const BUCKETS: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];

#[derive(Default)]
struct Histogram {
    /// How many were as long as each bucket's end, or shorter.
    up_to: [u64; BUCKETS.len()],
    count: u64,
    sum: Duration,
}

impl Metrics {
    pub(crate) fn answered(&self, door: Door, status: String) {
        *unpoisoned(&self.requests).entry((door, status)).or_default() += 1;
    }

    /// Spans became durable, or did not, after this time.
    pub(crate) fn put(&self, took: Duration) {
        let mut puts = unpoisoned(&self.puts);
        for (end, count) in BUCKETS.iter().zip(&mut puts.up_to) {
            *count += u64::from(took <= Duration::from_millis(*end));
        }
        puts.count += 1;
        puts.sum += took;
    }

    /// As Prometheus reads it.
    fn text(&self, bytes_in_flight: usize) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("a text takes everything");
            text.push('\n');
        };
        line(format_args!("# HELP karat_spans_total Spans that came in, by what became of them."));
        line(format_args!("# TYPE karat_spans_total counter"));
        for (outcome, count) in
            [("accepted", &self.accepted), ("rejected", &self.rejected), ("repeated", &self.repeated)]
        {
            line(format_args!("karat_spans_total{{outcome=\"{outcome}\"}} {}", count.load(Ordering::Relaxed)));
        }
        line(format_args!(
            "# HELP karat_gateway_spans_lost_total Spans of calls of models that the store did not get."
        ));
        line(format_args!("# TYPE karat_gateway_spans_lost_total counter"));
        line(format_args!("karat_gateway_spans_lost_total {}", self.lost.load(Ordering::Relaxed)));
        line(format_args!(
            "# HELP karat_webhook_deliveries_total What webhooks were to be told, by what became of it."
        ));
        line(format_args!("# TYPE karat_webhook_deliveries_total counter"));
        for (outcome, count) in [("taken", &self.told), ("lost", &self.untold)] {
            let count = count.load(Ordering::Relaxed);
            line(format_args!("karat_webhook_deliveries_total{{outcome=\"{outcome}\"}} {count}"));
        }
        line(format_args!("# HELP karat_requests_total Requests, by door and by the status of its protocol."));
        line(format_args!("# TYPE karat_requests_total counter"));
        for ((door, status), count) in &*unpoisoned(&self.requests) {
            let door = door.name();
            line(format_args!("karat_requests_total{{door=\"{door}\",status=\"{status}\"}} {count}"));
        }
        line(format_args!("# HELP karat_bytes_in_flight Bytes of requests that are being taken in."));
        line(format_args!("# TYPE karat_bytes_in_flight gauge"));
        line(format_args!("karat_bytes_in_flight {bytes_in_flight}"));
        line(format_args!("# HELP karat_put_seconds How long the store takes until spans are durable."));
        line(format_args!("# TYPE karat_put_seconds histogram"));
        let puts = unpoisoned(&self.puts);
        for (end, count) in BUCKETS.iter().zip(puts.up_to) {
            let end = Duration::from_millis(*end).as_secs_f64();
            line(format_args!("karat_put_seconds_bucket{{le=\"{end}\"}} {count}"));
        }
        line(format_args!("karat_put_seconds_bucket{{le=\"+Inf\"}} {}", puts.count));
        line(format_args!("karat_put_seconds_sum {}", puts.sum.as_secs_f64()));
        line(format_args!("karat_put_seconds_count {}", puts.count));
        text
    }
}

fn unpoisoned<T>(counted: &Mutex<T>) -> MutexGuard<'_, T> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let text = shared.metrics.text(shared.intake.bytes_in_flight());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
