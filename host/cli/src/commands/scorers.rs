//! `karat scorers`: what there is to choose from, with all that a suite has to say to it.

use std::path::Path;

use broker::Allowed;
use model::run::PluginRef;
use model::scorer::{Determinism, Direction, ItemDescription, PluginDescription, ScorerDescription, ValueKind};
use pipeline::nearest;
use pipeline::parameters::{Parameter, literal, parameters};
use serde::Serialize;

use super::plugin::{described, verdict};
use crate::args::Scorers;
use crate::authority::Authority;
use crate::exit::{Exit, Stop};
use crate::terminal::{Terminal, printable_line, printable_whole, table};
use crate::wiring::{self, Plugins};

/// A scorer, and whose it is. This is what `--json` prints.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    scorer: ScorerDescription,
    plugin: PluginRef,
    built_in: bool,
    /// Whether its plugin can look at the row's trace. Which of its scorers do, no plugin says.
    reads_traces: bool,
}

/// An aggregator, and whose it is.
#[derive(Serialize)]
struct ListedAggregator {
    #[serde(flatten)]
    aggregator: ItemDescription,
    plugin: PluginRef,
    built_in: bool,
}

pub(crate) fn run(what: &Scorers, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let sandbox = wiring::sandbox(Allowed::default(), Path::new("."), 0)?;
    let isolation = Authority::read(None, &[])?.isolation();
    let (scorers, aggregators) = all(&Plugins::new(sandbox, runtime.handle(), ".".into(), isolation, terminal))?;
    match what {
        Scorers::List { markdown: true } => terminal.data(markdown(&scorers))?,
        Scorers::List { .. } if terminal.is_json() => terminal.json(&scorers)?,
        Scorers::List { .. } => list(&scorers, &aggregators, terminal)?,
        Scorers::Show { name, plugin } => {
            if let Some(listed) = aggregator(&aggregators, name, plugin.as_deref()) {
                if terminal.is_json() {
                    terminal.json(listed)?
                } else {
                    show_aggregator(listed, terminal)?
                }
                return Ok(Exit::Done);
            }
            let scorer = find(&scorers, name, plugin.as_deref())?;
            if terminal.is_json() { terminal.json(scorer)? } else { show(scorer, terminal)? }
        }
    }
    Ok(Exit::Done)
}

/// The built-in ones, then those that were added, in the order of their plugins.
fn all(plugins: &Plugins) -> Result<(Vec<Listed>, Vec<ListedAggregator>), Stop> {
    let (built_in, added) = described(plugins)?;
    let built_in = built_in.into_iter().map(|plugin| (plugin, true));
    let (mut listed, mut listed_aggregators) = (Vec::new(), Vec::new());
    for (plugin, built_in) in built_in.chain(added.into_iter().map(|plugin| (plugin, false))) {
        let PluginDescription { name, version, digest, reads_traces, scorers, aggregators, .. } = plugin;
        let plugin = PluginRef { name, version, digest };
        let of_scorer = |scorer| Listed { scorer, plugin: plugin.clone(), built_in, reads_traces };
        listed.extend(scorers.into_iter().map(of_scorer));
        let of_aggregator = |aggregator| ListedAggregator { aggregator, plugin: plugin.clone(), built_in };
        listed_aggregators.extend(aggregators.into_iter().map(of_aggregator));
    }
    Ok((listed, listed_aggregators))
}

/// `publisher/name@version`.
fn reference(of: &PluginRef) -> String {
    format!("{}@{}", of.name, of.version)
}

/// Whether it is the plugin that was asked for, with its version or without.
fn is_of(of: &PluginRef, plugin: Option<&str>) -> bool {
    plugin.is_none_or(|plugin| plugin == of.name || plugin == reference(of))
}

fn find<'a>(scorers: &'a [Listed], name: &str, plugin: Option<&str>) -> Result<&'a Listed, Stop> {
    let candidates = || scorers.iter().filter(|listed| is_of(&listed.plugin, plugin));
    let found: Vec<_> = candidates().filter(|listed| listed.scorer.name == name).collect();
    match (&found[..], plugin) {
        ([one], _) => Ok(one),
        ([], Some(plugin)) if candidates().next().is_none() => {
            Err(Stop::message(format_args!("there is no plugin `{plugin}` with scorers"))
                .hint("see `karat plugin list`"))
        }
        ([], _) => {
            let hint = nearest::hint(name, "there are", candidates().map(|listed| listed.scorer.name.as_str()));
            Err(Stop::message(format_args!("unknown scorer `{name}`")).hint(hint))
        }
        (several, _) => {
            let plugins: Vec<_> = several.iter().map(|listed| format!("`{}`", reference(&listed.plugin))).collect();
            Err(Stop::message(format_args!("{} plugins have a scorer `{name}`", several.len()))
                .hint(format_args!("name one with `--plugin`: {}", plugins.join(", "))))
        }
    }
}

/// The aggregator of this name; none where that could be somebody else as well.
fn aggregator<'a>(
    aggregators: &'a [ListedAggregator],
    name: &str,
    plugin: Option<&str>,
) -> Option<&'a ListedAggregator> {
    let is_one = |listed: &&ListedAggregator| listed.aggregator.name == name && is_of(&listed.plugin, plugin);
    let mut found = aggregators.iter().filter(is_one);
    found.next().filter(|_| found.next().is_none())
}

fn show_aggregator(listed: &ListedAggregator, terminal: &Terminal) -> Result<(), Stop> {
    let ListedAggregator { aggregator, plugin, built_in } = listed;
    let line = |text: &str| terminal.data(text);
    line(&format!("{}  (an aggregator)\n  {}", aggregator.name, printable_line(&aggregator.summary)))?;
    if let Some(about) = aggregator.parameters.to_value()["description"].as_str() {
        line(&format!("\n{}", indented(&printable_whole(about))))?;
    }
    show_plugin(plugin, *built_in, terminal)?;
    line("gives    a number of all rows together")?;
    show_parameters(&parameters(&aggregator.parameters), terminal)
}

fn list(scorers: &[Listed], aggregators: &[ListedAggregator], terminal: &Terminal) -> Result<(), Stop> {
    let rows = scorers.iter().map(|Listed { scorer, plugin, .. }| {
        let (name, summary) = (printable_line(&plugin.name), printable_line(&scorer.summary));
        vec![scorer.name.clone(), name, needs(scorer), verdict(scorer), cost(scorer).to_owned(), summary]
    });
    let aggregators = aggregators.iter().map(|ListedAggregator { aggregator, plugin, .. }| {
        let (name, summary) = (printable_line(&plugin.name), printable_line(&aggregator.summary));
        let [needs, gives, cost] = ["all rows", "a number", "–"].map(str::to_owned);
        vec![aggregator.name.clone(), name, needs, gives, cost, summary]
    });
    let rows = rows.chain(aggregators);
    Ok(terminal.data(table(&["NAME", "PLUGIN", "NEEDS", "GIVES", "COST", "WHAT IT SAYS"], &[], rows))?)
}

fn show(listed: &Listed, terminal: &Terminal) -> Result<(), Stop> {
    let Listed { scorer, plugin, built_in, reads_traces } = listed;
    let line = |text: &str| terminal.data(text);
    line(&format!("{}\n  {}", scorer.name, printable_line(&scorer.summary)))?;
    if let Some(about) = scorer.parameters.to_value()["description"].as_str() {
        line(&format!("\n{}", indented(&printable_whole(about))))?;
    }
    show_plugin(plugin, *built_in, terminal)?;
    line(&format!("gives    {}", verdict(scorer)))?;
    line(&format!("needs    {}", needs(scorer)))?;
    if *reads_traces {
        line("may see  the row's trace")?;
    }
    line(&format!("cost     {}: {}", cost(scorer), meaning(scorer.determinism)))?;
    show_parameters(&parameters(&scorer.parameters), terminal)?;
    if let Some(prompt) = &scorer.prompt {
        let (version, text) = (printable_line(&prompt.version), printable_whole(&prompt.text));
        line(&format!("\nprompt, version {version}\n{}", indented(&text)))?;
    }
    Ok(())
}

fn show_plugin(plugin: &PluginRef, built_in: bool, terminal: &Terminal) -> Result<(), Stop> {
    let place = if built_in { ", built in" } else { "" };
    let (name, version) = (printable_line(&plugin.name), printable_line(&plugin.version));
    terminal.data(format_args!("\nplugin   {name} {version}{place}"))?;
    Ok(terminal.data(format_args!("digest   blake3:{}", plugin.digest))?)
}

fn show_parameters(parameters: &[Parameter], terminal: &Terminal) -> Result<(), Stop> {
    let line = |text: &str| terminal.data(text);
    line("\nparameters")?;
    if parameters.is_empty() {
        line("  none")?;
    }
    for parameter in parameters {
        let (name, takes) = (printable_line(&parameter.name), printable_line(&parameter.takes));
        let unless = unless(parameter).map(|unless| format!("; {}", printable_line(&unless))).unwrap_or_default();
        line(&format!("  {name}  ({takes}{unless})"))?;
        if !parameter.description.is_empty() {
            line(&indented(&indented(&printable_whole(&parameter.description))))?;
        }
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Parts of a row that it can't do without.
fn needs(scorer: &ScorerDescription) -> String {
    let needs = [("outputs", scorer.needs.outputs), ("expectations", scorer.needs.expectations)];
    let needs: Vec<_> = needs.into_iter().filter_map(|(part, is_needed)| is_needed.then_some(part)).collect();
    if needs.is_empty() { "–".to_owned() } else { needs.join(", ") }
}

/// What a call of it takes beside the processor.
fn cost(scorer: &ScorerDescription) -> &'static str {
    match scorer.determinism {
        Determinism::Pure => "pure",
        Determinism::Judge => "judge",
        Determinism::Volatile => "volatile",
    }
}

fn meaning(determinism: Determinism) -> &'static str {
    match determinism {
        Determinism::Pure => "it only computes, and the same row gives the same verdict",
        Determinism::Judge => "it asks a judge, and says the same as far as that does",
        Determinism::Volatile => "network, time or chance play a part",
    }
}

/// What holds where a parameter is left out.
fn unless(parameter: &Parameter) -> Option<String> {
    match &parameter.default {
        _ if parameter.is_required => Some("required".to_owned()),
        Some(default) => Some(format!("default {}", literal(default))),
        None => None,
    }
}

/// The table in `scorers/README.md`.
fn markdown(scorers: &[Listed]) -> String {
    let header =
        "| scorer | plugin | says | parameters (default) | verdict | better |\n| --- | --- | --- | --- | --- | --- |";
    let rows = scorers.iter().filter(|listed| listed.built_in).map(|Listed { scorer, plugin, .. }| {
        let cells = [
            format!("`{}`", scorer.name),
            format!("`{}`", plugin.name),
            scorer.summary.clone(),
            told(&parameters(&scorer.parameters)),
            value(scorer),
            better(scorer.better).to_owned(),
        ];
        format!("| {} |", cells.map(|cell| cell.replace('\n', " ").replace('|', "\\|")).join(" | "))
    });
    std::iter::once(header.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Parameters in a line.
fn told(parameters: &[Parameter]) -> String {
    let told = parameters.iter().map(|parameter| {
        let about = first_sentence(&parameter.description);
        let takes = parameter.is_choice.then(|| parameter.takes.clone());
        let about: Vec<_> = about.into_iter().chain(takes).collect();
        let about = if about.is_empty() { String::new() } else { format!(": {}", about.join(", ")) };
        let unless = match (&parameter.default, parameter.is_required) {
            (_, true) => " (required)".to_owned(),
            (Some(default), false) => format!(" ({})", literal(default)),
            (None, false) => String::new(),
        };
        format!("`{}`{about}{unless}", parameter.name)
    });
    let told = told.collect::<Vec<_>>().join("; ");
    if told.is_empty() { "none".to_owned() } else { told }
}

/// The first sentence, as a part of another one; none of nothing.
fn first_sentence(text: &str) -> Option<String> {
    let text = text.replace('\n', " ");
    let sentence = text.split(". ").next().unwrap_or_default().trim().trim_end_matches('.');
    let mut characters = sentence.chars();
    let first = characters.next()?;
    let is_word = characters.clone().next().is_none_or(|second| !second.is_uppercase());
    Some(if is_word { format!("{}{}", first.to_lowercase(), characters.as_str()) } else { sentence.to_owned() })
}

fn value(scorer: &ScorerDescription) -> String {
    let labels: Vec<_> = scorer.labels.iter().map(|label| format!("`{label}`")).collect();
    match scorer.value {
        ValueKind::Boolean => "boolean".to_owned(),
        ValueKind::Number => "number".to_owned(),
        ValueKind::Label => labels.join(", "),
        ValueKind::Text => "text".to_owned(),
        ValueKind::Booleans => "booleans".to_owned(),
        ValueKind::Numbers => "numbers".to_owned(),
        ValueKind::Texts => "texts".to_owned(),
        ValueKind::Any => "any".to_owned(),
    }
}

fn better(better: Direction) -> &'static str {
    match better {
        Direction::Maximize => "higher",
        Direction::Minimize => "lower",
        Direction::Neutral => "neutral",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_becomes_a_part_of_another_one() {
        assert_eq!(first_sentence("How often.\nNot more. Nor less.").as_deref(), Some("how often"));
        assert_eq!(first_sentence("JSON such as `a.b`, or none.").as_deref(), Some("JSON such as `a.b`, or none"));
        assert_eq!(first_sentence(""), None);
    }
}
