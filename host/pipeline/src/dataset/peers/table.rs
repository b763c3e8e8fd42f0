//! Whose field is what of ours.

use super::Peer;

/// One of their fields, and where it goes.
pub(super) type Field = (&'static str, Place);

/// A place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A text, or a whole number that becomes one.
    Id,
    /// An object: all inputs.
    Inputs,
    /// Any value: the input of this name.
    Input(&'static str),
    /// An object is all inputs, any other value the input of this name.
    InputsOr(&'static str),
    Outputs,
    /// An object: all expectations.
    Expectations,
    /// Any value: the expectation of this name.
    Expectation(&'static str),
    /// A list of calls of tools, the expectation of this name; what we call `arguments` they call something else.
    Calls(&'static str, &'static str),
    /// An object whose values are tags, as JSON where they are no texts.
    Tags,
    /// A list of texts, each a tag without a value.
    TagNames,
    /// Any value: the tag of this name.
    Tag(&'static str),
    /// A text.
    Split,
}

/// What is done with a field that is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    Refused,
    /// It is an input, or with two underscores in front an expectation of that very name.
    Input,
}

/// The answer that is expected.
const RESPONSE: &str = "expected_response";
const CONTEXT: &str = "expected_retrieved_context";
const CALLS: &str = "expected_tool_calls";

use Place::*;

/// In the order in which they are tried.
pub(super) static PEERS: [Peer; 10] = [
    // A test of promptfoo's.
    Peer {
        name: "promptfoo",
        fields: &[
            ("description", Tag("description")),
            ("vars", Inputs),
            ("assert", Expectation("assert")),
            ("threshold", Expectation("threshold")),
            ("options", Expectation("options")),
            ("metadata", Tags),
        ],
        required: "vars",
        marks: &["vars"],
        other: Other::Refused,
    },
    // Its tests as CSV: a column is a variable.
    Peer {
        name: "promptfoo-csv",
        fields: &[
            ("__description", Tag("description")),
            ("__expected", Expectation(RESPONSE)),
            ("__threshold", Expectation("threshold")),
        ],
        required: "",
        marks: &["__expected", "__expected1", "__description"],
        other: Other::Input,
    },
    // OpenAI evals: `input` is a text or messages, `ideal` one answer or several.
    Peer {
        name: "openai-evals",
        fields: &[("input", Input("input")), ("ideal", Expectation(RESPONSE)), ("metadata", Tags)],
        required: "input",
        marks: &["ideal"],
        other: Other::Refused,
    },
    Peer {
        name: "ragas",
        fields: &[
            ("user_input", Input("input")),
            ("retrieved_contexts", Input("retrieved_context")),
            ("response", Outputs),
            ("reference", Expectation(RESPONSE)),
            ("reference_contexts", Expectation(CONTEXT)),
            ("reference_tool_calls", Calls(CALLS, "args")),
            ("reference_topics", Expectation("reference_topics")),
            ("rubrics", Expectation("rubrics")),
            ("synthesizer_name", Tag("synthesizer_name")),
            ("persona_name", Tag("persona_name")),
            ("query_style", Tag("query_style")),
            ("query_length", Tag("query_length")),
        ],
        required: "user_input",
        marks: &["user_input"],
        other: Other::Refused,
    },
    // A golden of DeepEval's.
    Peer {
        name: "deepeval",
        fields: &[
            ("name", Tag("name")),
            ("input", Input("input")),
            ("retrieval_context", Input("retrieved_context")),
            ("actual_output", Outputs),
            ("expected_output", Expectation(RESPONSE)),
            ("context", Expectation(CONTEXT)),
            ("tools_called", Expectation("tools_called")),
            ("expected_tools", Calls(CALLS, "input_parameters")),
            ("source_file", Tag("source_file")),
            ("comments", Tag("comments")),
            ("additional_metadata", Tags),
        ],
        required: "input",
        marks: &["actual_output", "expected_output", "retrieval_context", "tools_called", "expected_tools"],
        other: Other::Refused,
    },
    // An item of a dataset of Langfuse's.
    Peer {
        name: "langfuse",
        fields: &[
            ("id", Id),
            ("input", InputsOr("input")),
            ("expectedOutput", Expectation(RESPONSE)),
            ("sourceTraceId", Tag("sourceTraceId")),
            ("sourceObservationId", Tag("sourceObservationId")),
            ("status", Tag("status")),
            ("metadata", Tags),
        ],
        required: "input",
        marks: &["expectedOutput"],
        other: Other::Refused,
    },
    // A sample of Inspect's.
    Peer {
        name: "inspect",
        fields: &[
            ("id", Id),
            ("input", Input("input")),
            ("choices", Input("choices")),
            ("files", Input("files")),
            ("target", Expectation(RESPONSE)),
            ("sandbox", Expectation("sandbox")),
            ("setup", Expectation("setup")),
            ("metadata", Tags),
        ],
        required: "input",
        marks: &["target", "choices"],
        other: Other::Refused,
    },
    Peer {
        name: "braintrust",
        fields: &[
            ("id", Id),
            ("input", InputsOr("input")),
            ("output", Outputs),
            ("expected", Expectation(RESPONSE)),
            ("tags", TagNames),
            ("metadata", Tags),
        ],
        required: "input",
        marks: &["expected"],
        other: Other::Refused,
    },
    // An example of Phoenix's: its output is the one that is expected.
    Peer {
        name: "phoenix",
        fields: &[("id", Id), ("input", InputsOr("input")), ("output", Expectation(RESPONSE)), ("metadata", Tags)],
        required: "input",
        marks: &["output"],
        other: Other::Refused,
    },
    // An example of LangSmith's: its outputs are those that are expected.
    Peer {
        name: "langsmith",
        fields: &[("id", Id), ("inputs", Inputs), ("outputs", Expectations), ("split", Split), ("metadata", Tags)],
        required: "inputs",
        marks: &["metadata"],
        other: Other::Refused,
    },
];
