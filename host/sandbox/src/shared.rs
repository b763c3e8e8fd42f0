//! What all plugins of a process share: the engine, what they are linked with, the cache of compiled code.

use std::hash::Hash;
use std::sync::Arc;

use model::scorer::PluginDescription;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::Cache;
use crate::guest::Guest;
use crate::load::LoadError;
use crate::program::Program;
use crate::{Doors, Options};
use crate::{compile, engine, imports};

/// Changed when the meaning of a cache entry changes.
const CACHE_FORMAT: &str = "karat compiled code 1";

/// Changed when the meaning of a description that is kept changes.
const DESCRIPTION_FORMAT: &str = "karat description 1";

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    cache: Option<Cache>,
    descriptions: Option<Cache>,
    compiler: Option<Program>,
    pub(crate) worker: Option<Program>,
    pub(crate) doors: Doors,
    pub(crate) all_slots: u32,
    pub(crate) slots: Arc<Semaphore>,
}

#[expect(unsafe_code, reason = "compiled code is native code")]
impl Shared {
    pub(crate) fn new(Options { cache, compiler, worker, doors, slots }: Options) -> Result<Self, LoadError> {
        let engine = engine::start(slots).map_err(|error| LoadError::Engine(error.into()))?;
        let linker = imports::linker(&engine).map_err(|error| LoadError::Engine(error.into()))?;
        let open = |folder, ending| {
            let opened = Cache::open(folder, ending);
            opened.inspect_err(|error| tracing::warn!("what is made of plugins is not kept: {error}")).ok()
        };
        let descriptions = cache.as_ref().and_then(|folder| open(folder.join("descriptions"), "json"));
        let cache = cache.and_then(|folder| open(folder, "cwasm"));
        Ok(Self {
            engine,
            linker,
            cache,
            descriptions,
            compiler,
            worker,
            doors,
            all_slots: slots,
            slots: Arc::new(Semaphore::new(slots as usize)),
        })
    }

    /// Changes whenever compiled code could: the version and settings of the engine.
    fn fingerprint(&self) -> String {
        let mut hasher = StableHasher(blake3::Hasher::new());
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.0.update(CACHE_FORMAT.as_bytes()).finalize().to_hex().to_string()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.slots.available_permits() == self.all_slots as usize
    }

    /// Compiles a component, or finds what an earlier process compiled.
    pub(crate) async fn component(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        let name = self.name(bytes);
        if let Some(code) = self.cached(&name) {
            // SAFETY: see `cached`.
            match unsafe { self.compiled(&code) } {
                Ok(component) => return Ok(component),
                Err(_) => self.forget(&name),
            }
        }
        let code = self.compile_and_keep(&name, bytes).await?;
        // SAFETY: see `compile`.
        unsafe { self.compiled(&code) }.map_err(|error| LoadError::Invalid(error.into()))
    }

    /// The compiled code of a component, for a worker.
    pub(crate) async fn code(&self, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        let name = self.name(bytes);
        match self.cached(&name) {
            Some(code) => Ok(code),
            None => self.compile_and_keep(&name, bytes).await,
        }
    }

    /// What was kept of the component of this digest.
    pub(crate) fn description(&self, digest: &str) -> Option<PluginDescription> {
        let kept = self.descriptions.as_ref()?.get(&description_name(digest))?;
        serde_json::from_slice(&kept).ok()
    }

    pub(crate) fn keep_description(&self, description: &PluginDescription) {
        let json = serde_json::to_vec(description).expect("a description has a JSON form");
        if let Some(descriptions) = &self.descriptions {
            descriptions.put(&description_name(&description.digest), &json);
        }
    }

    fn name(&self, bytes: &[u8]) -> String {
        blake3::Hasher::new().update(self.fingerprint().as_bytes()).update(bytes).finalize().to_hex().to_string()
    }

    /// The same, kept for the next time.
    async fn compile_and_keep(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        let code = self.compile(bytes).await?;
        if let Some(cache) = &self.cache {
            cache.put(name, &code);
        }
        Ok(code)
    }

    /// What comes back was made by the engine, or by our own compiler on the other end of a pipe.
    pub(crate) async fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        match &self.compiler {
            Some(compiler) => compile::elsewhere(compiler, bytes).await,
            None => self.engine.precompile_component(bytes).map_err(|error| LoadError::Invalid(error.into())),
        }
    }

    /// What comes back carries our authentication code over itself and this name, so it is what an engine with this
    /// fingerprint made.
    fn cached(&self, name: &str) -> Option<Vec<u8>> {
        self.cache.as_ref()?.get(name)
    }

    fn forget(&self, name: &str) {
        if let Some(cache) = &self.cache {
            cache.remove(name);
        }
    }

    /// Takes compiled code as it is.
    ///
    /// # Safety
    ///
    /// wasmtime can't check that it is its own: an engine must have made it.
    pub(crate) unsafe fn compiled(&self, code: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: the caller knows where it comes from.
        unsafe { Component::deserialize(&self.engine, code) }
    }
}

/// Another version of Karat may understand a plugin differently.
fn description_name(digest: &str) -> String {
    let parts = [DESCRIPTION_FORMAT, env!("CARGO_PKG_VERSION"), digest];
    blake3::hash(parts.join("\0").as_bytes()).to_hex().to_string()
}

/// Feeds what is hashed to BLAKE3: the standard library's hasher differs between releases.
struct StableHasher(blake3::Hasher);

impl std::hash::Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("8 bytes"))
    }
}
