//! `karat schema`: the shapes of the files people write.

use model::row::RowRecord;
use pipeline::cases::Case;
use workshop::Project;

use crate::args::{Schema, SchemaOf};
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

pub(crate) fn run(what: &Schema, terminal: &Terminal) -> Result<Exit, Stop> {
    let schema = match what.of {
        SchemaOf::Suite => pipeline::suite::schema(),
        SchemaOf::Plugin => schemars::schema_for!(Project).to_value(),
        SchemaOf::Cases => schemars::schema_for!(Vec<Case>).to_value(),
        SchemaOf::Row => schemars::schema_for!(RowRecord).to_value(),
    };
    terminal.data(serde_json::to_string_pretty(&schema)?)?;
    Ok(Exit::Done)
}
