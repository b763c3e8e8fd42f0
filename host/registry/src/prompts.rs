//! Prompts and registered models: names, tags and aliases. Their versions are in `prompt_versions`.
//!
//! Every change of what versions there are changes the prompt, too, so that two of them can't be made beside each other.

use std::collections::BTreeMap;

use model::document::Kind;
use model::prompt::{Prompt, PromptVersion};

use crate::changing::{Found, added};
use crate::{Error, Registry, key};

impl Registry {
    /// What always means the version with the highest number.
    pub(crate) const LATEST: &str = "latest";

    /// # Errors
    ///
    /// `Exists` where the name is taken, by a prompt or by a model.
    pub async fn create_prompt(
        &self,
        name: &str,
        description: &str,
        tags: BTreeMap<String, String>,
        now: i64,
    ) -> Result<Prompt, Error> {
        let prompt = Prompt {
            name: name.to_owned(),
            description: description.to_owned(),
            tags,
            aliases: BTreeMap::new(),
            last: 0,
            latest: None,
            created: now,
            updated: now,
        };
        let key = key::of(&[name])?;
        self.change(name, async || {
            if self.find::<Prompt>(Kind::Prompt, &key).await?.is_some() {
                return Err(Error::exists("prompt", name));
            }
            Ok((vec![added(Kind::Prompt, key.clone(), &prompt)?], prompt.clone()))
        })
        .await
    }

    /// # Errors
    ///
    /// `Missing` where there is none of that name; so do all that follow.
    pub async fn prompt(&self, name: &str) -> Result<Prompt, Error> {
        self.found_prompt(name).await.map(|found| found.value)
    }

    /// All of them, models as well, by name.
    pub async fn prompts(&self) -> Result<Vec<Prompt>, Error> {
        Ok(self.all(Kind::Prompt, "").await?.into_iter().map(|found| found.value).collect())
    }

    pub async fn describe_prompt(&self, name: &str, description: &str, now: i64) -> Result<Prompt, Error> {
        self.alter_prompt(name, |prompt| {
            prompt.description = description.to_owned();
            prompt.updated = now;
            Ok(())
        })
        .await
    }

    /// No value takes the tag away, whether it is there or not.
    pub async fn tag_prompt(&self, name: &str, tag: &str, value: Option<&str>) -> Result<Prompt, Error> {
        self.alter_prompt(name, |prompt| {
            set(&mut prompt.tags, tag, value);
            Ok(())
        })
        .await
    }

    /// Moves an alias to a version that is there.
    ///
    /// # Errors
    ///
    /// `Invalid` where the alias is one that always means the same.
    pub async fn set_alias(&self, name: &str, alias: &str, number: u32) -> Result<Prompt, Error> {
        check_alias(alias)?;
        self.change(name, async || {
            let mut prompt = self.found_prompt(name).await?;
            self.prompt_version(name, number).await?;
            prompt.value.aliases.insert(alias.to_owned(), number);
            Ok((vec![prompt.changed()?], prompt.value))
        })
        .await
    }

    /// An alias that is not there is gone, too.
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<Prompt, Error> {
        self.alter_prompt(name, |prompt| {
            prompt.aliases.remove(alias);
            Ok(())
        })
        .await
    }

    /// The version that an alias stands for. `latest`, in any case, stands for the one with the highest number.
    ///
    /// # Errors
    ///
    /// `Missing` of the prompt, of the `alias`, or of a `prompt version` where there is none yet.
    pub async fn aliased_version(&self, name: &str, alias: &str) -> Result<PromptVersion, Error> {
        let prompt = self.prompt(name).await?;
        let number = match alias.eq_ignore_ascii_case(Self::LATEST) {
            true => prompt.latest.ok_or_else(|| Error::missing("prompt version", Self::LATEST))?,
            false => *prompt.aliases.get(alias).ok_or_else(|| Error::missing("alias", alias))?,
        };
        self.prompt_version(name, number).await
    }

    /// Gives it another name, with all of its versions.
    ///
    /// # Errors
    ///
    /// `Exists` where the new name is taken.
    pub async fn rename_prompt(&self, name: &str, new_name: &str, now: i64) -> Result<Prompt, Error> {
        let new_key = key::of(&[new_name])?;
        self.change(name, async || {
            let prompt = self.found_prompt(name).await?;
            if self.find::<Prompt>(Kind::Prompt, &new_key).await?.is_some() {
                return Err(Error::exists("prompt", new_name));
            }
            let renamed = Prompt { name: new_name.to_owned(), updated: now, ..prompt.value.clone() };
            let mut changes = vec![prompt.removed(), added(Kind::Prompt, new_key.clone(), &renamed)?];
            for version in self.found_versions(name).await? {
                let moved = PromptVersion { prompt: new_name.to_owned(), updated: now, ..version.value.clone() };
                let key = Self::version_key(new_name, moved.number)?;
                changes.extend([version.removed(), added(Kind::PromptVersion, key, &moved)?]);
            }
            Ok((changes, renamed))
        })
        .await
    }

    /// Deletes it with all of its versions. Its name is free again, and so are their numbers.
    pub async fn delete_prompt(&self, name: &str) -> Result<(), Error> {
        self.change(name, async || {
            let prompt = self.found_prompt(name).await?;
            let versions = self.found_versions(name).await?;
            let changes = versions.iter().map(Found::removed).chain([prompt.removed()]).collect();
            Ok((changes, ()))
        })
        .await
    }

    pub(crate) async fn found_prompt(&self, name: &str) -> Result<Found<Prompt>, Error> {
        self.find(Kind::Prompt, &key::of(&[name])?).await?.ok_or_else(|| Error::missing("prompt", name))
    }

    async fn alter_prompt(
        &self,
        name: &str,
        change: impl Fn(&mut Prompt) -> Result<(), Error>,
    ) -> Result<Prompt, Error> {
        self.alter(Kind::Prompt, &key::of(&[name])?, || Error::missing("prompt", name), change).await
    }
}

/// Sets a tag, or takes it away.
pub(crate) fn set(tags: &mut BTreeMap<String, String>, tag: &str, value: Option<&str>) {
    match value {
        Some(value) => drop(tags.insert(tag.to_owned(), value.to_owned())),
        None => drop(tags.remove(tag)),
    }
}

/// `latest` and `v` with a number mean a version already.
fn check_alias(alias: &str) -> Result<(), Error> {
    if alias.eq_ignore_ascii_case(Registry::LATEST) {
        return Err(Error::invalid("'latest' alias name (case insensitive) is reserved."));
    }
    let number = alias.strip_prefix(['v', 'V']).unwrap_or_default();
    if !number.is_empty() && number.chars().all(char::is_numeric) {
        return Err(Error::invalid(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::prompt::VersionContent;
    use storage::MemoryStore;

    use super::*;

    fn registry() -> Registry {
        Registry::new(Arc::new(MemoryStore::new()))
    }

    async fn with_versions(count: u32) -> Registry {
        let registry = registry();
        registry.create_prompt("greet", "", BTreeMap::new(), 1).await.expect("a new name");
        for _ in 0..count {
            registry.add_prompt_version("greet", VersionContent::default(), 2).await.expect("a version");
        }
        registry
    }

    fn said<T: std::fmt::Debug>(done: Result<T, Error>) -> String {
        done.expect_err("it is wrong").to_string()
    }

    #[tokio::test]
    async fn a_number_is_never_given_twice() {
        let registry = with_versions(3).await;
        registry.delete_prompt_version("greet", 3, 4).await.expect("it is there");
        let next = registry.add_prompt_version("greet", VersionContent::default(), 5).await.expect("a version");
        assert_eq!(next.number, 4);
        registry.delete_prompt("greet").await.expect("it is there");
        assert_eq!(said(registry.prompt_version("greet", 4).await), "there is no prompt version `greet/4`");
    }

    #[tokio::test]
    async fn versions_made_at_once_have_different_numbers() {
        let registry = Arc::new(with_versions(0).await);
        let mut making = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let registry = Arc::clone(&registry);
            making.spawn(async move { registry.add_prompt_version("greet", VersionContent::default(), 2).await });
        }
        let made = making.join_all().await.into_iter().map(|made| made.expect("a version").number);
        assert_eq!(made.collect::<std::collections::BTreeSet<_>>(), (1..=20).collect());
    }

    #[tokio::test]
    async fn latest_is_the_highest_number_that_is_there() {
        let registry = with_versions(2).await;
        assert_eq!(registry.aliased_version("greet", "Latest").await.expect("a version").number, 2);
        registry.delete_prompt_version("greet", 2, 3).await.expect("it is there");
        assert_eq!(registry.aliased_version("greet", "latest").await.expect("a version").number, 1);
        registry.delete_prompt_version("greet", 1, 3).await.expect("it is there");
        assert_eq!(said(registry.aliased_version("greet", "latest").await), "there is no prompt version `latest`");
    }

    #[tokio::test]
    async fn an_alias_goes_with_its_version() {
        let registry = with_versions(2).await;
        registry.set_alias("greet", "prod", 1).await.expect("it is there");
        registry.set_alias("greet", "prod", 2).await.expect("it is there");
        assert_eq!(registry.aliased_version("greet", "prod").await.expect("a version").number, 2);
        registry.delete_prompt_version("greet", 2, 3).await.expect("it is there");
        assert_eq!(said(registry.aliased_version("greet", "prod").await), "there is no alias `prod`");
        assert_eq!(said(registry.set_alias("greet", "prod", 2).await), "there is no prompt version `greet/2`");
    }

    #[tokio::test]
    async fn some_aliases_are_taken() {
        let registry = with_versions(1).await;
        for (alias, is_free) in [
            ("latest", false),
            ("LATEST", false),
            ("v1", false),
            ("V23", false),
            ("v", true),
            ("v1a", true),
            ("1", true),
        ] {
            assert_eq!(registry.set_alias("greet", alias, 1).await.is_ok(), is_free, "{alias}");
        }
    }

    #[tokio::test]
    async fn a_new_name_takes_the_versions_along() {
        let registry = with_versions(2).await;
        registry.create_prompt("taken", "", BTreeMap::new(), 1).await.expect("a new name");
        assert_eq!(said(registry.rename_prompt("greet", "taken", 3).await), "there is a prompt `taken` already");
        registry.rename_prompt("greet", "hello", 3).await.expect("a free name");
        assert_eq!(registry.prompt_version("hello", 2).await.expect("it came along").prompt, "hello");
        assert_eq!(said(registry.prompt("greet").await), "there is no prompt `greet`");
    }
}
