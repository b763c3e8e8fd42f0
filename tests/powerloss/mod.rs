//! The power goes at any moment: a process works under a shim that journals what it does to files, and from the journal
//! comes what a disk would hold had the power gone at any of its steps.

mod disk;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use disk::{Disk, Step, read};

/// The shim, compiled; none where there is no C compiler, which CI has.
pub(crate) fn shim(folder: &Path) -> Option<PathBuf> {
    let shim = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/powerloss/shim.c");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(source).arg("-ldl");
    let compiled = compile.status().is_ok_and(|status| status.success());
    assert!(compiled || std::env::var_os("CI").is_none(), "there is no C compiler");
    compiled.then_some(shim)
}

/// Has a process journal what it does below `root`, behind what the journal holds.
pub(crate) fn watch(command: &mut Command, shim: &Path, root: &Path, journal: &Path) {
    command.env("LD_PRELOAD", shim).env("POWER_ROOT", root).env("POWER_JOURNAL", journal);
}

/// Powers to cut: `KARAT_ROUNDS`, else `usual`.
pub(crate) fn rounds(usual: usize) -> usize {
    std::env::var("KARAT_ROUNDS").map_or(usual, |number| number.parse().expect("a number"))
}
