//! The bytes of a frame, the unit of the log that is whole or not there.
//!
//! ```text
//! magic u16 | kind u8 | reserved u8 | payload length u32 | sequence u64 | back u32 | crc32c u32 | payload | zeros
//! ```
//!
//! Integers are little-endian; the zeros fill up to a multiple of 8 bytes. The checksum covers everything else.
//!
//! `back` tells how many frames before this one its group began, the frames that were made durable by one sync. A
//! group is begun when the one before is durable. So, where a frame is broken and a later one is whole, `back` tells
//! an unfinished group, which nobody was told is there, from damage to what was durable.

/// "KF".
const MAGIC: u16 = u16::from_le_bytes(*b"KF");

/// Bytes before the payload.
pub(crate) const HEAD: usize = 24;

/// Frames begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// What a length can't be beyond: it bounds what a damaged one makes the reader allocate.
pub(crate) const LARGEST_PAYLOAD: usize = 1 << 30;

/// A frame as it was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) sequence: u64,
    pub(crate) back: u32,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// The sequence number of the first frame of its group.
    pub(crate) fn group(&self) -> u64 {
        self.sequence.saturating_sub(self.back.into())
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// They end too early: so many are needed.
    Short(usize),
    Wrong,
}

/// How many bytes a frame takes.
pub(crate) fn length(payload: usize) -> usize {
    (HEAD + payload).next_multiple_of(ALIGNMENT)
}

/// Writes a frame behind what `buffer` holds.
pub(crate) fn write(buffer: &mut Vec<u8>, frame: &Frame<'_>) {
    let start = buffer.len();
    let length = u32::try_from(frame.payload.len()).expect("callers keep to LARGEST_PAYLOAD");
    buffer.extend_from_slice(&MAGIC.to_le_bytes());
    buffer.extend_from_slice(&[frame.kind, 0]);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&frame.sequence.to_le_bytes());
    buffer.extend_from_slice(&frame.back.to_le_bytes());
    let checksum = checksum(&buffer[start..], frame.payload);
    buffer.extend_from_slice(&checksum.to_le_bytes());
    buffer.extend_from_slice(frame.payload);
    buffer.resize(start + self::length(frame.payload.len()), 0);
}

/// Reads the frame at the beginning of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<Frame<'_>, Broken> {
    let head: &[u8; HEAD] = bytes.first_chunk().ok_or(Broken::Short(HEAD))?;
    let payload = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if u16::from_le_bytes([head[0], head[1]]) != MAGIC || head[3] != 0 || payload > LARGEST_PAYLOAD {
        return Err(Broken::Wrong);
    }
    let whole = bytes.get(..length(payload)).ok_or(Broken::Short(length(payload)))?;
    let (body, padding) = whole[HEAD..].split_at(payload);
    let expected = u32::from_le_bytes([head[20], head[21], head[22], head[23]]);
    if checksum(&head[..20], body) != expected || padding.iter().any(|&byte| byte != 0) {
        return Err(Broken::Wrong);
    }
    Ok(Frame {
        kind: head[2],
        sequence: u64::from_le_bytes(head[8..16].try_into().expect("8 bytes")),
        back: u32::from_le_bytes(head[16..20].try_into().expect("4 bytes")),
        payload: body,
    })
}

/// Whether a frame may begin here, to be told in passing.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_le_bytes())
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(head), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &Frame { kind: 3, sequence: 7, back: 2, payload });
        bytes
    }

    #[test]
    fn frames_of_every_length_come_back() {
        for length in [0, 1, 7, 8, 9, 100_000] {
            let payload = vec![5; length];
            let mut bytes = bytes(&payload);
            assert_eq!(bytes.len() % ALIGNMENT, 0);
            bytes.extend_from_slice(b"what follows");
            let frame = read(&bytes).expect("whole");
            assert_eq!(frame, Frame { kind: 3, sequence: 7, back: 2, payload: &payload });
            assert_eq!(frame.group(), 5);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = bytes(b"verdict");
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = bytes(b"verdict");
        for length in 0..whole.len() {
            assert!(matches!(read(&whole[..length]), Err(Broken::Short(_))), "{length} bytes");
        }
    }

    /// If this fails, old stores can't be read any more: add a kind instead.
    #[test]
    fn the_bytes_of_a_frame_never_change() {
        let hex: String = bytes(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "4b46030003000000070000000000000002000000193ea28d6162630000000000");
    }
}
