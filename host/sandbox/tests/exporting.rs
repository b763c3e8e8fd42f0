//! What becomes of exporters that don't do as they say, here and in a process of their own (T59 of the threat list).

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::sync::{Arc, Mutex};

use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind};
use model::ports::{Binding, Call, Exporting, Plugin, Sink};
use model::telemetry::{Batch, Encoding, Receipt};
use sandbox::{Options, Sandbox};

#[derive(Default)]
struct Memory(Mutex<Vec<u8>>);

impl Sink for Memory {
    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
}

async fn bound(exporter: &str, sink: Option<Arc<Memory>>) -> Arc<dyn Exporting> {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let plugin = sandbox.load(guests::HOSTILE, Isolation::Thread).await.unwrap();
    let binding = Binding {
        calls: vec![Call {
            key: exporter.to_owned(),
            item: exporter.to_owned(),
            parameters: Json::parse("{}").unwrap(),
        }],
        limits: CallLimits { fuel: 50_000_000, ..CallLimits::default() },
        reuse: Reuse::Never,
        seed: 0,
        grant: Default::default(),
        config: Default::default(),
    };
    plugin.bind_exporter(binding, sink.map(|sink| sink as _))
}

fn batch(id: &str) -> Batch {
    Batch { id: id.to_owned(), encoding: Encoding::OtlpJson, spans: 5, payload: vec![b'x'; 1000] }
}

async fn check_fails(exporter: &str, kind: FailureKind, told: &str) {
    let sink = Arc::new(Memory::default());
    let exporting = bound(exporter, Some(Arc::clone(&sink))).await;
    assert_eq!(exporting.accepts().await.unwrap(), [Encoding::OtlpJson]);
    for id in ["a", "b"] {
        let failure = exporting.export(&batch(id)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{exporter}: {failure:?}");
        assert!(failure.message.contains(told), "{exporter}: {failure:?}");
    }
    assert!(sink.0.lock().unwrap().len() <= 2 * (4 * 1000 + (64 << 10)), "{exporter}");
    exporting.flush().await.unwrap();
}

#[tokio::test]
async fn what_an_exporter_says_has_to_account_for_every_span() {
    check_fails("overstates", FailureKind::InvalidOutput, "was handed 5 spans, and says that it took 6").await;
    check_fails("understates", FailureKind::InvalidOutput, "was handed 5 spans, and says that it took 4").await;
}

#[tokio::test]
async fn an_exporter_that_does_not_come_to_an_end_is_ended() {
    check_fails("never_returns", FailureKind::OutOfFuel, "`limits.fuel`").await;
    check_fails("breaks_off", FailureKind::Panicked, "the wire was cut").await;
}

#[tokio::test]
async fn a_file_takes_no_more_than_a_few_times_what_was_handed_over() {
    check_fails("writes_without_end", FailureKind::BudgetExceeded, "more than 4 times what it was handed").await;
}

#[tokio::test]
async fn one_instance_takes_all_batches_and_is_asked_for_what_it_held_back() {
    let sink = Arc::new(Memory::default());
    let exporting = bound("holds_back", Some(Arc::clone(&sink))).await;
    for number in 0..1200 {
        let receipt = exporting.export(&batch(&number.to_string())).await.unwrap();
        assert_eq!(receipt, Receipt { accepted: 5, rejected: 0, message: None });
    }
    exporting.flush().await.unwrap();
    let written = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert_eq!(written, (0..1200).map(|number| number.to_string()).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn without_a_file_there_is_none_to_write_to() {
    let exporting = bound("holds_back", None).await;
    exporting.export(&batch("a")).await.unwrap();
    let failure = exporting.flush().await.unwrap_err();
    assert_eq!((failure.kind, failure.message.contains("a file to write to")), (FailureKind::Denied, true));
}
