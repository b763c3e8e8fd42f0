//! Rows on which B is worse, with what both runs say of them.

use model::comparison::{Regression, Told};
use model::json::Json;
use model::ports::{Store, StoreError};
use model::run::RunId;
use model::scorer::Direction;

use crate::pairs::{Pairs, Shared};
use crate::rows::{Columns, feedback};

/// How many bytes of a text are kept.
const MOST_TEXT: usize = 4096;

/// Reads what is said of the rows on which B is worse, up to `most` for each verdict, the worst first; and counts all of them.
pub(crate) async fn read(
    store: &dyn Store,
    (run_a, run_b): (RunId, RunId),
    (a, b): (&Columns, &Columns),
    pairs: &Pairs,
    shared: &[Shared<'_>],
    most: usize,
) -> Result<(Vec<Regression>, u64), StoreError> {
    let (mut regressions, mut count) = (Vec::new(), 0);
    for verdict in shared {
        let mut worse = losses(verdict, pairs);
        count += worse.len() as u64;
        worse.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        for &(_, (of_a, of_b)) in worse.iter().take(most) {
            let (row, a) =
                told(store, run_a, a.indexes[of_a as usize], &verdict.a.verdict, verdict.a.value(of_a as usize))
                    .await?;
            let (_, b) =
                told(store, run_b, b.indexes[of_b as usize], &verdict.b.verdict, verdict.b.value(of_b as usize))
                    .await?;
            regressions.push(Regression { row, scorer: verdict.a.key.clone(), a, b });
        }
    }
    Ok((regressions, count))
}

/// By how much B is worse, and on which rows.
fn losses(verdict: &Shared<'_>, pairs: &Pairs) -> Vec<(f64, (u32, u32))> {
    let sign = match verdict.better {
        Direction::Maximize => 1.0,
        Direction::Minimize => -1.0,
        Direction::Neutral => return Vec::new(),
    };
    let loss = |&(of_a, of_b): &(u32, u32)| {
        let loss = sign * (verdict.a.value(of_a as usize)? - verdict.b.value(of_b as usize)?);
        (loss > 0.0).then_some((loss, (of_a, of_b)))
    };
    pairs.rows.iter().filter_map(loss).collect()
}

/// The row's id, and what a run says of it: its first trial that has the verdict.
async fn told(
    store: &dyn Store,
    run: RunId,
    index: u64,
    (scorer, name): &(usize, Option<String>),
    mean: Option<f64>,
) -> Result<(String, Told), StoreError> {
    let mut told = Told { mean: mean.unwrap_or(0.0), ..Told::default() };
    let mut id = String::new();
    let mut after = index.checked_sub(1).map(|before| (before, u32::MAX));
    while told.value.is_none() {
        let Some(result) = store.results(run, after, 1).await?.into_iter().next() else { break };
        if result.index != index {
            break;
        }
        after = Some((result.index, result.trial));
        if let Some(found) =
            result.outcomes.get(*scorer).and_then(|outcome| feedback(outcome).find(|one| one.name == *name))
        {
            told.value = Some(found.value.clone());
            told.rationale = found.rationale.as_deref().map(|text| start(text).to_owned());
            told.outputs = result.predicted.and_then(|predicted| predicted.outputs).map(shortened);
        }
        id = result.id;
    }
    Ok((id, told))
}

/// A value that is too long is the start of its JSON, as a text.
fn shortened(value: Json) -> Json {
    if value.as_str().len() <= MOST_TEXT {
        return value;
    }
    Json::from_serialize(start(value.as_str())).unwrap_or(value)
}

fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_TEXT)]
}
