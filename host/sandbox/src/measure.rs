//! What one call of a scorer costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::outcome::{Failure, Outcome};
use model::ports::Binding;
use model::row::Row;
use model::scorer::PluginDescription;

use crate::call::Instance;
use crate::convert;
use crate::imports::Granted;
use crate::instances::{Question, Setup, Turn};
use crate::linked::Linked;
use crate::spans::RowTrace;

/// One call, measured.
#[derive(Clone, Debug)]
pub struct Measured {
    pub outcome: Outcome,
    /// Units, calls of the host included. The same on every machine.
    pub fuel: u64,
    /// Bytes of memory and tables at the end of the call.
    pub memory: u64,
    pub host_calls: u64,
    /// Median of a call with an instance of its own.
    pub fresh: Duration,
    /// Median of a call in an instance that has answered before; none where it failed.
    pub reused: Option<Duration>,
}

/// Calls the first scorer of `binding` on a row, again and again.
pub(crate) async fn measure(
    plugin: &Linked,
    description: &PluginDescription,
    binding: &Binding,
    row: &Row,
    times: u32,
) -> Result<Measured, Failure> {
    let granted = Arc::new(Granted {
        setup: Setup::of(description, binding),
        values: Arc::clone(&plugin.values),
        doors: plugin.shared.doors.clone(),
    });
    let call = &binding.calls[0];
    let parameters = call.parameters.to_string();
    let question = Question::Score(convert::row(row, &binding.grant), RowTrace(row.trace.clone()));
    let start = || Instance::start(plugin, &granted, Turn::default());

    let mut instance = start().await?;
    let answer = instance.ask(&call.item, &parameters, &question).await;
    let used = instance.used();
    let scorer = description.scorers.iter().find(|scorer| scorer.name == call.item);
    let outcome = match (answer, scorer) {
        (Ok(answer), Some(scorer)) => convert::outcome(answer, scorer),
        (Ok(_), None) => return Err(convert::unknown(&call.item)),
        (Err(failure), _) => Outcome::Failed(failure),
    };
    let mut fresh = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        let mut instance = start().await?;
        // How it ends is known from the first time.
        let _ = instance.ask(&call.item, &parameters, &question).await;
        drop(instance);
        fresh.push(begun.elapsed());
    }
    let mut reused = Vec::new();
    let mut instance = start().await?;
    for _ in 0..times {
        let begun = Instant::now();
        if instance.ask(&call.item, &parameters, &question).await.is_err() {
            reused.clear();
            break;
        }
        instance.turn_to(Turn::default());
        reused.push(begun.elapsed());
    }
    Ok(Measured {
        outcome,
        fuel: used.fuel,
        memory: used.memory,
        host_calls: used.host_calls,
        fresh: median(fresh).unwrap_or_default(),
        reused: median(reused),
    })
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}
