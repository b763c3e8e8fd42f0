//! What may be asked of the things of a list, and in which order they come: what a [filter](super::filter) means for them.

use std::cmp::Ordering;

use model::search::{Found, Value};

use super::Wrong;
use super::filter::{self, Condition, Operator, OrderBy};

/// The fields of a kind of thing.
pub(super) struct Grammar {
    /// Attributes that are texts, and those that are whole numbers.
    pub(super) texts: &'static [&'static str],
    pub(super) numbers: &'static [&'static str],
    /// What stands before a dot. Attributes need nothing there.
    pub(super) entities: &'static [(&'static str, Entity)],
    /// Which texts may be compared with a list.
    pub(super) lists: fn(Entity, &str) -> bool,
    /// Whether texts may be compared with a pattern.
    pub(super) patterns: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    Attribute,
    Tag,
    Param,
    /// A number under a key.
    Metric,
}

/// A condition, and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) entity: Entity,
    pub(super) condition: Condition,
}

impl Entity {
    fn name(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Tag => "tag",
            Self::Param => "param",
            Self::Metric => "metric",
        }
    }
}

impl Clause {
    pub(super) fn key(&self) -> &str {
        &self.condition.key
    }

    /// Whether it is about the attribute of this name.
    pub(super) fn is_of(&self, attribute: &str) -> bool {
        self.entity == Entity::Attribute && self.key() == attribute
    }

    /// Whether it says what the attribute of this name is; then what.
    pub(super) fn fixes(&self, attribute: &str) -> Option<&str> {
        match (self.is_of(attribute), self.condition.operator, &self.condition.values[..]) {
            (true, Operator::Equal, [Value::Text(text)]) => Some(text),
            _ => None,
        }
    }
}

impl Grammar {
    /// Reads a filter.
    pub(super) fn read(&self, text: &str) -> Result<Vec<Clause>, Wrong> {
        filter::parse(text)?.into_iter().map(|condition| self.clause(condition)).collect()
    }

    fn clause(&self, condition: Condition) -> Result<Clause, Wrong> {
        let entity = match &condition.entity {
            None => Entity::Attribute,
            Some(name) => self.entity(name)?,
        };
        let is_text = match entity {
            Entity::Attribute if self.texts.contains(&condition.key.as_str()) => true,
            Entity::Attribute if self.numbers.contains(&condition.key.as_str()) => false,
            Entity::Attribute => return Err(self.unknown(&condition.key)),
            Entity::Tag | Entity::Param => true,
            Entity::Metric => false,
        };
        match is_text {
            true => self.check_text(entity, &condition)?,
            false => check_number(entity, &condition)?,
        }
        Ok(Clause { entity, condition })
    }

    fn entity(&self, name: &str) -> Result<Entity, Wrong> {
        let found = self.entities.iter().find(|(known, _)| *known == name);
        found.map(|(_, entity)| *entity).ok_or_else(|| {
            let known: Vec<_> = self.entities.iter().map(|(known, _)| format!("'{known}'")).collect();
            Wrong::invalid(format!("Invalid entity type '{name}'. Valid entity types are ({})", known.join(", ")))
        })
    }

    fn unknown(&self, key: &str) -> Wrong {
        let known: Vec<_> = self.texts.iter().chain(self.numbers).map(|known| format!("'{known}'")).collect();
        Wrong::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{{{}}}'", known.join(", ")))
    }

    fn check_text(&self, entity: Entity, condition: &Condition) -> Result<(), Wrong> {
        let mut known = vec![Operator::Equal, Operator::NotEqual];
        if self.patterns {
            known.extend([Operator::Like, Operator::Ilike]);
        }
        if (self.lists)(entity, &condition.key) {
            known.extend([Operator::In, Operator::NotIn]);
        }
        condition.must_be(&known)?;
        condition.must_be_of_texts(entity.name())
    }
}

/// A number may stand in quotes, too.
fn check_number(entity: Entity, condition: &Condition) -> Result<(), Wrong> {
    condition.must_be(&[Operator::Equal, Operator::NotEqual, Operator::Ordered])?;
    if condition.texts().all(|text| text.parse::<f64>().is_ok()) {
        return Ok(());
    }
    condition.must_be_of_numbers(&format!("numeric {}: {}", entity.name(), condition.key))
}

/// Reads by which of `keys` a list is ordered.
pub(super) fn read_orders(texts: &[&str], keys: &[&str]) -> Result<Vec<OrderBy>, Wrong> {
    let mut orders: Vec<OrderBy> = Vec::new();
    for text in texts {
        let order = filter::parse_order(text)?;
        if order.entity.as_deref().is_some_and(|entity| entity != "attribute") || !keys.contains(&order.key.as_str()) {
            let known: Vec<_> = keys.iter().map(|known| format!("'{known}'")).collect();
            return Err(Wrong::invalid(format!(
                "Invalid order by key '{}' specified. Valid keys are '{{{}}}'",
                order.name(),
                known.join(", ")
            )));
        }
        if orders.iter().any(|other| other.key == order.key) {
            return Err(Wrong::invalid(format!("`order_by` contains duplicate fields: {texts:?}")));
        }
        orders.push(order);
    }
    Ok(orders)
}

/// Puts things in order; those that are equal stay as they are.
pub(super) fn sort<T>(things: &mut [T], orders: &[OrderBy], value: for<'t> fn(&'t T, &str) -> Option<Found<'t>>) {
    things.sort_by(|a, b| {
        let by = |order: &OrderBy| order.compare(value(a, &order.key), value(b, &order.key));
        orders.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAMMAR: Grammar = Grammar {
        texts: &["name", "owner"],
        numbers: &["created"],
        entities: &[("attribute", Entity::Attribute), ("tags", Entity::Tag), ("metrics", Entity::Metric)],
        lists: |entity, key| entity == Entity::Attribute && key == "name",
        patterns: true,
    };

    #[test]
    fn fields_are_asked_what_they_can_answer() {
        for (filter, expected) in [
            ("name = 'a' AND attribute.owner LIKE 'b%' AND tags.x != 'c'", None),
            ("name NOT IN ('a', 'b') AND created >= 5 AND created = '5' AND metrics.m < 0.5", None),
            (
                "colour = 'a'",
                Some("Invalid attribute key 'colour' specified. Valid keys are '{'name', 'owner', 'created'}'"),
            ),
            (
                "params.x = 'a'",
                Some("Invalid entity type 'params'. Valid entity types are ('attribute', 'tags', 'metrics')"),
            ),
            ("owner IN ('a')", Some("Invalid comparator 'IN' not one of {'=', '!=', 'LIKE', 'ILIKE'}")),
            ("tags.x NOT IN ('a')", Some("Invalid comparator 'NOT IN' not one of {'=', '!=', 'LIKE', 'ILIKE'}")),
            ("tags.x IS NOT NULL", Some("Invalid comparator 'IS NOT NULL' not one of {'=', '!=', 'LIKE', 'ILIKE'}")),
            ("name > 'a'", Some("Invalid comparator '>' not one of {'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}")),
            ("created LIKE 'a'", Some("Invalid comparator 'LIKE' not one of {'=', '!=', '<', '<=', '>', '>='}")),
            ("name = 5", Some("Expected a quoted string value for attribute (e.g. 'my-value'). Got value 5")),
            ("created = 'a'", Some("Expected numeric value type for numeric attribute: created. Found 'a'")),
        ] {
            assert_eq!(GRAMMAR.read(filter).err().map(|wrong| wrong.message).as_deref(), expected, "{filter}");
        }
    }

    #[test]
    fn an_order_is_by_keys_that_there_are_and_each_once() {
        let said = |texts: &[&str]| read_orders(texts, &["name", "created"]).map_err(|wrong| wrong.message);
        assert_eq!(said(&["created DESC", "name"]).map(|orders| orders.len()), Ok(2));
        let unknown = "Invalid order by key 'tags.x' specified. Valid keys are '{'name', 'created'}'";
        assert_eq!(said(&["tags.x"]), Err(unknown.to_owned()));
        let twice = "`order_by` contains duplicate fields: [\"name\", \"name DESC\"]";
        assert_eq!(said(&["name", "name DESC"]), Err(twice.to_owned()));
    }
}
