//! The rows of a version for others.

use std::io::{self, BufRead, BufReader, Read};

use model::json::Json;
use model::row::RowRecord;

use super::diff::id;
use super::peers::{Peer, Unheld};

/// Why the rows of a version can't be handed out.
#[derive(Debug, thiserror::Error)]
pub enum HandOutError {
    #[error("its rows can't be read")]
    Read(#[from] io::Error),
    #[error("row {number} (`{row}`): `{field}` {message}")]
    Unheld { number: u64, row: String, field: String, message: String },
}

/// Calls `each` with every row of a version in order, as another tool writes it or as ours.
///
/// # Errors
///
/// Fails as `each` does, when the rows can't be read, and with the first that the other tool's shape can't hold.
pub fn hand_out<E: From<HandOutError>>(
    source: &mut dyn Read,
    peer: Option<&Peer>,
    each: &mut dyn FnMut(&Json) -> Result<(), E>,
) -> Result<(), E> {
    let read = |error: io::Error| E::from(error.into());
    let mut source = BufReader::with_capacity(64 << 10, source);
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if source.read_line(&mut line).map_err(read)? == 0 {
            break;
        }
        let json = |error: serde_json::Error| read(error.into());
        let record = match peer {
            None => Json::parse(line.trim_end()).map_err(json)?,
            Some(peer) => {
                let row: RowRecord = serde_json::from_str(&line).map_err(json)?;
                let told = |unheld: Vec<Unheld>| {
                    let Unheld { field, message } = unheld.into_iter().next().expect("something is not held");
                    HandOutError::Unheld { number, row: id(&row), field, message }
                };
                peer.write(&row).map_err(told)?
            }
        };
        each(&record)?;
    }
    Ok(())
}
