//! What a report can be written as.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The numbers as one object, as `karat eval --json` prints it.
    Json,
    /// A line for each row and trial.
    Jsonl,
    /// A test suite for each scorer, a test case for each row.
    Junit,
    /// One page for a browser, with nothing to fetch.
    Html,
    /// For the summary of a job and a comment on a pull request.
    Markdown,
    /// A finding for each verdict that went against a row.
    Sarif,
    /// A line for each verdict, for spreadsheets.
    Csv,
    /// The same in columns, for data frames.
    Parquet,
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(pub String);

impl Format {
    pub const ALL: [Self; 8] =
        [Self::Json, Self::Jsonl, Self::Junit, Self::Html, Self::Markdown, Self::Sarif, Self::Csv, Self::Parquet];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Whether results are told, and not only the numbers that they fold into.
    pub fn has_rows(self) -> bool {
        self != Self::Json
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Format::ALL.map(|format| format!("`{}`", format.name()));
        write!(f, "there is no report format `{}`: use one of {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}
