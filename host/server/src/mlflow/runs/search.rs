//! What runs can be searched for, and ordered by.

use std::borrow::Cow;
use std::cmp::Ordering;

use model::search::Found;
use model::tracking::{RunDataset, TrackedRun};

use super::super::filter::{self, Operator, OrderBy};
use super::super::{Wrong, inputs};
use super::shown;

const ENTITIES: &str = "['metric', 'parameter', 'tag', 'attribute', 'dataset']";
const ATTRIBUTES: &str = "['artifact_uri', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id', \
                          'created', 'Created', 'run name', 'Run name', 'Run Name']";
const OF_DATASETS: &str = "{'name', 'digest', 'context'}";

/// What of a run is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Name,
    User,
    Status,
    ArtifactUri,
    Started,
    Ended,
    Metric(String),
    Param(String),
    Tag(String),
    Dataset(OfDataset),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfDataset {
    Name,
    Digest,
    Context,
}

impl Field {
    fn of(entity: Option<&str>, key: &str) -> Result<Self, Wrong> {
        match entity {
            None | Some("attribute" | "attributes" | "attr" | "run") => Self::attribute(key),
            Some("metric" | "metrics") => Ok(Self::Metric(key.to_owned())),
            Some("parameter" | "parameters" | "param" | "params") => Ok(Self::Param(key.to_owned())),
            Some("tag" | "tags") => Ok(Self::Tag(key.to_owned())),
            Some("dataset" | "datasets") => match key {
                "name" => Ok(Self::Dataset(OfDataset::Name)),
                "digest" => Ok(Self::Dataset(OfDataset::Digest)),
                "context" => Ok(Self::Dataset(OfDataset::Context)),
                key => Err(Wrong::invalid(format!(
                    "Invalid dataset key '{key}' specified. Valid keys are '{OF_DATASETS}'"
                ))),
            },
            Some(entity) => Err(Wrong::invalid(format!("Invalid entity type '{entity}'. Valid values are {ENTITIES}"))),
        }
    }

    fn attribute(key: &str) -> Result<Self, Wrong> {
        match key {
            "run_id" => Ok(Self::Id),
            "run_name" | "run name" | "Run name" | "Run Name" => Ok(Self::Name),
            "user_id" => Ok(Self::User),
            "status" => Ok(Self::Status),
            "artifact_uri" => Ok(Self::ArtifactUri),
            "start_time" | "created" | "Created" => Ok(Self::Started),
            "end_time" => Ok(Self::Ended),
            key => {
                Err(Wrong::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{ATTRIBUTES}'")))
            }
        }
    }

    /// What a run has for it; of datasets there may be many, and here is none.
    fn find<'a>(&self, run: &'a TrackedRun) -> Option<Found<'a>> {
        let text = |text: &'a str| Some(Found::Text(Cow::Borrowed(text)));
        match self {
            Self::Id => text(&run.id),
            Self::Name => text(&run.name),
            Self::User => text(&run.user),
            Self::Status => text(shown::status(run.status)),
            Self::ArtifactUri => Some(Found::Text(Cow::Owned(shown::artifact_uri(run)))),
            Self::Started => Some(Found::Number(run.started as f64)),
            Self::Ended => run.ended.map(|ended| Found::Number(ended as f64)),
            Self::Metric(key) => run.metrics.get(key).map(|metric| Found::Number(metric.value)),
            Self::Param(key) => run.params.get(key).and_then(|value| text(value)),
            Self::Tag(key) if key == shown::NAME => text(&run.name),
            Self::Tag(key) => run.tags.get(key).and_then(|value| text(value)),
            Self::Dataset(_) => None,
        }
    }
}

impl OfDataset {
    fn find(self, dataset: &RunDataset) -> Option<Found<'_>> {
        let text = match self {
            Self::Name => Some(&dataset.name.name),
            Self::Digest => Some(&dataset.name.digest),
            Self::Context => dataset.tags.get(inputs::CONTEXT),
        };
        text.map(|text| Found::Text(Cow::Borrowed(text)))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    field: Field,
    said: filter::Condition,
}

impl Condition {
    pub(super) fn holds(&self, run: &TrackedRun) -> bool {
        match self.field {
            Field::Dataset(of) => run.datasets.iter().any(|dataset| self.said.holds(of.find(dataset))),
            _ => self.said.holds(self.field.find(run)),
        }
    }

    fn new(said: filter::Condition) -> Result<Self, Wrong> {
        use Operator::{Equal, Ilike, In, Like, NotEqual, NotIn, NotNull, Null, Ordered};
        let field = Field::of(said.entity.as_deref(), &said.key)?;
        if matches!(said.operator, Null | NotNull) && !matches!(field, Field::Param(_) | Field::Tag(_)) {
            return Err(Wrong::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}'",
                said.name()
            )));
        }
        match field {
            Field::Metric(_) => {
                said.must_be(&[Equal, NotEqual, Ordered])?;
                said.must_be_of_numbers("metric")?;
            }
            Field::Started | Field::Ended => {
                said.must_be(&[Equal, NotEqual, Ordered])?;
                said.must_be_of_numbers(&format!("numeric attribute: {}", said.key))?;
            }
            Field::Param(_) => {
                said.must_be(&[Equal, NotEqual, Like, Ilike, Null, NotNull])?;
                said.must_be_of_texts("parameter")?;
            }
            Field::Tag(_) => {
                said.must_be(&[Equal, NotEqual, Like, Ilike, Null, NotNull])?;
                said.must_be_of_texts("tag")?;
            }
            Field::Id | Field::Dataset(_) => {
                said.must_be(&[Equal, NotEqual, Like, Ilike, In, NotIn])?;
                said.must_be_of_texts("attributes")?;
            }
            Field::Name | Field::User | Field::Status | Field::ArtifactUri => {
                if matches!(said.operator, In | NotIn) {
                    return Err(Wrong::invalid(
                        "Only ['run_id'] attributes support comparison with a list of quoted string values.",
                    ));
                }
                said.must_be(&[Equal, NotEqual, Like, Ilike])?;
                said.must_be_of_texts("attributes")?;
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

pub(super) fn orders(clauses: &[&str]) -> Result<Vec<Order>, Wrong> {
    let mut orders: Vec<Order> = Vec::new();
    for clause in clauses {
        let said = filter::parse_order(clause)?;
        let field = Field::of(said.entity.as_deref(), &said.key)?;
        if let Field::Dataset(_) = field {
            return Err(Wrong::invalid("Invalid identifier type 'dataset'"));
        }
        if orders.iter().any(|order| order.field == field) {
            return Err(Wrong::invalid(format!("`order_by` contains duplicate fields: {clauses:?}")));
        }
        orders.push(Order { field, said });
    }
    Ok(orders)
}

/// What orders can't tell apart comes by start, the latest first, and then by id.
pub(super) fn compare(orders: &[Order], a: &TrackedRun, b: &TrackedRun) -> Ordering {
    let told_apart = orders.iter().map(|order| order.said.compare(order.field.find(a), order.field.find(b)));
    let otherwise = || b.started.cmp(&a.started).then_with(|| a.id.cmp(&b.id));
    told_apart.into_iter().find(|ordering| ordering.is_ne()).unwrap_or_else(otherwise)
}
