//! By way of a server that speaks MLflow's API, out of one store and into another.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use broker::{Allowed, Bounds, Door};
use migrate::{Kind, Place};
use model::digest::State;
use server::{Addresses, Options, Parts, Server, WayOut};
use telemetry::facts::NoPrices;
use tokio::sync::oneshot;

use crate::database::Database;
use crate::store::{Kept, NOW};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A server on a store, until the test ends.
pub(crate) struct Running {
    addresses: Addresses,
    kept: Kept,
    _end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn on(kept: Kept) -> Self {
        Self::start(kept, false).await
    }

    pub(crate) async fn with_token(kept: Kept) -> Self {
        Self::start(kept, true).await
    }

    async fn start(kept: Kept, with_token: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, TOKEN).unwrap();
        // Nobody else may read them.
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let parts = Parts {
            traces: kept.traces.clone(),
            documents: kept.documents.clone(),
            blobs: kept.blobs.clone(),
            prices: Arc::new(NoPrices),
            now: || NOW.cast_unsigned() * 1_000_000,
            version: "0.1.0-test".to_owned(),
            pseudonym_key: [7; 32],
            models: None,
            scorers: None,
            webhooks: way_out(),
        };
        let token_file = with_token.then_some(file);
        let options = Options { port: 0, otlp_port: None, grpc_port: None, token_file, ..Options::default() };
        let server = Server::bind(options, parts).await.unwrap();
        let (addresses, (end, ended)) = (server.addresses(), oneshot::channel::<()>());
        tokio::spawn(server.run(async {
            // Ended with the test.
            let _ = ended.await;
        }));
        Self { addresses, kept, _end: end, _folder: folder }
    }

    pub(crate) fn place(&self) -> Place {
        Place::parse(&format!("http://{}", self.addresses.api)).unwrap()
    }
}

async fn filled() -> Kept {
    let kept = Kept::in_memory();
    kept.import(&Database::of("3.18").place()).await.unwrap();
    kept
}

#[tokio::test]
async fn what_a_server_has_comes_as_it_is() {
    let there = Running::on(filled().await).await;
    let here = Kept::on_disk();
    for _ in 0..2 {
        here.import(&there.place()).await.unwrap();
        let (mine, other) = (here.everything().await, there.kept.everything().await);
        let differ: Vec<_> = mine.iter().zip(&other).filter(|(mine, other)| mine != other).collect();
        assert!(differ.is_empty() && mine.len() == other.len(), "{differ:#?}");
    }
}

#[tokio::test]
async fn what_goes_to_a_server_is_there_once() {
    let (here, there) = (filled().await, Running::on(Kept::on_disk()).await);
    let report = here.export(&there.place()).await.unwrap();
    assert_eq!((report.count(Kind::Run).new, report.count(Kind::Trace).new, report.count(Kind::Span).new), (3, 2, 2));
    assert_eq!((report.count(Kind::Record).new, report.count(Kind::PromptVersion).new), (2, 2));
    let left_out: Vec<_> = report.left_out().map(|one| (one.kind, one.names.join(" "))).collect();
    let stays = [(Kind::Scorer, "tone"), (Kind::ReviewQueue, "weekly"), (Kind::Issue, "slow")];
    assert_eq!(left_out, stays.map(|(kind, name)| (kind, name.to_owned())));
    check_same(&here, &there.kept).await;
    let again = here.export(&there.place()).await.unwrap();
    let new: Vec<_> = again.counts().filter(|(_, count)| count.new > 0).map(|(kind, _)| kind).collect();
    // A run, and a trace, that go on are sent again.
    assert!(new.iter().all(|kind| matches!(kind, Kind::MetricPoint | Kind::Span | Kind::Assessment)), "{new:?}");
    check_same(&here, &there.kept).await;
}

#[tokio::test]
async fn a_run_that_ended_here_ends_there() {
    let (database, here, there) = (Database::of("3.18"), Kept::in_memory(), Running::on(Kept::in_memory()).await);
    here.import(&database.place()).await.unwrap();
    here.export(&there.place()).await.unwrap();
    database.execute("UPDATE runs SET status = 'FINISHED', end_time = 5800 WHERE name = 'going on'");
    here.import(&database.place()).await.unwrap();
    here.export(&there.place()).await.unwrap();
    check_same(&here, &there.kept).await;
    // Now all are whole.
    assert_eq!(here.export(&there.place()).await.unwrap().count(Kind::MetricPoint).new, 0);
}

#[tokio::test]
async fn what_was_cut_off_before_its_end_is_ended_there() {
    let (here, there) = (filled().await, Running::on(Kept::in_memory()).await);
    here.export(&there.place()).await.unwrap();
    let registry = &there.kept.registry;
    // As if the last requests had not come.
    let gone = there.kept.experiment("gone").await;
    registry.restore_experiment(&gone.id, NOW).await.unwrap();
    let support = there.kept.experiment("support").await;
    let stopped = registry.runs(&support.id).await.unwrap().into_iter().find(|run| run.name == "stopped").unwrap();
    registry.restore_run(&stopped.id).await.unwrap();
    here.export(&there.place()).await.unwrap();
    check_same(&here, &there.kept).await;
}

#[tokio::test]
async fn a_trace_that_ended_here_ends_there() {
    let (database, here, there) = (Database::of("3.18"), Kept::in_memory(), Running::on(Kept::in_memory()).await);
    database.execute("UPDATE trace_info SET status = 'IN_PROGRESS' WHERE request_id LIKE '%1'");
    here.import(&database.place()).await.unwrap();
    here.export(&there.place()).await.unwrap();
    assert_eq!(traces(&here).await, traces(&there.kept).await);
    database.execute("UPDATE trace_info SET status = 'OK' WHERE request_id LIKE '%1'");
    here.import(&database.place()).await.unwrap();
    here.export(&there.place()).await.unwrap();
    let ended = there.kept.traces.trace("c0000000000000000000000000000001").await.unwrap().unwrap();
    assert_eq!(ended.header.state, State::Ok);
}

/// Ids of runs, versions and datasets differ, and so do times that the server makes.
async fn check_same(here: &Kept, there: &Kept) {
    for name in ["support", "gone", "team/support"] {
        let (mine, mut other) = (here.experiment(name).await, there.experiment(name).await);
        other.tags.retain(|tag, _| !tag.starts_with("karat."));
        assert_eq!((mine.tags, mine.lifecycle), (other.tags, other.lifecycle), "{name}");
        let (mine, other) = (runs(here, &mine.id).await, runs(there, &other.id).await);
        assert_eq!(mine, other, "{name}");
    }
    assert_eq!(traces(here).await, traces(there).await);
    let (mine, other) = (named(here).await, named(there).await);
    assert_eq!(mine, other);
}

async fn runs(kept: &Kept, experiment: &str) -> Vec<String> {
    let mut told = Vec::new();
    for run in kept.registry.runs(experiment).await.unwrap() {
        let tags: Vec<_> =
            run.tags.iter().filter(|(tag, _)| !tag.starts_with("karat.") && *tag != "mlflow.runName").collect();
        told.push(format!(
            "{} {} {:?} {} {:?} {:?} {:?} {tags:?} {:?} {}",
            run.name,
            run.user,
            run.status,
            run.started,
            run.ended,
            run.lifecycle,
            run.params,
            run.datasets,
            run.used.len()
        ));
        for metric in run.metrics.keys() {
            for point in kept.registry.metric_history(&run.id, metric, None, 100).await.unwrap().points {
                told.push(format!(
                    "{} {:?} {} {} {:?}",
                    point.key,
                    point.value,
                    point.timestamp,
                    point.step,
                    point.app_version.is_some()
                ));
            }
        }
        let files = kept.files(&format!("{experiment}/{}/artifacts", run.id)).await;
        told.push(format!("{} has {} files", run.name, files.len()));
    }
    told.sort();
    told
}

async fn traces(kept: &Kept) -> Vec<String> {
    let page = kept.traces.search(&model::search::Query::default(), None, 100).await.unwrap();
    let mut told = Vec::new();
    for mut trace in page.traces {
        let links = trace.tags.keys().filter(|tag| tag.starts_with("karat.run.")).count();
        trace.tags.retain(|tag, _| !tag.starts_with("karat.") && tag != "mlflow.traceName");
        trace.header.metadata.remove("mlflow.trace_schema.version");
        for (span, _) in kept.traces.spans(&trace.id, 0, 100).await.unwrap() {
            told.push(format!("{:?}", model::trace::Span { source: None, ..span }));
        }
        told.push(format!("{links} {trace:?}"));
    }
    told
}

async fn named(kept: &Kept) -> Vec<String> {
    let mut told = Vec::new();
    for dataset in kept.registry.datasets().await.unwrap() {
        told.push(format!("{} {}", dataset.name, dataset.records.count));
        for record in kept.registry.records(&dataset.id, None, 100).await.unwrap() {
            told.push(format!(
                "{:?} {:?} {:?} {:?} {:?}",
                record.inputs, record.outputs, record.expectations, record.tags, record.source
            ));
        }
    }
    for prompt in kept.registry.prompts().await.unwrap() {
        told.push(format!(
            "{} {} {:?} {:?} {:?}",
            prompt.name, prompt.description, prompt.tags, prompt.aliases, prompt.latest
        ));
    }
    for version in kept.registry.prompt_versions(None).await.unwrap() {
        let content = version.content;
        told.push(format!(
            "{} {} {} {} {:?}",
            version.prompt, version.number, content.description, content.source, content.tags
        ));
    }
    told
}

/// Nobody is told anything here.
fn way_out() -> WayOut {
    let door = Door::new(Allowed::default(), Arc::new(broker::Addresses), Bounds::PLUGINS).unwrap();
    WayOut { door: Arc::new(door), named: Vec::new() }
}
