//! What the host keeps for one instance.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{CallHook, Engine, Store, StoreContextMut, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::clock::Clock;
use crate::imports::egress::Egress;
use crate::imports::traces::AtHand;
use crate::imports::{Granted, wasi_http};
use crate::instances::Turn;
use crate::limits::{Reached, Used};
use crate::memory::MemoryLimit;
use crate::surroundings;
use crate::tail::Tail;

/// The host's side of one instance.
pub(crate) struct Guest {
    /// Made when the guest first asks for any of it; most never do.
    wasi: Option<WasiCtx>,
    /// The call at hand.
    pub(crate) turn: Turn,
    pub(crate) handles: ResourceTable,
    pub(crate) memory: MemoryLimit,
    /// What the call at hand has used.
    pub(crate) used: Used,
    pub(crate) granted: Arc<Granted>,
    pub(crate) egress: Egress,
    pub(crate) wasi_http: WasiHttpCtx,
    pub(crate) traces: AtHand,
    pub(crate) clock: Arc<Clock>,
    /// Standard output, standard error and log lines, as they came.
    pub(crate) output: Tail,
}

impl Guest {
    /// A store for one instance, without fuel.
    pub(crate) fn store(engine: &Engine, turn: Turn, granted: &Arc<Granted>) -> Store<Guest> {
        let limits = granted.setup.limits;
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(limits.handles as usize);
        let guest = Guest {
            wasi: None,
            turn,
            clock: Arc::default(),
            handles,
            memory: MemoryLimit::new(limits.memory),
            used: Used::default(),
            granted: Arc::clone(granted),
            egress: Egress::new(granted, turn),
            wasi_http: wasi_http::context(),
            traces: AtHand::default(),
            output: Tail::default(),
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_max_component_handles(limits.handles as usize);
        store.call_hook(charge);
        store
    }

    /// Makes the guest's surroundings those of another call.
    pub(crate) fn turn_to(&mut self, turn: Turn) {
        self.output.clear();
        self.wasi = None;
        self.turn = turn;
        self.used = Used::default();
        self.egress = Egress::new(&self.granted, turn);
    }
}

/// Counts calls of imports, WASI's included, and takes their price off the fuel that is left.
///
/// The fuel itself is not touched: setting it would put off the next moment at which the guest gives way.
fn charge(mut store: StoreContextMut<'_, Guest>, hook: CallHook) -> wasmtime::Result<()> {
    if !matches!(hook, CallHook::CallingHost) {
        return Ok(());
    }
    let left = store.get_fuel()?;
    let guest = store.data_mut();
    guest.used.host_calls += 1;
    if guest.used.host_calls > guest.granted.setup.limits.host_calls {
        return Err(Reached::HostCalls.into());
    }
    if guest.used.price() > left {
        return Err(Trap::OutOfFuel.into());
    }
    Ok(())
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| surroundings::closed(self.turn.seed, &self.output));
        WasiCtxView { ctx, table: &mut self.handles }
    }
}
