//! The built-in plugin `karat/judge`: scorers that ask an LLM. Who that is, the suite says under `judges:`.
//!
//! A row → what a judge is shown of it ([material]) → between marks ([fence]), with a task and a question of a file of
//! `prompts/` ([prompt]) → a reason and a decision, in JSON that the host sees to ([verdict]).

mod fence;
mod material;
mod prompt;
mod verdict;

mod simple;

mod equivalence;
mod factuality;
mod g_eval;
mod pairwise;
mod rubric;
mod user_frustration;

mod answer_relevancy;
mod claims;
mod context_precision;
mod context_recall;
mod faithfulness;
mod retrieval_relevance;
mod tool_call_correctness;

mod cascade;
mod instructed;
mod judge;
mod jury;
mod trace_judge;

pub use answer_relevancy::AnswerRelevancy;
pub use cascade::Cascade;
pub use context_precision::ContextPrecision;
pub use context_recall::ContextRecall;
pub use equivalence::Equivalence;
pub use factuality::Factuality;
pub use faithfulness::Faithfulness;
pub use g_eval::GEval;
pub use instructed::Answer;
pub use judge::Judge;
pub use jury::Jury;
pub use pairwise::Pairwise;
pub use retrieval_relevance::RetrievalRelevance;
pub use rubric::Rubric;
pub use simple::{
    ClosedQa, Completeness, ConversationCompleteness, ConversationalGuidelines, ConversationalRoleAdherence,
    ConversationalSafety, ConversationalToolCallEfficiency, Correctness, ExpectationsGuidelines, Fluency, Guidelines,
    KnowledgeRetention, RelevanceToQuery, RetrievalGroundedness, RetrievalSufficiency, Safety, Summarization,
    ToolCallEfficiency,
};
pub use tool_call_correctness::ToolCallCorrectness;
pub use trace_judge::TraceJudge;
pub use user_frustration::UserFrustration;

#[cfg(test)]
mod tests;

fn default_role() -> String {
    "default".to_owned()
}

karat_sdk::plugin! {
    name: "karat/judge",
    scorers: [
        Guidelines, ExpectationsGuidelines, Correctness, Equivalence, Completeness, RelevanceToQuery, Safety, Fluency,
        Summarization, ClosedQa, Factuality, Rubric, GEval, Pairwise, RetrievalRelevance, RetrievalSufficiency,
        RetrievalGroundedness, Faithfulness, ContextPrecision, ContextRecall, AnswerRelevancy, ToolCallCorrectness,
        ToolCallEfficiency, UserFrustration, ConversationCompleteness, ConversationalSafety, ConversationalGuidelines,
        ConversationalRoleAdherence, ConversationalToolCallEfficiency, KnowledgeRetention, Judge, Jury, Cascade,
        TraceJudge,
    ],
}
