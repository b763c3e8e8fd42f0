//! What a span says, in one set of words whatever dialect it speaks.
//!
//! A dialect (`dialects`) offers what it finds; of several offers of one fact the first counts, and the dialects are
//! asked in a fixed order. What is offered in a form that the fact can't have is passed over, so that the next one may
//! have it. Nothing is made up: what nobody says stays unknown.

mod message;
mod offers;

use model::digest::{Cost, Tokens};
use model::json::Json;
use model::trace::{Span, Status};

pub(crate) use message::read as messages;
pub use message::{Message, ToolCall};
pub(crate) use offers::{Fact, Offers, Wanted, parsed, text, told};

use crate::dialects;

/// The facts of one span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What type of step it is, in MLflow's words: `AGENT`, `LLM`, `CHAT_MODEL`, `TOOL`, `RETRIEVER`, `EMBEDDING`, `CHAIN`,
    /// `RERANKER`, `PARSER`, `MEMORY`, `WORKFLOW`, `TASK`, `GUARDRAIL`, `EVALUATOR`; an application may have its own. In upper
    /// case; none where the span does not say.
    pub kind: Option<String>,
    pub inputs: Option<Json>,
    pub outputs: Option<Json>,
    /// What a model was sent, and what it answered.
    pub input_messages: Vec<Message>,
    pub output_messages: Vec<Message>,
    /// The model that was asked for, and the one that answered.
    pub model_asked: Option<String>,
    pub model: Option<String>,
    pub provider: Option<String>,
    pub tokens: Option<Tokens>,
    /// US dollars, by the span's own account.
    pub cost: Option<f64>,
    /// What of it is for what came in, and what for what went out, by the span's own account.
    pub input_cost: Option<f64>,
    pub output_cost: Option<f64>,
    pub tool: Option<Tool>,
    /// What a retriever or a reranker found, best first.
    pub documents: Vec<Document>,
    pub session: Option<String>,
    pub user: Option<String>,
    pub prompts: Vec<Prompt>,
    pub error: Option<Error>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tool {
    pub name: String,
    pub call: Option<String>,
    pub arguments: Option<Json>,
    pub result: Option<Json>,
}

/// A document that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub id: Option<String>,
    pub content: Option<String>,
    pub score: Option<f64>,
    pub metadata: Option<Json>,
}

/// A registered prompt that a step used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub name: String,
    pub version: Option<String>,
}

/// What went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Error {
    /// `ValueError`, `timeout`, a status of HTTP.
    pub kind: Option<String>,
    pub message: String,
}

/// What tokens of a model cost, for spans that don't say it themselves.
pub trait Prices {
    /// None where that is not known.
    fn cost(&self, provider: Option<&str>, model: &str, tokens: &Tokens) -> Option<Cost>;
}

impl<F: Fn(Option<&str>, &str, &Tokens) -> Option<Cost>> Prices for F {
    fn cost(&self, provider: Option<&str>, model: &str, tokens: &Tokens) -> Option<Cost> {
        self(provider, model, tokens)
    }
}

/// Knows no price.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrices;

impl Prices for NoPrices {
    fn cost(&self, _: Option<&str>, _: &str, _: &Tokens) -> Option<Cost> {
        None
    }
}

impl Facts {
    /// The facts of a span.
    pub fn of(span: &Span) -> Self {
        Self::wanted(span, Wanted::ALL)
    }

    /// Those that are wanted, and what follows from them.
    pub(crate) fn wanted(span: &Span, wanted: Wanted) -> Self {
        let mut offers = dialects::offers(span, wanted);
        let kind = offers.text(Fact::Kind).map(|kind| kind.to_uppercase());
        let tool = wanted.has(Fact::ToolName).then(|| tool(span, &offers, kind.as_deref())).flatten();
        let outputs = offers.json(Fact::Outputs).or_else(|| offers.json(Fact::Documents));
        let mut input_messages = offers.messages(Fact::InputMessages);
        if let Some(system) = offers.value(Fact::System) {
            let known = input_messages.iter().any(|message| message.role == "system");
            if !known && let Some(text) = message::text(&system) {
                input_messages.insert(0, Message::new("system", text));
            }
        }
        let answered = offers.text(Fact::ModelAnswered);
        let asked = offers.text(Fact::ModelAsked);
        Self {
            inputs: offers.json(Fact::Inputs).or_else(|| tool.as_ref()?.arguments.clone()),
            outputs: outputs.or_else(|| tool.as_ref()?.result.clone()),
            input_messages,
            output_messages: offers.messages(Fact::OutputMessages),
            model: answered.or_else(|| asked.clone()),
            model_asked: asked,
            provider: offers.text(Fact::Provider),
            tokens: tokens(&offers),
            cost: cost(&offers),
            input_cost: offers.number(Fact::InputCost),
            output_cost: offers.number(Fact::OutputCost),
            documents: offers.value(Fact::Documents).map(|value| documents(&value)).unwrap_or_default(),
            session: offers.text(Fact::Session),
            user: offers.text(Fact::User),
            prompts: prompts(&offers),
            error: wanted.has(Fact::ErrorMessage).then(|| error(span, &offers)).flatten(),
            tool,
            kind,
        }
    }

    /// With what the step cost: by its own account, else by `prices`. An agent has no price of its own: what is in it has.
    pub fn priced(mut self, prices: &dyn Prices) -> Self {
        if self.cost.is_none()
            && self.kind.as_deref() != Some("AGENT")
            && let (Some(model), Some(tokens)) = (&self.model, &self.tokens)
            && let Some(Cost { input, output }) = prices.cost(self.provider.as_deref(), model, tokens)
        {
            (self.cost, self.input_cost, self.output_cost) = (Some(input + output), Some(input), Some(output));
        }
        for cost in [&mut self.cost, &mut self.input_cost, &mut self.output_cost] {
            *cost = cost.filter(|cost| cost.is_finite() && *cost >= 0.0);
        }
        self
    }
}

fn tokens(offers: &Offers) -> Option<Tokens> {
    let count = |fact| offers.count(fact);
    let (input, output, total) = (count(Fact::InputTokens), count(Fact::OutputTokens), count(Fact::TotalTokens));
    if input.is_none() && output.is_none() && total.is_none() {
        return None;
    }
    // Embeddings say how many there were, and no more.
    let input = input.or_else(|| total?.checked_sub(output.unwrap_or_default())).unwrap_or_default();
    let output = output.unwrap_or_default();
    Some(Tokens {
        input,
        output,
        cache_read: count(Fact::CacheRead).unwrap_or_default(),
        cache_write: count(Fact::CacheWrite).unwrap_or_default(),
        reasoning: count(Fact::Reasoning).unwrap_or_default(),
        total: total.unwrap_or_else(|| input.saturating_add(output)),
    })
}

fn prompts(offers: &Offers) -> Vec<Prompt> {
    let linked = offers.value(Fact::Prompts).unwrap_or_default();
    let read = |link: &serde_json::Value| {
        let text = |name| link.get(name).and_then(message::text);
        Some(Prompt { name: text("name")?, version: text("version") })
    };
    let linked: Vec<_> = linked.as_array().into_iter().flatten().filter_map(read).collect();
    if !linked.is_empty() {
        return linked;
    }
    let name = offers.text(Fact::PromptName);
    name.map(|name| Prompt { name, version: offers.text(Fact::PromptVersion) }).into_iter().collect()
}

fn cost(offers: &Offers) -> Option<f64> {
    let parts = || match (offers.number(Fact::InputCost), offers.number(Fact::OutputCost)) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or_default() + output.unwrap_or_default()),
    };
    offers.number(Fact::Cost).or_else(parts)
}

fn tool(span: &Span, offers: &Offers, kind: Option<&str>) -> Option<Tool> {
    let is_tool = kind == Some("TOOL");
    let name = offers.text(Fact::ToolName);
    if !is_tool && name.is_none() {
        return None;
    }
    // OpenTelemetry names such a span after the operation, too.
    let own = || span.name.strip_prefix("execute_tool ").unwrap_or(&span.name).to_owned();
    let within = |fact, told| offers.json(fact).or_else(|| is_tool.then(|| offers.json(told))?);
    Some(Tool {
        name: name.unwrap_or_else(own),
        call: offers.text(Fact::ToolCall),
        arguments: within(Fact::ToolArguments, Fact::Inputs),
        result: within(Fact::ToolResult, Fact::Outputs),
    })
}

/// Documents of every shape that dialects have: texts, objects, objects with `document` in them.
fn documents(value: &serde_json::Value) -> Vec<Document> {
    let listed = value.get("documents").unwrap_or(value);
    let Some(items) = listed.as_array() else { return Vec::new() };
    let document = |item: &serde_json::Value| {
        let fields = item.get("document").unwrap_or(item);
        if let Some(text) = fields.as_str() {
            return Document { content: Some(text.to_owned()), ..Document::default() };
        }
        let metadata = fields.get("metadata");
        let find = |names: &[&str]| {
            let found = names.iter().find_map(|name| fields.get(name).filter(|value| !value.is_null()));
            found.or_else(|| names.iter().find_map(|name| metadata?.get(name))).cloned()
        };
        Document {
            id: find(&["id", "doc_uri"]).and_then(|id| message::text(&id)),
            content: find(&["page_content", "content", "text"]).and_then(|text| message::text(&text)),
            score: find(&["score"]).and_then(|score| score.as_f64()),
            metadata: metadata.filter(|value| !value.is_null()).and_then(|value| Json::from_serialize(value).ok()),
        }
    };
    items.iter().map(document).collect()
}

/// An exception that was written down, else what the status says. A span that went well has no error, even where an
/// exception was caught in it.
fn error(span: &Span, offers: &Offers) -> Option<Error> {
    let exception = span.events.iter().rev().find(|event| event.name == "exception");
    let of_exception = |key| exception?.attribute(key).and_then(told);
    let kind = offers.text(Fact::ErrorType);
    let message = offers.text(Fact::ErrorMessage);
    let said = match &span.status {
        Status::Error(said) => said.clone(),
        Status::Ok => return None,
        Status::Unset if kind.is_none() && message.is_none() => return None,
        Status::Unset => String::new(),
    };
    let said = Some(said).filter(|said| !said.is_empty());
    let message = of_exception("exception.message").or(said).or(message).unwrap_or_default();
    Some(Error { kind: of_exception("exception.type").or(kind), message })
}

#[cfg(test)]
pub(crate) mod tests;
