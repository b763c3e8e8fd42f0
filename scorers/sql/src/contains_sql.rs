//! Whether a text has SQL in it.

use karat_sdk::prelude::*;

use crate::dialect::{Dialect, Reading};

/// Looks in the outputs for a statement that parses:
///
/// - a block between lines of three backticks, marked as some SQL or not marked at all,
/// - text from a verb such as `SELECT` on, up to a semicolon, a backtick, an empty line, the line's end or the outputs' end.
///   The verb is in capitals, or in small letters where the outputs or code begin: *Select a plan from the list* is none.
///
/// What is nested more deeply than the parser goes, some 50 levels, is not seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainsSql {
    /// Whose SQL it has to be.
    #[serde(default)]
    dialect: Dialect,
}

const VERBS: [&str; 9] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "MERGE"];

/// Of places where a statement can begin, so many are looked at.
const PLACES: usize = 20;

impl Scorer for ContainsSql {
    const NAME: &str = "contains_sql";
    const SUMMARY: &str = "whether an SQL statement stands in the outputs";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?.text()?;
        let is_sql = |text: &str| matches!(self.dialect.read(text), Reading::Statements(1..));
        let stands_in_text = || places(&outputs).take(PLACES).any(|text| ends(text).any(is_sql));
        Ok((blocks(&outputs).any(is_sql) || stands_in_text()).into())
    }
}

/// What stands between lines of three backticks.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let fenced = text.split("```").skip(1).step_by(2);
    let unmarked = fenced.filter_map(|block| {
        let (mark, code) = block.split_once('\n')?;
        let mark = mark.trim().to_lowercase();
        (mark.is_empty() || mark.contains("sql")).then_some(code)
    });
    unmarked.filter(|code| VERBS.iter().any(|verb| code.to_uppercase().contains(verb)))
}

/// The text from each verb on, up to the end of the code that it stands in.
fn places(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let starts = text
        .char_indices()
        .filter(move |(at, character)| character.is_ascii_alphabetic() && !text[..*at].ends_with(is_part));
    starts.filter_map(move |(start, _)| {
        let (before, text) = text.split_at(start);
        let word = text.split(|character| !is_part(character)).next().unwrap_or(text);
        let begins = || before.trim_end().is_empty() || before.trim_end().ends_with('`');
        let is_verb = VERBS.contains(&word)
            || word.bytes().all(|byte| byte.is_ascii_lowercase())
                && VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(word))
                && begins();
        is_verb.then(|| text.split('`').next().unwrap_or(text))
    })
}

/// Where a statement that begins `text` may end.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    let up_to = |end: &str| text.find(end).map(|at| &text[..at]);
    [Some(text), up_to(";"), up_to("\n\n"), up_to("\n")].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: &str, contains: bool) {
        assert_eq!(row().outputs(outputs).verdict::<ContainsSql>(json!({})), contains, "{outputs}");
    }

    #[test]
    fn a_block_of_code_is_looked_into() {
        check("Sure:\n```sql\n-- all of it\nselect *\nfrom t;\nselect 1;\n```\nThat's it.", true);
        check("```\nWITH a AS (SELECT 1) SELECT * FROM a\n```", true);
        check("```sql\nSELECT FROM WHERE\n```", false);
        check("```python\nprint('commit')\n```", false);
        check("```\nx = 1\n```", false);
    }

    #[test]
    fn a_statement_in_the_text_ends_where_it_parses() {
        check("Use SELECT * FROM t WHERE a = 1; it's fast.", true);
        check("Try this:\nDELETE FROM t\nWHERE a = 1\n\nIt doesn't hurt.", true);
        check("Type `select a from t` there.", true);
        check("You'd say\nUPDATE t SET a = 1\nand that's it.", true);
        check("select a from t", true);
    }

    #[test]
    fn prose_is_no_statement() {
        check("Select a plan from the list", false);
        check("Please SELECT one of the following options, and DROP the rest.", false);
        check("You can update it, or delete from the list.", false);
        check("RESELECT 1; a_SELECT 1", false);
        check("", false);
    }

    #[test]
    fn only_so_many_places_are_looked_at() {
        check(&"SELECT ".repeat(100_000), false);
    }
}
