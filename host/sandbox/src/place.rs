//! Where the instances of a binding live.

use crate::instances::{Answered, Instances, Question, Turn};
use crate::worker::Assigned;

/// In this process, or in workers.
pub(crate) enum Place {
    Here(Instances),
    There(Assigned),
}

impl Place {
    /// Makes some calls with a question, one after the other: an answer to each.
    pub(crate) async fn answers(&self, question: &mut Question, turns: Vec<Turn>) -> Vec<Answered> {
        match self {
            Self::Here(instances) => instances.answers(question, &turns).await,
            Self::There(assigned) => assigned.answers(question, turns).await,
        }
    }

    /// Makes a call in an instance that has seen nothing else and will not.
    pub(crate) async fn fresh_answer(&self, question: &mut Question, turn: Turn) -> Answered {
        match self {
            Self::Here(instances) => instances.fresh_answer(question, turn).await,
            Self::There(assigned) => assigned.fresh_answer(question, turn).await,
        }
    }
}
