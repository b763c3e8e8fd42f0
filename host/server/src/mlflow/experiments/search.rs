//! What experiments can be searched for, and ordered by.

use std::borrow::Cow;
use std::cmp::Ordering;

use model::search::Found;
use model::tracking::Experiment;

use super::super::Wrong;
use super::super::filter::{self, Operator, OrderBy};

const ATTRIBUTES: &str = "{'name', 'experiment_id', 'creation_time', 'last_update_time'}";

/// What of an experiment is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Name,
    Created,
    Updated,
    Tag(String),
}

impl Field {
    fn of(entity: Option<&str>, key: &str) -> Result<Self, Wrong> {
        match (entity, key) {
            (None | Some("attribute" | "attributes"), "name") => Ok(Self::Name),
            (None | Some("attribute" | "attributes"), "experiment_id") => Ok(Self::Id),
            (None | Some("attribute" | "attributes"), "creation_time") => Ok(Self::Created),
            (None | Some("attribute" | "attributes"), "last_update_time") => Ok(Self::Updated),
            (Some("tag" | "tags"), key) => Ok(Self::Tag(key.to_owned())),
            (None | Some("attribute" | "attributes"), key) => {
                Err(Wrong::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{ATTRIBUTES}'")))
            }
            (Some(entity), _) => Err(Wrong::invalid(format!(
                "Invalid entity type '{entity}'. Valid entity types are ('attribute', 'attributes', 'tag', 'tags')"
            ))),
        }
    }

    fn find<'a>(&self, experiment: &'a Experiment) -> Option<Found<'a>> {
        match self {
            // As a number, by which they are counted.
            Self::Id => experiment.id.parse().ok().map(Found::Number),
            Self::Name => Some(Found::Text(Cow::Borrowed(&experiment.name))),
            Self::Created => Some(Found::Number(experiment.created as f64)),
            Self::Updated => Some(Found::Number(experiment.updated as f64)),
            Self::Tag(key) => experiment.tags.get(key).map(|value| Found::Text(Cow::Borrowed(value))),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    field: Field,
    said: filter::Condition,
}

impl Condition {
    pub(super) fn holds(&self, experiment: &Experiment) -> bool {
        self.said.holds(self.field.find(experiment))
    }

    fn new(said: filter::Condition) -> Result<Self, Wrong> {
        use Operator::{Equal, Ilike, In, Like, NotEqual, NotIn, NotNull, Null, Ordered};
        let field = Field::of(said.entity.as_deref(), &said.key)?;
        match field {
            Field::Id => {
                said.must_be(&[Equal, NotEqual, In, NotIn])?;
                said.must_be_of_texts("attributes")?;
                said.texts().try_for_each(|id| super::read_id(id).map(drop))?;
            }
            Field::Name => {
                said.must_be(&[Equal, NotEqual, Like, Ilike])?;
                said.must_be_of_texts("attributes")?;
            }
            Field::Created | Field::Updated => {
                said.must_be(&[Equal, NotEqual, Ordered])?;
                said.must_be_of_numbers(&format!("numeric attribute: {}", said.key))?;
            }
            Field::Tag(_) => {
                said.must_be(&[Equal, NotEqual, Like, Ilike, Null, NotNull])?;
                said.must_be_of_texts("tag")?;
            }
        }
        Ok(Self { field, said })
    }
}

pub(super) fn conditions(said: Vec<filter::Condition>) -> Result<Vec<Condition>, Wrong> {
    said.into_iter().map(Condition::new).collect()
}

pub(super) struct Order {
    field: Field,
    said: OrderBy,
}

/// The newest first where nothing is said.
pub(super) fn orders(clauses: &[&str]) -> Result<Vec<Order>, Wrong> {
    let clauses = if clauses.is_empty() { &["creation_time DESC", "experiment_id ASC"][..] } else { clauses };
    let order = |clause: &&str| {
        let said = filter::parse_order(clause)?;
        match Field::of(said.entity.as_deref(), &said.key)? {
            Field::Tag(_) => Err(Wrong::invalid("Invalid order_by entity: tag")),
            field => Ok(Order { field, said }),
        }
    };
    clauses.iter().map(order).collect()
}

/// What orders can't tell apart is ordered by id, the greatest first.
pub(super) fn compare(orders: &[Order], a: &Experiment, b: &Experiment) -> Ordering {
    let told_apart = orders.iter().map(|order| order.said.compare(order.field.find(a), order.field.find(b)));
    let by_id = || {
        let number = |experiment: &Experiment| experiment.id.parse::<u64>().ok();
        number(b).cmp(&number(a))
    };
    told_apart.into_iter().find(|ordering| ordering.is_ne()).unwrap_or_else(by_id)
}
