//! YAML 1.2 text as a JSON value, with the line of every node.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};
use serde_json::{Map, Number, Value};

use super::source::Source;
use crate::pointer;
use crate::problem::{Problem, Problems};

/// How deep lists and objects may nest; deeper ones could exhaust the stack of whoever walks them.
const DEEPEST: usize = 256;

pub(super) fn read(file: &str, text: &str) -> Result<(Value, Source), Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_depth(file, text)?;
    let documents = MarkedYaml::load_from_str(text).map_err(|error| syntax(file, text, &error))?;
    let document = match documents.as_slice() {
        [] => return Err(empty(file)),
        [document] if is_nothing(document) => return Err(empty(file)),
        [document] => document,
        [_, second, ..] => {
            let message = "a second document starts here; the file is one";
            return Err(Problem::new(file, message).at(second.span.start.line() as u64).into());
        }
    };
    let mut reading = Reading { source: Source::new(file), problems: Problems::default() };
    reading.source.put(String::new(), document.span.start.line() as u64);
    let value = reading.value("", document);
    reading.problems.unless_empty((value, reading.source))
}

fn empty(file: &str) -> Problems {
    let hint = "`karat init` and `karat plugin new` write files to start from";
    Problem::new(file, "the file is empty").hint(hint).into()
}

fn is_nothing(node: &MarkedYaml<'_>) -> bool {
    matches!(node.data, YamlData::BadValue | YamlData::Value(Scalar::Null))
}

/// Refuses what only an attack nests so deep, before a recursive parser sees it. In flow style every level costs a
/// bracket, in block style a column. Brackets in texts are counted too, which takes hundreds of unpaired ones to matter.
fn refuse_depth(file: &str, text: &str) -> Result<(), Problems> {
    let mut open = 0_usize;
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?' | b':')).count();
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open.max(columns) > DEEPEST {
                return Err(Problem::new(file, "lists and objects nest too deeply").at(number).into());
            }
        }
    }
    Ok(())
}

fn syntax(file: &str, text: &str, error: &ScanError) -> Problems {
    let (line, column) = (error.marker().line(), error.marker().col() + 1);
    let problem = |message: String| Problem::new(file, message).at(line as u64);
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let indentation: String = written.chars().take_while(|character| character.is_whitespace()).collect();
    let problem = match error.info() {
        "duplicated key in mapping" => problem(format!("{} is there already", key_at(written, column))),
        info if info.contains("alias expansion") => problem("aliases expand to too much".to_owned()),
        info if indentation.contains('\t') || info.contains("tab") => {
            let column = written.chars().take_while(|character| *character != '\t').count() + 1;
            problem(format!("a tab at column {column}")).hint("YAML is indented with spaces")
        }
        info => problem(format!("not valid YAML at column {column}: {info}")),
    };
    problem.into()
}

/// The key that starts at a column, for a message.
fn key_at(line: &str, column: usize) -> String {
    let key: String = line.chars().skip(column - 1).take_while(|character| *character != ':').collect();
    match key.trim() {
        "" => "a key".to_owned(),
        key => format!("key `{key}`"),
    }
}

struct Reading {
    source: Source,
    problems: Problems,
}

impl Reading {
    fn value(&mut self, at: &str, node: &MarkedYaml<'_>) -> Value {
        match &node.data {
            YamlData::Value(scalar) => self.scalar(at, scalar),
            YamlData::Sequence(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    let at = format!("{at}/{index}");
                    self.source.put(at.clone(), item.span.start.line() as u64);
                    self.value(&at, item)
                });
                Value::Array(items.collect())
            }
            YamlData::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    self.entry(at, key, value, &mut object);
                }
                Value::Object(object)
            }
            YamlData::Tagged(tag, _) => self.refuse(at, format!("the tag `{tag}` has no meaning here")),
            YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
                self.refuse(at, "this value can't be read".to_owned())
            }
        }
    }

    fn entry(&mut self, at: &str, key: &MarkedYaml<'_>, value: &MarkedYaml<'_>, object: &mut Map<String, Value>) {
        let line = key.span.start.line() as u64;
        let Some(name) = key_name(key) else {
            self.problems.0.push(Problem { line: Some(line), ..self.source.problem(at, "a key has to be a text") });
            return;
        };
        let at = pointer::join(at, &name);
        self.source.put(at.clone(), line);
        let value = self.value(&at, value);
        if object.insert(name.clone(), value).is_some() {
            self.problems.0.push(self.source.problem(&at, format!("key `{name}` is there already")));
        }
    }

    fn scalar(&mut self, at: &str, scalar: &Scalar<'_>) -> Value {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => Value::Bool(*value),
            Scalar::Integer(value) => Value::Number((*value).into()),
            Scalar::FloatingPoint(value) => match number(value.into_inner()) {
                Some(number) => Value::Number(number),
                None => self.refuse(at, format!("{value} is no finite number")),
            },
            Scalar::String(text) => Value::String(text.clone().into_owned()),
        }
    }

    fn refuse(&mut self, at: &str, message: String) -> Value {
        self.problems.0.push(self.source.problem(at, message));
        Value::Null
    }
}

fn key_name(key: &MarkedYaml<'_>) -> Option<String> {
    match &key.data {
        YamlData::Value(Scalar::String(text)) => Some(text.clone().into_owned()),
        YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
        YamlData::Value(Scalar::Boolean(value)) => Some(value.to_string()),
        _ => None,
    }
}

/// A whole number such as `1e9` becomes one, so that it fits where a whole number is asked for.
fn number(value: f64) -> Option<Number> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if value.fract() == 0.0 && value.abs() <= LARGEST_EXACT {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}
