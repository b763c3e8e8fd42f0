use std::sync::Arc;

use serde_json::{Value, json};
use storage::MemoryStore;

use super::*;
use crate::datasets::dataset_digest;

async fn empty() -> (Registry, String) {
    let registry = Registry::new(Arc::new(MemoryStore::new()));
    let dataset = registry.create_dataset("questions", BTreeMap::new(), Vec::new(), None, 1).await.expect("a dataset");
    (registry, dataset.id)
}

fn json(value: &Value) -> Json {
    Json::from_serialize(value).expect("JSON")
}

fn given(inputs: &Value) -> RecordGiven {
    RecordGiven { inputs: json(inputs), outputs: None, expectations: None, tags: None, source: None, by: None }
}

fn expecting(inputs: &Value, name: &str, value: &Value) -> RecordGiven {
    RecordGiven { expectations: Some(BTreeMap::from([(name.to_owned(), json(value))])), ..given(inputs) }
}

async fn merged(registry: &Registry, id: &str, given: &[RecordGiven]) -> Merged {
    registry.merge_records(id, given, 2).await.expect("they fit")
}

#[tokio::test]
async fn a_record_is_told_by_its_inputs_whatever_the_order_of_their_keys() {
    let (registry, id) = empty().await;
    let first = RecordGiven { inputs: Json::parse(r#"{"a":1,"b":{"d":2,"c":3}}"#).expect("JSON"), ..given(&json!({})) };
    let again = RecordGiven { inputs: Json::parse(r#"{"b":{"c":3,"d":2},"a":1}"#).expect("JSON"), ..first.clone() };
    let other = given(&json!({"a": 1.0, "b": {"c": 3, "d": 2}}));
    assert_eq!(merged(&registry, &id, &[first, again.clone()]).await, Merged { inserted: 1, updated: 1 });
    assert_eq!(merged(&registry, &id, &[again, other]).await, Merged { inserted: 1, updated: 1 });
    assert_eq!(registry.dataset(&id).await.expect("it is there").records.count, 2);
}

#[tokio::test]
async fn expectations_are_added_and_outputs_replaced() {
    let (registry, id) = empty().await;
    let inputs = json!({"q": 1});
    let mut one = expecting(&inputs, "a", &json!("x"));
    one.outputs = Some(Some(json(&json!({"r": 1}))));
    merged(&registry, &id, &[one]).await;
    let mut two = expecting(&inputs, "b", &json!("y"));
    two.outputs = Some(Some(json(&json!({"s": 2}))));
    merged(&registry, &id, &[two, expecting(&inputs, "a", &json!("z"))]).await;
    let records = registry.records(&id, None, 10).await.expect("it is there");
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(record.outputs, Some(json(&json!({"s": 2}))));
    let expected = [("a", "z"), ("b", "y")].map(|(name, value)| (name.to_owned(), json(&json!(value))));
    assert_eq!(record.expectations, Some(BTreeMap::from(expected)));
}

#[tokio::test]
async fn records_come_in_the_order_in_which_they_were_added() {
    let (registry, id) = empty().await;
    let all: Vec<_> = (0..25).map(|n| given(&json!({"n": n}))).collect();
    merged(&registry, &id, &all).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = registry.records(&id, after.as_deref(), 10).await.expect("it is there");
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|record| record.inputs));
    }
    assert_eq!(seen, all.into_iter().map(|given| given.inputs).collect::<Vec<_>>());
    assert!(registry.records(&id, Some("dr-0"), 10).await.is_err());
}

#[tokio::test]
async fn more_than_one_step_of_records_is_one_dataset() {
    let (registry, id) = empty().await;
    let all: Vec<_> = (0..2500).map(|n| given(&json!({"n": n}))).collect();
    assert_eq!(merged(&registry, &id, &all).await, Merged { inserted: 2500, updated: 0 });
    assert_eq!(merged(&registry, &id, &all).await, Merged { inserted: 0, updated: 2500 });
    registry.delete_dataset(&id).await.expect("it is there");
    let left = registry.all::<DatasetRecord>(Kind::DatasetRecord, "").await.expect("readable");
    assert!(left.is_empty(), "{} records", left.len());
    assert!(registry.all::<u64>(Kind::Index, "").await.expect("readable").is_empty());
}

#[tokio::test]
async fn the_digest_changes_with_every_change_of_records_and_with_nothing_else() {
    let (registry, id) = empty().await;
    let digest = async || dataset_digest(&registry.dataset(&id).await.expect("it is there"));
    let mut seen = vec![digest().await];
    for given in [
        given(&json!({"q": 1})),
        given(&json!({"q": 2})),
        expecting(&json!({"q": 1}), "a", &json!(1)),
        expecting(&json!({"q": 1}), "a", &json!(2)),
    ] {
        merged(&registry, &id, &[given]).await;
        seen.push(digest().await);
    }
    let records = registry.records(&id, None, 10).await.expect("it is there");
    merged(&registry, &id, &[given(&json!({"q": 1}))]).await;
    assert_eq!(digest().await, seen[4], "nothing has changed");
    let deleted = registry.delete_records(&id, &[records[1].id.clone(), "dr-none".to_owned()], 3).await;
    assert_eq!(deleted.expect("it is there"), 1);
    seen.push(digest().await);
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "{seen:?}");
    registry.delete_records(&id, &[records[0].id.clone()], 3).await.expect("it is there");
    merged(&registry, &id, &[given(&json!({"q": 3}))]).await;
    let left = registry.records(&id, None, 10).await.expect("it is there");
    assert!(!records.iter().any(|record| record.id == left[0].id), "no id is given twice");
}

#[tokio::test]
async fn fields_keep_the_type_of_their_first_value() {
    let (registry, id) = empty().await;
    let mut one = expecting(&json!({"s": "x", "i": 1, "f": 1.5, "b": true}), "e", &json!([1]));
    one.outputs = Some(Some(json(&json!("text"))));
    merged(&registry, &id, &[one, given(&json!({"s": 5, "n": null, "o": {}}))]).await;
    let fields = registry.dataset(&id).await.expect("it is there").records.fields.expect("there are records");
    assert_eq!(
        serde_json::to_value(fields).expect("JSON"),
        json!({
            "inputs": {"b": "boolean", "f": "float", "i": "integer", "n": "null", "o": "object", "s": "string"},
            "outputs": "string",
            "expectations": {"e": "array"}
        })
    );
}

#[tokio::test]
async fn records_of_sessions_and_others_do_not_meet() {
    let session = || given(&json!({"goal": "to ask", "persona": "a cook"}));
    let other = || given(&json!({"q": 1}));
    for (there, new, said) in [
        (None, vec![session(), other()], "All records must use the same granularity."),
        (Some(other()), vec![session()], "New records use session granularity, but existing dataset uses trace"),
        (Some(session()), vec![other()], "New records use trace granularity, but existing dataset uses session"),
        (Some(session()), vec![given(&json!({}))], "Empty inputs are not allowed for session records."),
        (
            None,
            vec![given(&json!({"goal": "x", "q": 1}))],
            "cannot mix session fields ['goal'] with other fields ['q']",
        ),
    ] {
        let (registry, id) = empty().await;
        merged(&registry, &id, &there.into_iter().collect::<Vec<_>>()).await;
        let before = registry.dataset(&id).await.expect("it is there").records.count;
        let wrong = registry.merge_records(&id, &new, 3).await.expect_err("they don't meet").to_string();
        assert!(wrong.contains(said), "{wrong}");
        assert_eq!(registry.dataset(&id).await.expect("it is there").records.count, before);
    }
}
