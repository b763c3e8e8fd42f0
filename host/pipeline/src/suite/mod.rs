//! The text of a suite file as a [`Suite`], or everything that is wrong with it.
//!
//! The JSON Schema that is published is also what a suite is checked against, so editors and Karat agree.

mod source;
mod yaml;

use model::suite::Suite;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problems;
use crate::schema::Checker;

pub use source::Source;

/// A suite, and where in its file everything stands.
#[derive(Clone, Debug)]
pub struct SuiteFile {
    pub suite: Suite,
    pub source: Source,
}

/// The JSON Schema (draft 2020-12) of a suite file.
pub fn schema() -> Value {
    schemars::schema_for!(Suite).to_value()
}

/// Reads a suite. `file` is its name as the user gave it.
///
/// # Errors
///
/// Fails with every problem of the text, sorted by line.
pub fn parse(file: &str, text: &str) -> Result<SuiteFile, Problems> {
    let (suite, source) = document(file, text)?;
    Ok(SuiteFile { suite, source })
}

/// Reads YAML as what its type says, with every problem there is.
pub(crate) fn document<T: JsonSchema + DeserializeOwned>(file: &str, text: &str) -> Result<(T, Source), Problems> {
    let (value, source) = yaml::read(file, text)?;
    typed(value, source)
}

/// The same of a value that was read.
pub(crate) fn typed<T: JsonSchema + DeserializeOwned>(value: Value, source: Source) -> Result<(T, Source), Problems> {
    check(&value, &schemars::schema_for!(T).to_value(), &source)?;
    let read = serde_path_to_error::deserialize(&value).map_err(|error| {
        // What the schema can't express, such as a number beyond its type.
        let pointer: String = error.path().iter().fold(String::new(), |pointer, segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("{pointer}/{index}"),
            serde_path_to_error::Segment::Map { key } => crate::pointer::join(&pointer, key),
            _ => pointer,
        });
        source.problem(&pointer, error.inner().to_string())
    })?;
    Ok((read, source))
}

fn check(value: &Value, schema: &Value, source: &Source) -> Result<(), Problems> {
    let checker = Checker::new(schema).expect("the schema is made from types of ours");
    Problems(checker.check(value).into_iter().map(|violation| source.violation("", violation)).collect())
        .unless_empty(())
}

#[cfg(test)]
mod tests;
