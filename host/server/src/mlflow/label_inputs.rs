//! How a question can be answered: one of four ways, each with its bounds.

use model::review::LabelInput;
use serde_json::{Value, json};

use super::answer::message;
use super::{Asked, Wrong};

/// The most options there may be, and the most characters of an option or a label.
const MOST_OPTIONS: usize = 10;
const LONGEST: usize = 64;

/// # Errors
///
/// Says so where there is none of the four, and where its bounds make no sense.
pub(super) fn read_input(asked: &Asked) -> Result<LabelInput, Wrong> {
    if let Some(input) = asked.message("pass_fail")? {
        return pass_fail(&input);
    }
    if let Some(input) = asked.message("categorical")? {
        return categorical(&input);
    }
    if let Some(input) = asked.message("numeric")? {
        return numeric(&input);
    }
    match asked.message("text")? {
        Some(input) => text(&input),
        None => Err(Wrong::invalid("Label schema `input` is required.")),
    }
}

fn pass_fail(input: &Asked) -> Result<LabelInput, Wrong> {
    let label = |field: &str| {
        let label = input.text(field)?.unwrap_or_default();
        match label.chars().count() {
            0 => Err(Wrong::invalid(format!("`InputPassFail.{field}` must be a non-empty string; got ''."))),
            length if length > LONGEST => Err(Wrong::invalid(format!(
                "`InputPassFail.{field}` must be at most {LONGEST} characters; got {length}."
            ))),
            _ => Ok(label.to_owned()),
        }
    };
    let (positive_label, negative_label) = (label("positive_label")?, label("negative_label")?);
    match positive_label == negative_label {
        true => Err(Wrong::invalid(format!(
            "`InputPassFail.positive_label` and `negative_label` must be distinct; got '{positive_label}' for both."
        ))),
        false => Ok(LabelInput::PassFail { positive_label, negative_label }),
    }
}

fn categorical(input: &Asked) -> Result<LabelInput, Wrong> {
    let options = input.texts("options")?;
    match options.len() {
        0 => return Err(Wrong::invalid("`InputCategorical.options` must be a non-empty list; got [].")),
        count if count > MOST_OPTIONS => {
            return Err(Wrong::invalid(format!(
                "`InputCategorical.options` must have at most {MOST_OPTIONS} entries; got {count}."
            )));
        }
        _ => {}
    }
    for (place, option) in options.iter().enumerate() {
        let length = option.chars().count();
        if length == 0 {
            return Err(Wrong::invalid("`InputCategorical.options` entries must be non-empty strings; got ''."));
        }
        if length > LONGEST {
            return Err(Wrong::invalid(format!(
                "`InputCategorical.options` entries must be at most {LONGEST} characters; got {length} for '{option}'."
            )));
        }
        if options[..place].contains(option) {
            return Err(Wrong::invalid(format!(
                "`InputCategorical.options` must be deduplicated; '{option}' appears twice."
            )));
        }
    }
    let options = options.into_iter().map(str::to_owned).collect();
    Ok(LabelInput::Categorical { options, multi_select: input.boolean("multi_select")?.unwrap_or_default() })
}

fn numeric(input: &Asked) -> Result<LabelInput, Wrong> {
    let (min_value, max_value) = (input.number("min_value")?, input.number("max_value")?);
    match (min_value, max_value) {
        (Some(min), Some(max)) if min >= max => Err(Wrong::invalid(format!(
            "`InputNumeric.min_value` must be strictly less than `max_value`; got min={min:?}, max={max:?}."
        ))),
        _ => Ok(LabelInput::Numeric { min_value, max_value }),
    }
}

fn text(input: &Asked) -> Result<LabelInput, Wrong> {
    match input.integer("max_length")? {
        Some(length) if length < 1 => {
            Err(Wrong::invalid(format!("`InputText.max_length` must be at least 1; got {length}.")))
        }
        max_length => Ok(LabelInput::Text { max_length }),
    }
}

pub(super) fn input_json(input: &LabelInput) -> Value {
    match input {
        LabelInput::PassFail { positive_label, negative_label } => {
            json!({ "pass_fail": { "positive_label": positive_label, "negative_label": negative_label } })
        }
        LabelInput::Categorical { options, multi_select } => {
            json!({ "categorical": { "options": options, "multi_select": multi_select } })
        }
        LabelInput::Numeric { min_value, max_value } => {
            json!({ "numeric": message(json!({ "min_value": min_value, "max_value": max_value })) })
        }
        LabelInput::Text { max_length } => json!({ "text": message(json!({ "max_length": max_length })) }),
    }
}
