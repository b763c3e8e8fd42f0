//! A question in words that all providers share: what each of them writes down in its own way.

use std::borrow::Cow;

use model::endpoint::Endpoint;
use model::json::Json;
use model::judge::{JudgeRequest, Message, Speaker, Tool};
use serde_json::Value;

use super::{Feature, Manner, Way};
use crate::judge::shape::{self, Shape};

/// A question, and how its reply is asked for.
pub(super) struct Question<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) messages: Cow<'a, [Message]>,
    pub(super) tools: Cow<'a, [Tool]>,
    /// Nothing but a call of a tool will do.
    pub(super) must_call: bool,
    /// The reply is JSON of this schema.
    pub(super) schema: Option<Value>,
    /// The most tokens of a reply.
    pub(super) limit: u32,
    /// The limit goes by another name than is usual with this provider.
    pub(super) is_limit_renamed: bool,
    pub(super) temperature: Option<f64>,
    pub(super) seed: Option<u32>,
}

impl<'a> Question<'a> {
    pub(super) fn new(endpoint: &'a Endpoint, request: &'a JudgeRequest, manner: &Manner) -> Self {
        let lacks = |feature| manner.without.contains(&feature);
        let mut question = Self {
            endpoint,
            messages: Cow::Borrowed(&request.messages),
            tools: Cow::Borrowed(&request.tools),
            must_call: false,
            schema: None,
            limit: request.max_output_tokens.unwrap_or(endpoint.max_output_tokens),
            is_limit_renamed: lacks(Feature::Limit),
            // As it was written: 0.7, not what is left of it in a longer number.
            temperature: request.temperature.and_then(|heat| heat.to_string().parse().ok()),
            // So that a question that is repeated is not answered in the same words.
            seed: (request.sample > 0).then_some(request.sample),
        };
        if lacks(Feature::Temperature) {
            question.temperature = None;
        }
        if lacks(Feature::Seed) {
            question.seed = None;
        }
        match (Shape::of(&request.format), manner.way) {
            (None, _) => {}
            (Some(shape), Way::Native) => question.schema = Some(shape.schema),
            (Some(shape), Way::Tool) => {
                question.tools.to_mut().push(reply_tool(&shape));
                question.must_call = true;
            }
            (Some(_), Way::Text) => {
                if let Some(told) = shape::told(&request.format) {
                    tell(question.messages.to_mut(), &told);
                }
            }
        }
        question
    }

    /// What was said that is no system message.
    pub(super) fn talk(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.speaker != Speaker::System)
    }

    /// What the system messages say together, wherever they stand.
    pub(super) fn system(&self) -> Option<String> {
        let said = self.messages.iter().filter(|message| message.speaker == Speaker::System);
        let said: Vec<_> = said.map(|message| &message.content[..]).collect();
        (!said.is_empty()).then(|| said.join("\n\n"))
    }

    /// The name of the tool whose call a message answers.
    pub(super) fn called(&self, message: &Message) -> &str {
        let before = self.messages.iter().take_while(|other| !std::ptr::eq(*other, message));
        // Not every provider gives its calls ids that are theirs alone.
        let call = before
            .flat_map(|message| &message.tool_calls)
            .filter(|call| message.answers.as_ref() == Some(&call.id))
            .last();
        call.map_or("", |call| &call.name)
    }
}

fn reply_tool(shape: &Shape) -> Tool {
    let parameters = Json::from_serialize(&shape.schema).expect("it is JSON");
    let description = "Gives the reply. Call it once, when the reply is known.".to_owned();
    Tool { name: shape::TOOL.to_owned(), description, parameters }
}

/// Says something at the end, where every model reads it: many have no place for a system message there.
fn tell(messages: &mut Vec<Message>, told: &str) {
    match messages.last_mut() {
        Some(last) if last.speaker == Speaker::User => last.content = format!("{}\n\n{told}", last.content),
        _ => messages.push(Message {
            speaker: Speaker::User,
            content: told.to_owned(),
            tool_calls: Vec::new(),
            answers: None,
        }),
    }
}
