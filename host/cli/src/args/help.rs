//! The help of the whole command: its verbs by what they are for, so that they fit on a screen and can be found.

use std::fmt::Write;

use clap::{Command, Subcommand};

use super::Verb;

const GROUPS: [(&str, &[&str]); 4] = [
    ("Evaluate", &["init", "eval", "compare", "power", "runs", "datasets", "prompts", "apps"]),
    ("Watch", &["serve", "traces", "feedback"]),
    ("Extend", &["scorers", "judge", "plugin", "schema"]),
    ("Keep", &["store", "import", "export", "doctor"]),
];

/// All verbs, each with what is said of it where it is declared.
pub(super) fn verbs() -> String {
    let verbs = Verb::augment_subcommands(Command::new("karat"));
    let mut text = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{group}:");
        for name in names {
            let about = verbs.find_subcommand(name).and_then(Command::get_about);
            let _ = writeln!(text, "  {name:<10}{}", about.map(ToString::to_string).unwrap_or_default());
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_verb_is_in_one_group() {
        let verbs = Verb::augment_subcommands(Command::new("karat"));
        let declared: Vec<&str> = verbs.get_subcommands().map(Command::get_name).collect();
        let shown: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(BTreeSet::from_iter(&declared), BTreeSet::from_iter(&shown));
        assert_eq!(declared.len(), shown.len());
    }
}
