//! The built-in plugin `karat/predict`: ways to call the application under test.
//!
//! What an application answers is told apart by what can be done about it: overloaded, out of reach and too slow are tried
//! again by the host, everything else is the row's error.

mod answer;
mod command;
mod http_json;
mod openai_chat;
mod select;
mod sse;
mod template;

pub use command::Command;
pub use http_json::HttpJson;
pub use openai_chat::OpenAiChat;

karat_sdk::plugin! {
    name: "karat/predict",
    predictors: [HttpJson, OpenAiChat, Command],
}
