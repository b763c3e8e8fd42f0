//! What can be typed of what is kept under names with versions: prompts and applications.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::prompt::PromptRef;

use super::pair;

#[derive(Debug, Subcommand)]
pub(crate) enum Prompts {
    /// All prompts.
    List,
    /// One version: its text, its variables, and what is known of it.
    Show {
        /// `support` for the latest version, `support@3`, or `support@prod` for the one of an alias.
        prompt: PromptRef,
        /// The text alone, with these values in place of its variables.
        #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
        fill: Vec<(String, String)>,
    },
    /// Add a version. One that says what the latest says already is not added.
    Add(AddPrompt),
    /// What has changed from one version to another.
    Diff { from: PromptRef, to: PromptRef },
    /// Move an alias to a version, also back to an earlier one.
    Alias {
        /// The prompt's name.
        name: String,
        /// Such as `prod`.
        alias: String,
        /// The version it stands for from now on.
        #[arg(value_name = "VERSION", required_unless_present = "delete")]
        number: Option<u32>,
        /// Take the alias away.
        #[arg(long, conflicts_with = "number")]
        delete: bool,
    },
    /// Delete a version, or a prompt with all of its versions. A version's number is not used again.
    Delete {
        /// `support@3`, or `support` for all.
        prompt: PromptRef,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddPrompt {
    /// Its name: letters, digits, `_`, `-` and `.`.
    pub(crate) name: String,
    /// A file with the text, in which `{{name}}` is a variable; standard input where it is `-`.
    pub(crate) file: PathBuf,
    /// The file is a chat: a JSON list of messages, each with `role` and `content`.
    #[arg(long)]
    pub(crate) chat: bool,
    /// What this version changes, and why.
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    pub(crate) message: String,
    /// An alias that stands for it from now on, such as `prod`.
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Vec<String>,
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tag: Vec<(String, String)>,
    /// The model it is for and how that is asked, a JSON object such as `{"model_name": "gpt-5-mini", "temperature": 0}`.
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) model_config: Option<String>,
    /// A file with the JSON Schema of what is answered.
    #[arg(long, value_name = "FILE")]
    pub(crate) response_format: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Apps {
    /// The newest versions of applications.
    List {
        /// Of this experiment only.
        #[arg(long, value_name = "NAME")]
        experiment: Option<String>,
    },
    /// One version: what it is made of, and what was measured of it.
    Show {
        /// Its id, or its name, which stands for the newest version of that name.
        app: String,
    },
    /// Take note of a version: of what git has here, unless you say that it is none of git's.
    Add(AddApp),
    /// Delete a version. What was measured of it stays with the runs.
    Delete {
        /// Its id.
        app: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddApp {
    /// The application's name.
    pub(crate) name: String,
    /// How this version is configured.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) param: Vec<(String, String)>,
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tag: Vec<(String, String)>,
    /// The experiment that it belongs to [default: the one of runs that name none].
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// Don't look for a commit.
    #[arg(long)]
    pub(crate) no_git: bool,
}

fn object(text: &str) -> Result<String, String> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("it is no JSON object: {error}")),
    }
}
