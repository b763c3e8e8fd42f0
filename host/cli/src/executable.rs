//! Which build of Karat this is: results of two builds may differ.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::exit::Stop;
use crate::{digest, wiring};

/// What was found out about an executable, kept beside compiled code: reading all of it takes longer than a short run.
#[derive(PartialEq, Deserialize, Serialize)]
struct Known {
    device: u64,
    inode: u64,
    size: u64,
    /// Last change of the content, and of anything about the file, in nanoseconds since 1970.
    modified: i128,
    changed: i128,
    digest: String,
}

/// BLAKE3 of the running executable, in hexadecimal.
pub(crate) fn digest() -> Result<String, Stop> {
    let mut executable = File::open(std::env::current_exe()?)?;
    let metadata = executable.metadata()?;
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let mut now = Known {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        digest: String::new(),
    };
    let path = wiring::compiled_code().map(|folder| folder.join("build"));
    if let Some(known) = path.as_deref().and_then(read) {
        now.digest.clone_from(&known.digest);
        if known == now {
            return Ok(known.digest);
        }
    }
    now.digest = digest::of_all(&mut executable)?;
    if let Some(path) = path {
        // Where it can't be kept, it is found out again.
        let _ = write(&path, &now);
    }
    Ok(now.digest)
}

fn read(path: &Path) -> Option<Known> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write(path: &Path, known: &Known) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, serde_json::to_vec(known)?)?;
    fs::rename(draft, path)
}
