//! The built-in plugin `karat/trace`: what can be said of the steps an application took, without asking anybody.
//!
//! Tools that were called and documents that were found come from the row's trace, else from its fields; the SDK says how
//! ([`Row::tool_calls`](karat_sdk::Row::tool_calls), [`Row::retrieved`](karat_sdk::Row::retrieved)). A scorer abstains from
//! a row that does not tell what it looks at, or what it should have been. None needs outputs: a trace stands for itself.

mod arguments;
mod calls;
mod cost;
mod latency;
mod pairs;
mod ranking;
mod retrieval_mrr;
mod retrieval_ndcg;
mod retrieval_precision;
mod retrieval_recall;
mod span_count;
mod span_duration;
mod span_errors;
mod step_count;
mod steps;
mod tokens;
mod tool_call_arguments;
mod tool_call_f1;
mod tool_calls_match;
mod tool_loop;

pub use cost::Cost;
pub use latency::Latency;
pub use retrieval_mrr::RetrievalMrr;
pub use retrieval_ndcg::RetrievalNdcg;
pub use retrieval_precision::RetrievalPrecision;
pub use retrieval_recall::RetrievalRecall;
pub use span_count::SpanCount;
pub use span_duration::SpanDuration;
pub use span_errors::SpanErrors;
pub use step_count::StepCount;
pub use tokens::Tokens;
pub use tool_call_arguments::ToolCallArguments;
pub use tool_call_f1::ToolCallF1;
pub use tool_calls_match::ToolCallsMatch;
pub use tool_loop::ToolLoop;

karat_sdk::plugin! {
    name: "karat/trace",
    scorers: [
        ToolCallF1,
        ToolCallsMatch,
        ToolCallArguments,
        StepCount,
        ToolLoop,
        RetrievalPrecision,
        RetrievalRecall,
        RetrievalMrr,
        RetrievalNdcg,
        Latency,
        Tokens,
        Cost,
        SpanCount,
        SpanDuration,
        SpanErrors,
    ],
}
