//! What a judge is asked: a file of `prompts/`, and what it is to look at.

use karat_sdk::judge::{self, Question};

use crate::fence::fenced;

/// A file: its version, the task that the judge has, and the question that stands behind the material, parted by lines of
/// `---`.
pub(crate) struct Prompt(pub(crate) &'static str);

/// The prompt of this name.
macro_rules! prompt {
    ($name:literal) => {
        $crate::prompt::Prompt(include_str!(concat!("../prompts/", $name, ".md")))
    };
}
pub(crate) use prompt;

/// What is said of material in every task.
const MATERIAL: &str = include_str!("../prompts/_material.md");

/// Something that the judge is shown, and the mark it stands between.
pub(crate) type Shown<'a> = (&'a str, String);

impl Prompt {
    fn parts(&self) -> (&str, &str) {
        let mut parts = self.0.split("\n---\n").skip(1);
        (parts.next().unwrap_or_default().trim(), parts.next().unwrap_or_default().trim())
    }

    /// Asks a role about what it is shown.
    pub(crate) fn about(&self, role: &str, shown: &[Shown<'_>]) -> Question {
        self.instructed(role, shown, "")
    }

    /// Asks a role about what it is shown, with instructions of the suite: they are no material, and follow the question.
    pub(crate) fn instructed(&self, role: &str, shown: &[Shown<'_>], instructions: &str) -> Question {
        let (task, question) = self.parts();
        let material: String = shown.iter().map(|(name, text)| fenced(name, text)).collect();
        let question = judge::ask(format!("{material}{question}\n{instructions}").trim_end())
            .system(format!("{task}\n\n{}", MATERIAL.trim()));
        question.role(role).temperature(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_file_has_a_version_a_task_and_a_question() {
        let mut files = 0;
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts")).expect("the folder") {
            let path = entry.expect("a file").path();
            let text = fs::read_to_string(&path).expect("a text");
            if path.ends_with("_material.md") {
                continue;
            }
            files += 1;
            assert!(text.starts_with("---\nversion: "), "{}", path.display());
            assert_eq!(text.split("\n---\n").count(), 3, "{}", path.display());
            let prompt = Prompt(text.leak());
            let (task, question) = prompt.parts();
            assert!(task.len() > 20 && question.len() > 10, "{task}, {question}");
        }
        assert!(files > 20, "{files}");
    }
}
