//! What git has where an application is: which commit, and what was changed since.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The commit that is checked out in a folder, in the words in which MLflow's clients tag runs with it; none where there is no
/// git, or no commit. Of changes that are not committed the digest is among it, files that git does not know left out, so that
/// two versions of one commit can be told apart.
pub(crate) fn facts(folder: &Path) -> Option<BTreeMap<String, String>> {
    let said = |arguments: &[&str]| {
        let text = String::from_utf8(git(folder, arguments)?).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let commit = said(&["rev-parse", "--verify", "HEAD"])?;
    let diff = git(folder, &["diff", "--no-color", "--no-ext-diff", "--binary", "HEAD"])?;
    let digest = (!diff.is_empty()).then(|| blake3::hash(&diff).to_hex().to_string());
    let facts = [
        ("mlflow.source.git.commit", Some(commit)),
        ("mlflow.source.git.branch", said(&["symbolic-ref", "--short", "HEAD"])),
        ("mlflow.source.git.repoURL", said(&["remote", "get-url", "origin"]).map(|url| without_password(&url))),
        ("mlflow.source.git.dirty", Some((!diff.is_empty()).to_string())),
        ("karat.git.diff", digest),
    ];
    Some(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn git(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    let done =
        command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    done.status.success().then_some(done.stdout)
}

/// `https://user:secret@host/x` is kept as `https://host/x`.
fn without_password(url: &str) -> String {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        host.rsplit_once('@').map(|(_, host)| format!("{scheme}://{host}/{path}"))
    });
    parts.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_kept() {
        for (url, kept) in [
            ("https://me:secret@example.com/app.git", "https://example.com/app.git"),
            ("https://example.com/a@b.git", "https://example.com/a@b.git"),
            ("git@example.com:app.git", "git@example.com:app.git"),
        ] {
            assert_eq!(without_password(url), kept);
        }
    }
}
