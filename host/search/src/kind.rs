//! What the values of a field are, how they can be tested, and how what they are compared with is written.

use model::search::Value;

use crate::time;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    /// The id of a trace, which MLflow writes with `tr-` before it.
    Id,
    /// One of these.
    Status(&'static [&'static str]),
    Time,
    Duration,
    Money,
    Count,
    /// Whatever somebody wrote there.
    Open,
    /// A text of many texts, of which only a part is asked for.
    Content,
}

/// How values can be tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// `=`, `!=`, `in`, `not in`.
    Equal,
    /// `<` and so on, `between`.
    Ordered,
    /// `like`, `ilike`, `rlike`, `contains`.
    Pattern,
    /// `is null`, `is not null`.
    Presence,
}

impl Kind {
    pub(crate) fn takes(self, way: Way) -> bool {
        match self {
            Self::Text | Self::Id | Self::Status(_) => way != Way::Ordered,
            Self::Time | Self::Duration | Self::Money | Self::Count => way != Way::Pattern,
            Self::Open => true,
            Self::Content => way == Way::Pattern,
        }
    }

    /// The operators that it takes.
    pub(crate) fn operators(self) -> String {
        let of = |way, operators: &'static [&str]| if self.takes(way) { operators } else { &[] };
        let all = [
            of(Way::Equal, &["=", "!="]),
            of(Way::Ordered, &["<", "<=", ">", ">=", "between"]),
            of(Way::Equal, &["in", "not in"]),
            of(Way::Pattern, &["contains", "like", "ilike", "rlike"]),
            of(Way::Presence, &["is null", "is not null"]),
        ];
        all.concat().iter().map(|operator| format!("`{operator}`")).collect::<Vec<_>>().join(", ")
    }

    /// What its values are.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Text | Self::Id => "text",
            Self::Status(_) => "a status",
            Self::Time => "a time",
            Self::Duration => "a duration",
            Self::Money => "an amount of money",
            Self::Count => "a count",
            Self::Open => "a text, a number, `true` or `false`",
            Self::Content => "all that is said",
        }
    }

    /// What it can be compared with.
    pub(crate) fn examples(self) -> String {
        match self {
            Self::Text | Self::Id | Self::Content => "write a text in quotes, such as `'abc'`".to_owned(),
            Self::Status(names) => {
                let names: Vec<_> = names.iter().map(|name| format!("`'{name}'`")).collect();
                format!("one of {}", names.join(", "))
            }
            Self::Time => "such as `'2026-11-25T10:00:00Z'`, `'2026-11-25'` or `now - 1h`".to_owned(),
            Self::Duration => "such as `2s`, `150ms` or `1.5m`".to_owned(),
            Self::Money => "such as `0.02` or `$0.02`".to_owned(),
            Self::Count => "such as `100` or `10k`".to_owned(),
            Self::Open => "such as `'abc'`, `0.9` or `true`".to_owned(),
        }
    }

    /// A text in quotes as a value.
    pub(crate) fn of_quoted(self, text: &str) -> Option<Value> {
        match self {
            Self::Text | Self::Open | Self::Content => Some(Value::Text(text.to_owned())),
            Self::Id => Some(Value::Text(id(text).to_lowercase())),
            Self::Status(names) => {
                let name = names.iter().find(|name| name.eq_ignore_ascii_case(text));
                name.map(|name| Value::Text((*name).to_owned()))
            }
            Self::Time => time::parse(text).map(Value::Number),
            Self::Duration | Self::Money | Self::Count => None,
        }
    }

    /// A number with what stands around it as a value.
    pub(crate) fn of_number(self, word: &str) -> Option<Value> {
        let number = match self {
            Self::Text | Self::Id | Self::Status(_) | Self::Content => None,
            Self::Time | Self::Open => number(word),
            Self::Duration => duration(word),
            Self::Money => number(word.strip_prefix('$').unwrap_or(word)),
            Self::Count => {
                [("k", 3), ("K", 3), ("M", 6), ("", 0)].iter().find_map(|(unit, places)| shifted(word, unit, *places))
            }
        };
        number.map(Value::Number)
    }

    /// A value as it is written, so that it is read as the same.
    pub(crate) fn written(self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Text(text)) => quoted(text),
            (_, Value::Boolean(boolean)) => boolean.to_string(),
            (Self::Time, Value::Number(number)) => {
                time::written(*number).map_or_else(|| number.to_string(), |text| quoted(&text))
            }
            (Self::Duration, Value::Number(number)) => match number % 1e3 == 0.0 && number.abs() < 1e12 {
                true => format!("{}s", number / 1e3),
                false => format!("{number}ms"),
            },
            (Self::Money, Value::Number(number)) if number.is_sign_positive() => format!("${number}"),
            (_, Value::Number(number)) => number.to_string(),
        }
    }
}

/// As it is kept: MLflow's ids of traces have something before them.
pub(crate) fn id(text: &str) -> &str {
    text.strip_prefix("tr-").unwrap_or(text)
}

pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Milliseconds; a number without a unit is some.
pub(crate) fn duration(word: &str) -> Option<f64> {
    // `ms` before what it ends in.
    let shifts = [("ms", 0), ("s", 3), ("", 0)].iter().find_map(|(unit, places)| shifted(word, unit, *places));
    let longer = [("m", 60e3), ("h", 3600e3), ("d", 86_400e3)];
    let multiplied = || longer.iter().find_map(|(unit, factor)| Some(number(word.strip_suffix(unit)?)? * factor));
    shifts.or_else(multiplied).filter(|number| number.is_finite())
}

/// A number of so many thousands. Moving the point keeps every digit; a multiplication can miss by the last bit.
fn shifted(word: &str, unit: &str, places: u32) -> Option<f64> {
    let digits = word.strip_suffix(unit)?;
    let value = number(digits)?;
    let moved = format!("{digits}e{places}").parse().unwrap_or(value * 10_f64.powi(places as i32));
    Some(moved).filter(|number| number.is_finite())
}

fn number(digits: &str) -> Option<f64> {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    digits.bytes().all(is_part).then(|| digits.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_unit_of_its_field() {
        for (kind, word, expected) in [
            (Kind::Duration, "150ms", Some(150.0)),
            (Kind::Duration, "150", Some(150.0)),
            (Kind::Duration, "0.29s", Some(290.0)),
            (Kind::Duration, "1.5m", Some(90_000.0)),
            (Kind::Duration, "3h", Some(10_800_000.0)),
            (Kind::Duration, "2d", Some(172_800_000.0)),
            (Kind::Duration, "1e3ms", Some(1000.0)),
            (Kind::Duration, "2w", None),
            (Kind::Duration, "1e308d", None),
            (Kind::Money, "$0.02", Some(0.02)),
            (Kind::Money, "0.02", Some(0.02)),
            (Kind::Money, "0.02$", None),
            (Kind::Count, "10k", Some(10_000.0)),
            (Kind::Count, "1.1M", Some(1_100_000.0)),
            (Kind::Count, "1m", None),
            (Kind::Open, "0.9", Some(0.9)),
            (Kind::Open, "1e999", None),
            (Kind::Open, "2s", None),
            (Kind::Time, "1764064800000", Some(1_764_064_800_000.0)),
            (Kind::Text, "5", None),
        ] {
            assert_eq!(kind.of_number(word), expected.map(Value::Number), "{kind:?} {word}");
        }
    }
}
