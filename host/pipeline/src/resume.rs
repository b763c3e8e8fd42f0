//! Whether a run can go on as what it was started as.

use model::run::{PlannedScorer, RunHeader, RunPlan};

/// What differs between a stored run and the one that is to go on with it, in words. Results of the two could not stand
/// side by side.
pub fn differences(stored: &RunHeader, now: &RunHeader) -> Vec<String> {
    let mut differences = Vec::new();
    if stored.binary != now.binary {
        let (was, is) = (&stored.version, &now.version);
        differences.push(format!("the binary is another one (the run was started with Karat {was}, this is {is})"));
    }
    if stored.data.digest != now.data.digest {
        differences.push(format!("the data in `{}` changed", now.data.path));
    }
    differences.extend(plan_differences(&stored.plan, &now.plan));
    differences
}

/// What differs between two plans, in words.
pub fn plan_differences(stored: &RunPlan, now: &RunPlan) -> Vec<String> {
    let mut differences = scorer_differences(&stored.scorers, &now.scorers);
    for (what, is_same) in [
        ("`name`", stored.suite == now.suite),
        ("`aggregators`", stored.aggregators == now.aggregators),
        ("`predict`", stored.predictor == now.predictor),
        ("`judges` or `endpoints`", stored.judges.without_flow() == now.judges.without_flow()),
        ("`data.format`", stored.format == now.format),
        ("`data.map`", stored.map == now.map),
        ("`trials`", stored.trials == now.trials),
        ("`seed`", stored.seed == now.seed),
        ("`limits.max_failed`", stored.max_failed == now.max_failed),
        ("`gate`", stored.gates == now.gates),
        ("`slices`", stored.slices == now.slices),
        ("`baseline`", stored.baseline == now.baseline),
        ("`quarantine`", stored.quarantine == now.quarantine),
        ("`stop`", stored.stop == now.stop),
    ] {
        if !is_same {
            differences.push(format!("{what} of the suite changed"));
        }
    }
    for (flag, is_same) in [
        ("--limit", stored.limit == now.limit),
        ("--only", stored.only == now.only),
        ("--split", stored.split == now.split),
    ] {
        if !is_same {
            differences.push(format!("`{flag}` is another one"));
        }
    }
    differences
}

fn scorer_differences(stored: &[PlannedScorer], now: &[PlannedScorer]) -> Vec<String> {
    let keys = |scorers: &[PlannedScorer]| scorers.iter().map(|scorer| scorer.key.clone()).collect::<Vec<_>>();
    if keys(stored) != keys(now) {
        let (was, is) = (keys(stored).join(", "), keys(now).join(", "));
        return vec![format!("the suite has other scorers (it had {was}; now {is})")];
    }
    let mut differences = Vec::new();
    for (was, is) in stored.iter().zip(now) {
        if was.plugin != is.plugin {
            let difference = format!("plugin `{}` is another one", is.plugin.name);
            // Several scorers of one plugin differ for one reason.
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        } else if was != is {
            differences.push(format!("scorer `{}` of the suite changed", is.key));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{header, plan, scorer};

    #[track_caller]
    fn check(change: impl FnOnce(&mut RunHeader), expected: &[&str]) {
        let stored = header(plan(vec![scorer("a"), scorer("b")]));
        let mut now = stored.clone();
        change(&mut now);
        assert_eq!(differences(&stored, &now), expected);
    }

    #[test]
    fn what_differs_is_named() {
        check(|_| {}, &[]);
        check(|now| now.started += 1, &[]);
        check(|now| now.data.path = "moved.jsonl".to_owned(), &[]);
        check(
            |now| (now.binary, now.version) = ("other".to_owned(), "0.2.0".to_owned()),
            &["the binary is another one (the run was started with Karat 0.1.0, this is 0.2.0)"],
        );
        check(|now| now.data.digest = "other".to_owned(), &["the data in `rows.jsonl` changed"]);
        check(|now| now.plan.seed = 1, &["`seed` of the suite changed"]);
        check(|now| now.plan.limit = Some(1), &["`--limit` is another one"]);
        check(|now| now.plan.scorers[1].limits.fuel = 1, &["scorer `b` of the suite changed"]);
        check(|now| drop(now.plan.scorers.pop()), &["the suite has other scorers (it had a, b; now a)"]);
        check(
            |now| now.plan.scorers.iter_mut().for_each(|scorer| scorer.plugin.digest = "other".to_owned()),
            &["plugin `test/plugin` is another one"],
        );
    }
}
