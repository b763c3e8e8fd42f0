//! The suite and the plugins of a run, as they were when it was made.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::limits::Isolation;
use model::ports::{BlobStore, Catalog, Plugin, PluginError};
use model::run::{Run, RunPlan, SuiteText};
use model::scorer::ItemKind;
use pipeline::plan::Overrides;
use pipeline::problem::Problems;
use pipeline::prompts;
use pipeline::suite::{self, SuiteFile};

use crate::commands::eval;
use crate::digest;
use crate::exit::Stop;
use crate::wiring::{self, Plugins};

/// The suite that a run was made of, and the folder that it was in.
pub(crate) fn suite_of(run: &Run) -> Result<(SuiteFile, PathBuf), Stop> {
    let Some(text) = &run.header.lineage.suite else {
        let stop = Stop::message(format_args!("run {} has not kept its suite", run.header.id));
        return Err(stop.hint("runs of earlier versions did not; run the suite again to have one that does"));
    };
    Ok((as_run(text, &run.header.plan)?, eval::folder_of(Path::new(&text.path)).to_owned()))
}

/// A suite as it was run: `--vary` puts a version of a prompt in the place of the one that the file names.
pub(super) fn as_run(text: &SuiteText, plan: &RunPlan) -> Result<SuiteFile, Problems> {
    let mut suite = suite::parse(&text.path, &text.text)?;
    let named = prompts::named(&suite)?;
    for varied in plan.prompts.iter().filter_map(|used| used.named.parse().ok()) {
        if !named.contains(&varied) {
            prompts::put(&mut suite.suite, &varied);
        }
    }
    Ok(suite)
}

/// What the command line said when the run was made, but for where rows came from: they are in the store.
pub(crate) fn overrides_of(run: &Run) -> Overrides {
    let plan = &run.header.plan;
    Overrides {
        data: Some("rows.jsonl".to_owned()),
        split: plan.split.clone(),
        limit: plan.limit,
        only: plan.only.clone(),
        baseline: plan.baseline.clone(),
        max_usd: None,
        prompts: plan.prompts.clone(),
    }
}

/// Finds plugins as they were: where the suite has them, else among the files that came with the run.
pub(crate) struct AsItWas<'a> {
    pub(crate) plugins: &'a Plugins,
    pub(crate) folder: &'a Path,
    pub(crate) run: &'a Run,
    pub(crate) store: &'a dyn BlobStore,
}

impl Catalog for AsItWas<'_> {
    fn load(&self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        let digests: &BTreeMap<String, String> = &self.run.header.lineage.plugins;
        let Some(digest) = digests.get(path) else { return self.plugins.load(path, isolation) };
        let bytes = component(self.folder, path, digest, self.store).ok_or_else(|| PluginError {
            message: format!("`{path}` is not there as it was when the run was made"),
            hint: Some(format!("put the file with the digest {digest} in its place")),
        })?;
        Ok(Arc::new(self.plugins.load_kept(path, &bytes, isolation)?))
    }

    fn built_in(
        &self,
        kind: ItemKind,
        name: &str,
        isolation: Isolation,
    ) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        self.plugins.built_in(kind, name, isolation)
    }

    fn built_in_names(&self, kind: ItemKind) -> Vec<String> {
        self.plugins.built_in_names(kind)
    }
}

/// A plugin of this digest, by how the suite in `folder` names it.
pub(super) fn component(folder: &Path, path: &str, digest: &str, store: &dyn BlobStore) -> Option<Vec<u8>> {
    as_it_was(wiring::plugin_bytes(folder, path).ok(), digest, store)
}

/// A file, if it still has its digest; else what the store has under that.
pub(super) fn as_it_was(file: Option<Vec<u8>>, digest: &str, store: &dyn BlobStore) -> Option<Vec<u8>> {
    file.filter(|bytes| digest::of(bytes) == digest).or_else(|| kept(digest, store))
}

/// What the store has under a digest, whole.
pub(super) fn kept(digest: &str, store: &dyn BlobStore) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    store.open_blob(digest).ok()?.read_to_end(&mut bytes).ok()?;
    (digest::of(&bytes) == digest).then_some(bytes)
}
