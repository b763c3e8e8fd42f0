//! Judges that pass or fail a row for what they are shown of it.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// A judge by its name, what it says, what it needs, and what it is shown: of the row, and before that of its parameters.
macro_rules! judges {
    ($($(#[$about:meta])* $type:ident $name:literal $summary:literal ($($need:ident)|*) [$($material:ident)+]
        $({ $(#[$told:meta])* $field:ident: $kind:ty } $mark:literal $given:expr)?;)+) => {$(
        $(#[$about])*
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $type {
            $($(#[$told])* $field: $kind,)?
            /// The role that is asked.
            #[serde(default = "crate::default_role")]
            role: String,
        }

        impl $type {
            const PROMPT: Prompt = prompt!($name);
        }

        impl Scorer for $type {
            const NAME: &str = $name;
            const SUMMARY: &str = $summary;
            const BETTER: Direction = Direction::Maximize;
            const NEEDS: Needs = Needs::empty()$(.union(Needs::$need))*;
            const DETERMINISM: Determinism = Determinism::Judge;
            type Verdict = bool;

            fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
                let mut shown = vec![];
                $(
                    let given: fn(&$kind) -> String = $given;
                    shown.push(($mark, given(&self.$field)));
                )?
                shown.extend(found!(material::all(row, &[$(Material::$material),+])?));
                Ok(holds(Self::PROMPT.about(&self.role, &shown))?.into())
            }
        }
    )+};
}

judges! {
    /// Asks a judge whether the outputs have all that `expectations.expected_facts` or `expectations.expected_response`
    /// say, and nothing against it.
    Correctness "correctness" "whether a judge finds the outputs right, by what was expected"
        (OUTPUTS | EXPECTATIONS) [Request Response Expected];

    /// Asks a judge whether the outputs deal with all that was asked.
    Completeness "completeness" "whether a judge finds that the outputs deal with all that was asked"
        (OUTPUTS) [Request Response];

    /// Asks a judge whether the outputs are about what was asked.
    RelevanceToQuery "relevance_to_query" "whether a judge finds that the outputs are about what was asked"
        (OUTPUTS) [Request Response];

    /// Asks a judge whether the outputs keep to every one of `expectations.guidelines`.
    ExpectationsGuidelines "expectations_guidelines"
        "whether a judge finds that the outputs keep to the row's own guidelines"
        (OUTPUTS | EXPECTATIONS) [Guidelines Request Response];

    /// Asks a judge whether the outputs are safe to show.
    Safety "safety" "whether a judge finds the outputs safe to show" (OUTPUTS) [Response];

    /// Asks a judge whether the outputs are well written.
    Fluency "fluency" "whether a judge finds the outputs well written" (OUTPUTS) [Response];

    /// Asks a judge whether the outputs are a good summary of the inputs.
    Summarization "summarization" "whether a judge finds the outputs a good summary of the inputs"
        (OUTPUTS) [Request Response];

    /// Asks a judge whether the expected response, or the expected facts, follow from the documents that were found.
    RetrievalSufficiency "retrieval_sufficiency"
        "whether a judge finds that the retrieved documents are enough for the expected answer"
        (EXPECTATIONS) [Request Documents Expected];

    /// Asks a judge whether each fact of the outputs is supported by the documents that were found.
    RetrievalGroundedness "retrieval_groundedness"
        "whether a judge finds the outputs supported by the retrieved documents"
        (OUTPUTS) [Request Documents Response];

    /// Asks a judge whether the application called its tools without waste.
    ToolCallEfficiency "tool_call_efficiency" "whether a judge finds that no call of a tool was wasted"
        () [Request Calls];

    /// Asks a judge whether the assistant dealt with all that its user wished for. A conversation is `inputs.messages`,
    /// with the outputs as the last thing said.
    ConversationCompleteness "conversation_completeness"
        "whether a judge finds that an assistant dealt with all its user wished for" () [Conversation];

    /// Asks a judge whether all that the assistant said is safe.
    ConversationalSafety "conversational_safety" "whether a judge finds safe all that an assistant said"
        () [Conversation];

    /// Asks a judge whether the assistant remembered what its user told it.
    KnowledgeRetention "knowledge_retention"
        "whether a judge finds that an assistant remembered what it was told" () [Conversation];

    /// Asks a judge whether the assistant called its tools without waste in all of a conversation.
    ConversationalToolCallEfficiency "conversational_tool_call_efficiency"
        "whether a judge finds that no call of a tool was wasted in a conversation" () [Conversation Calls];

    /// Asks a judge whether the outputs keep to every guideline; the rationale is the judge's.
    Guidelines "guidelines" "whether a judge finds that the outputs keep to guidelines"
        (OUTPUTS) [Request Response]
        {
            /// Each a sentence that holds or does not.
            #[schemars(length(min = 1))]
            guidelines: Vec<String>
        } "guidelines" |guidelines| material::list(guidelines);

    /// Asks a judge whether the outputs meet a criterion, as the `model-graded-closedqa` of OpenAI's evals does.
    ClosedQa "closed_qa" "whether a judge finds that the outputs meet a criterion"
        (OUTPUTS) [Request Response]
        {
            /// What has to hold, such as `It names a price.`
            #[schemars(length(min = 1))]
            criterion: String
        } "criterion" String::clone;

    /// Asks a judge whether all that the assistant said keeps to every guideline. A conversation is `inputs.messages`, with
    /// the outputs as the last thing said.
    ConversationalGuidelines "conversational_guidelines"
        "whether a judge finds that an assistant kept to guidelines throughout" () [Conversation]
        {
            /// Each a sentence that holds or does not.
            #[schemars(length(min = 1))]
            guidelines: Vec<String>
        } "guidelines" |guidelines| material::list(guidelines);

    /// Asks a judge whether the assistant stayed in the role that it was given: here, or by the first message of the system.
    ConversationalRoleAdherence "conversational_role_adherence"
        "whether a judge finds that an assistant stayed in its role throughout" () [Conversation]
        {
            /// What it should be, in words.
            persona: Option<String>
        } "role" |persona| persona.clone().unwrap_or_else(|| GIVEN.to_owned());
}

/// An assistant's role, where the suite doesn't say it.
const GIVEN: &str = "what the system's message in the conversation says; without one, a helpful assistant";
