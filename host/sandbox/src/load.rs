//! From bytes to a plugin that can be called.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use model::grant::Grant;
use model::limits::CallLimits;
use model::manifest::Manifest;
use model::outcome::Failure;
use model::ports::{Binding, HttpDoor, Plugin, Scoring};
use model::row::Row;
use model::scorer::PluginDescription;
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Precompiled};

use crate::Options;
use crate::bindings::{ScorerPluginPre, describe};
use crate::cache::Cache;
use crate::call::Instance;
use crate::compile::Compiler;
use crate::guest::Guest;
use crate::imports::kv::Values;
use crate::imports::{self, Granted};
use crate::inspect::{self, Inspected};
use crate::measure::{self, Measured};
use crate::scoring::Bound;
use crate::{convert, engine};

/// Files larger than this are refused before they are looked at.
const LARGEST_PLUGIN: usize = 64 << 20;

/// Changed when the meaning of a cache entry changes.
const CACHE_FORMAT: &str = "karat compiled code 1";

/// How long a plugin may take to describe itself.
const DESCRIBE_TIME: Duration = Duration::from_secs(10);

/// Interfaces of ours that a plugin may import, without their version. What is not granted answers `denied`.
const IMPORTS: [&str; 8] = [
    "karat:eval/types",
    "karat:eval/log",
    "karat:eval/config",
    "karat:eval/ambient",
    "karat:eval/judge",
    "karat:eval/traces",
    "karat:eval/kv",
    "karat:eval/http",
];

/// Interfaces that this host calls.
const EXPORTS: [&str; 2] = ["karat:eval/describe", "karat:eval/scorer"];

/// A component that is no plugin this host can run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("this machine can't run WebAssembly")]
    Engine(#[source] Cause),
    #[error("it is larger than 64 MiB")]
    TooLarge,
    #[error("it is {found}, not a WebAssembly component")]
    NoComponent { found: &'static str },
    #[error("it is not a valid component for this host")]
    Invalid(#[source] Cause),
    #[error("it {what}")]
    TooHard { what: String },
    #[error("the compiler can't be started")]
    Compiler(#[source] std::io::Error),
    #[error("it is built for another world: it imports {}", .imports.join(", "))]
    UnknownImports { imports: Vec<String> },
    #[error("it is built for another world: it does not export {}", .exports.join(", "))]
    MissingExports { exports: Vec<String> },
    #[error("its manifest is wrong: {0}")]
    Manifest(String),
    #[error("it imports {}, which its manifest does not declare", .interfaces.join(", "))]
    Undeclared { interfaces: Vec<String> },
    #[error("it is built against another version of the interface")]
    Mismatch(#[source] Cause),
    #[error("it could not describe itself: {0}")]
    Describe(Failure),
    #[error("what it says about itself is wrong: {0}")]
    Description(String),
}

impl LoadError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoComponent { found: "a core module" } => {
                Some("build it for `wasm32-wasip2`, which makes components")
            }
            Self::NoComponent { .. } => Some("a plugin is one `.wasm` file, built for `wasm32-wasip2`"),
            Self::UnknownImports { .. } | Self::MissingExports { .. } | Self::Mismatch(_) => {
                Some("build it with Karat's SDK, for the world `karat:eval/scorer-plugin@0.1.0`")
            }
            Self::Undeclared { .. } => {
                Some("declare it under `capabilities` of the manifest, with the reason, and build again")
            }
            Self::TooHard { .. } => Some("make it smaller; what one plugin may cost is no setting"),
            _ => None,
        }
    }
}

/// What wasmtime said, as text and nothing else.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

impl Cause {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl From<wasmtime::Error> for Cause {
    fn from(error: wasmtime::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    linker: Linker<Guest>,
    cache: Option<Cache>,
    compiler: Option<Compiler>,
    pub(crate) http: Option<Arc<dyn HttpDoor>>,
    all_slots: u32,
    pub(crate) slots: Arc<Semaphore>,
}

#[expect(unsafe_code, reason = "compiled code is native code")]
impl Shared {
    pub(crate) fn new(Options { cache, compiler, http, slots }: Options) -> Result<Self, LoadError> {
        let engine = engine::start(slots).map_err(|error| LoadError::Engine(error.into()))?;
        let linker = imports::linker(&engine).map_err(|error| LoadError::Engine(error.into()))?;
        let cache = cache.and_then(|folder| {
            Cache::open(folder).inspect_err(|error| tracing::warn!("compiled code is not kept: {error}")).ok()
        });
        Ok(Self {
            engine,
            linker,
            cache,
            compiler,
            http,
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

    /// Compiles `bytes`, or finds what an earlier process compiled.
    async fn compile(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        let name = blake3::Hasher::new().update(self.fingerprint().as_bytes()).update(bytes).finalize().to_hex();
        if let Some(component) = self.cached(&name) {
            return Ok(component);
        }
        let invalid = |error: wasmtime::Error| LoadError::Invalid(error.into());
        let code = match &self.compiler {
            Some(compiler) => compiler.run(bytes).await?,
            None => self.engine.precompile_component(bytes).map_err(invalid)?,
        };
        if let Some(cache) = &self.cache {
            cache.put(&name, &code);
        }
        // SAFETY: the code comes from the engine, or from our own compiler on the other end of a pipe.
        unsafe { self.compiled(&code) }.map_err(invalid)
    }

    fn cached(&self, name: &str) -> Option<Component> {
        let cache = self.cache.as_ref()?;
        let code = cache.get(name)?;
        // SAFETY: the cache gives back only bytes that carry our authentication code over themselves and this name, so
        // they are what an engine with this fingerprint made.
        let component = unsafe { self.compiled(&code) };
        component.inspect_err(|_| cache.remove(name)).ok()
    }

    /// Takes compiled code as it is.
    ///
    /// # Safety
    ///
    /// wasmtime can't check that it is its own: an engine must have made it.
    unsafe fn compiled(&self, code: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: the caller knows where it comes from.
        unsafe { Component::deserialize(&self.engine, code) }
    }
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

/// A plugin that has been checked, compiled and linked, and has described itself.
pub struct Loaded {
    inner: Arc<Linked>,
    imports: Vec<String>,
    size: usize,
}

/// What a call needs of a loaded plugin.
pub(crate) struct Linked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plugin: ScorerPluginPre<Guest>,
    pub(crate) description: PluginDescription,
    /// How many slots an instance takes.
    pub(crate) slots: u32,
    /// What its instances keep.
    pub(crate) values: Arc<Values>,
}

impl Loaded {
    /// Interfaces the component imports, with versions, sorted.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Calls the first scorer of `binding` on a row, with as many fresh instances as `times` says and as often in one, and
    /// says what it costs.
    ///
    /// # Errors
    ///
    /// Fails when no instance can be made. A call that fails is an outcome.
    pub async fn measure(&self, binding: &Binding, row: &Row, times: u32) -> Result<Measured, Failure> {
        measure::measure(&self.inner, binding, row, times).await
    }

    /// Bytes of the component.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Plugin for Loaded {
    fn description(&self) -> &PluginDescription {
        &self.inner.description
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Scoring> {
        Arc::new(Bound::new(self.inner.clone(), binding))
    }
}

pub(crate) async fn load(shared: &Arc<Shared>, bytes: &[u8]) -> Result<Loaded, LoadError> {
    recognise(bytes)?;
    let inspected = inspect::inspect(bytes)?;
    check_imports(&inspected)?;
    let asks = inspected.asks()?;
    let component = shared.compile(bytes).await?;
    let slots = engine::slots(&component, shared.all_slots);
    // What is no component at all says so in better words.
    check_exports(&inspected)?;
    let mismatch = |error: wasmtime::Error| LoadError::Mismatch(error.into());
    let plugin = shared.linker.instantiate_pre(&component).and_then(ScorerPluginPre::new).map_err(mismatch)?;
    let digest = blake3::hash(bytes).to_hex().to_string();
    let nothing = Arc::new(Granted {
        limits: CallLimits { time: DESCRIBE_TIME, ..CallLimits::default() },
        grant: Grant::default(),
        config: serde_json::Map::new(),
        values: Arc::default(),
        http: None,
    });
    let said = Instance::describe(shared, &plugin, slots, &nothing).await.map_err(LoadError::Describe)?;
    check_identity(inspected.manifest.as_ref(), &said)?;
    let description = convert::description(said, digest, asks).map_err(LoadError::Description)?;
    let inner = Arc::new(Linked { shared: shared.clone(), plugin, description, slots, values: Arc::default() });
    Ok(Loaded { inner, imports: inspected.imports, size: bytes.len() })
}

/// Tells a component by its first bytes. Text and compiled code are refused: wasmtime would take both elsewhere.
fn recognise(bytes: &[u8]) -> Result<(), LoadError> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if bytes.len() > LARGEST_PLUGIN {
        return Err(LoadError::TooLarge);
    }
    let found = match bytes {
        _ if bytes.starts_with(COMPONENT) => return Ok(()),
        _ if bytes.starts_with(CORE_MODULE) => "a core module",
        _ if matches!(Engine::detect_precompiled(bytes), Some(Precompiled::Component | Precompiled::Module)) => {
            "compiled code"
        }
        [] => "an empty file",
        _ => "something else",
    };
    Err(LoadError::NoComponent { found })
}

/// Refuses a component that imports what we don't serve.
fn check_imports(inspected: &Inspected) -> Result<(), LoadError> {
    let served = |name: &String| (IMPORTS.contains(&unversioned(name)) && is_our_version(name)) || is_inert_wasi(name);
    let unknown: Vec<_> = inspected.imports.iter().filter(|name| !served(name)).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(LoadError::UnknownImports { imports: unknown }) }
}

/// Refuses a component that lacks what we call.
fn check_exports(inspected: &Inspected) -> Result<(), LoadError> {
    let missing = EXPORTS.iter().filter(|name| !inspected.exports.iter().any(|offer| unversioned(offer) == **name));
    let exports: Vec<_> = missing.map(|name| (*name).to_owned()).collect();
    if exports.is_empty() { Ok(()) } else { Err(LoadError::MissingExports { exports }) }
}

/// Refuses a manifest that is another plugin's.
fn check_identity(manifest: Option<&Manifest>, said: &describe::PluginDescription) -> Result<(), LoadError> {
    let Some(Manifest { plugin, .. }) = manifest else { return Ok(()) };
    if (&plugin.name, &plugin.version) == (&said.name, &said.version) {
        return Ok(());
    }
    Err(LoadError::Manifest(format!(
        "it is of `{}` {}, the plugin says it is `{}` {}",
        plugin.name, plugin.version, said.name, said.version
    )))
}

fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// Versions with the first two numbers of ours mean the same, and so does a plugin that names none.
fn is_our_version(name: &str) -> bool {
    let version = name.split_once('@').map(|(_, version)| version);
    version.is_none_or(|version| {
        version.strip_prefix("0.1.").is_some_and(|patch| patch.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Toolchains import far more of WASI than they use, so all of 0.2 is there and leads nowhere.
fn is_inert_wasi(name: &str) -> bool {
    const PACKAGES: [&str; 6] =
        ["wasi:io/", "wasi:cli/", "wasi:clocks/", "wasi:random/", "wasi:filesystem/", "wasi:sockets/"];
    PACKAGES.iter().any(|package| name.starts_with(package)) && name.contains("@0.2.")
}
