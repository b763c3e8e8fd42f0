//! Runs plugins: WebAssembly components that can do nothing they were not granted.
//!
//! The way of a plugin through this crate: bytes → [`check`](load) → compiled code, from the [cache] where possible →
//! linked once → asked to describe itself → bound to the scorers of a run → an instance for every (row, scorer).
//! Whatever a guest does with its instance, loop, crash, eat memory, lie, ends as an
//! [`Outcome`](model::outcome::Outcome) of that row.
//!
//! # Invariants
//!
//! - No type of wasmtime appears in the public API; no other crate names it.
//! - A store in which anything went wrong is dropped, never entered again.
//! - With `reuse: never` a call's result and its fuel depend on nothing but plugin, scorer, parameters, row and seed.
//!
//! What is deliberately absent: files, sockets and clocks for guests; any knowledge of how a verdict is averaged,
//! stored or shown.

mod account;
mod aggregating;
mod bindings;
mod cache;
mod call;
mod clock;
mod compile;
mod convert;
mod engine;
mod exporting;
mod failure;
mod guest;
mod imports;
mod inspect;
mod instances;
mod limits;
mod linked;
mod load;
mod measure;
mod memory;
mod place;
mod predicting;
mod program;
mod scoring;
mod shared;
mod spans;
mod surroundings;
mod tail;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use model::limits::Isolation;
use model::ports::{HttpDoor, JudgeDoor, Plugin as _, ProcessDoor, Sink};
use model::scorer::PluginDescription;

pub use compile::compile;
pub use engine::MOST_SLOTS;
pub use inspect::Inspected;
pub use load::{LoadError, Loaded, inspect};
pub use measure::Measured;
pub use program::Program;
pub use worker::work;

use crate::shared::Shared;

/// Everything plugins of this process share: one engine and one cache of compiled code.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

/// What a sandbox works with.
#[derive(Clone)]
pub struct Options {
    /// A folder for compiled code that only this user can write; it is created where it is missing. Without one, or where
    /// it can't be used, every load compiles anew.
    pub cache: Option<PathBuf>,
    /// Does [`compile`]. Without one, plugins are compiled in this process: for plugins that one has written oneself.
    pub compiler: Option<Program>,
    /// Does [`work`]. Without one, no plugin can be isolated.
    pub worker: Option<Program>,
    pub doors: Doors,
    /// Instances that can be alive at once, up to [`MOST_SLOTS`]; further ones wait. Each makes starting take a few
    /// microseconds longer.
    pub slots: u32,
}

/// The ways out for plugins that were granted them. Where there is none, nobody has it.
#[derive(Clone, Default)]
pub struct Doors {
    pub http: Option<Arc<dyn HttpDoor>>,
    /// Questions to LLMs.
    pub judge: Option<Arc<dyn JudgeDoor>>,
    /// Commands; for plugins in this process only.
    pub process: Option<Arc<dyn ProcessDoor>>,
    /// The file of one exporter; for plugins in this process only.
    pub sink: Option<Arc<dyn Sink>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: None, compiler: None, worker: None, doors: Doors::default(), slots: MOST_SLOTS }
    }
}

impl Sandbox {
    /// Starts an engine.
    ///
    /// # Errors
    ///
    /// Fails when this machine can't run WebAssembly, with the reason.
    pub fn new(options: Options) -> Result<Self, LoadError> {
        Shared::new(options).map(|shared| Self { shared: Arc::new(shared) })
    }

    /// Checks, compiles and links a component, and asks it what it offers. Its instances will live where `isolation` or its
    /// manifest says, whichever is more.
    ///
    /// # Errors
    ///
    /// Fails when `bytes` are no component, need what this host does not offer, are built for another world, or
    /// misbehave while they describe themselves.
    pub async fn load(&self, bytes: &[u8], isolation: Isolation) -> Result<Loaded, LoadError> {
        load::load(&self.shared, bytes, isolation).await
    }

    /// What a component says about itself, as [`load`](Self::load) has it. It is asked once; its answer, which depends on
    /// nothing but its bytes, is kept beside the compiled code.
    ///
    /// # Errors
    ///
    /// Fails as loading does.
    pub async fn describe(&self, bytes: &[u8], isolation: Isolation) -> Result<PluginDescription, LoadError> {
        if let Some(kept) = self.shared.description(&blake3::hash(bytes).to_hex()) {
            return Ok(kept);
        }
        let loaded = self.load(bytes, isolation).await?;
        self.shared.keep_description(loaded.description());
        Ok(loaded.description().clone())
    }

    /// Compiles a component as [`load`](Self::load) does where nothing is kept of an earlier time, and keeps nothing.
    ///
    /// # Errors
    ///
    /// Fails as loading does.
    pub async fn compile_anew(&self, bytes: &[u8]) -> Result<(), LoadError> {
        self.shared.compile(bytes).await.map(drop)
    }

    /// Whether no instance is alive: what was started has been given back.
    pub fn is_idle(&self) -> bool {
        self.shared.is_idle()
    }
}
