//! What the host keeps for one instance, and the imports it serves from it.

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::{log, types};
use crate::memory::MemoryLimit;
use crate::surroundings::{self, Seed};
use crate::tail::Tail;

/// Handles a guest can hold at once.
const HANDLES: usize = 1024;

/// The host's side of one instance.
pub(crate) struct Guest {
    /// Made when the guest first asks for any of it; most never do.
    wasi: Option<WasiCtx>,
    seed: Seed,
    handles: ResourceTable,
    pub(crate) memory: MemoryLimit,
    /// Standard output, standard error and log lines, as they came.
    pub(crate) output: Tail,
}

impl Guest {
    /// A store for one instance, without fuel.
    pub(crate) fn store(engine: &Engine, seed: Seed, memory: u64) -> Store<Guest> {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(HANDLES);
        let memory = MemoryLimit::new(memory);
        let guest = Guest { wasi: None, seed, handles, memory, output: Tail::default() };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_max_component_handles(HANDLES);
        store
    }

    /// Makes the guest's surroundings those of another call.
    pub(crate) fn turn_to(&mut self, seed: Seed) {
        self.output.clear();
        self.wasi = None;
        self.seed = seed;
    }
}

/// A linker with everything a plugin may import without asking: our log, and WASI that leads nowhere.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    log::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    types::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| surroundings::closed(self.seed, &self.output));
        WasiCtxView { ctx, table: &mut self.handles }
    }
}

impl types::Host for Guest {}

impl log::Host for Guest {
    fn emit(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Trace => "trace",
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
            log::Level::Error => "error",
        };
        tracing::debug!(target: "karat::guest", level, "{message}");
        self.output.push(format!("{level}: {message}\n").as_bytes());
        Ok(())
    }
}
