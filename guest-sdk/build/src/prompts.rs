//! What scorers ask judges, as files: versions belong to a text that somebody can read and compare.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::error::Error;

/// The folder beside `plugin.toml` with a file `SCORER.md` for each scorer that asks a judge.
pub const PROMPTS: &str = "prompts";

/// What a scorer asks a judge, as a plugin's manifest has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prompt {
    pub version: String,
    pub text: String,
}

/// Reads the prompts of the plugin in `folder`, by the name of the scorer; none where there is no folder for them. A file
/// that begins with `_` is a part that several share, and is left to those who include it.
///
/// # Errors
///
/// Fails with the file that can't be read, is no prompt, or is of no scorer by its name.
pub fn prompts(folder: &Path) -> Result<BTreeMap<String, Prompt>, Error> {
    let folder = folder.join(PROMPTS);
    let unreadable = |path: &Path, cause| Error::File { path: path.to_owned(), cause };
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(|cause| unreadable(&folder, cause))?,
    };
    let mut prompts = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|cause| unreadable(&folder, cause))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(['_', '.']) {
            continue;
        }
        let wrong = |what: &str| Error::Prompt { path: path.clone(), what: what.to_owned() };
        let Some(scorer) = name.strip_suffix(".md").filter(|name| is_name(name)) else {
            return Err(wrong("name it `SCORER.md`, or let a part that others share begin with `_`"));
        };
        let text = fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
        prompts.insert(scorer.to_owned(), parse(&text).map_err(wrong)?);
    }
    Ok(prompts)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// A version between two lines `---`, then the text.
fn parse(file: &str) -> Result<Prompt, &'static str> {
    const HEAD: &str = "it has to begin with the lines `---`, `version: 1` and `---`";
    let file = file.replace("\r\n", "\n");
    let (head, text) = file.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).ok_or(HEAD)?;
    let version = head.strip_prefix("version:").map(str::trim).filter(|version| !version.contains('\n')).ok_or(HEAD)?;
    match (version.trim_matches(['"', '\'']), text.trim()) {
        ("", _) => Err("its `version` is empty"),
        (_, "") => Err("there is no text behind its version"),
        (version, text) => Ok(Prompt { version: version.to_owned(), text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<BTreeMap<String, Prompt>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(PROMPTS)).expect("made");
        for (name, text) in files {
            fs::write(folder.path().join(PROMPTS).join(name), text).expect("written");
        }
        prompts(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_the_prompt_of_the_scorer_by_its_name() {
        let file = "---\nversion: 2\n---\nIs it polite?\n---\nSay why.\n";
        let read = read(&[("tone.md", file), ("_shared.md", "no version")]).expect("prompts");
        let prompt = Prompt { version: "2".to_owned(), text: "Is it polite?\n---\nSay why.".to_owned() };
        assert_eq!(read, BTreeMap::from([("tone".to_owned(), prompt)]));
    }

    #[test]
    fn a_plugin_without_the_folder_has_no_prompts() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(prompts(folder.path()).expect("none").len(), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_file() {
        let check = |name: &str, text: &str, expected: &str| {
            let wrong = read(&[(name, text)]).expect_err("wrong");
            assert!(wrong.contains(name) && wrong.contains(expected), "{wrong}");
        };
        check("tone.md", "Is it polite?", "begin with the lines `---`, `version: 1` and `---`");
        check("tone.md", "---\nauthor: me\n---\nIs it polite?", "`version: 1`");
        check("tone.md", "---\nversion: 1\nauthor: me\n---\nIs it polite?", "`version: 1`");
        check("tone.md", "---\nversion:\n---\nIs it polite?", "its `version` is empty");
        check("tone.md", "---\nversion: 1\n---\n\n", "no text");
        check("Tone.md", "---\nversion: 1\n---\nIs it polite?", "name it `SCORER.md`");
        check("tone.txt", "---\nversion: 1\n---\nIs it polite?", "name it `SCORER.md`");
    }
}
