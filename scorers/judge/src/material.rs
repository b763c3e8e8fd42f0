//! What a judge is shown of a row. What the row does not have is a reason to abstain, and never made up.

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;

use crate::prompt::Shown;

/// A part of a row, or something that follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Material {
    /// What the application was asked.
    Request,
    /// What it answered.
    Response,
    /// What would have been right: the expected response, or the facts that have to be in it.
    Expected,
    /// The expected response alone.
    ExpectedResponse,
    /// The guidelines of the row.
    Guidelines,
    /// The documents that the application found.
    Documents,
    /// The tools that it called.
    Calls,
    /// What was said from the beginning, the answer included.
    Conversation,
}

/// What is shown, or why there is nothing to be shown.
pub(crate) type Found<T> = Result<T, String>;

/// What was found; a scorer abstains where nothing was.
macro_rules! found {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(reason) => return Ok(Outcome::abstain(reason)),
        }
    };
}
pub(crate) use found;

/// All of these, in this order.
pub(crate) fn all(row: &Row, materials: &[Material]) -> Result<Found<Vec<Shown<'static>>>, Failure> {
    let mut shown = Vec::new();
    for material in materials {
        match material.of(row)? {
            Ok(text) => shown.push((material.mark(), text)),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Ok(shown))
}

impl Material {
    fn mark(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Expected | Self::ExpectedResponse => "expected",
            Self::Guidelines => "guidelines",
            Self::Documents => "documents",
            Self::Calls => "calls",
            Self::Conversation => "conversation",
        }
    }

    /// # Errors
    ///
    /// Fails where the row has it in a form that can't be read.
    pub(crate) fn of(self, row: &Row) -> Result<Found<String>, Failure> {
        Ok(match self {
            Self::Request => Ok(request(row)),
            Self::Response => Ok(row.outputs()?.text()?.into_owned()),
            Self::ExpectedResponse => match row.expectations().get("expected_response") {
                Some(response) => Ok(response.text()?.into_owned()),
                None => Err("the row has no `expectations.expected_response`".to_owned()),
            },
            Self::Expected => expected(row)?,
            Self::Guidelines => match row.expectations().get("guidelines") {
                Some(guidelines) => Ok(list(&guidelines.parse::<Vec<String>>()?)),
                None => Err("the row has no `expectations.guidelines`".to_owned()),
            },
            Self::Documents => documents(row)?.map(|documents| numbered(&documents)),
            Self::Calls => calls(row)?.map(|calls| told(&calls)),
            Self::Conversation => conversation(row)?,
        })
    }
}

pub(crate) fn request(row: &Row) -> String {
    row.inputs().as_str().unwrap_or("{}").to_owned()
}

fn expected(row: &Row) -> Result<Found<String>, Failure> {
    let expectations = row.expectations();
    match (expectations.get("expected_facts"), expectations.get("expected_response")) {
        (Some(facts), _) => Ok(Ok(list(&facts.parse::<Vec<String>>()?))),
        (None, Some(response)) => Ok(Ok(response.text()?.into_owned())),
        (None, None) => {
            Ok(Err("the row has neither `expectations.expected_response` nor `expectations.expected_facts`".to_owned()))
        }
    }
}

/// The texts of the documents that were found; at least one.
pub(crate) fn documents(row: &Row) -> Result<Found<Vec<String>>, Failure> {
    let Some(found) = row.retrieved()? else {
        return Ok(Err(
            "no documents were found: neither a step of the type `RETRIEVER` nor `retrieved_context` tells of \
                       any"
            .to_owned(),
        ));
    };
    let texts: Vec<_> = found.into_iter().filter_map(|document| document.text).collect();
    Ok(if texts.is_empty() { Err("no text of a document was found".to_owned()) } else { Ok(texts) })
}

/// The tools that were called.
pub(crate) fn calls(row: &Row) -> Result<Found<Vec<ToolCall>>, Failure> {
    let missing = "nothing tells of tools: neither a step of the type `TOOL` nor `outputs.tool_calls`";
    Ok(row.tool_calls()?.ok_or_else(|| missing.to_owned()))
}

pub(crate) fn told(calls: &[ToolCall]) -> String {
    let told = |call: &ToolCall| match &call.arguments {
        Some(arguments) => format!("{} {arguments}", call.name),
        None => call.name.clone(),
    };
    let calls: Vec<_> = calls.iter().map(told).collect();
    if calls.is_empty() { "(none)".to_owned() } else { numbered(&calls) }
}

/// What was said, speaker by speaker.
fn conversation(row: &Row) -> Result<Found<String>, Failure> {
    #[derive(Deserialize)]
    struct Said {
        role: String,
        #[serde(default)]
        content: serde_json::Value,
    }
    let Some(messages) = row.inputs().get("messages") else {
        return Ok(Err("the row has no conversation in `inputs.messages`".to_owned()));
    };
    let mut said: Vec<Said> = messages.parse()?;
    if let Ok(outputs) = row.outputs() {
        said.push(Said {
            role: "assistant".to_owned(),
            content: serde_json::Value::String(outputs.text()?.into_owned()),
        });
    }
    let turns = said.iter().map(|said| {
        let content = said.content.as_str().map_or_else(|| said.content.to_string(), str::to_owned);
        format!("{}: {content}", said.role)
    });
    Ok(Ok(turns.collect::<Vec<_>>().join("\n")))
}

pub(crate) fn list(texts: &[String]) -> String {
    texts.iter().map(|text| format!("- {text}")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn numbered(texts: &[String]) -> String {
    texts.iter().enumerate().map(|(place, text)| format!("[{}] {text}", place + 1)).collect::<Vec<_>>().join("\n")
}
