//! `karat prompts`: versions of prompts. MLflow's clients see the same ones.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::registry::{Error, Registry};
use model::ports::Store;
use model::prompt::{IS_PROMPT, Prompt, PromptRef, PromptVersion, VersionContent, Which, is_name};
use model::run::{PromptUse, Run};
use model::template::{Settings, TAGS, Template};
use serde_json::{Value, json};
use similar::TextDiff;

use super::runs;
use crate::args::{AddPrompt, Prompts};
use crate::clock::now_in_milliseconds as now;
use crate::exit::{Exit, Stop};
use crate::quantities::moment;
use crate::terminal::{Terminal, printable_line, printable_whole, table};
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(what: Prompts, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let store = match what {
        Prompts::Add(_) => Some(wiring::store(&folder)?),
        _ => wiring::existing_store(&folder)?,
    };
    let Some(store) = store else { return no_store(&what, terminal) };
    let registry = Registry::new(Arc::clone(&store));
    match what {
        Prompts::List => list(&registry, terminal).await,
        Prompts::Show { prompt, fill } => {
            let version = registry.referred_prompt(&prompt).await.map_err(stop)?;
            match fill.is_empty() {
                true => show(&registry, &version, &used_by(&*store, &version).await?, terminal).await,
                false => filled(&version, fill.into_iter().collect(), terminal),
            }
        }
        Prompts::Add(what) => add(&registry, what, terminal).await,
        Prompts::Diff { from, to } => {
            let (from, to) = (registry.referred_prompt(&from).await, registry.referred_prompt(&to).await);
            diff(&from.map_err(stop)?, &to.map_err(stop)?, terminal)
        }
        Prompts::Alias { name, alias, number: Some(number), .. } => {
            registry.set_alias(&name, &alias, number).await.map_err(stop)?;
            terminal.note(format_args!("{name}@{alias} is version {number}"))?;
            Ok(Exit::Done)
        }
        Prompts::Alias { name, alias, number: None, .. } => {
            registry.delete_alias(&name, &alias).await.map_err(stop)?;
            terminal.note(format_args!("{name} has no alias `{alias}` any more"))?;
            Ok(Exit::Done)
        }
        Prompts::Delete { prompt } => delete(&registry, &prompt, terminal).await,
    }
}

fn no_store(what: &Prompts, terminal: &Terminal) -> Result<Exit, Stop> {
    let name = match what {
        Prompts::List if terminal.is_json() => {
            terminal.json(&[(); 0])?;
            return Ok(Exit::Done);
        }
        Prompts::List | Prompts::Add(_) => {
            terminal.say("no prompts yet: `karat prompts add NAME FILE` makes one")?;
            return Ok(Exit::Done);
        }
        Prompts::Show { prompt, .. } | Prompts::Diff { from: prompt, .. } | Prompts::Delete { prompt } => &prompt.name,
        Prompts::Alias { name, .. } => name,
    };
    Err(stop(Error::Missing { what: "prompt", name: name.clone() }))
}

async fn list(registry: &Registry, terminal: &Terminal) -> Result<Exit, Stop> {
    let prompts = registry.prompts().await.map_err(stop)?;
    let prompts = prompts.iter().filter(|prompt| prompt.is_prompt());
    if terminal.is_json() {
        let shown = prompts.map(|Prompt { name, description, latest, aliases, tags, updated, .. }| {
            json!({ "name": name, "description": description, "latest": latest, "aliases": aliases, "tags": own(tags), "updated": updated })
        });
        terminal.json(&shown.collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows = prompts.map(|prompt| {
        let aliases: Vec<String> = prompt.aliases.iter().map(|(alias, of)| format!("{alias} {of}")).collect();
        vec![
            printable_line(&prompt.name),
            prompt.latest.map(|latest| latest.to_string()).unwrap_or_default(),
            printable_line(&aliases.join(", ")),
            moment(prompt.updated.unsigned_abs()),
            printable_line(&prompt.description),
        ]
    });
    terminal.data(table(&["PROMPT", "LATEST", "ALIASES", "CHANGED (UTC)", "ABOUT"], &[1], rows))?;
    Ok(Exit::Done)
}

/// The runs whose suites name a version, newest first.
async fn used_by(store: &dyn Store, version: &PromptVersion) -> Result<Vec<Run>, Stop> {
    let is_it = |used: &PromptUse| (&used.prompt, used.version) == (&version.prompt, version.number);
    runs::such(store, |header| header.plan.prompts.iter().any(is_it)).await
}

async fn show(registry: &Registry, version: &PromptVersion, runs: &[Run], terminal: &Terminal) -> Result<Exit, Stop> {
    let prompt = registry.prompt(&version.prompt).await.map_err(stop)?;
    let aliases = prompt.aliases_of(version.number);
    let template = template(version)?;
    let Settings { model, response } = Settings::of(&version.content.tags);
    let (variables, tags) = (template.variables(), own(&version.content.tags));
    if terminal.is_json() {
        let parsed = |text: &Option<String>| text.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        terminal.json(&json!({
            "name": version.prompt, "version": version.number, "template": template, "variables": variables,
            "message": version.content.description, "aliases": aliases, "tags": tags, "created": version.created,
            "model_config": parsed(&model), "response_format": parsed(&response),
            "runs": runs.iter().map(|run| run.header.id).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    let aliases: String = aliases.iter().map(|alias| format!(", @{alias}")).collect();
    let created = moment(version.created.unsigned_abs());
    terminal.data(printable_line(&format!("{}@{}{aliases}, of {created} UTC", version.prompt, version.number)))?;
    let about = [
        ("message", Some(version.content.description.clone()).filter(|message| !message.is_empty())),
        ("variables", (!variables.is_empty()).then(|| variables.into_iter().collect::<Vec<_>>().join(", "))),
        (
            "tags",
            (!tags.is_empty())
                .then(|| tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")),
        ),
        ("model", model),
        ("response format", response),
    ];
    for (name, said) in about {
        if let Some(said) = said {
            terminal.data(format_args!("{name}: {}", printable_line(&said)))?;
        }
    }
    terminal.data(format_args!("\n{}", printable_whole(&template.to_string())))?;
    if !runs.is_empty() {
        terminal.data(format_args!("\n{}", runs::listing(runs)))?;
    }
    Ok(Exit::Done)
}

fn filled(version: &PromptVersion, values: BTreeMap<String, String>, terminal: &Terminal) -> Result<Exit, Stop> {
    let template = template(version)?;
    let variables = template.variables();
    if let Some(name) = values.keys().find(|name| !variables.contains(*name)) {
        let known: Vec<_> = variables.into_iter().collect();
        let text = format_args!("{}@{} has no variable `{name}`", version.prompt, version.number).to_string();
        return Err(Stop::message(text).hint(format_args!("it has {}", known.join(", "))));
    }
    let filled = template.filled(&values).map_err(|name| {
        Stop::message(format_args!("there is no value for `{name}`")).hint(format_args!("add `--fill {name}=…`"))
    })?;
    if terminal.is_json() {
        terminal.json(&filled)?;
    } else {
        terminal.data(printable_whole(&filled.to_string()))?;
    }
    Ok(Exit::Done)
}

async fn add(registry: &Registry, what: AddPrompt, terminal: &Terminal) -> Result<Exit, Stop> {
    let AddPrompt { name, file, chat, message, alias, tag, model_config, response_format } = what;
    if !is_name(&name) {
        return Err(Stop::message(format_args!("`{name}` can't be the name of a prompt"))
            .hint("use letters, digits, `_`, `-` and `.`"));
    }
    let text = read(&file)?;
    let template = match chat {
        true => Template::Chat(serde_json::from_str(&text).map_err(|error| {
            Stop::message(format_args!("`{}` is no chat: {error}", file.display()))
                .hint(r#"write it as `[{"role": "user", "content": "…"}]`"#)
        })?),
        false => Template::Text(text),
    };
    let response = response_format.map(|file| schema(&file)).transpose()?;
    let mut tags = template.into_tags(Settings { model: model_config, response });
    tags.extend(tag.into_iter().filter(|(name, _)| !TAGS.contains(&name.as_str())));

    let is_prompt = BTreeMap::from([(IS_PROMPT.to_owned(), "true".to_owned())]);
    match registry.create_prompt(&name, "", is_prompt, now()).await {
        Ok(_) | Err(Error::Exists { .. }) => {}
        Err(error) => return Err(stop(error)),
    }
    let prompt = registry.prompt(&name).await.map_err(stop)?;
    if !prompt.is_prompt() {
        return Err(Stop::message(format_args!("`{name}` is a registered model, no prompt")).hint("take another name"));
    }
    let latest = match prompt.latest {
        Some(latest) => Some(registry.prompt_version(&name, latest).await.map_err(stop)?),
        None => None,
    };
    let (version, is_new) = match latest.filter(|latest| latest.content.tags == tags) {
        Some(latest) => (latest, false),
        None => {
            let content = VersionContent {
                description: message,
                // What MLflow's clients say of each prompt, where a model says where its files are.
                source: "dummy-source".to_owned(),
                tags,
                ..VersionContent::default()
            };
            (registry.add_prompt_version(&name, content, now()).await.map_err(stop)?, true)
        }
    };
    for alias in &alias {
        registry.set_alias(&name, alias, version.number).await.map_err(stop)?;
    }
    if terminal.is_json() {
        terminal.json(&json!({ "name": name, "version": version.number, "new": is_new }))?;
    } else if is_new {
        terminal.data(format_args!("{name}@{}", version.number))?;
    } else {
        terminal.data(format_args!("{name}@{} says the same already", version.number))?;
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<String, Stop> {
    let read = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin().lock().take(LARGEST)),
        false => std::fs::File::open(file).and_then(|file| std::io::read_to_string(file.take(LARGEST))),
    };
    let text = read.map_err(|error| Stop::message(format_args!("`{}` can't be read: {error}", file.display())))?;
    if text.len() as u64 == LARGEST {
        return Err(Stop::message(format_args!("`{}` is larger than a prompt can be (1 MiB)", file.display())));
    }
    Ok(text)
}

/// Bytes that are read of a prompt's file.
const LARGEST: u64 = (1 << 20) + 1;

fn schema(file: &Path) -> Result<String, Stop> {
    let text = read(file)?;
    let schema: Value = serde_json::from_str(&text)
        .map_err(|error| Stop::message(format_args!("`{}` is no JSON: {error}", file.display())))?;
    Ok(schema.to_string())
}

fn diff(from: &PromptVersion, to: &PromptVersion, terminal: &Terminal) -> Result<Exit, Stop> {
    let (old, new) = (written(from)?, written(to)?);
    let diff = TextDiff::from_lines(&old, &new);
    let name = |version: &PromptVersion| format!("{}@{}", version.prompt, version.number);
    let unified = diff.unified_diff().header(&name(from), &name(to)).to_string();
    if terminal.is_json() {
        let variables = |version| template(version).map(|template| template.variables());
        let (old, new) = (variables(from)?, variables(to)?);
        terminal.json(&json!({
            "from": name(from), "to": name(to), "diff": unified,
            "variables": { "added": new.difference(&old).collect::<Vec<_>>(), "removed": old.difference(&new).collect::<Vec<_>>() },
        }))?;
    } else if unified.is_empty() {
        terminal.data(format_args!("{} and {} say the same", name(from), name(to)))?;
    } else {
        terminal.data(printable_whole(unified.trim_end()))?;
    }
    Ok(Exit::Done)
}

/// All that a version says, as lines that can be told apart.
fn written(version: &PromptVersion) -> Result<String, Stop> {
    let mut text = format!("{}\n", template(version)?);
    let Settings { model, response } = Settings::of(&version.content.tags);
    for (name, said) in [("model", model), ("response format", response)] {
        let said = said.and_then(|said| serde_json::from_str::<Value>(&said).ok());
        if let Some(said) = said {
            let _ = writeln!(text, "\n{name}: {said:#}");
        }
    }
    Ok(text)
}

async fn delete(registry: &Registry, prompt: &PromptRef, terminal: &Terminal) -> Result<Exit, Stop> {
    match &prompt.which {
        Which::Number(number) => registry.delete_prompt_version(&prompt.name, *number, now()).await,
        Which::Latest => registry.delete_prompt(&prompt.name).await,
        Which::Alias(alias) => {
            return Err(Stop::message(format_args!("`{prompt}` is an alias")).hint(format_args!(
                "delete the version by its number, or the alias by `karat prompts alias {} {alias} --delete`",
                prompt.name
            )));
        }
    }
    .map_err(stop)?;
    terminal.note(format_args!("deleted {prompt}"))?;
    Ok(Exit::Done)
}

fn template(version: &PromptVersion) -> Result<Template, Stop> {
    Template::of(&version.content.tags)
        .ok_or_else(|| Stop::message(format_args!("{}@{} has no text", version.prompt, version.number)))
}

/// The tags that somebody has set.
fn own(tags: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let own = tags.iter().filter(|(name, _)| !TAGS.contains(&name.as_str()));
    own.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn stop(error: Error) -> Stop {
    match error {
        Error::Store(error) => wiring::store_error(error),
        error @ Error::Missing { .. } => Stop::wrong(error).hint("`karat prompts list` shows those there are"),
        error => Stop::wrong(error),
    }
}
