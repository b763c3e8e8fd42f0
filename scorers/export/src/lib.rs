//! The built-in plugin `karat/export`: ways for spans to go elsewhere.
//!
//! What a server answers is told apart by what can be done about it: overloaded and out of reach are tried again by the
//! host; any other refusal is the end of a batch, and is told with its count.

mod answer;
mod jsonl;
mod otlp_http;
mod webhook;

pub use jsonl::Jsonl;
pub use otlp_http::OtlpHttp;
pub use webhook::Webhook;

karat_sdk::plugin! {
    name: "karat/export",
    exporters: [OtlpHttp, Jsonl, Webhook],
}

#[cfg(test)]
mod tests;
