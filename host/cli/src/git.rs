//! What git has where an application or a suite is: which branch and commit, and what was changed since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
        ("mlflow.source.git.branch", branch(folder)),
        ("mlflow.source.git.repoURL", said(&["remote", "get-url", "origin"]).map(|url| without_password(&url))),
        ("mlflow.source.git.dirty", Some((!diff.is_empty()).to_string())),
        ("karat.git.diff", digest),
    ];
    Some(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// The branch that a folder is on. None outside of a repository and where no branch is checked out, unless the CI service
/// says which one it is.
pub(crate) fn branch(folder: &Path) -> Option<String> {
    checked_out(folder).or_else(|| {
        // Services check out a commit: GitHub's of a pull request and of a push, GitLab's.
        let variables = ["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"];
        variables.into_iter().find_map(|name| std::env::var(name).ok().filter(|branch| !branch.is_empty()))
    })
}

fn checked_out(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    let head = std::fs::read_to_string(git_folder(git)?.join("HEAD")).ok()?;
    head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
}

/// Of a worktree, `.git` is a file that says where its folder is.
fn git_folder(git: PathBuf) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git);
    }
    let text = std::fs::read_to_string(&git).ok()?;
    Some(git.parent()?.join(text.trim().strip_prefix("gitdir: ")?))
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

    #[test]
    fn the_branch_is_what_is_checked_out_in_a_repository_or_a_worktree() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("main/.git/HEAD", "ref: refs/heads/feature/x\n");
        write("main/suites/karat.yaml", "");
        write("main/.git/worktrees/w/HEAD", "ref: refs/heads/w\n");
        write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
        write("detached/.git/HEAD", "0123456789abcdef\n");
        let branch = |path: &str| checked_out(&folder.path().join(path));
        assert_eq!(branch("main/suites").as_deref(), Some("feature/x"));
        assert_eq!(branch("w").as_deref(), Some("w"));
        assert_eq!(branch("detached"), None);
    }
}
