//! `karat judge ask --guidelines`: one response before the built-in scorer `guidelines`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::feedback::Value;
use model::grant::RowPart;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Call, Catalog};
use model::row::Row;
use model::scorer::ItemKind;
use serde_json::{Map, json};
use tokio::runtime::Runtime;

use super::judge::{opened, told};
use super::plugin::unusable;
use crate::args::Asked;
use crate::exit::{Exit, Stop};
use crate::terminal::{Terminal, printable};
use crate::wiring::{self, Plugins};

const SCORER: &str = "guidelines";

/// What is checked, and by whom.
pub(super) struct Checked {
    pub(super) response: String,
    pub(super) request: Option<String>,
    pub(super) guidelines: Vec<String>,
    pub(super) role: String,
}

pub(super) fn check(checked: &Checked, of: &Asked, runtime: &Runtime, terminal: &Terminal) -> Result<Exit, Stop> {
    let Checked { response, request, guidelines, role } = checked;
    let (door, mut judged) = {
        let _inside = runtime.enter();
        opened(of, role, terminal)?
    };
    let here = Path::new(".");
    let mut doors = wiring::doors(broker::Allowed::default(), here)?;
    doors.judge = Some(door as _);
    let sandbox = wiring::sandbox_behind(doors, 1)?;
    let plugins = Plugins::new(sandbox, runtime.handle(), PathBuf::new(), Isolation::default(), terminal);
    let found = plugins.built_in(ItemKind::Scorer, SCORER, Isolation::default()).map_err(unusable)?;
    let plugin = found.ok_or_else(|| Stop::message("this binary has no scorer `guidelines`"))?;
    let mut grant = plugin.description().asks.with_roles(std::slice::from_ref(role));
    if let Some(rule) = &mut grant.judge {
        rule.sends = Some(vec![RowPart::Inputs, RowPart::Outputs]);
    }
    let parameters = Json::from_serialize(&json!({ "guidelines": guidelines, "role": role }))?;
    let call = Call { key: SCORER.to_owned(), item: SCORER.to_owned(), parameters };
    let binding = Binding {
        calls: vec![call],
        limits: CallLimits::default(),
        reuse: Reuse::default(),
        seed: 0,
        grant,
        config: Map::new(),
    };
    let inputs = request.as_ref().map_or_else(|| json!({}), |request| json!({ "request": request }));
    let row = Row {
        index: 0,
        id: SCORER.to_owned(),
        trial: 0,
        inputs: Json::from_serialize(&inputs)?,
        outputs: Some(Json::from_serialize(response)?),
        expectations: None,
        tags: BTreeMap::new(),
        session: None,
        trace: None,
    };
    let scoring = plugin.bind(binding);
    let outcome = runtime.block_on(scoring.score(&row, &[0])).pop();
    let exchange = judged.exchanges.try_recv().ok();
    let (keeps, rationale) = match outcome {
        Some(Outcome::Scored(feedback)) if !feedback.is_empty() => {
            let main = &feedback[0];
            (main.value == Value::Boolean(true), main.rationale.clone().unwrap_or_default())
        }
        Some(Outcome::Failed(failure)) => return Err(failed(&failure)),
        _ => return Err(failed(&Failure::new(FailureKind::Internal, "the scorer gave no verdict"))),
    };
    if terminal.is_json() {
        terminal.json(&json!({ "passed": keeps, "rationale": rationale, "exchange": exchange }))?;
    } else {
        terminal.data(format_args!("{}: {}", if keeps { "pass" } else { "fail" }, printable(&rationale)))?;
        if let Some(exchange) = &exchange {
            terminal.say(told(exchange))?;
        }
    }
    Ok(if keeps { Exit::Done } else { Exit::Failed })
}

fn failed(failure: &Failure) -> Stop {
    Stop { exit: Exit::Incomplete, ..Stop::message(crate::terminal::printable_line(&failure.message)) }
}
