//! What people are asked about traces, and the queues in which traces wait for them.
//!
//! What they answer is an assessment of the trace; here is only who is to look at what, and how far that is.

use serde::{Deserialize, Serialize};

/// A question to people, in the words and with the means to answer that they are shown.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct LabelSchema {
    pub id: String,
    /// The id of the experiment that it belongs to.
    pub experiment: String,
    /// No other of the experiment has it. Answers are assessments of this name.
    pub name: String,
    pub kind: LabelKind,
    pub input: LabelInput,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Whether a reason may be given.
    #[serde(default)]
    pub enable_comment: bool,
    /// The question that every experiment has; it is never changed.
    #[serde(default)]
    pub is_default: bool,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    Feedback,
    Expectation,
}

/// How a question can be answered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelInput {
    PassFail {
        positive_label: String,
        negative_label: String,
    },
    Categorical {
        options: Vec<String>,
        multi_select: bool,
    },
    Numeric {
        min_value: Option<f64>,
        max_value: Option<f64>,
    },
    Text {
        /// In characters.
        max_length: Option<i64>,
    },
}

/// A queue of traces that wait for people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReviewQueue {
    pub id: String,
    /// The id of the experiment that it belongs to.
    pub experiment: String,
    /// No other of the experiment has it, in whatever case. That of a user's queue is the user's.
    pub name: String,
    pub kind: QueueKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Any of them may answer for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// The ids of its questions; of a user's queue, none: it asks all of the experiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// Of one person.
    User,
    Custom,
}

/// A trace in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReviewItem {
    /// The id of the queue.
    pub queue: String,
    /// The id of the trace.
    pub trace: String,
    pub status: ReviewStatus,
    /// Who is done with it; none while nobody is. `completed` likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_by: Option<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `created` and `updated` likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<i64>,
    pub created: i64,
    pub updated: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewStatus {
    #[default]
    Pending,
    Complete,
    Declined,
}
