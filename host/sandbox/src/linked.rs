//! Compiled code that can be called.

use std::sync::Arc;
use std::time::Duration;

use model::grant::Grant;
use model::limits::CallLimits;
use wasmtime::component::Component;

use crate::bindings::{ScorerPluginPre, describe};
use crate::call::Instance;
use crate::engine;
use crate::guest::Guest;
use crate::imports::Granted;
use crate::imports::kv::Values;
use crate::load::LoadError;
use crate::shared::Shared;

/// How long a plugin may take to describe itself.
const DESCRIBE_TIME: Duration = Duration::from_secs(10);

/// What a call needs of a plugin.
pub(crate) struct Linked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plugin: ScorerPluginPre<Guest>,
    /// How many slots an instance takes.
    pub(crate) slots: u32,
    /// What its instances keep.
    pub(crate) values: Arc<Values>,
}

impl Linked {
    pub(crate) fn new(shared: &Arc<Shared>, component: &Component) -> Result<Self, LoadError> {
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch(error.into());
        let plugin = shared.linker.instantiate_pre(component).and_then(ScorerPluginPre::new).map_err(mismatch)?;
        let slots = engine::slots(component, shared.all_slots);
        Ok(Self { shared: Arc::clone(shared), plugin, slots, values: Arc::default() })
    }

    /// What the plugin says about itself, with nothing granted.
    pub(crate) async fn describe(&self) -> Result<describe::PluginDescription, LoadError> {
        let nothing = Arc::new(Granted {
            limits: CallLimits { time: DESCRIBE_TIME, ..CallLimits::default() },
            grant: Grant::default(),
            config: serde_json::Map::new(),
            values: Arc::default(),
            http: None,
        });
        Instance::describe(self, &nothing).await.map_err(LoadError::Describe)
    }
}
