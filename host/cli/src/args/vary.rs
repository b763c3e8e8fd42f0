//! What can be typed of runs that differ in one thing.

use std::str::FromStr;

use model::prompt::PromptRef;

/// One run for each of these; two or more, all different.
#[derive(Clone, Debug)]
pub(crate) enum Vary {
    /// Versions of a prompt.
    Prompts(Vec<PromptRef>),
    /// Values of a parameter of the predictor, as they were typed.
    Parameter { name: String, values: Vec<String> },
}

impl FromStr for Vary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "write it as `KEY=A,B`, such as `prompt=support@1,support@2` or `model=gpt-5-mini,gpt-5`".to_owned();
        let (key, values) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(wrong)?;
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        let is_repeated = values.iter().enumerate().any(|(place, value)| values[..place].contains(value));
        if values.len() < 2 || is_repeated || values.iter().any(String::is_empty) {
            return Err(format!("`{key}` takes two different values or more: {}", wrong()));
        }
        match key {
            "prompt" => values.iter().map(|value| value.parse()).collect::<Result<_, _>>().map(Self::Prompts),
            name => Ok(Self::Parameter { name: name.to_owned(), values }),
        }
    }
}
