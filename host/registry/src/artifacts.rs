//! Files that belong to runs, traces and versions, by path. What is in them is the blob store's.

use std::collections::HashSet;

use model::dataset::DatasetVersion;
use model::document::Kind;
use model::tracking::Artifact;

use crate::changing::{Found, put};
use crate::{Error, Registry, key};

/// Files that are looked at, or taken away, at once.
const PAGE: usize = 500;

/// Behind everything in a folder, and before what comes behind the folder.
const LAST: &str = "\0\u{10FFFF}";

/// What a folder has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// None of a folder.
    pub bytes: Option<u64>,
}

impl Registry {
    /// Keeps a file under its path, whatever was there.
    ///
    /// # Errors
    ///
    /// `Invalid` where the path names no file.
    pub async fn put_artifact(&self, artifact: Artifact) -> Result<(), Error> {
        let key = named(key_of(&artifact.path)?)?;
        let about = artifact.path.clone();
        self.change(&about, || async { Ok((vec![put(Kind::Artifact, key.clone(), &artifact)?], ())) }).await
    }

    pub async fn artifact(&self, path: &str) -> Result<Option<Artifact>, Error> {
        match key_of(path)? {
            key if key.is_empty() => Ok(None),
            key => Ok(self.find(Kind::Artifact, &key).await?.map(|found| found.value)),
        }
    }

    /// What is in a folder, by name: nothing in one that is not there.
    pub async fn artifacts(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let (below, depth) = (below(folder)?, parts(folder).count());
        let mut entries: Vec<Entry> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.some::<Artifact>(Kind::Artifact, &below, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for found in &page {
                let entry = entry(found, &below, depth);
                // A folder comes up with each file in it, one behind the other.
                if entries.last() != Some(&entry) {
                    entries.push(entry);
                }
            }
            if is_last {
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(entries);
            }
            after = page.last().map(|last| match last.key[below.len()..].split_once('\0') {
                // Never back: somebody may have given a file that very name.
                Some((folder, _)) => format!("{below}{folder}{LAST}").max(last.key.clone()),
                None => last.key.clone(),
            });
        }
    }

    /// What is in the files that there are, and the rows of datasets' versions, by digest.
    pub async fn digests(&self) -> Result<HashSet<String>, Error> {
        let versions = self.all::<DatasetVersion>(Kind::DatasetVersion, "").await?;
        let mut digests: HashSet<_> = versions.into_iter().map(|found| found.value.digest).collect();
        let of_runs = self.all::<String>(Kind::RunFile, "").await?;
        digests.extend(of_runs.into_iter().map(|found| found.value));
        let mut after = None;
        loop {
            let page = self.some::<Artifact>(Kind::Artifact, "", after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|found| found.key.clone());
            digests.extend(page.into_iter().map(|found| found.value.digest));
            if is_last {
                return Ok(digests);
            }
        }
    }

    /// Takes a file away, or all that is in a folder. What is not there is away already.
    ///
    /// # Errors
    ///
    /// `Invalid` where the path names nothing: all that there is can't be taken away at once.
    pub async fn remove_artifacts(&self, path: &str) -> Result<(), Error> {
        let (key, below) = (named(key_of(path)?)?, below(path)?);
        let take = || async {
            let mut gone = self.some::<Artifact>(Kind::Artifact, &below, None, PAGE).await?;
            let is_last = gone.len() < PAGE;
            if is_last {
                gone.extend(self.find(Kind::Artifact, &key).await?);
            }
            Ok((gone.iter().map(Found::removed).collect(), is_last))
        };
        while !self.change(path, &take).await? {}
        Ok(())
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// Empty where a path is.
fn key_of(path: &str) -> Result<String, Error> {
    key::of(&parts(path).collect::<Vec<_>>())
}

fn named(key: String) -> Result<String, Error> {
    if key.is_empty() { Err(Error::invalid("a path names a file or a folder")) } else { Ok(key) }
}

fn below(folder: &str) -> Result<String, Error> {
    match parts(folder).collect::<Vec<_>>() {
        parts if parts.is_empty() => Ok(String::new()),
        parts => key::below(&parts),
    }
}

/// What a file is to a folder so many names deep. The name is the path's: long ones are not whole in keys.
fn entry(found: &Found<Artifact>, below: &str, depth: usize) -> Entry {
    let is_folder = found.key[below.len()..].contains('\0');
    let name = parts(&found.value.path).nth(depth).unwrap_or_default();
    Entry { name: name.to_owned(), bytes: (!is_folder).then_some(found.value.bytes) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;

    use super::*;

    fn registry() -> Registry {
        Registry::new(Arc::new(MemoryStore::new()))
    }

    async fn put(registry: &Registry, path: &str, bytes: u64) {
        let artifact = Artifact { path: path.to_owned(), digest: format!("digest of {path}"), bytes };
        registry.put_artifact(artifact).await.expect("it is kept");
    }

    async fn check(registry: &Registry, folder: &str, expected: &[(&str, Option<u64>)]) {
        let entries = registry.artifacts(folder).await.expect("a store");
        let entries: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.bytes)).collect();
        assert_eq!(entries, expected, "in `{folder}`");
    }

    #[tokio::test]
    async fn a_folder_shows_what_is_in_it_by_name() {
        let registry = registry();
        let long = "n".repeat(300);
        for (path, bytes) in [("a/b/c.txt", 1), ("a/b/d.txt", 2), ("a/b.txt", 3), ("a.txt", 4), ("a/a", 5), ("ab", 6)] {
            put(&registry, path, bytes).await;
        }
        put(&registry, &format!("{long}/x"), 7).await;
        check(&registry, "", &[("a", None), ("a.txt", Some(4)), ("ab", Some(6)), (&long, None)]).await;
        check(&registry, "a", &[("a", Some(5)), ("b", None), ("b.txt", Some(3))]).await;
        check(&registry, "/a//b/", &[("c.txt", Some(1)), ("d.txt", Some(2))]).await;
        check(&registry, &long, &[("x", Some(7))]).await;
        // A file is no folder.
        check(&registry, "a/b.txt", &[]).await;
        check(&registry, "nowhere", &[]).await;
        put(&registry, "a/b.txt", 8).await;
        let found = registry.artifact("a/b.txt").await.expect("a store").expect("it is there");
        assert_eq!(found.bytes, 8);
        assert_eq!(registry.artifact("a/b").await.expect("a store"), None);
    }

    #[tokio::test]
    async fn large_folders_show_once() {
        let registry = registry();
        for folder in ["a", "b"] {
            for n in 0..PAGE + 50 {
                put(&registry, &format!("{folder}/{n}"), 1).await;
                put(&registry, &format!("{folder}/\u{10FFFF}{n}"), 1).await;
            }
        }
        put(&registry, "c", 1).await;
        check(&registry, "", &[("a", None), ("b", None), ("c", Some(1))]).await;
        assert_eq!(registry.artifacts("a").await.expect("a store").len(), 2 * (PAGE + 50));
        registry.remove_artifacts("a").await.expect("it is taken away");
        check(&registry, "", &[("b", None), ("c", Some(1))]).await;
        let digests = registry.digests().await.expect("a store");
        assert_eq!(digests.len(), 2 * (PAGE + 50) + 1);
        assert!(digests.contains("digest of c") && !digests.contains("digest of a/1"));
    }

    #[tokio::test]
    async fn taking_away_takes_a_file_or_a_folder() {
        let registry = registry();
        for path in ["a/b/c", "a/b/d", "a/bc", "x"] {
            put(&registry, path, 1).await;
        }
        for path in ["a/b", "x", "nowhere"] {
            registry.remove_artifacts(path).await.expect("it is taken away");
        }
        check(&registry, "", &[("a", None)]).await;
        check(&registry, "a", &[("bc", Some(1))]).await;
        assert!(matches!(registry.remove_artifacts("//").await, Err(Error::Invalid { .. })));
        let nameless = Artifact { path: "/".to_owned(), digest: String::new(), bytes: 0 };
        assert!(matches!(registry.put_artifact(nameless).await, Err(Error::Invalid { .. })));
    }
}
