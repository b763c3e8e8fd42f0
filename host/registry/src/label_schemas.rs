//! Questions to people. An index has the id of each name of an experiment: it keeps names apart, and lists them.

use model::document::{Change, Kind};
use model::review::{LabelInput, LabelKind, LabelSchema};
use uuid::Uuid;

use crate::changing::{Found, added};
use crate::{Error, Registry, key};

/// What indexes of questions begin with.
const LABELS: &str = "label";

/// The question that every experiment has.
const DEFAULT: &str = "Feedback";
const DEFAULT_INSTRUCTION: &str = "Share any feedback on this trace.";

/// A question as somebody wants it.
#[derive(Clone, Debug)]
pub struct NewLabelSchema {
    pub experiment: String,
    pub name: String,
    pub kind: LabelKind,
    pub input: LabelInput,
    pub instruction: Option<String>,
    pub enable_comment: bool,
}

/// What is to change of a question; none leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct LabelSchemaChange {
    pub name: Option<String>,
    pub input: Option<LabelInput>,
    pub instruction: Option<String>,
    pub enable_comment: Option<bool>,
}

impl Registry {
    /// # Errors
    ///
    /// `Exists` where another question of the experiment has the name, and `Invalid` where it is the default one's.
    pub async fn create_label_schema(&self, new: NewLabelSchema, now: i64) -> Result<LabelSchema, Error> {
        check_name(&new.name)?;
        self.keep_label_schema(new, false, now).await
    }

    /// # Errors
    ///
    /// `Missing` where there is none; so do all that follow.
    pub async fn label_schema(&self, id: &str) -> Result<LabelSchema, Error> {
        self.found_label_schema(id).await.map(|found| found.value)
    }

    pub async fn label_schema_named(&self, experiment: &str, name: &str) -> Result<LabelSchema, Error> {
        let index = self.find::<String>(Kind::Index, &key::of(&[LABELS, experiment, name])?).await?;
        let id = index.ok_or_else(|| Error::missing("label schema", name))?;
        self.label_schema(&id.value).await
    }

    /// The questions of an experiment, the youngest first. The default one is made here where there is none yet.
    pub async fn label_schemas(&self, experiment: &str, now: i64) -> Result<Vec<LabelSchema>, Error> {
        if self.find::<String>(Kind::Index, &key::of(&[LABELS, experiment, DEFAULT])?).await?.is_none() {
            let default = NewLabelSchema {
                experiment: experiment.to_owned(),
                name: DEFAULT.to_owned(),
                kind: LabelKind::Feedback,
                input: LabelInput::Text { max_length: None },
                instruction: Some(DEFAULT_INSTRUCTION.to_owned()),
                enable_comment: false,
            };
            match self.keep_label_schema(default, true, now).await {
                // Somebody else was faster.
                Ok(_) | Err(Error::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut schemas = Vec::new();
        for id in self.all::<String>(Kind::Index, &key::below(&[LABELS, experiment])?).await? {
            match self.label_schema(&id.value).await {
                Err(Error::Missing { .. }) => {}
                schema => schemas.push(schema?),
            }
        }
        schemas.sort_by(|a, b| b.created.cmp(&a.created).then(a.id.cmp(&b.id)));
        Ok(schemas)
    }

    /// # Errors
    ///
    /// `Exists` as when it is made, and `Invalid` where it is the default one, or where answers would be of another kind.
    pub async fn change_label_schema(
        &self,
        id: &str,
        change: &LabelSchemaChange,
        now: i64,
    ) -> Result<LabelSchema, Error> {
        change.name.as_deref().map_or(Ok(()), check_name)?;
        self.change(id, async || {
            let mut found = self.found_label_schema(id).await?;
            let before = found.value.clone();
            changed(&mut found.value, change, now)?;
            let mut changes = vec![found.changed()?];
            if before.name != found.value.name {
                changes.extend(self.renaming(&before, &found.value).await?);
            }
            Ok((changes, found.value))
        })
        .await
    }

    /// One that is not there is gone, too.
    ///
    /// # Errors
    ///
    /// `Invalid` where it is the default one.
    pub async fn delete_label_schema(&self, id: &str) -> Result<(), Error> {
        self.change(id, async || {
            let found = match self.found_label_schema(id).await {
                Err(Error::Missing { .. }) => return Ok((Vec::new(), ())),
                found => found?,
            };
            if found.value.is_default {
                return Err(Error::invalid("The experiment's default question cannot be deleted."));
            }
            let index = self.find::<String>(Kind::Index, &label_index(&found.value)?).await?;
            Ok(([Some(found.removed()), index.map(|index| index.removed())].into_iter().flatten().collect(), ()))
        })
        .await
    }

    async fn keep_label_schema(&self, new: NewLabelSchema, is_default: bool, now: i64) -> Result<LabelSchema, Error> {
        let NewLabelSchema { experiment, name, kind, input, instruction, enable_comment } = new;
        let id = format!("ls-{}", Uuid::new_v4().simple());
        let (created, updated) = (now, now);
        let schema = LabelSchema {
            id,
            experiment,
            name,
            kind,
            input,
            instruction,
            enable_comment,
            is_default,
            created,
            updated,
        };
        let index = label_index(&schema)?;
        self.change(&index, async || {
            if self.find::<String>(Kind::Index, &index).await?.is_some() {
                return Err(Error::exists("label schema", &schema.name));
            }
            let changes = vec![
                added(Kind::LabelSchema, key::of(&[&schema.id])?, &schema)?,
                added(Kind::Index, index.clone(), &schema.id)?,
            ];
            Ok((changes, schema.clone()))
        })
        .await
    }

    async fn renaming(&self, before: &LabelSchema, after: &LabelSchema) -> Result<Vec<Change>, Error> {
        if self.find::<String>(Kind::Index, &label_index(after)?).await?.is_some() {
            return Err(Error::exists("label schema", &after.name));
        }
        let old = self.find::<String>(Kind::Index, &label_index(before)?).await?;
        let new = added(Kind::Index, label_index(after)?, &after.id)?;
        Ok(old.map(|old| old.removed()).into_iter().chain([new]).collect())
    }

    async fn found_label_schema(&self, id: &str) -> Result<Found<LabelSchema>, Error> {
        self.find(Kind::LabelSchema, &key::of(&[id])?).await?.ok_or_else(|| Error::missing("label schema", id))
    }
}

pub(crate) fn label_index(schema: &LabelSchema) -> Result<String, Error> {
    key::of(&[LABELS, &schema.experiment, &schema.name])
}

fn check_name(name: &str) -> Result<(), Error> {
    match name.trim().eq_ignore_ascii_case(DEFAULT) {
        true => Err(Error::invalid(format!(
            "`{name}` is reserved for the experiment's default question and cannot be used for another label schema."
        ))),
        false => Ok(()),
    }
}

fn changed(schema: &mut LabelSchema, change: &LabelSchemaChange, now: i64) -> Result<(), Error> {
    if schema.is_default {
        return Err(Error::invalid("The experiment's default question cannot be edited."));
    }
    if let Some(input) = &change.input {
        check_input(&schema.input, input)?;
        schema.input = input.clone();
    }
    if let Some(name) = &change.name {
        schema.name.clone_from(name);
    }
    if change.instruction.is_some() {
        schema.instruction.clone_from(&change.instruction);
    }
    schema.enable_comment = change.enable_comment.unwrap_or(schema.enable_comment);
    schema.updated = now;
    Ok(())
}

/// Answers that were given stay what they were.
fn check_input(before: &LabelInput, after: &LabelInput) -> Result<(), Error> {
    if std::mem::discriminant(before) != std::mem::discriminant(after) {
        return Err(Error::invalid(format!(
            "A label schema's input type cannot be changed after creation (existing: {}, got: {}).",
            name_of(before),
            name_of(after)
        )));
    }
    match (before, after) {
        (LabelInput::Categorical { multi_select: before, .. }, LabelInput::Categorical { multi_select: after, .. })
            if before != after =>
        {
            Err(Error::invalid("`InputCategorical.multi_select` cannot be changed after creation."))
        }
        _ => Ok(()),
    }
}

fn name_of(input: &LabelInput) -> &'static str {
    match input {
        LabelInput::PassFail { .. } => "InputPassFail",
        LabelInput::Categorical { .. } => "InputCategorical",
        LabelInput::Numeric { .. } => "InputNumeric",
        LabelInput::Text { .. } => "InputText",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;
    use tokio::task::JoinSet;

    use super::*;

    fn named(name: &str) -> NewLabelSchema {
        NewLabelSchema {
            experiment: "1".to_owned(),
            name: name.to_owned(),
            kind: LabelKind::Feedback,
            input: LabelInput::Text { max_length: None },
            instruction: None,
            enable_comment: false,
        }
    }

    #[tokio::test]
    async fn of_those_who_want_a_name_at_once_one_gets_it() {
        // Two registries are as two processes: neither waits for the other's turn.
        let store = MemoryStore::new();
        let mut making = JoinSet::new();
        for _ in 0..8 {
            let registry = Registry::new(Arc::new(store.clone()));
            making.spawn(async move { registry.create_label_schema(named("tone"), 1).await.is_ok() });
        }
        assert_eq!(making.join_all().await.into_iter().filter(|made| *made).count(), 1);
    }

    #[tokio::test]
    async fn the_default_question_is_made_once_for_each_experiment() {
        let store = MemoryStore::new();
        let mut listing = JoinSet::new();
        for _ in 0..8 {
            let registry = Registry::new(Arc::new(store.clone()));
            listing.spawn(async move { registry.label_schemas("1", 1).await.expect("readable").len() });
        }
        assert_eq!(listing.join_all().await, [1; 8]);
        let registry = Registry::new(Arc::new(store));
        let other = registry.label_schemas("2", 1).await.expect("readable");
        assert_eq!((other.len(), other[0].is_default), (1, true));
    }

    #[tokio::test]
    async fn a_name_that_was_given_up_is_free() {
        let registry = Registry::new(Arc::new(MemoryStore::new()));
        let first = registry.create_label_schema(named("tone"), 1).await.expect("a free name");
        let change = LabelSchemaChange { name: Some("voice".to_owned()), ..LabelSchemaChange::default() };
        registry.change_label_schema(&first.id, &change, 2).await.expect("a free name");
        let second = registry.create_label_schema(named("tone"), 3).await.expect("it was given up");
        let wrong = registry.change_label_schema(&second.id, &change, 4).await.expect_err("it is taken").to_string();
        assert_eq!(wrong, "there is a label schema `voice` already");
        registry.delete_label_schema(&first.id).await.expect("it is none that must stay");
        registry.change_label_schema(&second.id, &change, 5).await.expect("it is free");
    }
}
