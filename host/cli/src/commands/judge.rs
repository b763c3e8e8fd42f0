//! `karat judge`: who is behind the roles of a suite, and what they were asked.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker::{Bounds, Judges};
use model::endpoint::{self, Endpoint};
use model::grant::{HttpRule, JudgeRule};
use model::json::Json;
use model::judge::{Asker, Exchange, Format, JudgeRequest, Message, Sent, Speaker, Tool};
use model::ports::{HttpDoor as _, HttpRequest, JudgeCache as _, JudgeDoor, Store};
use model::report::Cost;
use pipeline::plan;
use pipeline::score::Judged;
use serde::Serialize;
use serde_json::json;

use super::card;
use super::eval::{folder_of, read_suite, suite_path};
use super::guidelines::{self, Checked};
use super::runs::{find, unknown};
use crate::args::{Asked, Judge, JudgeCache};
use crate::authority::{self, Authority};
use crate::exit::{Exit, Stop};
use crate::judging::{self, Opening};
use crate::names::Names;
use crate::quantities::{count, counted, dollars, latency};
use crate::terminal::{Terminal, printable, printable_line, table};
use crate::wiring;

/// How long an endpoint has to show that it is there.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn run(what: Judge, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    match what {
        Judge::List { of } => runtime.block_on(list(&of, terminal)),
        Judge::Ask { question, of, role, guidelines, request, .. } if !guidelines.is_empty() => {
            let response = if question == "-" { read_all()? } else { question };
            guidelines::check(&Checked { response, request, guidelines, role }, &of, &runtime, terminal)
        }
        Judge::Ask { question, of, role, schema, choice, .. } => {
            let format = match schema {
                Some(path) => Format::Schema(read_schema(&path)?),
                None if choice.is_empty() => Format::Text,
                None => Format::Choice(choice),
            };
            let question = if question == "-" { read_all()? } else { question };
            runtime.block_on(ask(&of, role, question, format, terminal))
        }
        Judge::Card(what) => card::run(what, store, terminal),
        Judge::Log { run, row, full } => runtime.block_on(log(&run, row.as_deref(), full, store, terminal)),
        Judge::Cache(what) => runtime.block_on(cache(what, store, terminal)),
    }
}

fn read_schema(path: &std::path::Path) -> Result<Json, Stop> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
    Ok(Json::parse(&text).with_context(|| format!("`{}` is not JSON", path.display()))?)
}

fn read_all() -> Result<String, Stop> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// The judges of a suite, and what they may reach.
struct Named {
    judges: endpoint::Judges,
    authority: Authority,
    folder: PathBuf,
}

fn named(of: &Asked) -> Result<Named, Stop> {
    let path = suite_path(&of.suite);
    let judges = plan::judges(&read_suite(&path)?)?;
    let authority = Authority::read(of.policy.as_deref(), &of.allow)?;
    Ok(Named { judges, authority, folder: folder_of(&path).to_owned() })
}

/// One endpoint, as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    endpoint: &'a str,
    model: String,
    roles: Vec<&'a str>,
    base_url: &'a str,
    /// `set`, `none`, or what is wrong.
    key: String,
    price: Option<endpoint::Price>,
    /// What was found on the way there.
    reachable: String,
}

async fn list(of: &Asked, terminal: &Terminal) -> Result<Exit, Stop> {
    let Named { judges, authority, folder } = named(of)?;
    let mut listed = Vec::new();
    for (name, endpoint) in &judges.endpoints {
        let key = match &endpoint.api_key {
            None => "none".to_owned(),
            Some(source) => authority::key(source, &folder).map_or_else(|why| why, |_| "set".to_owned()),
        };
        listed.push(Listed {
            endpoint: name,
            model: endpoint.model.to_string(),
            roles: judges.roles.iter().filter(|(_, behind)| *behind == name).map(|(role, _)| &**role).collect(),
            base_url: &endpoint.base_url,
            key,
            price: endpoint.price,
            reachable: reach(endpoint, &authority).await?,
        });
    }
    if terminal.is_json() {
        terminal.json(&listed)?;
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        terminal.say("the suite has no `endpoints`: see docs/judges.md")?;
        return Ok(Exit::Done);
    }
    let rows = listed.iter().map(|listed| {
        let price = listed
            .price
            .map_or_else(|| "unknown".to_owned(), |price| format!("{} in, {} out", price.input, price.output));
        let roles = if listed.roles.is_empty() { "–".to_owned() } else { listed.roles.join(", ") };
        vec![
            listed.endpoint.to_owned(),
            listed.model.clone(),
            roles,
            listed.key.clone(),
            price,
            listed.reachable.clone(),
        ]
    });
    let header = ["ENDPOINT", "MODEL", "ROLES", "KEY", "USD PER MILLION TOKENS", "REACHED"];
    terminal.data(table(&header, &[], rows))?;
    terminal.say(format_args!("prices that the suite does not say are those of {}", plan::prices::AS_OF))?;
    Ok(Exit::Done)
}

/// Looks whether somebody answers, without a key and without asking anything.
async fn reach(endpoint: &Endpoint, authority: &Authority) -> Result<String, Stop> {
    let url = broker::origin_of(&endpoint.base_url);
    let door = wiring::door(authority.allowed()?, Bounds::judges(1))?;
    let rule = HttpRule { url: url.clone(), methods: vec!["GET".to_owned()], secrets: Vec::new(), why: None };
    let (headers, body) = (Vec::new(), Vec::new());
    let request = HttpRequest { method: "GET".to_owned(), url, headers, body, timeout: Some(PATIENCE), asker: None };
    let reached = door.send(&[rule], 1 << 16, request).await;
    Ok(reached.map_or_else(|failure| failure.message, |_| "yes".to_owned()))
}

/// Opens the one role that is asked by hand.
pub(super) fn opened(of: &Asked, role: &str, terminal: &Terminal) -> Result<(Arc<Judges>, Judged), Stop> {
    let (judges, authority, folder) = loop {
        let Named { mut judges, authority, folder } = named(of)?;
        if !judges.roles.contains_key(role) {
            let known: Vec<_> = judges.roles.keys().map(|role| format!("`{role}`")).collect();
            return Err(Stop::message(format_args!("nobody is behind the role `{role}`"))
                .hint(format_args!("roles of the suite: {}", known.join(", "))));
        }
        judges.roles.retain(|known, _| *known == role);
        judges = judges.in_use();
        if !authority.check_judges(&judges, terminal)? {
            break (judges, authority, folder);
        }
    };
    let door = Arc::new(Judges::default());
    let opening = Opening {
        judges: &judges,
        max_usd: None,
        spent: &Cost::default(),
        cache: None,
        cassette: None,
        authority: &authority,
        folder: &folder,
        is_replay: false,
    };
    let judged = judging::open(&door, opening)?;
    Ok((door, judged))
}

async fn ask(of: &Asked, role: String, question: String, format: Format, terminal: &Terminal) -> Result<Exit, Stop> {
    let (door, mut judged) = opened(of, &role, terminal)?;
    let asker = Asker { plugin: String::new(), key: "ask".to_owned(), index: 0, trial: 0 };
    let rule = JudgeRule { roles: vec![role.clone()], ..JudgeRule::default() };
    let message = Message { speaker: Speaker::User, content: question, tool_calls: Vec::new(), answers: None };
    let request = JudgeRequest {
        role,
        messages: vec![message],
        tools: Vec::new(),
        format,
        max_output_tokens: None,
        temperature: None,
        sample: 0,
    };
    let reply = door.complete(&asker, &rule, request).await;
    let exchange = judged.exchanges.recv().await;
    if terminal.is_json() {
        terminal.json(&exchange)?;
    } else if let Ok(reply) = &reply {
        terminal.data(&reply.text)?;
        if let Some(exchange) = &exchange {
            terminal.say(told(exchange))?;
        }
    }
    match reply {
        Ok(_) => Ok(Exit::Done),
        Err(failure) => Err(Stop { exit: Exit::Failed, ..Stop::message(printable_line(&failure.message)) }),
    }
}

/// Who answered, and what it took.
pub(super) fn told(exchange: &Exchange) -> String {
    let usage = exchange.usage;
    let cost = match usage.cost {
        Some(micros) => dollars(micros as f64 / 1e6),
        None if exchange.known.is_some() => dollars(0.0),
        None => "the price is not known".to_owned(),
    };
    format!(
        "{}, {}, tokens {} in, {} out, {cost}",
        exchange.model,
        latency(exchange.duration),
        count(usage.input_tokens),
        count(usage.output_tokens)
    )
}

async fn log(
    named: &str,
    row: Option<&str>,
    full: bool,
    store: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let store = wiring::existing_store(&wiring::store_folder(store)?)?.ok_or_else(|| unknown(named))?;
    let run = find(&*store, named).await?;
    let names = Names::of(&*store, &run)?;
    let index = row.map(|id| names.index(id)).transpose()?;
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run.header.id, after).await? {
        after = Some(batch);
        for exchange in exchanges.iter().filter(|exchange| index.is_none_or(|index| index == exchange.index)) {
            if terminal.is_json() {
                terminal.json(exchange)?;
            } else {
                show(exchange, names.of_row(exchange.index), full, terminal)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn show(exchange: &Exchange, row: &str, full: bool, terminal: &Terminal) -> Result<(), Stop> {
    let source = match exchange.known {
        Some(known) => format!("{known:?}").to_lowercase(),
        None => counted(u64::from(exchange.requests), "request"),
    };
    terminal.data(format_args!(
        "row {} trial {}  {} as {}  {source}  {}",
        printable_line(row),
        exchange.trial,
        exchange.key,
        exchange.role,
        told(exchange)
    ))?;
    let reply = match (&exchange.reply, &exchange.failure) {
        (Some(reply), _) => reply.clone(),
        (None, Some(failure)) => format!("no reply: {}", failure.message),
        (None, None) => String::new(),
    };
    if full {
        terminal.data(format_args!("    prompt {}", exchange.digest))?;
        let sent: Sent = serde_json::from_str(exchange.sent.as_str())?;
        for message in &sent.messages {
            terminal.data(indented(&format!("{:?}", message.speaker).to_lowercase(), &message.content))?;
        }
        for tool in &sent.tools {
            let Tool { name, description, parameters } = tool;
            terminal.data(indented("tool", &format!("{name}: {description}\n{parameters}")))?;
        }
        match &sent.format {
            Format::Text => {}
            Format::Schema(schema) => terminal.data(indented("as", schema.as_str()))?,
            Format::Choice(choices) => terminal.data(indented("one of", &choices.join("\n")))?,
        }
        terminal.data(indented("reply", &reply))?;
    } else {
        terminal.data(format_args!("    {}", printable_line(&reply)))?;
    }
    Ok(())
}

fn indented(who: &str, text: &str) -> String {
    let lines = text.lines().map(|line| format!("      {}\n", printable(line)));
    format!("    {who}:\n{}", lines.collect::<String>()).trim_end().to_owned()
}

fn replies(number: u64) -> String {
    if number == 1 { "1 reply".to_owned() } else { format!("{} replies", count(number)) }
}

async fn cache(what: JudgeCache, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let Some(store) = wiring::existing_store(&wiring::store_folder(store)?)? else {
        return Err(Stop::message("there is no store here, so that nothing is kept"));
    };
    match what {
        JudgeCache::Stats => {
            let statistics = store.statistics().await?;
            if terminal.is_json() {
                terminal.json(&json!(statistics))?;
            } else {
                let [bytes, most] = [statistics.bytes, statistics.most_bytes].map(bytesize::ByteSize);
                terminal.data(format_args!("{}, {bytes} of {most}", replies(statistics.replies)))?;
            }
        }
        JudgeCache::Clear => {
            store.clear().await?;
            terminal.note("forgotten")?;
        }
    }
    Ok(Exit::Done)
}
