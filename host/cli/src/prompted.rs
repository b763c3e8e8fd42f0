//! The prompts that a suite names, from the store.

use std::path::Path;
use std::sync::Arc;

use ::registry::{Error, Registry};
use model::prompt::{PromptRef, PromptVersion, Which};
use model::run::PromptUse;
use model::template::Template;
use pipeline::problem::Problems;
use pipeline::prompts;
use pipeline::suite::SuiteFile;
use storage::SharedStore;

use crate::commands::find_run;
use crate::exit::Stop;
use crate::wiring;

/// Puts what they say in their place. A run that goes on has the versions that it began with, whatever has become of an alias.
pub(crate) async fn fill_in(
    suite: &mut SuiteFile,
    store: &Path,
    resumed: Option<&str>,
) -> Result<Vec<PromptUse>, Stop> {
    let named = prompts::named(suite)?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let store = wiring::existing_store(store)?;
    let begun = match (&store, resumed) {
        (Some(store), Some(run)) => find_run(&**store, run).await?.header.plan.prompts,
        _ => Vec::new(),
    };
    fill_in_from(suite, named, store.map(Registry::new), &begun).await
}

/// Likewise, of a suite that was run: the versions that it was run with.
pub(crate) async fn fill_in_again(
    suite: &mut SuiteFile,
    store: Arc<SharedStore>,
    begun: &[PromptUse],
) -> Result<(), Stop> {
    let named = prompts::named(suite)?;
    fill_in_from(suite, named, Some(Registry::new(store)), begun).await.map(drop)
}

async fn fill_in_from(
    suite: &mut SuiteFile,
    named: Vec<PromptRef>,
    registry: Option<Registry>,
    begun: &[PromptUse],
) -> Result<Vec<PromptUse>, Stop> {
    let (mut used, mut problems) = (Vec::new(), Problems::default());
    for prompt in named {
        match version(registry.as_ref(), &begun_with(begun, &prompt)).await {
            Ok((version, template)) => {
                prompts::fill_in(&mut suite.suite, &prompt, &template);
                let named = prompt.to_string();
                used.push(PromptUse { prompt: version.prompt, version: version.number, named });
            }
            Err(Error::Store(error)) => return Err(wiring::store_error(error)),
            Err(error) => {
                let problem = prompts::problem(suite, &prompt, error.to_string());
                problems.0.push(problem.hint("`karat prompts list` shows those there are"));
            }
        }
    }
    used.sort();
    if problems.0.is_empty() { Ok(used) } else { Err(Stop::wrong(problems)) }
}

fn begun_with(begun: &[PromptUse], prompt: &PromptRef) -> PromptRef {
    let known = begun.iter().find(|used| used.named == prompt.to_string());
    let which = known.map_or_else(|| prompt.which.clone(), |used| Which::Number(used.version));
    PromptRef { name: prompt.name.clone(), which }
}

async fn version(registry: Option<&Registry>, prompt: &PromptRef) -> Result<(PromptVersion, Template), Error> {
    let missing = || Error::Missing { what: "prompt", name: prompt.name.clone() };
    let version = registry.ok_or_else(missing)?.referred_prompt(prompt).await?;
    // A registered model has versions, too, and says nothing.
    let template = Template::of(&version.content.tags).ok_or_else(missing)?;
    Ok((version, template))
}
