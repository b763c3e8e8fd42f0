//! One of everything in a database, carried over.

use std::sync::atomic::{AtomicUsize, Ordering};

use migrate::{Access, Kind, import};
use model::app::AppStatus;
use model::assessment::{ISSUE, Said};
use model::digest::State;
use model::search::{CLIENT_REQUEST_ID, LINKED_RUN};
use model::tracking::{Lifecycle, Status};
use registry::{LabelSchemaChange, NewExperiment, ReviewQueueChange};
use tokio::sync::Notify;

use crate::database::Database;
use crate::store::{Kept, NOW};

const RUN: &str = "a0000000000000000000000000000001";
const MODEL: &str = "m-b0000000000000000000000000000001";
const TRACE: &str = "c0000000000000000000000000000001";

#[tokio::test]
async fn what_is_tracked_comes_with_its_ids_and_times() {
    let (database, kept) = (Database::of("3.18"), Kept::on_disk());
    kept.registry
        .create_experiment(NewExperiment { name: "mine".to_owned(), ..NewExperiment::default() }, 1)
        .await
        .unwrap();
    let report = kept.import(&database.place()).await.unwrap();
    // Its id is taken, so it has another one, everywhere.
    let support = kept.experiment("support").await;
    assert_ne!(support.id, "1");
    assert_eq!((support.created, support.updated, support.tags["team"].as_str()), (2000, 3000, "chat"));
    let gone = kept.experiment("gone").await;
    assert_eq!(
        (gone.id.as_str(), gone.lifecycle, gone.location.as_deref()),
        ("2", Lifecycle::Deleted, Some("s3://bucket/2"))
    );
    assert_eq!(kept.experiment("team/support").await.id, "3");
    let run = kept.registry.run(RUN).await.unwrap().unwrap();
    assert_eq!((&run.experiment, run.name.as_str(), run.user.as_str()), (&support.id, "trained", "ann"));
    assert_eq!((run.status, run.started, run.ended, run.location), (Status::Finished, 5000, Some(6000), None));
    assert_eq!((run.params["lr"].as_str(), run.tags["team"].as_str()), ("0.1", "search"));
    assert_eq!(
        (run.datasets[0].name.digest.as_str(), run.datasets[0].tags["mlflow.data.context"].as_str()),
        ("abc", "training")
    );
    assert_eq!((run.used[0].as_str(), run.made[0].step), (MODEL, 7));
    let history = async |key: &str| kept.registry.metric_history(RUN, key, None, 10).await.unwrap().points;
    assert_eq!(history("loss").await.iter().map(|point| point.value).collect::<Vec<_>>(), [0.5, 0.25, 0.1]);
    assert!(history("none").await[0].value.is_nan() && history("endless").await[0].value == f64::INFINITY);
    assert_eq!(history("accuracy").await[0].app_version.as_deref(), Some(MODEL));
    let deleted = kept.registry.run("a0000000000000000000000000000002").await.unwrap().unwrap();
    assert_eq!((deleted.lifecycle, deleted.status), (Lifecycle::Deleted, Status::Killed));
    assert_eq!(deleted.location.as_deref(), Some("s3://bucket/1/a0000000000000000000000000000002/artifacts"));
    let app = kept.registry.app(MODEL).await.unwrap();
    assert_eq!((&app.experiment, app.status, app.created), (&support.id, AppStatus::Ready, 5100));
    assert_eq!((app.params["temperature"].as_str(), app.metrics[0].value), ("0.5", 0.75));
    let file =
        kept.registry.artifact(&format!("{}/{RUN}/artifacts/notes/hello.txt", support.id)).await.unwrap().unwrap();
    assert_eq!(file.bytes, 5);
    let left_out: Vec<_> = report.left_out().map(|one| one.to_string()).collect();
    let expected = [
        "files (1: s3://bucket/1/a0000000000000000000000000000002/artifacts): they can't be reached from here; what names them is kept",
        "traces (1: from elsewhere): its id is none that OpenTelemetry could have",
        "prompts and models (1): they are of another workspace, and prompts and models have one name each here",
        "webhooks (1): their secrets are encrypted; make them anew",
    ];
    assert_eq!(left_out, expected);
    assert_eq!(
        (report.count(Kind::Run).new, report.count(Kind::MetricPoint).new, report.count(Kind::File).new),
        (3, 6, 2)
    );
}

#[tokio::test]
async fn traces_come_with_what_was_said_of_them() {
    let (database, kept) = (Database::of("3.18"), Kept::on_disk());
    kept.import(&database.place()).await.unwrap();
    let trace = kept.traces.trace(TRACE).await.unwrap().unwrap();
    let header = &trace.header;
    assert_eq!((trace.experiment.as_str(), header.name.as_str(), header.state), ("support", "answer", State::Ok));
    assert_eq!((header.start, header.end), (1_700_000_000_000_000_000, Some(1_700_000_000_250_000_000)));
    assert_eq!((header.session.as_deref(), header.user.as_deref()), (Some("session 1"), Some("ann")));
    assert_eq!((header.tokens.unwrap().total, header.inputs.as_deref()), (7, Some(r#"{"q": "hi"}"#)));
    assert_eq!((header.metadata["own"].as_str(), header.metadata[CLIENT_REQUEST_ID].as_str()), ("ünï", "request 1"));
    assert_eq!(trace.tags.keys().collect::<Vec<_>>(), [&format!("{LINKED_RUN}{RUN}"), "number"]);
    let spans = kept.traces.spans(TRACE, 0, 10).await.unwrap();
    let model = &spans[1].0;
    assert_eq!(
        (spans.len(), model.parent.as_deref(), model.attribute("number").unwrap().as_str()),
        (2, Some("0000000000000001"), "3")
    );
    assert_eq!((model.events[0].name.as_str(), model.start), ("thought", 1_700_000_000_000_000_002));
    let said: Vec<_> =
        trace.assessments.iter().map(|one| (one.name.as_str(), one.created / 1_000_000, &one.said)).collect();
    assert_eq!(
        said.iter().map(|one| (one.0, one.1)).collect::<Vec<_>>(),
        [
            ("good", 1_700_000_003_000),
            ("good", 1_700_000_004_000),
            ("expected", 1_700_000_006_000),
            ("judged", 1_700_000_007_000)
        ]
    );
    assert!(matches!(said[2].2, Said::Expectation(value) if value.as_str() == r#"{"answer":[1,null]}"#));
    assert!(matches!(said[3].2, Said::Failed(failure) if failure.message == "no answer"));
    assert_eq!(trace.assessments[1].overrides, Some(trace.assessments[0].id));
    let going_on = kept.traces.trace("c0000000000000000000000000000002").await.unwrap().unwrap();
    assert_eq!(going_on.header.state, State::InProgress);
}

#[tokio::test]
async fn an_assessment_that_cant_be_read_is_told_and_the_others_come() {
    let (database, kept) = (Database::of("3.18"), Kept::in_memory());
    for (id, kind, value) in [
        ("a-d0000000000000000000000000000005", "issue", r#"{"issue_name": "slow"}"#),
        ("a-d0000000000000000000000000000006", "feedback", "NaN"),
        ("of another kind", "feedback", "1"),
    ] {
        database.execute(&format!(
            "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp, \
             last_updated_timestamp, source_type, valid) VALUES ('{id}', 'tr-{TRACE}', 'iss-1', '{kind}', '{value}', \
             1700000008000, 1700000008000, 'CODE', 1)"
        ));
    }
    let report = kept.import(&database.place()).await.unwrap();
    let trace = kept.traces.trace(TRACE).await.unwrap().unwrap();
    assert_eq!((trace.assessments.len(), trace.assessments[4].metadata[ISSUE].as_str()), (5, "slow"));
    let left_out: Vec<_> =
        report.left_out().filter(|one| one.kind == Kind::Assessment).map(|one| one.to_string()).collect();
    let of = |id: &str| format!("assessments (1: {id} of tr-{TRACE}): ");
    assert!(left_out.iter().any(|one| one.starts_with(&of("of another kind"))), "{left_out:?}");
    let broken = of("a-d0000000000000000000000000000006") + "its value is no JSON";
    assert!(left_out.iter().any(|one| one.starts_with(&broken)), "{left_out:?}");
}

#[tokio::test]
async fn what_has_a_name_comes_with_its_versions() {
    let (database, kept) = (Database::of("3.18"), Kept::on_disk());
    kept.import(&database.place()).await.unwrap();
    let dataset = kept.registry.dataset("d-e0000000000000000000000000000001").await.unwrap();
    assert_eq!((dataset.records.count, dataset.updated, dataset.updated_by.as_deref()), (2, 8100, Some("bob")));
    assert_eq!(dataset.experiments, ["1"]);
    let records = kept.registry.records(&dataset.id, None, 10).await.unwrap();
    assert_eq!(records[0].outputs.as_ref().unwrap().as_str(), r#"{"answer":1}"#);
    assert_eq!((records[1].outputs.as_ref(), records[1].created), (None, 8003));
    let prompt = kept.registry.prompt("greet").await.unwrap();
    assert_eq!((prompt.last, prompt.latest, prompt.aliases["production"]), (4, Some(3), 1));
    let third = kept.registry.prompt_version("greet", 3).await.unwrap();
    assert_eq!((third.content.description.as_str(), third.created), ("third", 9003));
    assert!(kept.registry.prompt_version("greet", 2).await.is_err());
    assert_eq!(kept.registry.prompt_version("classifier", 1).await.unwrap().content.run, RUN);
    let (scorer, versions) = kept.registry.scorer("1", "tone").await.unwrap();
    assert_eq!((scorer.online.unwrap().sample_rate, versions[0].created), (0.5, 9500));
    let schema = kept.registry.label_schema_named("1", "right").await.unwrap();
    assert_eq!((schema.id.as_str(), schema.enable_comment), ("ls-1", true));
    let queue = kept.registry.review_queue_named("1", "weekly").await.unwrap();
    assert_eq!((queue.schemas, queue.users), (vec!["ls-1".to_owned()], vec!["ann".to_owned()]));
    let items = kept.registry.review_items("rq-1").await.unwrap();
    assert_eq!((items[0].completed_by.as_deref(), items[0].completed), (Some("ann"), Some(9750)));
    let issue = kept.registry.issue("iss-1").await.unwrap();
    assert_eq!((issue.root_causes, issue.seen), (vec!["a".to_owned()], 9800));
}

#[tokio::test]
async fn whoever_is_cut_off_begins_anew_and_has_nothing_twice() {
    let database = Database::of("3.18");
    let whole = Kept::in_memory();
    whole.import(&database.place()).await.unwrap();
    let kept = Kept::on_disk();
    let mut cuts = 0;
    loop {
        // Each time it comes one page further.
        let (seen, cut) = (AtomicUsize::new(0), Notify::new());
        let ended = {
            let into = kept.destination();
            let mut told = |_: &migrate::Report| {
                if seen.fetch_add(1, Ordering::Relaxed) >= cuts {
                    cut.notify_one();
                }
            };
            let place = database.place();
            tokio::select! {
                biased;
                () = cut.notified() => None,
                report = import(&place, Access::Open, &into, &mut told) => Some(report.unwrap()),
            }
        };
        match ended {
            Some(report) => {
                assert_eq!((report.count(Kind::Trace).new, report.count(Kind::PromptVersion).new), (0, 0));
                break;
            }
            None => cuts += 1,
        }
    }
    assert!(cuts > 10, "{cuts}");
    assert_eq!(kept.everything().await, whole.everything().await);
    kept.import(&database.place()).await.unwrap();
    assert_eq!(kept.everything().await, whole.everything().await);
}

#[tokio::test]
async fn what_is_changed_here_stays() {
    let (database, kept) = (Database::of("3.18"), Kept::on_disk());
    kept.import(&database.place()).await.unwrap();
    kept.registry.tag_experiment("1", "team", "mine").await.unwrap();
    kept.registry.set_alias("greet", "production", 3).await.unwrap();
    let renamed = ReviewQueueChange { name: Some("monthly".to_owned()), ..ReviewQueueChange::default() };
    kept.registry.change_review_queue("rq-1", &renamed, NOW).await.unwrap();
    let renamed = LabelSchemaChange { name: Some("correct".to_owned()), ..LabelSchemaChange::default() };
    kept.registry.change_label_schema("ls-1", &renamed, NOW).await.unwrap();
    let before = kept.everything().await;
    kept.import(&database.place()).await.unwrap();
    assert_eq!(kept.everything().await, before);
}

#[tokio::test]
async fn an_older_release_has_its_spans_in_files() {
    let (database, kept) = (Database::of("2.22"), Kept::on_disk());
    let report = kept.import(&database.place()).await.unwrap();
    let trace = kept.traces.trace(TRACE).await.unwrap().unwrap();
    assert_eq!((trace.header.name.as_str(), trace.header.state, trace.header.spans), ("answer", State::Error, 1));
    assert_eq!(
        (trace.header.inputs.as_deref(), trace.header.metadata["mlflow.sourceRun"].as_str()),
        (Some(r#"{"q": "hi"}"#), RUN)
    );
    assert_eq!(kept.registry.prompt_version("greet", 1).await.unwrap().content.description, "first");
    let left_out: Vec<_> = report.left_out().map(|one| (one.kind, one.names)).collect();
    assert_eq!(left_out, [(Kind::Span, vec!["those of c0000000000000000000000000000002".to_owned()])]);
    assert_eq!(report.count(Kind::Trace).new, 2);
    // The file is found later.
    database.put_spans("c0000000000000000000000000000002");
    let report = kept.import(&database.place()).await.unwrap();
    assert_eq!((report.count(Kind::Span).new, report.left_out().count()), (1, 0));
}
