//! `karat plugin`: what a component offers and asks for.

use std::path::Path;
use std::sync::Arc;

use broker::Allowed;
use model::limits::Isolation;
use model::ports::{Catalog as _, Plugin as _, PluginError};
use model::scorer::{Direction, PluginDescription, ScorerDescription, ValueKind};
use sandbox::Loaded;
use workshop::Project;

use super::{bench, build, cases, dev, eval, inspect};
use crate::args::Plugin;
use crate::authority::Authority;
use crate::exit::{Exit, Stop};
use crate::lock::Lock;
use crate::registry::{Reference, Registry};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring::{self, Plugins};

pub(crate) fn run(what: Plugin, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let plugins = |isolation| -> Result<Plugins, Stop> {
        Ok(Plugins::new(
            wiring::sandbox(Allowed::default(), Path::new("."), 0)?,
            runtime.handle(),
            ".".into(),
            isolation,
            terminal,
        ))
    };
    let isolation = Authority::read(None, &[])?.isolation();
    let answering = |answers: &Arc<cases::Answers>| -> Result<Plugins, Stop> {
        let sandbox = wiring::sandbox_behind(answers.doors(), 0)?;
        Ok(Plugins::new(sandbox, runtime.handle(), ".".into(), Isolation::Thread, terminal))
    };
    match what {
        Plugin::New { name, lang, kind } => build::new(&name, lang, kind, terminal),
        Plugin::Build { folder, output } => build::run(&folder, output, &plugins(isolation)?, terminal),
        Plugin::Run { plugin, call, allow, policy } => {
            let authority = Authority::read(policy.as_deref(), &allow)?;
            let sandbox = wiring::sandbox(authority.allowed()?, Path::new("."), 0)?;
            let plugins = Plugins::new(sandbox, runtime.handle(), ".".into(), authority.isolation(), terminal);
            cases::run(&load(&plugins, &plugin)?, call, &runtime, terminal)
        }
        Plugin::Test { plugin, cases, conformance } => {
            let answers = cases::Answers::new();
            let from = if conformance { cases::From::Conformance } else { cases::From::File(cases) };
            cases::test(&plugin, from, &answering(&answers)?, &answers, &runtime, terminal)
        }
        Plugin::Dev { folder } => {
            let answers = cases::Answers::new();
            let plugins = answering(&answers)?;
            let build_and_test = || {
                build::run(&folder, None, &plugins, terminal)?;
                cases::test(&folder, cases::From::File(None), &plugins, &answers, &runtime, terminal)
            };
            dev::run(&folder, build_and_test, terminal)
        }
        Plugin::Inspect { plugin, suite } => inspect::run(&plugins(isolation)?, &plugin, suite.as_deref(), terminal),
        Plugin::Bench { plugin, call } => bench::run(&plugins(Isolation::Thread)?, &plugin, call, &runtime, terminal),
        Plugin::Allow { suite } => allow(&runtime, &suite, isolation, terminal),
        Plugin::List => list(&plugins(isolation)?, terminal),
        Plugin::Add { plugin } => add(&plugin, &plugins(Isolation::Thread)?, terminal),
        Plugin::Remove { plugin } => {
            let reference = Reference::parse(&plugin)
                .ok_or_else(|| Stop::message(format_args!("`{plugin}` is no `publisher/name@version`")))?;
            registry()?.remove(&reference)?;
            terminal.note(format_args!("removed `{reference}`"))?;
            Ok(Exit::Done)
        }
    }
}

/// A file, an added plugin or a built-in one by its name.
pub(super) fn load(plugins: &Plugins, name: &str) -> Result<Loaded, Stop> {
    let built_in = bundle::PACKS.iter().find(|pack| pack.name == name);
    let loaded = match built_in {
        Some(pack) => plugins.load_pack(pack, Isolation::Thread),
        None => match Reference::parse(name) {
            Some(added) => plugins.load_added(&added, Isolation::Thread),
            None => plugins.load_file(Path::new(name), Isolation::Thread),
        },
    };
    loaded.map_err(unusable)
}

fn allow(
    runtime: &tokio::runtime::Runtime,
    suite: &Path,
    isolation: Isolation,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let suite_path = eval::suite_path(suite);
    let suite = eval::read_suite(&suite_path)?;
    let folder = eval::folder_of(&suite_path);
    let sandbox = wiring::sandbox(Allowed::default(), folder, 0)?;
    let plugins = Plugins::new(sandbox, runtime.handle(), folder.to_owned(), isolation, terminal);
    let mut lock = Lock::read(folder)?;
    for path in suite.suite.plugins() {
        let loaded = plugins.load(path, Isolation::Thread).map_err(unusable)?;
        let description = loaded.description();
        terminal.note(format_args!(
            "{path}  {} {}",
            printable_line(&description.name),
            printable_line(&description.version)
        ))?;
        for what in description.asks.words() {
            terminal.note(format_args!("  may {}", printable_line(&what)))?;
        }
        if description.asks.is_empty() {
            terminal.note("  asks for nothing")?;
        }
        lock.allow(path, description);
    }
    lock.write(folder)?;
    terminal.note(format_args!("noted in `{}`", folder.join("karat.lock").display()))?;
    Ok(Exit::Done)
}

fn registry() -> Result<Registry, Stop> {
    Registry::usual().ok_or_else(|| Stop::message("there is no home folder to keep plugins in"))
}

fn add(plugin: &Path, plugins: &Plugins, terminal: &Terminal) -> Result<Exit, Stop> {
    let file = match plugin.is_dir() {
        true => build::built(plugin, &Project::read(plugin).map_err(build::stop)?),
        false => plugin.to_owned(),
    };
    let (bytes, _) = Plugins::read_plugin(&file.to_string_lossy()).map_err(unusable)?;
    let loaded = plugins.load_built(&file, &bytes).map_err(unusable)?;
    let description = loaded.description();
    let reference = Reference::parse(&format!("{}@{}", description.name, description.version)).ok_or_else(|| {
        let name = printable_line(&description.name);
        Stop::message(format_args!("`{name}` is no name to keep a plugin under")).hint("name it `publisher/name`")
    })?;
    let is_new = registry()?.add(&reference, &bytes)?;
    terminal.note(format_args!("{} `{reference}`", if is_new { "added" } else { "there already:" }))?;
    Ok(Exit::Done)
}

fn list(plugins: &Plugins, terminal: &Terminal) -> Result<Exit, Stop> {
    let (built_in, added) = described(plugins)?;
    let described = [built_in, added].concat();
    if terminal.is_json() {
        terminal.json(&described)?;
        return Ok(Exit::Done);
    }
    let rows = described.iter().flat_map(|description| {
        let row = |name: &str, gives: String, summary: &str| {
            vec![name.to_owned(), printable_line(&description.name), gives, printable_line(summary)]
        };
        let scorers = description.scorers.iter().map(|scorer| row(&scorer.name, verdict(scorer), &scorer.summary));
        let aggregators = &description.aggregators;
        let aggregators =
            aggregators.iter().map(|item| row(&item.name, "a number of all rows".to_owned(), &item.summary));
        let predictors = &description.predictors;
        let predictors = predictors.iter().map(|item| row(&item.name, "outputs".to_owned(), &item.summary));
        let exporters = description.exporters.iter().map(|item| row(&item.name, "a receipt".to_owned(), &item.summary));
        scorers.chain(aggregators).chain(predictors).chain(exporters).collect::<Vec<_>>()
    });
    terminal.data(table(&["NAME", "PLUGIN", "GIVES", "WHAT IT IS"], &[], rows))?;
    Ok(Exit::Done)
}

/// What the built-in plugins say about themselves, and those that were added to this machine.
pub(super) fn described(plugins: &Plugins) -> Result<(Vec<PluginDescription>, Vec<PluginDescription>), Stop> {
    let built_in = bundle::PACKS.iter().map(|pack| plugins.describe_pack(pack));
    let built_in = built_in.collect::<Result<_, _>>().map_err(unusable)?;
    let added = Registry::usual().map(|registry| registry.list()).transpose()?.unwrap_or_default();
    let added = added.iter().map(|added| plugins.describe_added(added)).collect::<Result<_, _>>().map_err(unusable)?;
    Ok((built_in, added))
}

pub(super) fn unusable(error: PluginError) -> Stop {
    Stop::message(&error.message).hints(error.hint)
}

pub(super) fn verdict(scorer: &ScorerDescription) -> String {
    let kind = match scorer.value {
        ValueKind::Boolean => "true or false".to_owned(),
        ValueKind::Number => "a number".to_owned(),
        ValueKind::Label => printable_line(&scorer.labels.join(" | ")),
        ValueKind::Text => "a text".to_owned(),
        ValueKind::Booleans | ValueKind::Numbers | ValueKind::Texts => "a list".to_owned(),
        ValueKind::Any => "anything".to_owned(),
    };
    match scorer.better {
        Direction::Maximize if scorer.value == ValueKind::Number => format!("{kind}, higher is better"),
        Direction::Minimize => format!("{kind}, lower is better"),
        Direction::Maximize | Direction::Neutral => kind,
    }
}
