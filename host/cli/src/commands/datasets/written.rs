//! `karat datasets export`: the rows of a version in the formats and shapes of others.

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use model::dataset::DatasetVersion;
use model::ports::BlobStore;
use model::suite::DataFormat;
use pipeline::dataset::hand_out;
use pipeline::dataset::peers::Peer;

use super::{Kept, format, peer};
use crate::args::ExportRows;
use crate::exit::{Exit, Stop};
use crate::export;

impl Kept {
    pub(super) async fn export(&self, what: ExportRows) -> Result<Exit, Stop> {
        let path = what.output.as_ref().map(|path| path.display().to_string());
        let format = format(what.format, path.as_deref().unwrap_or_default()).unwrap_or(DataFormat::Jsonl);
        let peer = peer(what.peer.as_deref(), format)?;
        let (_, version) = self.version(&what.dataset).await?;
        let Some(path) = what.output else {
            let mut out = self.terminal.out();
            self.write(&version, format, peer, &mut out)?;
            out.flush()?;
            return Ok(Exit::Done);
        };
        let temporary = export::temporary(&path)?;
        let mut out = BufWriter::new(File::create(&temporary).map_err(|error| export::unwritable(&path, error))?);
        let written = self.write(&version, format, peer, &mut out).and_then(|()| Ok(out.flush()?));
        if let Err(stop) = written {
            let _ = fs::remove_file(&temporary);
            return Err(stop);
        }
        fs::rename(&temporary, &path).map_err(|error| export::unwritable(&path, error))?;
        Ok(Exit::Done)
    }

    fn write(
        &self,
        version: &DatasetVersion,
        format: DataFormat,
        peer: Option<&'static Peer>,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Stop> {
        formats::write(format, &mut |each| hand_out(&mut self.store.open_blob(&version.digest)?, peer, each), out)
    }
}
