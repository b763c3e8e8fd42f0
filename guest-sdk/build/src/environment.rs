//! Keeps what an outer cargo tells its build scripts from the cargo inside.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// Names and beginnings of names that steer a build, and that an outer cargo or its user set for the host's.
const STEERING: [&str; 6] = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "LLVM_", "DEP_"];
const TOLD_BUILD_SCRIPTS: [&str; 7] = ["TARGET", "HOST", "OUT_DIR", "PROFILE", "OPT_LEVEL", "DEBUG", "NUM_JOBS"];

/// Beginnings of names that hold inside as well: where crates come from, and the share of processors to use.
const HOLDING: [&str; 7] =
    ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_TERM_"];

/// A command that does not see what would make it build for somebody else.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(steers) {
            command.env_remove(name);
        }
    }
    command
}

fn steers(name: &str) -> bool {
    let begins_with_one_of = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    (begins_with_one_of(&STEERING) || TOLD_BUILD_SCRIPTS.contains(&name)) && !begins_with_one_of(&HOLDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_build_does_not_steer_the_inner_one() {
        for name in
            ["CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTC_WORKSPACE_WRAPPER", "TARGET"]
        {
            assert!(steers(name), "{name}");
        }
    }

    #[test]
    fn registries_and_the_jobserver_hold_inside() {
        for name in
            ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_REGISTRIES_CRATES_IO_PROTOCOL", "CARGO_MAKEFLAGS", "PATH"]
        {
            assert!(!steers(name), "{name}");
        }
    }
}
