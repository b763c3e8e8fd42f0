//! What a reply has to be, and whether it is.

use std::collections::HashMap;
use std::iter;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{PatternOptions, Validator};
use model::json::Json;
use model::judge::{Format, ToolCall};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::provider::{Answer, excerpt};
use super::shape::{self, Shape};

/// Schemas that are kept.
const MOST_SCHEMAS: usize = 64;

/// Places in a text at which JSON is looked for.
const PLACES: usize = 32;

/// What a reply has to be.
pub(super) enum Wanted<'a> {
    Text,
    Schema { validator: Arc<Validator>, is_wrapped: bool },
    Choice(&'a [String]),
}

/// A reply that is what it has to be.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    /// Without that which gave the text.
    pub(super) tool_calls: Vec<ToolCall>,
}

/// One that is not.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    /// What was said.
    pub(super) said: String,
    /// What is wrong with it: a sentence without its end.
    pub(super) why: String,
}

/// Schemas that replies were held against, ready for the next: a scorer has one for all of its rows, and each question that
/// waits would keep its own.
#[derive(Default)]
pub(super) struct Schemas(Mutex<HashMap<String, Arc<Validator>>>);

impl Schemas {
    fn validator(&self, schema: &Json) -> Result<Arc<Validator>, String> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = known().get(schema.as_str()) {
            return Ok(Arc::clone(validator));
        }
        // Whoever wrote it may mean no good: nothing is fetched, and no pattern takes long.
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        let validator = options
            .build(&schema.to_value())
            .map_err(|error| format!("the schema of the reply is none: {}", excerpt(&error.to_string())))?;
        let validator = Arc::new(validator);
        let mut known = known();
        // One that makes up a schema for each row does not fill the memory with them.
        if known.len() >= MOST_SCHEMAS {
            known.clear();
        }
        known.insert(schema.to_string(), Arc::clone(&validator));
        Ok(validator)
    }
}

impl<'a> Wanted<'a> {
    /// # Errors
    ///
    /// Fails with a reason where no reply could ever be of this format.
    pub(super) fn new(format: &'a Format, schemas: &Schemas) -> Result<Self, String> {
        match format {
            Format::Text => Ok(Self::Text),
            Format::Choice(choices) if choices.is_empty() => Err("there is nothing to choose from".to_owned()),
            Format::Choice(choices) => Ok(Self::Choice(choices)),
            Format::Schema(schema) => {
                let is_wrapped = Shape::of(format).is_some_and(|shape| shape.is_wrapped);
                Ok(Self::Schema { validator: schemas.validator(schema)?, is_wrapped })
            }
        }
    }

    /// Takes the reply out of what a model said. A model that calls a tool of the plugin has not replied yet, and may say
    /// what it likes.
    pub(super) fn read(&self, answer: &Answer) -> Result<Reply, Wrong> {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            answer.tool_calls.iter().cloned().partition(|call| !matches!(self, Self::Text) && call.name == shape::TOOL);
        if let Some(call) = theirs.iter().find(|call| !call.arguments.is_object()) {
            let why = format!("the arguments of the call of `{}` are no JSON object", excerpt(&call.name));
            return Err(Wrong { said: answer.text.clone(), why });
        }
        if !theirs.is_empty() {
            return Ok(Reply { text: answer.text.clone(), tool_calls: theirs });
        }
        let said = ours.first().map_or_else(|| answer.text.clone(), arguments);
        let text = match self {
            Self::Text => Ok(said.clone()),
            Self::Schema { validator, is_wrapped } => fitting(&said, validator, *is_wrapped),
            Self::Choice(choices) => chosen(&said, choices),
        };
        match text {
            Ok(text) => Ok(Reply { text, tool_calls: Vec::new() }),
            Err(why) => Err(Wrong { said, why }),
        }
    }
}

/// What was no JSON is there as a text.
fn arguments(call: &ToolCall) -> String {
    let text = call.arguments.as_str();
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

/// The first JSON in a text that satisfies the schema.
fn fitting(said: &str, validator: &Validator, is_wrapped: bool) -> Result<String, String> {
    let mut why = None;
    for json in values(said) {
        let json = if is_wrapped { unwrapped(&json).unwrap_or(json) } else { json };
        let value = json.to_value();
        if validator.is_valid(&value) {
            return Ok(json.as_str().to_owned());
        }
        why.get_or_insert_with(|| match validator.validate(&value) {
            Err(error) if error.instance_path().as_str().is_empty() => error.to_string(),
            Err(error) => format!("at `{}`: {error}", error.instance_path()),
            Ok(()) => "it does not satisfy the schema".to_owned(),
        });
    }
    Err(why.unwrap_or_else(|| "there is no JSON in it".to_owned()))
}

/// The choice that was meant, as the list has it.
fn chosen(said: &str, choices: &[String]) -> Result<String, String> {
    let wrapped = values(said).find_map(|json| unwrapped(&json));
    let wrapped: Option<String> = wrapped.and_then(|json| serde_json::from_str(json.as_str()).ok());
    let said = wrapped.as_deref().unwrap_or(said);
    if let Some(choice) = choices.iter().find(|choice| choice.as_str() == said.trim()) {
        return Ok(choice.clone());
    }
    let meant = bare(said);
    let mut fitting = choices.iter().filter(|choice| !meant.is_empty() && bare(choice) == meant);
    match (fitting.next(), fitting.next()) {
        (Some(choice), None) => Ok(choice.clone()),
        _ => Err("it is none of the choices".to_owned()),
    }
}

/// Without case, what is put around a word, and what ends a sentence.
fn bare(text: &str) -> String {
    let is_around = |character: char| character.is_whitespace() || "\"'`*_“”‘’«».,;:!()".contains(character);
    text.trim_matches(is_around).to_lowercase()
}

/// What an object that was put around a reply has in it.
fn unwrapped(json: &Json) -> Option<Json> {
    #[derive(Deserialize)]
    struct Wrapped {
        reply: Box<RawValue>,
    }
    // A list would do as well where the names of fields don't matter.
    let Wrapped { reply } = json.is_object().then(|| serde_json::from_str(json.as_str()).ok())??;
    Some(Json::from_raw(&reply))
}

/// JSON in a text: all of it, what stands between code fences, or whatever begins like an object or a list.
fn values(text: &str) -> impl Iterator<Item = Json> {
    let fenced = text.split("```").skip(1).step_by(2);
    let fenced = fenced.filter_map(|code| Json::parse(code.strip_prefix("json").unwrap_or(code)).ok());
    let mut behind = 0;
    let starts = text.match_indices(['{', '[']).take(PLACES);
    let inside = starts.filter_map(move |(start, _)| {
        if start < behind {
            return None;
        }
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Box<RawValue>>();
        let raw = values.next()?.ok()?;
        behind = start + values.byte_offset();
        Json::parse(raw.get()).ok()
    });
    iter::once_with(|| Json::parse(text.trim()).ok()).flatten().chain(fenced).chain(inside)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::provider::{Pace, Tokens};
    use super::*;

    fn answer(text: &str, tool_calls: &[(&str, &str)]) -> Answer {
        let tool_calls = tool_calls.iter().map(|(name, arguments)| ToolCall {
            id: "call_0".to_owned(),
            name: (*name).to_owned(),
            arguments: Json::parse(arguments).expect("JSON"),
        });
        let tool_calls = tool_calls.collect();
        Answer { text: text.to_owned(), tool_calls, tokens: Tokens::UNKNOWN, pace: Pace::default() }
    }

    fn schema(schema: &serde_json::Value) -> Format {
        Format::Schema(Json::from_serialize(schema).expect("JSON"))
    }

    #[track_caller]
    fn check(format: &Format, answer: &Answer, expected: Result<&str, &str>) {
        let read = Wanted::new(format, &Schemas::default()).expect("a format").read(answer);
        let read = read.map(|reply| reply.text).map_err(|wrong| wrong.why);
        assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned), "{answer:?}");
    }

    #[test]
    fn json_is_found_wherever_a_model_puts_it() {
        let verdict =
            schema(&json!({"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}));
        for text in [
            r#"{"score": 1.0}"#,
            "Sure!\n```json\n{\"score\": 1.0}\n```\nAnything else?",
            "```\n{\"score\": 1.0}```",
            r#"I looked at [1] and {this}: {"score": 1.0} is my verdict {"score": 2}"#,
            r#"{"note": "no"} {"score":1.0}"#,
        ] {
            check(&verdict, &answer(text, &[]), Ok(r#"{"score":1.0}"#));
        }
        check(&verdict, &answer("", &[("give_reply", r#"{"score":1.0}"#)]), Ok(r#"{"score":1.0}"#));
        check(&verdict, &answer("", &[("give_reply", r#""{\"score\":1.0,}""#)]), Err("there is no JSON in it"));
        check(&verdict, &answer("a good one", &[]), Err("there is no JSON in it"));
        check(&verdict, &answer(r#"{"score": "good"}"#, &[]), Err(r#"at `/score`: "good" is not of type "number""#));
    }

    #[test]
    fn a_reply_that_is_no_object_comes_out_of_the_one_it_was_put_in() {
        let list =
            schema(&json!({"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}));
        check(&list, &answer(r#"{"reply": [1, 2]}"#, &[]), Ok("[1,2]"));
        check(&list, &answer("", &[("give_reply", r#"{"reply":[3]}"#)]), Ok("[3]"));
        check(&list, &answer("[4]", &[]), Ok("[4]"));
        check(&list, &answer(r#"{"reply": ["x"]}"#, &[]), Err(r#"at `/0`: "x" is not of type "integer""#));
    }

    #[test]
    fn a_choice_is_the_one_that_was_meant_or_none() {
        let choices = |list: &[&str]| Format::Choice(list.iter().map(|choice| (*choice).to_owned()).collect());
        let none = Err("it is none of the choices");
        for (list, text, expected) in [
            (&["Yes", "No"][..], "Yes", Ok("Yes")),
            (&["Yes", "No"], " yes.\n", Ok("Yes")),
            (&["Yes", "No"], "**\"NO\"**!", Ok("No")),
            (&["Yes", "No"], r#"{"reply": "no"}"#, Ok("No")),
            (&["Yes", "No"], "Yes and no", none),
            (&["Yes", "No"], "", none),
            (&["yes", "Yes"], "Yes", Ok("Yes")),
            (&["yes", "Yes"], "YES", none),
            (&["+", "-"], "+", Ok("+")),
            (&["A.", "B."], "a", Ok("A.")),
            (&["...", "!"], "?", none),
        ] {
            check(&choices(list), &answer(text, &[]), expected);
        }
        check(&choices(&["Yes", "No"]), &answer("", &[("give_reply", r#"{"reply":"Yes"}"#)]), Ok("Yes"));
    }

    #[test]
    fn a_model_that_calls_a_tool_has_not_replied_yet() {
        let format = Format::Choice(vec!["a".to_owned()]);
        let wanted = Wanted::new(&format, &Schemas::default()).expect("a format");
        let both = answer("hm", &[("look_up", "{}"), ("give_reply", r#"{"reply":"a"}"#)]);
        let reply = wanted.read(&both).expect("calls");
        assert_eq!((&reply.text[..], reply.tool_calls.len(), &reply.tool_calls[0].name[..]), ("hm", 1, "look_up"));
        check(
            &format,
            &answer("", &[("look_up", "\"{x\"")]),
            Err("the arguments of the call of `look_up` are no JSON object"),
        );
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for none in
            [json!("text"), json!({"type": "texts"}), json!({"$ref": "https://example.com/schema.json"}), json!([])]
        {
            assert!(Wanted::new(&schema(&none), &Schemas::default()).is_err(), "{none}");
        }
        assert!(Wanted::new(&Format::Choice(Vec::new()), &Schemas::default()).is_err());
        check(&schema(&json!(true)), &answer("3", &[]), Ok("3"));
    }

    #[test]
    fn a_schema_or_a_reply_that_means_no_good_takes_no_long_time() {
        let levels = 40;
        let level = |number: usize| json!({"$ref": format!("#/$defs/{}", number + 1)});
        let mut definitions: serde_json::Map<_, _> = (0..levels)
            .map(|number| {
                (
                    number.to_string(),
                    json!({"properties": {"a": level(number)}, "allOf": [level(number), level(number)]}),
                )
            })
            .collect();
        definitions.insert(levels.to_string(), json!({"required": ["b"]}));
        let bomb = schema(&json!({"$ref": "#/$defs/0", "$defs": definitions}));
        let started = std::time::Instant::now();
        let nested = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        let read = Wanted::new(&bomb, &Schemas::default()).expect("a schema").read(&answer(&nested, &[]));
        assert!(read.is_err());
        let slow = schema(&json!({"type": "string", "pattern": "^(a+)+$"}));
        let reply = json!("a".repeat(50_000) + "!").to_string();
        assert!(Wanted::new(&slow, &Schemas::default()).expect("a schema").read(&answer(&reply, &[])).is_err());
        for text in ["[".repeat(200_000), r#"{"a":["#.repeat(100_000), r#"["x",{"#.repeat(100_000)] {
            check(&slow, &answer(&text, &[]), Err("there is no JSON in it"));
        }
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
}
