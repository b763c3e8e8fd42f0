use std::collections::BTreeMap;
use std::sync::Arc;

use model::dataset::{Dataset, DatasetRecord, Records, RowFields, Versions};
use model::json::Json;
use model::prompt::{Prompt, PromptVersion, VersionContent};
use model::tracking::{Experiment, Lifecycle, Metric, Status, TrackedRun};
use storage::MemoryStore;

use super::Carried;
use crate::{NewExperiment, Registry};

fn registry() -> Registry {
    Registry::new(Arc::new(MemoryStore::new()))
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn experiment(id: &str, name: &str) -> Experiment {
    Experiment {
        id: id.to_owned(),
        name: name.to_owned(),
        traces: String::new(),
        location: None,
        tags: texts(&[("team", "chat")]),
        lifecycle: Lifecycle::Deleted,
        created: 5,
        updated: 6,
    }
}

fn run(status: Status) -> TrackedRun {
    TrackedRun {
        id: "a".repeat(32),
        experiment: "7".to_owned(),
        location: None,
        name: "r".to_owned(),
        user: "ann".to_owned(),
        status,
        started: 1,
        ended: None,
        lifecycle: Lifecycle::Active,
        params: texts(&[("lr", "0.1")]),
        tags: BTreeMap::new(),
        metrics: BTreeMap::new(),
        datasets: Vec::new(),
        used: Vec::new(),
        made: Vec::new(),
    }
}

#[tokio::test]
async fn an_experiment_keeps_its_id_where_that_is_free_and_is_told_by_its_name() {
    let registry = registry();
    let new = NewExperiment { name: "mine".to_owned(), ..NewExperiment::default() };
    registry.create_experiment(new, 1).await.expect("a free name");
    for (brought, id, carried) in [
        (experiment("7", "support"), "7", Carried::New),
        (experiment("7", "support"), "7", Carried::Known),
        (experiment("1", "other"), "2", Carried::New),
        (experiment("9", "mine"), "1", Carried::Known),
        (experiment("0", "Default"), "0", Carried::Known),
        (experiment("007", "no number"), "3", Carried::New),
    ] {
        let (here, became) = registry.carry_experiment(&brought, 9).await.expect("it is kept");
        assert_eq!((here.id.as_str(), became), (id, carried), "{}", brought.name);
        assert_eq!(here.tags["team"], "chat");
        assert_eq!(registry.experiment_by_traces(&here.traces).await.expect("a store"), Some(here.clone()));
    }
    let support = registry.experiment("7").await.expect("a store").expect("it is there");
    assert_eq!((support.lifecycle, support.created, support.updated), (Lifecycle::Deleted, 5, 6));
}

#[tokio::test]
async fn a_run_that_comes_again_gets_its_end_and_nothing_twice() {
    let registry = registry();
    let point =
        |step| Metric { key: "m".to_owned(), value: f64::NAN, timestamp: step, step, app_version: None, dataset: None };
    let going = run(Status::Running);
    assert_eq!(registry.carry_run(&going).await.expect("it is kept"), Carried::New);
    assert!(!registry.has_carried(&going).await.expect("a store"), "it may have gone on");
    let metrics = BTreeMap::from([("m".to_owned(), point(2))]);
    let ended = TrackedRun { ended: Some(3), metrics, ..run(Status::Failed) };
    assert!(!registry.has_carried(&ended).await.expect("a store"));
    for _ in 0..2 {
        registry.carry_metrics(&ended.id, &[point(1), point(2)]).await.expect("they are kept");
        assert_eq!(registry.carry_run(&ended).await.expect("it is kept"), Carried::Known);
    }
    assert!(registry.has_carried(&ended).await.expect("a store"));
    let here = registry.run(&ended.id).await.expect("a store").expect("it is there");
    assert_eq!((here.status, here.ended, here.params), (Status::Failed, Some(3), ended.params));
    let history = registry.metric_history(&ended.id, "m", None, 10).await.expect("a store").points;
    assert_eq!(history.iter().map(|point| point.step).collect::<Vec<_>>(), [1, 2]);
    assert!(history[0].value.is_nan());
}

#[tokio::test]
async fn records_keep_their_order_and_their_times() {
    let registry = registry();
    let dataset = Dataset {
        id: format!("d-{}", "b".repeat(32)),
        name: "questions".to_owned(),
        tags: BTreeMap::new(),
        experiments: vec!["7".to_owned()],
        records: Records { count: 99, ..Records::default() },
        versions: Versions::default(),
        created: 1,
        updated: 2,
        created_by: Some("ann".to_owned()),
        updated_by: None,
    };
    let record = |number: i64| DatasetRecord {
        id: format!("dr-{number}"),
        inputs: Json::parse(&format!("{{\"q\":{number}}}")).expect("JSON"),
        outputs: Some(Json::parse("3").expect("JSON")),
        expectations: None,
        tags: None,
        source: None,
        more: RowFields::default(),
        created: 10 + number,
        updated: 20,
        created_by: Some("bob".to_owned()),
        updated_by: None,
    };
    assert_eq!(registry.carry_dataset(&dataset).await.expect("it is kept"), Carried::New);
    let both = [record(1), record(2)];
    assert_eq!(registry.carry_records(&dataset.id, &both[..1]).await.expect("it is there"), 1);
    assert_eq!(registry.carry_records(&dataset.id, &both).await.expect("it is there"), 1);
    let here = registry.dataset(&dataset.id).await.expect("it is there");
    assert_eq!((here.records.count, here.updated, here.created_by.as_deref()), (2, 2, Some("ann")));
    let records = registry.records(&dataset.id, None, 10).await.expect("it is there");
    let told: Vec<_> = records.iter().map(|one| (one.created, one.created_by.as_deref())).collect();
    assert_eq!(told, [(11, Some("bob")), (12, Some("bob"))]);
}

#[tokio::test]
async fn a_version_of_another_prompt_stays_out() {
    let registry = registry();
    let prompt = |last, latest| Prompt {
        name: "greet".to_owned(),
        description: String::new(),
        tags: texts(&[("mlflow.prompt.is_prompt", "true")]),
        aliases: BTreeMap::from([("live".to_owned(), 1)]),
        last,
        latest: Some(latest),
        created: 1,
        updated: 2,
    };
    let version = |number, created| PromptVersion {
        prompt: "greet".to_owned(),
        number,
        content: VersionContent::default(),
        created,
        updated: created,
    };
    assert_eq!(registry.carry_prompt(&prompt(4, 3)).await.expect("it is kept"), Carried::New);
    for (version, became) in
        [(version(1, 5), Carried::New), (version(1, 5), Carried::Known), (version(1, 6), Carried::Other)]
    {
        assert_eq!(registry.carry_prompt_version(&version).await.expect("it is there"), became);
    }
    let next = registry.add_prompt_version("greet", VersionContent::default(), 9).await.expect("a version");
    assert_eq!(next.number, 5, "4 was given once");
    let model = Prompt { tags: BTreeMap::new(), ..prompt(1, 1) };
    assert_eq!(registry.carry_prompt(&model).await.expect("it is looked at"), Carried::Other);
}
