//! The file that says which segments there are and how far the log is known to be whole.
//!
//! `CHECKPOINT` holds a line of JSON and its checksum. It is replaced as a whole whenever the list of segments changes,
//! when the view was written out, and when the store is closed. A log that ends before it says is damaged, however
//! clean its end looks.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Position;
use crate::files::{self, Files};

const NAME: &str = "CHECKPOINT";
const DRAFT: &str = "CHECKPOINT.draft";

/// What is known to be durable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Checkpoint {
    /// Segments before the last one, with their lengths in bytes, ascending.
    pub(crate) sealed: Vec<Sealed>,
    /// In the last segment, behind the last frame that was durable.
    pub(crate) end: Position,
    /// Sequence number of the frame that comes there.
    pub(crate) next: u64,
    /// The view has been written out with everything before this sequence number.
    pub(crate) viewed: u64,
}

/// A segment that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Sealed {
    pub(crate) number: u64,
    pub(crate) length: u64,
}

/// What was found of a checkpoint.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    Checkpoint(Checkpoint),
    Nothing,
    Damaged,
}

impl Checkpoint {
    pub(crate) fn read(files: &dyn Files, folder: &Path) -> io::Result<Found> {
        let bytes = match files.open(&folder.join(NAME)) {
            Ok(file) => files::read(&*file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        Ok(parse(&bytes).map_or(Found::Damaged, Found::Checkpoint))
    }

    pub(crate) fn write(&self, files: &dyn Files, folder: &Path) -> io::Result<()> {
        let json = serde_json::to_string(self)?;
        let draft = folder.join(DRAFT);
        if let Err(error) = files.remove(&draft)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let file = files.create(&draft)?;
        file.write_at(format!("{json}\n{:08x}\n", crc32c::crc32c(json.as_bytes())).as_bytes(), 0)?;
        file.sync()?;
        files.rename(&draft, &folder.join(NAME))?;
        files.sync_folder(folder)
    }
}

fn parse(bytes: &[u8]) -> Option<Checkpoint> {
    let (json, checksum) = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split_once('\n')?;
    if checksum != format!("{:08x}", crc32c::crc32c(json.as_bytes())) {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Disk;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            sealed: vec![Sealed { number: 1, length: 4096 }, Sealed { number: 3, length: 32 }],
            end: Position { segment: 4, offset: 64 },
            next: 17,
            viewed: 9,
        }
    }

    #[test]
    fn the_last_one_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = || Checkpoint::read(&Disk, folder.path()).expect("read");
        assert_eq!(read(), Found::Nothing);
        for viewed in [3, 4] {
            let written = Checkpoint { viewed, ..checkpoint() };
            written.write(&Disk, folder.path()).expect("written");
            assert_eq!(read(), Found::Checkpoint(written));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        checkpoint().write(&Disk, folder.path()).expect("written");
        let whole = std::fs::read(folder.path().join(NAME)).expect("a file");
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&bytes), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length} bytes");
        }
    }
}
