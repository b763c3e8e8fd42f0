//! What real clients send, as an application sends it: an SDK's spans, and what MLflow's client traces and evaluates. The other
//! clients, and the rest of MLflow's guide, are in the full set.

use std::path::Path;
use std::process::Command;

use crate::support::{root, said};

#[test]
fn spans_of_opentelemetrys_sdk_are_kept_as_they_were_sent() {
    check_client("sdk", &["sdk"]);
}

#[test]
fn an_application_traces_and_evaluates_with_mlflows_client() {
    check_client("guide", &["guide/tracing", "guide/evaluating"]);
}

fn check_client(client: &str, names: &[&str]) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let installed = target.join("clients").join(client).join("done");
    assert!(installed.exists(), "no `{}`: run `scripts/setup --tests`", installed.display());
    let mut command = Command::new(root().join("tests/clients/run"));
    command.args(["--karat", env!("CARGO_BIN_EXE_karat")]).args(names);
    command.env("CARGO_TARGET_DIR", target).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let said = said(command.output().unwrap());
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains(&format!(" 0 fail, of {client}")), "{}", said.out);
}
