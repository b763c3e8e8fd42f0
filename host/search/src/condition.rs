//! One field and how it is tested.

use model::search::{Comparison, CompiledTest, Field, Filter, SpanFilter, Test, Value};

use crate::field::{self, Asked, Found};
use crate::kind::{self, Kind as Values, Way};
use crate::parse::{Parser, Part};
use crate::problem::Problem;
use crate::token::{Kind, Name, Token};
use crate::{nearest, shown};

/// By how they are written.
pub(crate) const COMPARISONS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::AtMost),
    (">", Comparison::Greater),
    (">=", Comparison::AtLeast),
];

/// What others write for what we have.
const MISTAKEN: [(&str, &str); 5] = [("==", "="), ("<>", "!="), ("=<", "<="), ("=>", ">="), ("!", "!=")];

const EXAMPLE: &str = "a condition reads like `status = 'ERROR'` or `duration > 2s`";

/// Patterns of a filter, at the most: each may take a mebibyte when it is compiled.
const PATTERNS: usize = 100;

/// What is compared, as its author wrote it, and where.
struct Operand<'t> {
    asked: Asked,
    is_whole: bool,
    token: Token<'t>,
}

impl<'t> Parser<'t> {
    pub(crate) fn condition(&mut self) -> Result<Part, Problem> {
        let operand = self.operand()?;
        let test = self.test(&operand)?;
        Ok(match operand.asked {
            Asked::Trace(field) if operand.is_whole => Part::Trace(whole(field, test)),
            Asked::Trace(field) => Part::Trace(Filter::Trace(field, test)),
            Asked::Span(field) => Part::Span(SpanFilter::Span(field, test)),
        })
    }

    fn operand(&mut self) -> Result<Operand<'t>, Problem> {
        let token = self.words.next();
        let found = match &token.kind {
            Kind::Name(name) => self.found(name),
            // What has quotes before an operator is a name.
            Kind::Quoted(text) if self.words.written(&token).starts_with('"') => {
                self.found(&Name { first: text.clone(), rest: None, word: None })
            }
            _ => return Err(self.words.not(&token, "a field", EXAMPLE)),
        };
        let Found { asked, is_whole } = found.map_err(|(message, hint)| self.words.problem(&token, message, hint))?;
        Ok(Operand { asked, is_whole, token })
    }

    fn found(&self, name: &Name<'_>) -> Result<Found, (String, String)> {
        match self.in_span {
            true => field::in_span(name).map(|field| Found { asked: Asked::Span(field), is_whole: false }),
            false => field::of_trace(name),
        }
    }

    fn test(&mut self, operand: &Operand<'_>) -> Result<Test, Problem> {
        let operator = self.words.next();
        if let Kind::Sign(sign) = operator.kind {
            return self.comparison(operand, &operator, sign);
        }
        let Kind::Name(Name { word: Some(word), .. }) = &operator.kind else {
            return Err(self.no_operator(operand, &operator));
        };
        match &*word.to_ascii_lowercase() {
            "in" => self.values(operand, &operator).map(Test::AnyOf),
            "not" if self.words.take_word("in") => self.values(operand, &operator).map(Test::NoneOf),
            "not" => {
                let name = self.words.written(&operand.token);
                let hint = format!("what is not so is written `not {name} …`");
                Err(self.words.expected("`in`", hint))
            }
            "between" => self.between(operand, &operator),
            "is" => self.presence(operand, &operator),
            "like" => self.pattern(operand, &operator, |pattern| Test::Like { pattern, ignores_case: false }),
            "ilike" => self.pattern(operand, &operator, |pattern| Test::Like { pattern, ignores_case: true }),
            "rlike" => self.pattern(operand, &operator, Test::Matches),
            "contains" => self.pattern(operand, &operator, Test::Contains),
            _ => Err(self.no_operator(operand, &operator)),
        }
    }

    fn no_operator(&self, operand: &Operand<'_>, operator: &Token<'_>) -> Problem {
        let name = self.words.written(&operand.token);
        let hint = format!("`{name}` takes {}", operand.asked.kind().operators());
        self.words.not(operator, &format!("an operator behind `{name}`"), hint)
    }

    fn comparison(&mut self, operand: &Operand<'_>, operator: &Token<'_>, sign: &str) -> Result<Test, Problem> {
        if let Some((_, meant)) = MISTAKEN.iter().find(|(mistaken, _)| *mistaken == sign) {
            let hint = format!("write `{meant}`");
            return Err(self.words.problem(operator, format!("`{sign}` is no operator"), hint));
        }
        let Some((_, comparison)) = COMPARISONS.iter().find(|(known, _)| *known == sign) else {
            return Err(self.no_operator(operand, operator));
        };
        let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        self.allow(operand, operator, if is_ordered { Way::Ordered } else { Way::Equal })?;
        let value = if is_ordered { self.number(operand)? } else { self.value(operand)? };
        Ok(Test::Is(*comparison, value))
    }

    fn between(&mut self, operand: &Operand<'_>, operator: &Token<'_>) -> Result<Test, Problem> {
        self.allow(operand, operator, Way::Ordered)?;
        let low = self.number(operand)?;
        if !self.words.take_word("and") {
            return Err(self.words.expected("`and`", "it reads like `duration between 1s and 2s`"));
        }
        Ok(Test::Between(low, self.number(operand)?))
    }

    fn presence(&mut self, operand: &Operand<'_>, operator: &Token<'_>) -> Result<Test, Problem> {
        self.allow(operand, operator, Way::Presence)?;
        let test = if self.words.take_word("not") { Test::Present } else { Test::Missing };
        match self.words.take_word("null") {
            true => Ok(test),
            false => Err(self.words.expected("`null`", "it reads like `user is null` or `user is not null`")),
        }
    }

    fn values(&mut self, operand: &Operand<'_>, operator: &Token<'_>) -> Result<Vec<Value>, Problem> {
        self.allow(operand, operator, Way::Equal)?;
        if !self.words.take_sign("(") {
            return Err(self.words.expected("`(`", "a list reads like `in ('a', 'b')`"));
        }
        let mut values = vec![self.value(operand)?];
        while self.words.take_sign(",") {
            values.push(self.value(operand)?);
        }
        match self.words.take_sign(")") {
            true => Ok(values),
            false => Err(self.words.expected("`,` or `)`", "a list reads like `in ('a', 'b')`")),
        }
    }

    fn pattern(
        &mut self,
        operand: &Operand<'_>,
        operator: &Token<'_>,
        test: impl Fn(String) -> Test,
    ) -> Result<Test, Problem> {
        self.allow(operand, operator, Way::Pattern)?;
        let token = self.words.next();
        let Kind::Quoted(text) = &token.kind else {
            let name = self.words.written(operator);
            let hint =
                format!("such as `{name} '{}'`", if name.to_lowercase().ends_with("like") { "a%" } else { "abc" });
            return Err(self.words.not(&token, "a text in quotes", hint));
        };
        let is_like = matches!(test(String::new()), Test::Like { .. });
        let is_id = is_like && operand.asked.kind() == Values::Id;
        let test = test(if is_id { kind::id(text).to_owned() } else { text.clone() });
        self.patterns += 1;
        if self.patterns > PATTERNS {
            let hint = "`in` takes as many texts as there are";
            return Err(self.words.problem(operator, format!("more than {PATTERNS} patterns"), hint));
        }
        let hint = if matches!(test, Test::Matches(_)) { "`contains` finds a text as it is" } else { "shorten it" };
        CompiledTest::new(&test)
            .map_err(|error| self.words.problem(&token, format!("the pattern can't be used: {error}"), hint))?;
        Ok(test)
    }

    fn allow(&self, operand: &Operand<'_>, operator: &Token<'_>, way: Way) -> Result<(), Problem> {
        let kind = operand.asked.kind();
        if kind.takes(way) {
            return Ok(());
        }
        let (name, noun, operator_name) =
            (self.words.written(&operand.token), kind.noun(), self.words.written(operator));
        let message = format!("`{name}` is {noun}, which `{operator_name}` can't test");
        Err(self.words.problem(operator, message, format!("`{name}` takes {}", kind.operators())))
    }

    /// A value that has a more and a less.
    fn number(&mut self, operand: &Operand<'_>) -> Result<Value, Problem> {
        let token = self.words.peek().clone();
        match self.value(operand)? {
            value @ Value::Number(_) => Ok(value),
            Value::Text(_) | Value::Boolean(_) => {
                Err(self.words.not(&token, "a number", "such as `0.9`, without quotes"))
            }
        }
    }

    fn value(&mut self, operand: &Operand<'_>) -> Result<Value, Problem> {
        let kind = operand.asked.kind();
        let token = self.words.next();
        let value = match &token.kind {
            Kind::Quoted(text) => kind.of_quoted(text),
            Kind::Number(word) => kind.of_number(word),
            Kind::Name(Name { word: Some(word), .. }) => match &*word.to_ascii_lowercase() {
                "true" if kind == Values::Open => Some(Value::Boolean(true)),
                "false" if kind == Values::Open => Some(Value::Boolean(false)),
                "now" if kind == Values::Time => Some(self.moment()?),
                _ => None,
            },
            _ => None,
        };
        value.ok_or_else(|| self.no_value(operand, &token))
    }

    fn no_value(&self, operand: &Operand<'_>, token: &Token<'_>) -> Problem {
        let kind = operand.asked.kind();
        let (name, examples) = (self.words.written(&operand.token), kind.examples());
        match (kind, &token.kind) {
            (Values::Status(names), Kind::Quoted(text)) => {
                let hint = nearest::hint(text, "one of", names.iter().copied());
                self.words.problem(token, format!("unknown status `{}`", shown(text)), hint)
            }
            (Values::Duration | Values::Money | Values::Count, Kind::Quoted(text))
                if kind.of_number(text).is_some() =>
            {
                let message = format!("`{name}` is {}, not a text", kind.noun());
                self.words.problem(token, message, format!("write `{text}` without quotes"))
            }
            (_, Kind::Quoted(_) | Kind::Number(_)) => {
                let message = format!("`{name}` is {}, which `{}` is not", kind.noun(), self.words.written(token));
                self.words.problem(token, message, examples)
            }
            (Values::Open, _) => self.words.not(token, "a value", examples),
            _ => self.words.not(token, kind.noun(), examples),
        }
    }

    /// What stands behind `now`.
    fn moment(&mut self) -> Result<Value, Problem> {
        const EXAMPLE: &str = "such as `now - 1h` or `now - 2d`";
        let is_signed = |token: &Token<'_>| matches!(token.kind, Kind::Number(word) if word.starts_with(['-', '+']));
        let sign = match self.words.peek().kind {
            _ if is_signed(self.words.peek()) => 1.0,
            Kind::Sign("+") => 1.0,
            Kind::Sign("-") => -1.0,
            _ => return Ok(Value::Number(self.now)),
        };
        if !is_signed(self.words.peek()) {
            self.words.next();
        }
        let token = self.words.next();
        match token.kind {
            Kind::Number(word) => kind::duration(word).map(|duration| Value::Number(self.now + sign * duration)),
            _ => None,
        }
        .ok_or_else(|| self.words.not(&token, "a duration", EXAMPLE))
    }
}

/// A test of whole milliseconds as one of milliseconds with fractions: `= 5` is from 5 to just before 6.
fn whole(field: Field, test: Test) -> Filter {
    let is = |comparison, number| Filter::Trace(field.clone(), Test::Is(comparison, Value::Number(number)));
    match test {
        Test::Is(comparison, Value::Number(number)) if number.fract() == 0.0 => {
            let (from, after) = (is(Comparison::AtLeast, number), is(Comparison::AtLeast, number + 1.0));
            let (before, to) = (is(Comparison::Less, number), is(Comparison::Less, number + 1.0));
            match comparison {
                Comparison::Equal => Filter::All(vec![from, to]),
                Comparison::NotEqual => Filter::Any(vec![before, after]),
                Comparison::Less => before,
                Comparison::AtMost => to,
                Comparison::Greater => after,
                Comparison::AtLeast => from,
            }
        }
        other => Filter::Trace(field, other),
    }
}
