//! What is compressed: a file as a whole, or each of its messages, as the Collector's file exporter writes them.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use model::ports::BrokenTrace;

use super::records::too_long;
use crate::fields::wrong;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// What the beginning says. No JSON begins so, and no request in protocol buffers.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn unpacked<'a>(self, source: impl BufRead + 'a) -> io::Result<impl BufRead + 'a> {
        let decoder: Box<dyn Read + 'a> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(source)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(source)?),
        };
        Ok(BufReader::new(Told { decoder, packing: self }))
    }

    /// A message that becomes no longer than this.
    pub(super) fn message(self, packed: &[u8], longest: usize) -> Result<Vec<u8>, BrokenTrace> {
        let mut message = Vec::new();
        let read = self.unpacked(packed).and_then(|source| source.take(longest as u64 + 1).read_to_end(&mut message));
        read.map_err(|error| wrong(error.to_string()))?;
        if message.len() > longest { Err(too_long(longest)) } else { Ok(message) }
    }
}

/// Says of a failure that it is one of unpacking.
struct Told<'a> {
    decoder: Box<dyn Read + 'a>,
    packing: Packing,
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let name = match self.packing {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        };
        let broken =
            |error: io::Error| io::Error::new(error.kind(), format!("it can't be decompressed ({name}): {error}"));
        self.decoder.read(buffer).map_err(broken)
    }
}
