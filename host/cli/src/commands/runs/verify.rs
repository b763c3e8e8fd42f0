//! `karat runs verify`: whether what a run came of is still the same.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::registry::Registry;
use model::dataset::{DatasetReference, VersionReference};
use model::ports::Store;
use model::run::{PluginRef, Run, RunId};
use pipeline::lineage::{self, Checked, Found};
use pipeline::plan::{self, Planned};
use pipeline::resume;
use pipeline::suite::{self, SuiteFile};
use serde::Serialize;
use storage::SharedStore;
use tokio::runtime::Runtime;

use super::recorded::{self, AsItWas, kept};
use super::{find, unknown};
use crate::args::Verify;
use crate::authority::Authority;
use crate::commands::eval;
use crate::exit::{Exit, Stop};
use crate::quantities::counted;
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring::{self, Plugins};
use crate::{digest, executable, prompted};

/// What `--json` prints.
#[derive(Serialize)]
struct Verified<'a> {
    run: RunId,
    /// The worst of all.
    verdict: Found,
    checked: &'a [Checked],
}

pub(super) fn run(what: &Verify, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let store = wiring::existing_store(&wiring::store_folder(store)?)?.ok_or_else(|| unknown(&what.run))?;
    let run = runtime.block_on(find(&*store, &what.run))?;
    let checked = Verification { run: &run, what, store: &store, runtime: &runtime, terminal }.all()?;
    let verdict = match checked.iter().map(|one| one.found).max() {
        Some(Found::Differs) => Found::Differs,
        // What can't be looked at is no difference.
        _ => Found::Same,
    };
    tell(&run, verdict, &checked, terminal)?;
    Ok(if verdict == Found::Differs { Exit::Failed } else { Exit::Done })
}

fn tell(run: &Run, verdict: Found, checked: &[Checked], terminal: &Terminal) -> Result<(), Stop> {
    let id = run.header.id;
    if terminal.is_json() {
        terminal.json(&Verified { run: id, verdict, checked })?;
        return Ok(());
    }
    let word = |found| match found {
        Found::Same => "same",
        Found::Differs => "DIFFERS",
        Found::Unknown => "not checked",
    };
    let rows = checked
        .iter()
        .map(|one| vec![printable_line(&one.what), word(one.found).to_owned(), printable_line(&one.told)]);
    terminal.data(table(&["WHAT", "IS", "WHY"], &[], rows))?;
    let count = |found| checked.iter().filter(|one| one.found == found).count() as u64;
    let unknown = match count(Found::Unknown) {
        0 => String::new(),
        some => format!("; {some} can't be checked here"),
    };
    let (differing, same) = (count(Found::Differs), counted(count(Found::Same), "thing"));
    match differing {
        0 => terminal.data(format_args!("run {id}: nothing differs, {same} the same{unknown}"))?,
        some => terminal.data(format_args!("run {id}: {} of {} differ{unknown}", some, checked.len()))?,
    }
    Ok(())
}

struct Verification<'a> {
    run: &'a Run,
    what: &'a Verify,
    store: &'a Arc<SharedStore>,
    runtime: &'a Runtime,
    terminal: &'a Terminal,
}

impl Verification<'_> {
    fn all(&self) -> Result<Vec<Checked>, Stop> {
        let (suite, file) = self.suite()?;
        let mut checked = vec![suite, self.data()?, self.rows()?];
        checked.extend(self.plugins());
        checked.extend(self.plan(file)?);
        checked.extend(self.cassette());
        checked.push(self.binary()?);
        let store: &dyn Store = &**self.store;
        let numbers = lineage::check_results(store, self.run, Arc::new(formats::Reader));
        checked.extend(self.runtime.block_on(numbers)?);
        Ok(checked)
    }

    /// Where the suite was, and where it is now.
    fn suite_paths(&self) -> (Option<PathBuf>, Option<PathBuf>) {
        let was = self.run.header.lineage.suite.as_ref().map(|suite| PathBuf::from(&suite.path));
        let is = self.what.suite.as_deref().map(eval::suite_path).or_else(|| was.clone());
        (was, is)
    }

    /// A path that was beside the suite, where the suite is now.
    fn moved(&self, path: &str) -> PathBuf {
        let (was, is) = self.suite_paths();
        let moved = was.zip(is).and_then(|(was, is)| {
            let below = Path::new(path).strip_prefix(eval::folder_of(&was)).ok()?.to_owned();
            Some(eval::folder_of(&is).join(below))
        });
        moved.unwrap_or_else(|| path.into())
    }

    /// Also returns the suite to plan by: what is in the file now, else what the run has kept.
    fn suite(&self) -> Result<(Checked, Option<SuiteFile>), Stop> {
        const WHAT: &str = "suite";
        let header = &self.run.header;
        let (Some(kept), (_, Some(path))) = (&header.lineage.suite, self.suite_paths()) else {
            return Ok((Checked::unknown(WHAT, "the run is of a version that did not keep it"), None));
        };
        let shown = path.display().to_string();
        let recorded = || recorded::as_run(kept, &header.plan).ok();
        if digest::of(kept.text.as_bytes()) != kept.digest {
            return Ok((Checked::differs(WHAT, "what the run has kept of it does not match its digest"), None));
        }
        Ok(match std::fs::read_to_string(&path) {
            Ok(text) if text == kept.text => (Checked::same(WHAT, format!("`{shown}`")), recorded()),
            Ok(text) => {
                let told = format!("`{shown}` says something else than it did");
                (Checked::differs(WHAT, told), suite::parse(&shown, &text).ok())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let told = format!("there is no `{shown}` here; `--suite FILE` names another place");
                (Checked::unknown(WHAT, told), recorded())
            }
            Err(error) => (Checked::unknown(WHAT, format!("can't read `{shown}`: {error}")), recorded()),
        })
    }

    /// Where the rows came from.
    fn data(&self) -> Result<Checked, Stop> {
        const WHAT: &str = "data";
        let data = &self.run.header.data;
        if let Some(version) = &data.version {
            let name = version.to_string();
            let number = VersionReference::Number(version.version);
            let reference = DatasetReference { dataset: version.dataset.clone(), version: number };
            let registry = Registry::new(Arc::clone(self.store));
            let found = self.runtime.block_on(registry.resolve_dataset(&reference, None, 0));
            let Ok((_, found)) = found else {
                return Ok(Checked::unknown(WHAT, format!("there is no dataset `{name}` in this store")));
            };
            return Ok(match found.digest == data.digest {
                true => Checked::same(WHAT, format!("`{name}`")),
                false => Checked::differs(WHAT, format!("`{name}` has other rows than it had")),
            });
        }
        if self.run.header.plan.traces.is_some() {
            return Ok(Checked::unknown(WHAT, "rows were traces of a store; what was taken of them is in `rows`"));
        }
        let path = self.moved(&data.path);
        Ok(of_file(WHAT, &path, &data.digest))
    }

    /// The store's copy of the data.
    fn rows(&self) -> Result<Checked, Stop> {
        const WHAT: &str = "rows";
        let data = &self.run.header.data;
        Ok(match self.store.open_dataset(&data.digest).ok().and_then(|bytes| digest::of_all(bytes).ok()) {
            None => Checked::differs(WHAT, "the store's copy of the data can't be read"),
            Some(found) if found == data.digest => {
                Checked::same(WHAT, format!("{} in the store", counted(data.rows, "row")))
            }
            Some(_) => Checked::differs(WHAT, "the store's copy of the data does not match its digest"),
        })
    }

    /// Each plugin that took part.
    fn plugins(&self) -> Vec<Checked> {
        let plan = &self.run.header.plan;
        let predictor = plan.predictor.iter().map(|planned| &planned.plugin);
        let scorers = plan.scorers.iter().map(|planned| &planned.plugin);
        let aggregators = plan.aggregators.iter().map(|planned| &planned.plugin);
        let mut seen = BTreeSet::new();
        let all = predictor.chain(scorers).chain(aggregators);
        all.filter(|plugin| seen.insert(plugin.digest.clone())).map(|plugin| self.plugin(plugin)).collect()
    }

    fn plugin(&self, plugin: &PluginRef) -> Checked {
        let what = format!("plugin {} {}", plugin.name, plugin.version);
        let files = &self.run.header.lineage.plugins;
        if let Some((path, digest)) = files.iter().find(|(_, digest)| **digest == plugin.digest) {
            let (_, suite) = self.suite_paths();
            let folder = eval::folder_of(suite.as_deref().unwrap_or(Path::new(""))).to_owned();
            return match wiring::plugin_bytes(&folder, path) {
                Ok(bytes) if digest::of(&bytes) == *digest => Checked::same(what, format!("`{path}`")),
                Ok(_) => Checked::differs(what, format!("`{path}` is another one")),
                Err(_) if self.is_kept(digest) => Checked::same(what, "it came with the run"),
                Err(error) => Checked::unknown(what, error.message),
            };
        }
        match bundle::PACKS.iter().find(|pack| pack.name == plugin.name) {
            Some(pack) if digest::of(pack.bytes) == plugin.digest => Checked::same(what, "it is built in"),
            Some(_) => Checked::differs(what, "another one is built in here"),
            None => Checked::unknown(what, "the run has not kept where it was"),
        }
    }

    fn is_kept(&self, digest: &str) -> bool {
        kept(digest, &**self.store).is_some()
    }

    /// What the suite means with the plugins that are there, and what it has scorers ask judges.
    fn plan(&self, suite: Option<SuiteFile>) -> Result<Vec<Checked>, Stop> {
        let header = &self.run.header;
        let Some(mut suite) = suite else { return Ok(Vec::new()) };
        let filled_in = prompted::fill_in_again(&mut suite, Arc::clone(self.store), &header.plan.prompts);
        if self.runtime.block_on(filled_in).is_err() {
            return Ok(vec![Checked::unknown("plan", "a prompt that the suite names is not in this store")]);
        }
        let planned = match self.planned(&suite)? {
            Ok(planned) => planned,
            Err(why) => return Ok(vec![Checked::unknown("plan", why)]),
        };
        let now = lineage::as_stored(planned.plan, &header.plan);
        let differences = resume::plan_differences(&header.plan, &now);
        let mut checked = vec![match differences.is_empty() {
            true => Checked::same("plan", format!("the suite means what it meant, seed {}", header.plan.seed)),
            false => Checked::differs("plan", differences.join("; ")),
        }];
        let asked = lineage::prompts(&now);
        for (key, digest) in &header.lineage.prompts {
            let what = format!("prompt of {key}");
            checked.push(match asked.get(key) {
                Some(now) if now == digest => Checked::same(what, "judges are asked the same"),
                Some(_) => Checked::differs(what, "judges are asked something else"),
                None => Checked::differs(what, "there is no such scorer any more, or it asks nobody"),
            });
        }
        Ok(checked)
    }

    /// Why there is no plan is told in a line.
    fn planned(&self, suite: &SuiteFile) -> Result<Result<Planned, String>, Stop> {
        let (_, path) = self.suite_paths();
        let folder = eval::folder_of(path.as_deref().unwrap_or(Path::new(""))).to_owned();
        // Nothing is called: nothing needs a way out.
        let sandbox = wiring::sandbox(broker::Allowed::default(), &folder, 1)?;
        let isolation = Authority::read(None, &[])?.isolation();
        let plugins = Plugins::new(sandbox, self.runtime.handle(), folder.clone(), isolation, self.terminal);
        let catalog = AsItWas { plugins: &plugins, folder: &folder, run: self.run, store: &**self.store };
        Ok(plan::plan(suite, &catalog, recorded::overrides_of(self.run)).map_err(|problems| {
            let first = problems.0.first();
            first.map_or_else(String::new, |problem| problem.message.clone())
        }))
    }

    /// None where the run had none.
    fn cassette(&self) -> Option<Checked> {
        let tape = self.run.header.lineage.cassette.as_ref()?;
        let path = self.what.cassette.clone().unwrap_or_else(|| PathBuf::from(&tape.path));
        if !path.exists() && self.is_kept(&tape.digest) {
            return Some(Checked::same("cassette", "it came with the run"));
        }
        Some(of_file("cassette", &path, &tape.digest))
    }

    fn binary(&self) -> Result<Checked, Stop> {
        let header = &self.run.header;
        let (was, is) = (&header.version, env!("CARGO_PKG_VERSION"));
        Ok(match executable::digest()? == header.binary {
            true => Checked::same("binary", format!("Karat {is}")),
            false => Checked::differs("binary", format!("it was another build (Karat {was}, this is {is})")),
        })
    }
}

fn of_file(what: &str, path: &Path, expected: &str) -> Checked {
    let shown = path.display();
    match File::open(path).and_then(digest::of_all) {
        Ok(found) if found == expected => Checked::same(what, format!("`{shown}`")),
        Ok(_) => Checked::differs(what, format!("`{shown}` is another one than it was")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Checked::unknown(what, format!("there is no `{shown}` here"))
        }
        Err(error) => Checked::unknown(what, format!("can't read `{shown}`: {error}")),
    }
}
