//! Where two JSON values differ first.

use serde_json::{Map, Number, Value};

/// Whether the order of an array's elements counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrays {
    InOrder,
    /// At no depth.
    InAnyOrder,
}

/// Characters of a value in a message.
const SHOWN: usize = 100;

/// Says where and how `found` differs from `expected`, if it does.
pub(crate) fn first_difference(expected: &Value, found: &Value, arrays: Arrays) -> Option<String> {
    Comparison { arrays, path: String::new() }.compare(expected, found)
}

struct Comparison {
    arrays: Arrays,
    /// Where the comparison is, as suites write paths.
    path: String,
}

impl Comparison {
    fn compare(&mut self, expected: &Value, found: &Value) -> Option<String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => self.compare_objects(expected, found),
            (Value::Array(expected), Value::Array(found)) => match self.arrays {
                Arrays::InOrder => self.compare_arrays(expected, found),
                Arrays::InAnyOrder => self.compare_bags(expected, found),
            },
            (Value::Number(expected), Value::Number(found)) if number(expected) == number(found) => None,
            _ if expected == found => None,
            _ => Some(format!("{}expected {}, found {}", self.place(), shown(expected), shown(found))),
        }
    }

    fn compare_objects(&mut self, expected: &Map<String, Value>, found: &Map<String, Value>) -> Option<String> {
        for (key, value) in expected {
            let difference = match found.get(key) {
                Some(found) => self.within(&key.replace('.', "\\."), |within| within.compare(value, found)),
                None => Some(format!("{}key `{key}` is missing", self.place())),
            };
            if difference.is_some() {
                return difference;
            }
        }
        let extra = found.keys().find(|key| !expected.contains_key(*key))?;
        Some(format!("{}key `{extra}` should not be there", self.place()))
    }

    fn compare_arrays(&mut self, expected: &[Value], found: &[Value]) -> Option<String> {
        let mut pairs = expected.iter().zip(found).enumerate();
        let first = pairs.find_map(|(index, (expected, found))| {
            self.within(&format!("[{index}]"), |within| within.compare(expected, found))
        });
        let (wanted, there) = (expected.len(), found.len());
        first
            .or_else(|| (wanted != there).then(|| format!("{}expected {wanted} elements, found {there}", self.place())))
    }

    fn compare_bags(&self, expected: &[Value], found: &[Value]) -> Option<String> {
        let (expected, found) = (sorted(expected), sorted(found));
        if expected == found {
            return None;
        }
        let at = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
        // In sorted lists, the lesser of the first two that differ is in its own list only.
        let is_missing = match (expected.get(at), found.get(at)) {
            (Some(expected), Some(found)) => expected < found,
            (expected, _) => expected.is_some(),
        };
        let place = self.place();
        Some(match is_missing {
            true => format!("{place}element {} is missing", cut(&expected[at])),
            false => format!("{place}element {} should not be there", cut(&found[at])),
        })
    }

    /// Goes one step down for the time of `compare`.
    fn within(&mut self, step: &str, compare: impl FnOnce(&mut Self) -> Option<String>) -> Option<String> {
        let length = self.path.len();
        if length > 0 && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        let difference = compare(self);
        self.path.truncate(length);
        difference
    }

    fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("`{}`: ", self.path) }
    }
}

fn sorted(elements: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = elements.iter().map(canonical).collect();
    texts.sort_unstable();
    texts
}

/// A text that is the same for all values that are equal when the order of elements does not count.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(value) => number(value),
        Value::Array(elements) => format!("[{}]", sorted(elements).join(",")),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        _ => value.to_string(),
    }
}

/// One text for each number: `1`, `1.0` and `1e0` are the same.
fn number(number: &Number) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT => (value as i64).to_string(),
        _ => number.to_string(),
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(expected: Value, found: Value, arrays: Arrays, difference: &str) {
        assert_eq!(first_difference(&expected, &found, arrays).as_deref(), Some(difference));
    }

    #[test]
    fn the_first_difference_is_told_with_its_path() {
        let expected = json!({"items": [{"id": 1}, {"id": 2}], "z": 1});
        check(
            expected.clone(),
            json!({"items": [{"id": 1}, {"id": 3}], "z": 2}),
            Arrays::InOrder,
            "`items[1].id`: expected `2`, found `3`",
        );
        check(
            expected.clone(),
            json!({"items": [{"id": 1}, {}], "z": 1}),
            Arrays::InOrder,
            "`items[1]`: key `id` is missing",
        );
        check(
            expected.clone(),
            json!({"items": [{"id": 1}], "z": 1}),
            Arrays::InOrder,
            "`items`: expected 2 elements, found 1",
        );
        check(
            expected,
            json!([]),
            Arrays::InOrder,
            "expected `{\"items\":[{\"id\":1},{\"id\":2}],\"z\":1}`, found `[]`",
        );
        check(json!({}), json!({"a.b": 1}), Arrays::InOrder, "key `a.b` should not be there");
        check(json!({"a.b": [1]}), json!({"a.b": [2]}), Arrays::InOrder, "`a\\.b[0]`: expected `1`, found `2`");
    }

    #[test]
    fn in_any_order_the_element_itself_is_told() {
        check(
            json!({"t": ["a", "b"]}),
            json!({"t": ["c", "a"]}),
            Arrays::InAnyOrder,
            "`t`: element `\"b\"` is missing",
        );
        check(json!([1]), json!([1, 1]), Arrays::InAnyOrder, "element `1` should not be there");
        check(json!([2, 3]), json!([1, 2, 3]), Arrays::InAnyOrder, "element `1` should not be there");
    }

    #[test]
    fn integers_beyond_the_exact_floats_are_told_apart() {
        let [large, larger] = [json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)];
        assert!(first_difference(&large, &larger, Arrays::InOrder).is_some());
        assert_eq!(first_difference(&json!(1), &json!(1.0), Arrays::InOrder), None);
    }
}
