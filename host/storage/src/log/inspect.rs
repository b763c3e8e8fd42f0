//! Reading all of a log that may be damaged.

use std::io;
use std::path::Path;

use super::frame::Frame;
use super::scan::{Scan, Step};
use super::segment::{self, Segment};
use super::{Address, Position, address, open};
use crate::files::Files;

/// What is come upon.
pub(crate) enum Found<'a> {
    Frame(Address, Frame<'a>),
    /// Something is broken here, in words.
    Broken(String),
}

/// Hands on every whole frame of the log in `folder`, in order, and tells of every broken place. Changes nothing.
pub(crate) fn inspect(files: &dyn Files, folder: &Path, mut each: impl FnMut(Found<'_>)) -> io::Result<()> {
    for number in open::listed(files, folder)? {
        match Segment::open(files, folder, number)? {
            Some(segment) => frames(number, Scan::new(&segment, segment::HEAD, segment.first)?, &mut each)?,
            None => {
                each(Found::Broken(format!("the head of `log/{}` is broken", segment::name(number))));
                let file = files.open(&segment::path(folder, number))?;
                frames(number, Scan::headless(&*file)?, &mut each)?;
            }
        }
    }
    Ok(())
}

fn frames(number: u64, mut scan: Scan<'_>, each: &mut impl FnMut(Found<'_>)) -> io::Result<()> {
    loop {
        match scan.next()? {
            Step::Frame { offset, frame } => {
                each(Found::Frame(address(Position { segment: number, offset }, &frame), frame));
            }
            Step::End(_) => return Ok(()),
            Step::Broken(offset) => {
                let name = segment::name(number);
                each(Found::Broken(format!("`log/{name}` is broken at byte {offset}")));
                if !scan.skip()? {
                    return Ok(());
                }
            }
        }
    }
}
