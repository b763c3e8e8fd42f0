//! Records of a dataset as rows of a version, and back.

use std::collections::BTreeMap;

use model::dataset::{DatasetRecord, RowFields};
use model::json::Json;
use model::object;
use model::row::RowRecord;

/// A record as a row. Clients that say nothing of outputs mean an object without anything; a tag that is no text becomes one.
pub(crate) fn row_of(record: &DatasetRecord) -> RowRecord {
    let DatasetRecord { inputs, outputs, expectations, tags, source, more, .. } = record.clone();
    let RowFields { row_id, trace, session, trials, split, cluster, weight } = more;
    let text = |tag: Json| serde_json::from_str(tag.as_str()).unwrap_or_else(|_| tag.as_str().to_owned());
    RowRecord {
        id: row_id,
        inputs,
        outputs: outputs.filter(|outputs| outputs.as_str() != "{}"),
        expectations: expectations.map(|all| Json::from_serialize(&all).expect("values that were JSON are JSON")),
        tags: tags.into_iter().flatten().map(|(name, tag)| (name, text(tag))).collect(),
        trace,
        session,
        trials,
        split,
        cluster,
        weight,
        source,
    }
}

/// Has a record say what a row does, and nothing else.
pub(crate) fn take_row(record: &mut DatasetRecord, row: RowRecord) {
    let RowRecord { id, inputs, outputs, expectations, tags, trace, session, trials, split, cluster, weight, source } =
        row;
    record.inputs = inputs;
    record.outputs = outputs;
    record.expectations = expectations.as_ref().map(entries);
    let text = |tag: &String| Json::from_serialize(tag).expect("a text is JSON");
    record.tags = (!tags.is_empty()).then(|| tags.iter().map(|(name, tag)| (name.clone(), text(tag))).collect());
    record.source = source;
    record.more = RowFields { row_id: id, trace, session, trials, split, cluster, weight };
}

fn entries(object: &Json) -> BTreeMap<String, Json> {
    let entries = object::entries(object.as_str()).unwrap_or_default();
    entries.into_iter().map(|(name, value)| (name.into_owned(), Json::from_raw(value))).collect()
}
