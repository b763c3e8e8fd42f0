//! What a plugin's call may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Ceilings for one call of a plugin. Reaching one is that call's failure, except for the log, whose further lines are
/// dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CallLimits {
    /// Units of work, as wasmtime counts them: about one for each WebAssembly instruction.
    pub fuel: u64,
    /// Wall time.
    pub time: Duration,
    /// Bytes of linear memory and tables, summed over the component.
    pub memory: u64,
    /// Bytes of all strings and lists in one answer, in what is handed to one import, or in the spans that one call gets.
    pub output: u64,
    /// Calls of imports.
    pub host_calls: u64,
    /// Handles held at once.
    pub handles: u32,
    /// Lines of log kept.
    pub log_lines: u32,
    /// Bytes of log kept.
    pub log_bytes: u64,
    /// Requests over HTTP.
    pub http_requests: u32,
    /// Bytes of one response over HTTP, uncompressed; what comes behind is cut off, and is a failure where the response is
    /// taken as it comes.
    pub http_bytes: u64,
}

impl Default for CallLimits {
    /// 10⁹ units of fuel, 60 s, 64 MiB of memory, 1 MiB of output, 100,000 host calls, 1,024 handles, 200 lines or
    /// 16 KiB of log, 16 requests of 4 MiB.
    fn default() -> Self {
        Self {
            fuel: 1_000_000_000,
            time: Duration::from_secs(60),
            memory: 64 << 20,
            output: 1 << 20,
            host_calls: 100_000,
            handles: 1024,
            log_lines: 200,
            log_bytes: 16 << 10,
            http_requests: 16,
            http_bytes: 4 << 20,
        }
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

/// Where instances of a plugin live. The stronger of what suite, manifest and operator say counts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// In Karat's own process.
    #[default]
    Thread,
    /// In a process of their own that can reach nothing by itself: a second wall behind the sandbox.
    Process,
}
