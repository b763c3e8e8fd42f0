//! What people keep under names: experiments, runs that they track, datasets, prompts, versions of applications, scorers,
//! reviews. One file for each, with its rules: which names are taken, which number comes next, what may be changed.
//!
//! ```text
//! door (CLI, API, MLflow's client) ──▶ registry: rules ──▶ documents ──▶ store
//! ```
//!
//! Nouns are `model`'s. How they are spelled on a wire is the doors' business, and how they are kept the store's: it sees
//! JSON under keys.

mod apps;
mod artifacts;
mod carried;
mod changing;
mod dataset_fields;
mod dataset_head;
mod dataset_records;
mod dataset_rows;
mod dataset_shapes;
mod dataset_versions;
mod datasets;
mod error;
mod experiments;
mod issues;
mod key;
mod label_schemas;
mod metrics;
mod prompt_versions;
mod prompts;
mod review_items;
mod review_queues;
mod runs;
mod scorers;
mod webhooks;

use std::sync::{Arc, Mutex};

use model::ports::{BlobStore, DocumentStore};

pub use apps::NewApp;
pub use artifacts::Entry;
pub use carried::Carried;
pub use dataset_fields::Facts;
pub use dataset_records::Merged;
pub use dataset_versions::{Made, NewVersion};
pub use datasets::dataset_digest;
pub use error::Error;
pub use experiments::NewExperiment;
pub use issues::IssueChange;
pub use label_schemas::{LabelSchemaChange, NewLabelSchema};
pub use metrics::History;
pub use review_queues::{NewReviewQueue, ReviewQueueChange};
pub use runs::{Logged, NewRun, RunUpdate};
pub use webhooks::{NewWebhook, WebhookChange};

use changing::Turns;
use experiments::Homes;

/// Everything that is kept under names in one store.
pub struct Registry {
    documents: Arc<dyn DocumentStore>,
    /// Where the rows of datasets' versions are.
    blobs: Arc<dyn BlobStore>,
    turns: Turns,
    homes: Mutex<Homes>,
}

impl Registry {
    pub fn new<S: DocumentStore + BlobStore + 'static>(store: Arc<S>) -> Self {
        Self::of(store.clone(), store)
    }

    /// Both are of one store.
    pub fn of(documents: Arc<dyn DocumentStore>, blobs: Arc<dyn BlobStore>) -> Self {
        Self { documents, blobs, turns: Turns::default(), homes: Mutex::default() }
    }
}
