//! Versions of prompts and registered models: which number comes next, and what may be changed later.

use model::document::Kind;
use model::prompt::{PromptRef, PromptVersion, VersionContent, Which};

use crate::changing::{Found, added};
use crate::prompts::set;
use crate::{Error, Registry, key};

impl Registry {
    /// Adds a version with a number that none ever had.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such prompt.
    pub async fn add_prompt_version(
        &self,
        prompt: &str,
        content: VersionContent,
        now: i64,
    ) -> Result<PromptVersion, Error> {
        self.change(prompt, async || {
            let mut of = self.found_prompt(prompt).await?;
            let mut number = of.value.last + 1;
            // Those of an archive were counted elsewhere.
            while self.find::<PromptVersion>(Kind::PromptVersion, &Self::version_key(prompt, number)?).await?.is_some()
            {
                number += 1;
            }
            of.value.last = number;
            of.value.latest = Some(number);
            of.value.updated = now;
            let content = content.clone();
            let version = PromptVersion { prompt: prompt.to_owned(), number, content, created: now, updated: now };
            let add = added(Kind::PromptVersion, Self::version_key(prompt, number)?, &version)?;
            Ok((vec![of.changed()?, add], version))
        })
        .await
    }

    /// # Errors
    ///
    /// `Missing` of the `prompt version` where there is none; so do all that follow.
    pub async fn prompt_version(&self, prompt: &str, number: u32) -> Result<PromptVersion, Error> {
        self.found_version(prompt, number).await.map(|found| found.value)
    }

    /// The version that is asked for.
    ///
    /// # Errors
    ///
    /// `Missing` of the prompt, of the `alias`, or of the `prompt version`.
    pub async fn referred_prompt(&self, asked: &PromptRef) -> Result<PromptVersion, Error> {
        match &asked.which {
            Which::Latest => self.aliased_version(&asked.name, Self::LATEST).await,
            Which::Alias(alias) => self.aliased_version(&asked.name, alias).await,
            Which::Number(number) => {
                self.prompt(&asked.name).await?;
                self.prompt_version(&asked.name, *number).await
            }
        }
    }

    /// All versions of a prompt, by number; or of every prompt.
    pub async fn prompt_versions(&self, prompt: Option<&str>) -> Result<Vec<PromptVersion>, Error> {
        let found = match prompt {
            Some(prompt) => self.found_versions(prompt).await?,
            None => self.all(Kind::PromptVersion, "").await?,
        };
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    pub async fn describe_prompt_version(
        &self,
        prompt: &str,
        number: u32,
        description: &str,
        now: i64,
    ) -> Result<PromptVersion, Error> {
        self.alter_version(prompt, number, |version| {
            version.content.description = description.to_owned();
            version.updated = now;
        })
        .await
    }

    /// No value takes the tag away, whether it is there or not.
    pub async fn tag_prompt_version(
        &self,
        prompt: &str,
        number: u32,
        tag: &str,
        value: Option<&str>,
    ) -> Result<PromptVersion, Error> {
        self.alter_version(prompt, number, |version| set(&mut version.content.tags, tag, value)).await
    }

    /// Deletes a version, and the aliases that stand for it. Nothing gets its number again.
    pub async fn delete_prompt_version(&self, prompt: &str, number: u32, now: i64) -> Result<(), Error> {
        self.change(prompt, async || {
            let version = self.found_version(prompt, number).await?;
            let mut of = self.found_prompt(prompt).await?;
            of.value.aliases.retain(|_, stands_for| *stands_for != number);
            of.value.updated = now;
            if of.value.latest == Some(number) {
                let others = self.prompt_versions(Some(prompt)).await?.into_iter().map(|version| version.number);
                of.value.latest = others.filter(|other| *other != number).max();
            }
            Ok((vec![version.removed(), of.changed()?], ()))
        })
        .await
    }

    pub(crate) async fn found_versions(&self, prompt: &str) -> Result<Vec<Found<PromptVersion>>, Error> {
        self.all(Kind::PromptVersion, &key::below(&[prompt])?).await
    }

    /// Numbers are as long as each other, so that they are in order.
    pub(crate) fn version_key(prompt: &str, number: u32) -> Result<String, Error> {
        key::of(&[prompt, &format!("{number:010}")])
    }

    async fn found_version(&self, prompt: &str, number: u32) -> Result<Found<PromptVersion>, Error> {
        let found = self.find(Kind::PromptVersion, &Self::version_key(prompt, number)?).await?;
        found.ok_or_else(|| no_version(prompt, number))
    }

    async fn alter_version(
        &self,
        prompt: &str,
        number: u32,
        change: impl Fn(&mut PromptVersion),
    ) -> Result<PromptVersion, Error> {
        let key = Self::version_key(prompt, number)?;
        let change = |version: &mut PromptVersion| {
            change(version);
            Ok(())
        };
        self.alter(Kind::PromptVersion, &key, || no_version(prompt, number), change).await
    }
}

fn no_version(prompt: &str, number: u32) -> Error {
    Error::missing("prompt version", format!("{prompt}/{number}"))
}
