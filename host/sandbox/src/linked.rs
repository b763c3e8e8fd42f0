//! Compiled code that can be called.

use std::sync::Arc;
use std::time::Duration;

use model::limits::CallLimits;
use wasmtime::component::{Component, InstancePre};

use crate::Doors;
use crate::bindings::{aggregator, describe, exporter, predictor, scorer};
use crate::call::Instance;
use crate::engine;
use crate::guest::Guest;
use crate::imports::Granted;
use crate::imports::kv::Values;
use crate::instances::Setup;
use crate::load::LoadError;
use crate::shared::Shared;

/// How long a plugin may take to describe itself.
const DESCRIBE_TIME: Duration = Duration::from_secs(10);

/// What a call needs of a plugin.
pub(crate) struct Linked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plugin: InstancePre<Guest>,
    pub(crate) exports: Exports,
    /// How many slots an instance takes.
    pub(crate) slots: u32,
    /// What its instances keep.
    pub(crate) values: Arc<Values>,
}

/// Where a component has what we call.
pub(crate) struct Exports {
    pub(crate) describe: describe::GuestIndices,
    pub(crate) scorer: Option<scorer::GuestIndices>,
    pub(crate) aggregator: Option<aggregator::GuestIndices>,
    pub(crate) predictor: Option<predictor::GuestIndices>,
    pub(crate) exporter: Option<exporter::GuestIndices>,
}

impl Linked {
    pub(crate) fn new(shared: &Arc<Shared>, component: &Component) -> Result<Self, LoadError> {
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch(error.into());
        let plugin = shared.linker.instantiate_pre(component).map_err(mismatch)?;
        let exports = Exports {
            describe: describe::GuestIndices::new(&plugin).map_err(mismatch)?,
            scorer: scorer::GuestIndices::new(&plugin).ok(),
            aggregator: aggregator::GuestIndices::new(&plugin).ok(),
            predictor: predictor::GuestIndices::new(&plugin).ok(),
            exporter: exporter::GuestIndices::new(&plugin).ok(),
        };
        let slots = engine::slots(component, shared.all_slots);
        Ok(Self { shared: Arc::clone(shared), plugin, exports, slots, values: Arc::default() })
    }

    /// What the plugin says about itself, with nothing granted.
    pub(crate) async fn describe(&self) -> Result<describe::PluginDescription, LoadError> {
        let nothing = Arc::new(Granted {
            setup: Setup::of_nothing(CallLimits { time: DESCRIBE_TIME, ..CallLimits::default() }),
            values: Arc::default(),
            doors: Doors::default(),
        });
        Instance::describe(self, &nothing).await.map_err(LoadError::Describe)
    }
}
