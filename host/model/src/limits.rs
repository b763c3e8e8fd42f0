//! What a plugin's call may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Ceilings for one call of a plugin. Reaching one is that call's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CallLimits {
    /// Units of work, as wasmtime counts them: about one for each WebAssembly instruction.
    pub fuel: u64,
    /// Wall time.
    pub time: Duration,
    /// Bytes of linear memory and tables, summed over the component.
    pub memory: u64,
    /// Bytes of all strings in one answer.
    pub output: u64,
}

impl Default for CallLimits {
    /// 10⁹ units of fuel, 60 s, 64 MiB, 1 MiB.
    fn default() -> Self {
        Self { fuel: 1_000_000_000, time: Duration::from_secs(60), memory: 64 << 20, output: 1 << 20 }
    }
}

/// How long an instance of a plugin lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// A fresh instance for every row and scorer: no call can see another's data, and fuel is a function of the row.
    #[default]
    Never,
    /// The scorers of one plugin share an instance within a row.
    Row,
    /// Instances are kept over the rows of a run.
    Run,
}
