//! Calling a plugin that may be anything.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::Outcome;
use model::ports::{Binding, Call, Plugin};
use model::row::Row;
use sandbox::{Loaded, Options, Sandbox};
use tokio::runtime::{Builder, Runtime};

/// The one engine that everything runs in.
pub(crate) fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(Options { slots: 16, ..Options::default() }).unwrap())
}

pub(crate) fn load(bytes: &[u8]) -> Option<Loaded> {
    runtime().block_on(sandbox().load(bytes, Isolation::Thread)).ok()
}

/// Calls the scorer `probe` of a plugin with fuel for a moment.
pub(crate) fn outcome(plugin: &Loaded, parameters: Json) -> Outcome {
    let scoring = plugin.bind(Binding {
        calls: vec![Call { key: "probe".to_owned(), item: "probe".to_owned(), parameters }],
        limits: CallLimits { fuel: 1_000_000, ..CallLimits::default() },
        reuse: Reuse::Never,
        seed: 0,
        grant: Grant::default(),
        config: serde_json::Map::new(),
    });
    let row = Row {
        index: 0,
        id: "row".to_owned(),
        trial: 0,
        inputs: Json::parse(r#"{"question": "why?"}"#).unwrap(),
        outputs: Some(Json::parse("\"x\"").unwrap()),
        expectations: None,
        tags: BTreeMap::new(),
        session: None,
        trace: None,
    };
    let mut outcomes = runtime().block_on(scoring.score(&row, &[0]));
    assert!(sandbox().is_idle(), "an instance is left");
    outcomes.pop().unwrap()
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap())
}
