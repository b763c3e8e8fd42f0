//! The built-in plugin `karat/sql`: what can be said of statements without a database.
//!
//! That a statement parses says nothing about whether its tables exist. A pack of its own, since a parser of so
//! many dialects is large and few suites need it.

mod contains_sql;
mod dialect;
mod parses_sql;

pub use contains_sql::ContainsSql;
pub use parses_sql::ParsesSql;

karat_sdk::plugin! {
    name: "karat/sql",
    scorers: [ParsesSql, ContainsSql],
}
