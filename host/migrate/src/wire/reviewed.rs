//! Label schemas, review queues with their items, issues.

use std::collections::BTreeMap;

use model::issue::{Issue, IssueStatus, Severity};
use model::review::{LabelInput, LabelKind, LabelSchema, QueueKind, ReviewItem, ReviewQueue, ReviewStatus};
use serde::Deserialize;

use super::{optional_whole, whole};

#[derive(Deserialize)]
pub(crate) struct LabelSchemaRead {
    pub(crate) schema_id: String,
    pub(crate) experiment_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) instruction: Option<String>,
    #[serde(default)]
    pub(crate) enable_comment: bool,
    pub(crate) input: LabelInputRead,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) created_at: i64,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) last_updated_at: i64,
    #[serde(default)]
    pub(crate) is_default: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LabelInputRead {
    PassFail {
        positive_label: String,
        negative_label: String,
    },
    Categorical {
        #[serde(default)]
        options: Vec<String>,
        #[serde(default)]
        multi_select: bool,
    },
    Numeric {
        min_value: Option<f64>,
        max_value: Option<f64>,
    },
    Text {
        #[serde(default, deserialize_with = "optional_whole")]
        max_length: Option<i64>,
    },
}

impl From<LabelInputRead> for LabelInput {
    fn from(read: LabelInputRead) -> Self {
        match read {
            LabelInputRead::PassFail { positive_label, negative_label } => {
                Self::PassFail { positive_label, negative_label }
            }
            LabelInputRead::Categorical { options, multi_select } => Self::Categorical { options, multi_select },
            LabelInputRead::Numeric { min_value, max_value } => Self::Numeric { min_value, max_value },
            LabelInputRead::Text { max_length } => Self::Text { max_length },
        }
    }
}

impl From<LabelSchemaRead> for LabelSchema {
    fn from(read: LabelSchemaRead) -> Self {
        Self {
            id: read.schema_id,
            experiment: read.experiment_id,
            name: read.name,
            kind: match read.kind.eq_ignore_ascii_case("expectation") {
                true => LabelKind::Expectation,
                false => LabelKind::Feedback,
            },
            input: read.input.into(),
            instruction: read.instruction,
            enable_comment: read.enable_comment,
            is_default: read.is_default,
            created: read.created_at,
            updated: read.last_updated_at,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ReviewQueueRead {
    pub(crate) queue_id: String,
    pub(crate) experiment_id: String,
    pub(crate) name: String,
    pub(crate) queue_type: String,
    pub(crate) created_by: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) creation_time_ms: i64,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) last_update_time_ms: i64,
    #[serde(default)]
    pub(crate) users: Vec<String>,
    #[serde(default)]
    pub(crate) schema_ids: Vec<String>,
}

impl From<ReviewQueueRead> for ReviewQueue {
    fn from(read: ReviewQueueRead) -> Self {
        Self {
            id: read.queue_id,
            experiment: read.experiment_id,
            name: read.name,
            kind: match read.queue_type.eq_ignore_ascii_case("user") {
                true => QueueKind::User,
                false => QueueKind::Custom,
            },
            created_by: read.created_by,
            users: read.users,
            schemas: read.schema_ids,
            created: read.creation_time_ms,
            updated: read.last_update_time_ms,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ReviewItemRead {
    pub(crate) queue_id: String,
    pub(crate) item_id: String,
    pub(crate) status: String,
    pub(crate) completed_by: Option<String>,
    #[serde(default, deserialize_with = "optional_whole")]
    pub(crate) completed_time_ms: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) creation_time_ms: i64,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) last_update_time_ms: i64,
}

impl From<ReviewItemRead> for ReviewItem {
    fn from(read: ReviewItemRead) -> Self {
        Self {
            queue: read.queue_id,
            trace: read.item_id,
            status: match read.status.to_ascii_uppercase().as_str() {
                "COMPLETE" => ReviewStatus::Complete,
                "DECLINED" => ReviewStatus::Declined,
                _ => ReviewStatus::Pending,
            },
            completed_by: read.completed_by,
            completed: read.completed_time_ms,
            created: read.creation_time_ms,
            updated: read.last_update_time_ms,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct IssueRead {
    pub(crate) issue_id: String,
    pub(crate) experiment_id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) status: IssueStatus,
    pub(crate) severity: Option<Severity>,
    pub(crate) root_causes: Option<Vec<String>>,
    pub(crate) categories: Option<Vec<String>>,
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    pub(crate) source_run_id: Option<String>,
    pub(crate) created_by: Option<String>,
    pub(crate) last_updated_by: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) created_timestamp: i64,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) last_updated_timestamp: i64,
    #[serde(default, deserialize_with = "optional_whole")]
    pub(crate) last_seen_timestamp: Option<i64>,
}

impl From<IssueRead> for Issue {
    fn from(read: IssueRead) -> Self {
        Self {
            id: read.issue_id,
            experiment: read.experiment_id,
            name: read.name,
            description: read.description,
            status: read.status,
            severity: read.severity,
            root_causes: read.root_causes.unwrap_or_default(),
            categories: read.categories.unwrap_or_default(),
            metadata: read.metadata.unwrap_or_default(),
            run: read.source_run_id,
            created_by: read.created_by,
            updated_by: read.last_updated_by,
            created: read.created_timestamp,
            updated: read.last_updated_timestamp,
            seen: read.last_seen_timestamp.unwrap_or(read.created_timestamp),
        }
    }
}
