//! Whether a text is SQL.

use karat_sdk::prelude::*;

use crate::dialect::{Dialect, Reading};

/// Reads the outputs as SQL: one statement or more, with semicolons between them, and nothing else but comments. Whether
/// tables and columns exist is not asked. A statement that is nested more deeply than the parser goes, some 50 levels, is
/// not decided.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParsesSql {
    /// Whose SQL it has to be.
    #[serde(default)]
    dialect: Dialect,
}

impl Scorer for ParsesSql {
    const NAME: &str = "parses_sql";
    const SUMMARY: &str = "whether the outputs are SQL statements";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        Ok(match self.dialect.read(&row.outputs()?.text()?) {
            Reading::Statements(0) => Feedback::from(false).because("there is no statement").into(),
            Reading::Statements(_) => true.into(),
            Reading::Wrong(reason) => Feedback::from(false).because(reason).into(),
            Reading::TooDeep => Outcome::abstain("nested too deeply to be read"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: &str, dialect: &str, reason: Option<&str>) {
        let feedback = row().outputs(outputs).feedback::<ParsesSql>(json!({"dialect": dialect}));
        assert_eq!((*feedback.value(), feedback.rationale()), (reason.is_none(), reason), "{outputs}");
    }

    #[test]
    fn one_statement_or_more_is_sql() {
        check("SELECT a, count(*) FROM t WHERE b = 'x' GROUP BY a;", "generic", None);
        check("-- first\ninsert into t values (1); delete from t where a in (select 1)", "generic", None);
        check("", "generic", Some("there is no statement"));
    }

    #[test]
    fn the_reason_says_where_reading_stopped() {
        check("SELECT * FORM t", "generic", Some("Expected: end of statement, found: FORM at Line: 1, Column: 10"));
        check("SELECT 'a", "generic", Some("Unterminated string literal at Line: 1, Column: 8"));
        check("Here it is: SELECT 1", "generic", Some("Expected: an SQL statement, found: Here at Line: 1, Column: 1"));
    }

    #[test]
    fn dialects_differ() {
        let upsert = "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING";
        check(upsert, "postgres", None);
        check("SELECT `a` FROM `t`", "mysql", None);
        check("SELECT TOP 3 a FROM t", "mssql", None);
        check("SELECT a:b.c FROM t", "snowflake", None);
        let row = row().outputs("SELECT `a` FROM t");
        assert!(!row.verdict::<ParsesSql>(json!({"dialect": "postgres"})));
    }

    #[test]
    fn what_is_nested_too_deeply_is_not_decided() {
        let deep = format!("SELECT {}1{}", "(".repeat(1000), ")".repeat(1000));
        let outcome = row().outputs(deep).score::<ParsesSql>(json!({})).expect("an outcome");
        assert_eq!(outcome, Outcome::abstain("nested too deeply to be read"));
    }

    #[test]
    fn a_dialect_that_is_none_is_a_bad_parameter() {
        let failure = row().outputs("x").score::<ParsesSql>(json!({"dialect": "klingon"})).expect_err("no dialect");
        assert_eq!(failure.code, ErrorCode::BadParameter);
    }
}
