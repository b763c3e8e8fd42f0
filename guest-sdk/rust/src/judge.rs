//! Questions to an LLM, asked by the host: it owns keys, endpoints, cache, rate limits, retries and budget.
//!
//! A plugin names a role that the suite binds to an endpoint; it never learns which.
//!
//! ```no_run
//! # use karat_sdk::prelude::*;
//! # fn ask() -> Result<bool, Failure> {
//! let reply = karat_sdk::judge::ask("Is this polite: …").choices(&["yes", "no"]).send()?;
//! # Ok(
//! reply.text == "yes"
//! # ) }
//! ```

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::karat::eval::judge as linked;
pub use crate::bindings::karat::eval::judge::{Reply, Usage};
use crate::failure::Failure;

/// A question in the making.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `send`"]
pub struct Question(linked::Request);

/// A question to the role `default`.
pub fn ask(prompt: impl Into<String>) -> Question {
    Question(linked::Request {
        role: "default".to_owned(),
        messages: vec![message(linked::Speaker::User, prompt.into())],
        tools: Vec::new(),
        format: linked::Format::Text,
        max_output_tokens: None,
        temperature: None,
        sample: 0,
    })
}

/// Asks several at once; replies in the order asked.
pub fn ask_many(questions: Vec<Question>) -> Vec<Result<Reply, Failure>> {
    #[cfg(target_family = "wasm")]
    return linked::complete_many(&questions.into_iter().map(|question| question.0).collect::<Vec<_>>());
    #[cfg(not(target_family = "wasm"))]
    questions.into_iter().map(Question::send).collect()
}

fn message(speaker: linked::Speaker, content: String) -> linked::Message {
    linked::Message { speaker, content, tool_calls: Vec::new(), answers: None }
}

impl Question {
    /// Asks another role that `plugin.toml` declares.
    pub fn role(mut self, role: &str) -> Self {
        self.0.role = role.to_owned();
        self
    }

    /// Says beforehand who the judge is.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.0.messages.insert(0, message(linked::Speaker::System, text.into()));
        self
    }

    /// The reply has to be JSON that satisfies this schema; the host sees to it.
    pub fn schema(mut self, schema: &Value) -> Self {
        self.0.format = linked::Format::Schema(schema.to_string());
        self
    }

    /// The reply has to be one of these.
    pub fn choices(mut self, choices: &[&str]) -> Self {
        self.0.format = linked::Format::Choice(choices.iter().map(|&choice| choice.to_owned()).collect());
        self
    }

    pub fn temperature(mut self, temperature: f32) -> Self {
        self.0.temperature = Some(temperature);
        self
    }

    pub fn max_output_tokens(mut self, tokens: u32) -> Self {
        self.0.max_output_tokens = Some(tokens);
        self
    }

    /// Tells repeated questions with one text apart.
    pub fn sample(mut self, sample: u32) -> Self {
        self.0.sample = sample;
        self
    }

    /// What is asked.
    pub fn prompt(&self) -> &str {
        self.0.messages.last().map_or("", |message| &message.content)
    }

    /// Asks it.
    ///
    /// # Errors
    ///
    /// Fails as denied where the suite binds the role to nothing, and with other codes where no reply came.
    pub fn send(self) -> Result<Reply, Failure> {
        #[cfg(target_family = "wasm")]
        return linked::complete(&self.0);
        #[cfg(not(target_family = "wasm"))]
        crate::testing::reply(&self)
    }
}

impl Reply {
    /// The text, read as JSON.
    ///
    /// # Errors
    ///
    /// Fails when it is none, or of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| Failure::other(format!("the reply can't be read: {error}")))
    }
}
