//! What differences amount to once all p-values are known.

use model::comparison::{Adjustment, Compared, Finding, IntervalMethod, Settled};
use model::scorer::Direction;
use statistics::multiple::{benjamini_hochberg, holm};
use statistics::power::{Demand, rows_for_paired_shares};

/// Adjusts the deciding p-values of all of them together, and says what each finds. Returns how many there are.
pub(crate) fn find(all: &mut [&mut Compared], adjustment: Adjustment, demand: Demand, settle: Option<f64>) -> u64 {
    let deciding = |one: &Compared| one.tests.first().map(|test| test.p);
    let values: Vec<f64> = all.iter().filter_map(|one| deciding(one)).collect();
    let adjusted = match adjustment {
        Adjustment::Holm => holm(&values),
        Adjustment::BenjaminiHochberg => benjamini_hochberg(&values),
    };
    let tested = all.iter_mut().filter(|one| deciding(one).is_some());
    tested.zip(&adjusted).for_each(|(one, p)| one.adjusted_p = Some(*p));
    for one in all {
        one.finding = finding(one, demand.alpha);
        if one.finding == Finding::NoEvidence {
            one.settled_by = settled(one, settle.unwrap_or(one.difference.abs()), demand);
        }
    }
    adjusted.len() as u64
}

fn finding(one: &Compared, alpha: f64) -> Finding {
    if one.adjusted_p.is_none_or(|p| p > alpha) || one.difference == 0.0 {
        return Finding::NoEvidence;
    }
    match (one.better, one.difference > 0.0) {
        (Direction::Neutral, _) => Finding::Different,
        (Direction::Maximize, true) | (Direction::Minimize, false) => Finding::Better,
        (Direction::Maximize, false) | (Direction::Minimize, true) => Finding::Worse,
    }
}

/// How many rows like these would show a difference; none for none, or where they don't say.
fn settled(one: &Compared, difference: f64, demand: Demand) -> Option<Settled> {
    let rows = match (&one.table, one.method) {
        (Some(table), IntervalMethod::Newcombe) => {
            let discordant = (table.only_a + table.only_b) as f64 / one.rows as f64;
            rows_for_paired_shares(discordant.max(difference), difference, demand)?
        }
        // What is detectable falls with the root of the number of rows.
        _ => Some(one.rows as f64 * (one.detectable? / difference).powi(2)).filter(|rows| *rows < 1e15)?.ceil() as u64,
    };
    Some(Settled { rows, difference })
}

/// What the whole amounts to: of several scorers one may be better, and another worse.
pub(crate) fn overall(all: &[Compared]) -> Finding {
    let has = |finding| all.iter().any(|one| one.finding == finding);
    match (has(Finding::Better), has(Finding::Worse), has(Finding::Different)) {
        (true, false, _) => Finding::Better,
        (false, true, _) => Finding::Worse,
        (true, true, _) | (_, _, true) => Finding::Different,
        (false, false, false) => Finding::NoEvidence,
    }
}
