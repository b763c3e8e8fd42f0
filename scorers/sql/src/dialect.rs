//! The SQL of one maker or another, as the crate `sqlparser` reads it.

use karat_sdk::prelude::*;
use sqlparser::dialect;
use sqlparser::parser::{Parser, ParserError};

/// Whose SQL. `generic` takes what any of them takes, where that is no contradiction.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    #[default]
    Generic,
    Ansi,
    BigQuery,
    ClickHouse,
    Databricks,
    DuckDb,
    Hive,
    MsSql,
    MySql,
    Oracle,
    Postgres,
    Redshift,
    Snowflake,
    Spark,
    Sqlite,
    Teradata,
}

/// What came of reading a text.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading {
    /// It is this many statements, which may be none.
    Statements(usize),
    /// It is no SQL, for this reason.
    Wrong(String),
    /// It is nested more deeply than the parser goes.
    TooDeep,
}

impl Dialect {
    pub(crate) fn read(self, text: &str) -> Reading {
        match Parser::parse_sql(self.rules(), text) {
            Ok(statements) => Reading::Statements(statements.len()),
            Err(ParserError::ParserError(reason) | ParserError::TokenizerError(reason)) => Reading::Wrong(reason),
            Err(ParserError::RecursionLimitExceeded) => Reading::TooDeep,
        }
    }

    fn rules(self) -> &'static dyn dialect::Dialect {
        match self {
            Self::Generic => &dialect::GenericDialect,
            Self::Ansi => &dialect::AnsiDialect {},
            Self::BigQuery => &dialect::BigQueryDialect,
            Self::ClickHouse => &dialect::ClickHouseDialect {},
            Self::Databricks => &dialect::DatabricksDialect {},
            Self::DuckDb => &dialect::DuckDbDialect {},
            Self::Hive => &dialect::HiveDialect {},
            Self::MsSql => &dialect::MsSqlDialect {},
            Self::MySql => &dialect::MySqlDialect {},
            Self::Oracle => &dialect::OracleDialect {},
            Self::Postgres => &dialect::PostgreSqlDialect {},
            Self::Redshift => &dialect::RedshiftSqlDialect {},
            Self::Snowflake => &dialect::SnowflakeDialect,
            Self::Spark => &dialect::SparkSqlDialect {},
            Self::Sqlite => &dialect::SQLiteDialect {},
            Self::Teradata => &dialect::TeradataDialect {},
        }
    }
}
