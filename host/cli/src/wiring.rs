//! Puts the crates together: where the store and the compiled code live, which plugins there are.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker::{Addresses, Allowed, Bounds, Commands, Door};
use bytesize::ByteSize;
use model::digest::{Cost, Tokens};
use model::limits::Isolation;
use model::ports::{Catalog, Plugin, PluginError};
use model::scorer::{ItemKind, PluginDescription};
use sandbox::{Doors, Inspected, Loaded, Program, Sandbox};
use storage::SharedStore;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::exit::Stop;
use crate::registry::{Reference, Registry};
use crate::terminal::Terminal;

/// The verb by which this program compiles a plugin for another process of it.
pub(crate) const COMPILE: &str = "compile-plugin";

/// The verb by which this program runs an isolated plugin for another process of it.
pub(crate) const WORK: &str = "run-plugin";

/// Loading that takes longer is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Instances that there is always room for.
const FEW: u32 = 256;

const STORE_FOLDER: &str = ".karat";

/// The threads that guests run on.
pub(crate) fn runtime() -> Result<Runtime, Stop> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

/// The store named by the user, else the nearest `.karat` upwards from here, else one here.
pub(crate) fn store_folder(named: Option<PathBuf>) -> Result<PathBuf, Stop> {
    if let Some(folder) = named {
        return Ok(folder);
    }
    let here = std::env::current_dir()?;
    let nearest = here.ancestors().map(|folder| folder.join(STORE_FOLDER)).find(|folder| folder.is_dir());
    Ok(nearest.unwrap_or_else(|| here.join(STORE_FOLDER)))
}

/// What tokens of a model cost, where that is known.
pub(crate) fn prices(provider: Option<&str>, model: &str, tokens: &Tokens) -> Option<Cost> {
    pipeline::plan::prices::of_tokens(provider, model, tokens)
}

/// Opens the store, or makes it.
pub(crate) fn store(folder: &Path) -> Result<Arc<SharedStore>, Stop> {
    SharedStore::open(folder).map(Arc::new).map_err(store_error)
}

/// Opens the store if there is one.
pub(crate) fn existing_store(folder: &Path) -> Result<Option<Arc<SharedStore>>, Stop> {
    SharedStore::open_existing(folder).map(|store| store.map(Arc::new)).map_err(store_error)
}

pub(crate) fn store_error(error: model::ports::StoreError) -> Stop {
    use model::ports::StoreError;
    let hint = match &error {
        StoreError::Locked { .. } => Some("end that process, or use another store with `--store FOLDER`"),
        StoreError::ReadOnly { .. } => Some("make the folder writable, or use another store with `--store FOLDER`"),
        StoreError::Version { .. } => Some("use the version of Karat that wrote it, or another store"),
        StoreError::Full { .. } => Some("make room, then go on with `--resume`; `karat doctor --compact` may help"),
        StoreError::Damaged { .. } => Some("see `karat doctor --check`; `karat doctor --rebuild` saves what is whole"),
        _ => None,
    };
    Stop::wrong(error).hints(hint)
}

/// The sandbox with the usual ways out, as far as they are allowed.
pub(crate) fn sandbox(allowed: Allowed, folder: &Path, instances: u32) -> Result<Sandbox, Stop> {
    sandbox_behind(doors(allowed, folder)?, instances)
}

/// The ways out of plugins, as far as they are allowed. Commands are run in `folder`.
pub(crate) fn doors(allowed: Allowed, folder: &Path) -> Result<Doors, Stop> {
    let commands = Commands::new(std::path::absolute(folder)?, allowed.commands.clone());
    let door = door(allowed, Bounds::PLUGINS)?;
    Ok(Doors { http: Some(door), process: Some(Arc::new(commands)), ..Doors::default() })
}

/// A way out over HTTP.
pub(crate) fn door(allowed: Allowed, bounds: Bounds) -> Result<Arc<Door>, Stop> {
    Ok(Arc::new(Door::new(allowed, Arc::new(Addresses), bounds).map_err(Stop::message)?))
}

/// The sandbox, with compiled code in the user's cache folder. There is room for so many `instances` at once, and for a few
/// in any case.
pub(crate) fn sandbox_behind(doors: Doors, instances: u32) -> Result<Sandbox, Stop> {
    let ourselves = std::env::current_exe()?;
    let program = |verb: &str| Program { program: ourselves.clone(), arguments: vec![verb.to_owned()] };
    let options = sandbox::Options {
        cache: compiled_code(),
        compiler: Some(program(COMPILE)),
        worker: Some(program(WORK)),
        doors,
        slots: instances.clamp(FEW, sandbox::MOST_SLOTS),
    };
    Ok(Sandbox::new(options)?)
}

/// Where compiled code is kept; none where the user has no home.
pub(crate) fn compiled_code() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.cache_dir().join("karat/compiled"))
}

/// Rows in work at once where the suite leaves it to Karat. Nothing here waits for anything but the processor; the
/// second row for each core is there when the first is done.
pub(crate) fn concurrency() -> usize {
    2 * std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Plugins that a suite can name.
pub(crate) struct Plugins {
    sandbox: Sandbox,
    runtime: Handle,
    /// What a suite's relative paths are relative to.
    folder: PathBuf,
    /// How far plugins in files are isolated at least.
    isolation: Isolation,
    terminal: Terminal,
}

impl Plugins {
    pub(crate) fn new(
        sandbox: Sandbox,
        runtime: &Handle,
        folder: PathBuf,
        isolation: Isolation,
        terminal: &Terminal,
    ) -> Self {
        Self { sandbox, runtime: runtime.clone(), folder, isolation, terminal: *terminal }
    }

    /// A component in a file, with what is known of it beyond its description.
    pub(crate) fn load_file(&self, path: &Path, isolation: Isolation) -> Result<Loaded, PluginError> {
        self.load_bytes(&format!("`{}`", path.display()), &read_file(path)?, self.isolation.max(isolation))
    }

    /// A plugin that was added to this machine.
    pub(crate) fn load_added(&self, plugin: &Reference, isolation: Isolation) -> Result<Loaded, PluginError> {
        self.load_bytes(&format!("`{plugin}`"), &read_added(plugin)?, self.isolation.max(isolation))
    }

    /// A component that is to be written to a file.
    pub(crate) fn load_built(&self, path: &Path, bytes: &[u8]) -> Result<Loaded, PluginError> {
        self.load_bytes(&format!("`{}`", path.display()), bytes, Isolation::Thread)
    }

    /// A built-in plugin, by the name of its pack.
    pub(crate) fn load_pack(&self, pack: &bundle::Pack, isolation: Isolation) -> Result<Loaded, PluginError> {
        self.load_bytes(&format!("the built-in plugin `{}`", pack.name), pack.bytes, isolation)
    }

    /// A file, an added plugin or a built-in one by name, and what it is by its looks: nothing of it has run.
    pub(crate) fn read_plugin(name: &str) -> Result<(Vec<u8>, Inspected), PluginError> {
        let pack = bundle::PACKS.iter().find(|pack| pack.name == name);
        let bytes = match (pack, Reference::parse(name)) {
            (Some(pack), _) => pack.bytes.to_vec(),
            (None, Some(added)) => read_added(&added)?,
            (None, None) => read_file(Path::new(name))?,
        };
        let inspected = sandbox::inspect(&bytes).map_err(|error| plugin_error(&format!("`{name}`"), &error))?;
        Ok((bytes, inspected))
    }

    /// What compiling a component takes, with nothing kept of an earlier time.
    pub(crate) fn time_to_compile(&self, bytes: &[u8]) -> Result<Duration, PluginError> {
        let begun = std::time::Instant::now();
        let compiled = self.runtime.block_on(self.sandbox.compile_anew(bytes));
        compiled.map(|()| begun.elapsed()).map_err(|error| plugin_error("the plugin", &error))
    }

    /// What a built-in plugin says about itself.
    pub(crate) fn describe_pack(&self, pack: &bundle::Pack) -> Result<PluginDescription, PluginError> {
        let described = self.sandbox.describe(pack.bytes, Isolation::Thread);
        self.patiently(&format!("the built-in plugin `{}`", pack.name), pack.bytes, described)
    }

    /// What a plugin says about itself that was added to this machine.
    pub(crate) fn describe_added(&self, plugin: &Reference) -> Result<PluginDescription, PluginError> {
        let bytes = read_added(plugin)?;
        self.patiently(&format!("`{plugin}`"), &bytes, self.sandbox.describe(&bytes, self.isolation))
    }

    /// A component that a suite names, wherever its bytes are kept.
    pub(crate) fn load_kept(&self, path: &str, bytes: &[u8], isolation: Isolation) -> Result<Loaded, PluginError> {
        self.load_bytes(&format!("`{path}`"), bytes, self.isolation.max(isolation))
    }

    fn load_bytes(&self, what: &str, bytes: &[u8], isolation: Isolation) -> Result<Loaded, PluginError> {
        self.patiently(what, bytes, self.sandbox.load(bytes, isolation))
    }

    /// Waits for what is done with a plugin, and says so where it takes long, which is once for each plugin.
    fn patiently<T>(
        &self,
        what: &str,
        bytes: &[u8],
        work: impl Future<Output = Result<T, sandbox::LoadError>>,
    ) -> Result<T, PluginError> {
        let done = self.runtime.block_on(async {
            let mut work = std::pin::pin!(work);
            match tokio::time::timeout(PATIENCE, &mut work).await {
                Ok(done) => done,
                Err(_) => {
                    // A user who can't be told waits all the same.
                    let _ =
                        self.terminal.say(format_args!("compiling {what}, once ({})", ByteSize(bytes.len() as u64)));
                    work.await
                }
            }
        });
        done.map_err(|error| plugin_error(what, &error))
    }
}

impl Catalog for Plugins {
    fn load(&self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        Ok(Arc::new(match Reference::parse(path) {
            Some(added) => self.load_added(&added, isolation)?,
            None => self.load_file(&self.folder.join(path), isolation)?,
        }))
    }

    fn built_in(
        &self,
        kind: ItemKind,
        name: &str,
        isolation: Isolation,
    ) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        let pack = bundle::PACKS.iter().find(|pack| items(pack, kind).contains(&name));
        let load = |pack| -> Result<Arc<dyn Plugin>, PluginError> { Ok(Arc::new(self.load_pack(pack, isolation)?)) };
        pack.map(load).transpose()
    }

    fn built_in_names(&self, kind: ItemKind) -> Vec<String> {
        bundle::PACKS.iter().flat_map(|pack| items(pack, kind)).map(|&name| name.to_owned()).collect()
    }
}

fn items(pack: &bundle::Pack, kind: ItemKind) -> &'static [&'static str] {
    match kind {
        ItemKind::Scorer => pack.scorers,
        ItemKind::Aggregator => pack.aggregators,
        ItemKind::Predictor => pack.predictors,
        ItemKind::Exporter => pack.exporters,
    }
}

/// The bytes of a plugin as a suite in `folder` names it.
pub(crate) fn plugin_bytes(folder: &Path, path: &str) -> Result<Vec<u8>, PluginError> {
    match Reference::parse(path) {
        Some(added) => read_added(&added),
        None => read_file(&folder.join(path)),
    }
}

fn read_added(plugin: &Reference) -> Result<Vec<u8>, PluginError> {
    let nowhere = || PluginError { message: "there is no home folder with plugins".to_owned(), hint: None };
    Registry::usual().ok_or_else(nowhere)?.read(plugin)
}

/// Reads a regular file, and not by way of a link: what is named is what is run.
fn read_file(path: &Path) -> Result<Vec<u8>, PluginError> {
    const LARGEST: u64 = 64 << 20;
    let unreadable =
        |why: String| PluginError { message: format!("can't read `{}`: {why}", path.display()), hint: None };
    let metadata = std::fs::symlink_metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if metadata.is_symlink() {
        return Err(unreadable("it is a link; name the file that it leads to".to_owned()));
    }
    if !metadata.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    Ok(bytes)
}

fn plugin_error(what: &str, error: &sandbox::LoadError) -> PluginError {
    let mut message = format!("{what} is no plugin: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    PluginError { message, hint: error.hint().map(str::to_owned) }
}
