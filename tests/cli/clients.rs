//! Spans of a real SDK, as an application sends them. The other SDKs are in the full set.

use std::path::Path;
use std::process::Command;

use crate::support::{root, said};

#[test]
fn spans_of_opentelemetrys_sdk_are_kept_as_they_were_sent() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let installed = target.join("clients/sdk/done");
    assert!(installed.exists(), "no `{}`: run `scripts/setup --tests`", installed.display());
    let mut command = Command::new(root().join("tests/clients/run"));
    command.args(["--karat", env!("CARGO_BIN_EXE_karat"), "sdk"]);
    command.env("CARGO_TARGET_DIR", target).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let said = said(command.output().unwrap());
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains(" 0 fail, of sdk"), "{}", said.out);
}
