//! Protocol buffers as they are on the wire: a message as its fields, one after the other, and nothing of them copied.
//!
//! A message of two bytes becomes a hundred once it is decoded, and a request may have millions of them. Whoever goes
//! through the fields decides, before that, how many are worth it.

use prost::encoding::{WireType, decode_key, decode_varint};

/// What a field holds. Fields of 32 bits, which nothing that is read here has, are passed over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held<'a> {
    Number(u64),
    /// A number of 64 bits, or a float.
    Fixed(u64),
    /// A text, bytes or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message, by their numbers. Ends after what can't be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Held<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match self.field() {
                Ok(Some(field)) => return Some(Ok(field)),
                Ok(None) => {}
                Err(wrong) => {
                    self.0 = &[];
                    return Some(Err(wrong));
                }
            }
        }
        None
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Option<(u32, Held<'a>)>, String> {
        let (number, wire) = decode_key(&mut self.0).map_err(|error| error.to_string())?;
        let held = match wire {
            WireType::Varint => Held::Number(self.number()?),
            WireType::SixtyFourBit => Held::Fixed(u64::from_le_bytes(self.bytes(8)?.try_into().unwrap_or_default())),
            WireType::LengthDelimited => {
                let length = self.number()?;
                Held::Bytes(self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            WireType::ThirtyTwoBit => {
                self.bytes(4)?;
                return Ok(None);
            }
            WireType::StartGroup | WireType::EndGroup => return Err("it has a group".to_owned()),
        };
        Ok(Some((number, held)))
    }

    fn number(&mut self) -> Result<u64, String> {
        decode_varint(&mut self.0).map_err(|error| error.to_string())
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or("a field is cut off")?;
        self.0 = rest;
        Ok(bytes)
    }
}

/// The messages in the fields of this number.
pub(super) fn messages(message: &[u8], wanted: u32) -> impl Iterator<Item = Result<&[u8], String>> {
    Fields(message).filter_map(move |field| match field {
        Ok((number, Held::Bytes(bytes))) if number == wanted => Some(Ok(bytes)),
        Ok(_) => None,
        Err(wrong) => Some(Err(wrong)),
    })
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    str::from_utf8(bytes).map_err(|_| "a text is not UTF-8".to_owned())
}
