//! From bytes to a plugin that can be called.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::limits::Isolation;
use model::manifest::{Manifest, Prompt};
use model::outcome::{Failure, FailureKind};
use model::ports::{Aggregating, Binding, Exporting, Plugin, Predicting, Scoring, Sink};
use model::row::Row;
use model::scorer::{PluginDescription, ScorerDescription};
use wasmtime::{Engine, Precompiled};

use crate::Doors;
use crate::aggregating::BoundAggregator;
use crate::bindings::describe;
use crate::convert;
use crate::exporting::{BoundExporter, Bounded};
use crate::inspect::{self, Inspected};
use crate::instances::{Instances, Setup};
use crate::linked::Linked;
use crate::measure::{self, Measured};
use crate::place;
use crate::predicting::BoundPredictor;
use crate::scoring::Bound;
use crate::shared::Shared;
use crate::worker::Workers;

/// Files larger than this are refused before they are looked at.
const LARGEST_PLUGIN: usize = 64 << 20;

/// Interfaces of ours that a plugin may import, without their version. What is not granted answers `denied`.
const IMPORTS: [&str; 11] = [
    "karat:eval/types",
    "karat:eval/log",
    "karat:eval/config",
    "karat:eval/ambient",
    "karat:eval/judge",
    TRACES,
    "karat:eval/kv",
    "karat:eval/http",
    "karat:eval/http-stream",
    "karat:eval/process",
    "karat:eval/sink",
];

/// What a plugin reads traces by.
const TRACES: &str = "karat:eval/traces";

/// What a plugin says about itself by.
const DESCRIBE: &str = "karat:eval/describe";

/// Interfaces that this host calls; a plugin exports at least one.
const EXPORTS: [&str; 4] =
    ["karat:eval/scorer", "karat:eval/aggregator", "karat:eval/predictor", "karat:eval/exporter"];

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
    #[error("its worker process can't be started: {0}")]
    Worker(String),
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

/// A plugin that has been checked, compiled and linked, and has described itself.
pub struct Loaded {
    place: Place,
    description: Arc<PluginDescription>,
    imports: Vec<String>,
    size: usize,
}

/// Where it can be called.
enum Place {
    Here(Arc<Linked>),
    There(Arc<Workers>),
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
    /// Fails when no instance can be made, and for a plugin that is isolated. A call that fails is an outcome.
    pub async fn measure(&self, binding: &Binding, row: &Row, times: u32) -> Result<Measured, Failure> {
        match &self.place {
            Place::Here(linked) => measure::measure(linked, &self.description, binding, row, times).await,
            Place::There(_) => {
                Err(Failure::new(FailureKind::Unsupported, "only what lives in this process can be measured"))
            }
        }
    }

    fn instances(&self, binding: &Binding) -> place::Place {
        self.instances_of(Setup::of(&self.description, binding), None)
    }

    fn instances_of(&self, setup: Setup, sink: Option<Arc<dyn Sink>>) -> place::Place {
        match &self.place {
            Place::Here(linked) => {
                let doors = Doors { sink, ..linked.shared.doors.clone() };
                place::Place::Here(Instances::new(Arc::clone(linked), setup, doors))
            }
            Place::There(workers) => place::Place::There(workers.assign(setup)),
        }
    }

    /// Bytes of the component.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Plugin for Loaded {
    fn description(&self) -> &PluginDescription {
        &self.description
    }

    fn isolation(&self) -> Isolation {
        match self.place {
            Place::Here(_) => Isolation::Thread,
            Place::There(_) => Isolation::Process,
        }
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Scoring> {
        let reads_traces = self.description.reads_traces;
        Arc::new(Bound::new(self.instances(&binding), Arc::clone(&self.description), binding, reads_traces))
    }

    fn bind_aggregator(&self, binding: Binding) -> Arc<dyn Aggregating> {
        let place = self.instances_of(Setup::of(&self.description, &binding).kept_to_the_end(), None);
        Arc::new(BoundAggregator::new(place, Arc::clone(&self.description), binding))
    }

    fn bind_predictor(&self, binding: Binding) -> Arc<dyn Predicting> {
        Arc::new(BoundPredictor::new(self.instances(&binding), Arc::clone(&self.description), binding))
    }

    fn bind_exporter(&self, binding: Binding, sink: Option<Arc<dyn Sink>>) -> Arc<dyn Exporting> {
        let sink = sink.map(|sink| Arc::new(Bounded::new(sink)));
        let place = self
            .instances_of(Setup::of(&self.description, &binding).kept_to_the_end(), sink.clone().map(|sink| sink as _));
        Arc::new(BoundExporter::new(place, Arc::clone(&self.description), binding, sink))
    }
}

/// Looks at a component without compiling or running anything of it.
///
/// # Errors
///
/// Fails when `bytes` are no component, or need what this host does not offer.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, LoadError> {
    recognise(bytes)?;
    let inspected = inspect::inspect(bytes)?;
    check_imports(&inspected)?;
    Ok(inspected)
}

pub(crate) async fn load(shared: &Arc<Shared>, bytes: &[u8], isolation: Isolation) -> Result<Loaded, LoadError> {
    let inspected = inspect(bytes)?;
    let asks = inspected.asks()?;
    let wanted = inspected.manifest.as_ref().map_or(Isolation::Thread, |manifest| manifest.isolation);
    let (place, said) = match isolation.max(wanted) {
        Isolation::Thread => {
            let component = shared.component(bytes).await?;
            // What is no component at all says so in better words.
            check_exports(&inspected)?;
            let linked = Linked::new(shared, &component)?;
            let said = linked.describe().await?;
            (Place::Here(Arc::new(linked)), said)
        }
        Isolation::Process => {
            let started = Workers::start(shared, shared.code(bytes).await?).await;
            if !matches!(started, Err(LoadError::Invalid(_))) {
                check_exports(&inspected)?;
            }
            let (workers, said) = started?;
            (Place::There(workers), said)
        }
    };
    check_identity(inspected.manifest.as_ref(), &said)?;
    let digest = blake3::hash(bytes).to_hex().to_string();
    let reads_traces = inspected.imports.iter().any(|name| unversioned(name) == TRACES);
    let mut description = convert::description(said, digest, asks, reads_traces).map_err(LoadError::Description)?;
    let prompts = inspected.manifest.map(|manifest| manifest.prompts).unwrap_or_default();
    hand_out(prompts, &mut description.scorers)?;
    Ok(Loaded { place, description: Arc::new(description), imports: inspected.imports, size: bytes.len() })
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
    let served = |name: &String| {
        (IMPORTS.contains(&unversioned(name)) && is_our_version(name)) || is_inert_wasi(name) || is_wasi_http(name)
    };
    let unknown: Vec<_> = inspected.imports.iter().filter(|name| !served(name)).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(LoadError::UnknownImports { imports: unknown }) }
}

/// Refuses a component that lacks what we call.
fn check_exports(inspected: &Inspected) -> Result<(), LoadError> {
    let exports = |name: &str| inspected.exports.iter().any(|offer| unversioned(offer) == name);
    let missing: Vec<_> = match (exports(DESCRIBE), EXPORTS.iter().any(|name| exports(name))) {
        (true, true) => return Ok(()),
        (false, true) => vec![DESCRIBE.to_owned()],
        (true, false) => vec![EXPORTS.join(" or ")],
        (false, false) => vec![DESCRIBE.to_owned(), EXPORTS.join(" or ")],
    };
    Err(LoadError::MissingExports { exports: missing })
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

/// Gives each scorer its prompt, and refuses one that is for nobody: nothing would tell of its version.
fn hand_out(prompts: BTreeMap<String, Prompt>, scorers: &mut [ScorerDescription]) -> Result<(), LoadError> {
    for (name, prompt) in prompts {
        let Some(scorer) = scorers.iter_mut().find(|scorer| scorer.name == name) else {
            let name = name.escape_debug();
            return Err(LoadError::Manifest(format!("it has a prompt for `{name}`, a scorer that the plugin lacks")));
        };
        scorer.prompt = Some(prompt);
    }
    Ok(())
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

/// Answers as our own `http` does: through the door, or denied.
fn is_wasi_http(name: &str) -> bool {
    matches!(unversioned(name), "wasi:http/types" | "wasi:http/outgoing-handler") && name.contains("@0.2.")
}
