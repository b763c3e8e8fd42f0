//! The branch of git that a folder is on.

use std::path::{Path, PathBuf};

/// None outside of a repository and where no branch is checked out, unless the CI service says which one it is.
pub(crate) fn of(folder: &Path) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
