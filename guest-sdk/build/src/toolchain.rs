//! The compiler for guests: the ordinary one where it has the target, else a distribution's.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment;
use crate::error::Error;

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// The variable of cargo with flags for the target.
const FLAGS: &str = "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS";

/// A quarter of the usual stack. The host looks over all of an instance's memory when it gives it back, and scorers
/// that recurse are bounded by the depth of their JSON.
const STACK: &str = "-Clink-arg=-zstack-size=262144";

/// Where Debian's packages `rustc-web`, `cargo-web`, `rust-web-src` and `wasi-libc` put things.
const PACKAGED_CARGO: &str = "/usr/bin/cargo";
const PACKAGED_RUSTC: &str = "/usr/bin/rustc";
const PACKAGED_SOURCES: &str = "lib/rustlib/src/rust/library/std";
const PACKAGED_LIBC: &str = "/usr/lib/wasm32-wasi";

/// A way to compile guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The ordinary `cargo` and `rustc`: `rustup target add wasm32-wasip2` was here.
    Ordinary,
    /// A distribution's compiler that comes without the target but with the sources of `std`, and compiles that too.
    Packaged {
        /// Folder with `wasm-component-ld` and `rust-lld`, which only the ordinary toolchain has.
        linkers: PathBuf,
    },
}

impl Toolchain {
    /// Looks for a way to compile guests on this machine.
    ///
    /// # Errors
    ///
    /// Fails when there is none, with what is missing.
    pub fn find() -> Result<Self, Error> {
        let ordinary = Sysroot::of(&program("RUSTC", "rustc"))?;
        if ordinary.has_target() {
            return Ok(Self::Ordinary);
        }
        let linkers = ordinary.tools();
        let packaged = Sysroot::of(PACKAGED_RUSTC.as_ref());
        let sources = packaged.map(|sysroot| sysroot.path.join(PACKAGED_SOURCES)).unwrap_or_default();
        let needed = [
            (Path::new(PACKAGED_CARGO), "Debian's `cargo-web`"),
            (Path::new(PACKAGED_RUSTC), "Debian's `rustc-web`"),
            (&sources, "Debian's `rust-web-src`"),
            (Path::new(PACKAGED_LIBC), "Debian's `wasi-libc`"),
            (&linkers.join("wasm-component-ld"), "a rustup toolchain with `wasm-component-ld`"),
        ];
        let missing: Vec<_> = needed.iter().filter(|(path, _)| !path.exists()).map(|(_, name)| *name).collect();
        if missing.is_empty() {
            return Ok(Self::Packaged { linkers });
        }
        let missing = format!("`rustc` has no target `{TARGET}`, and missing instead of it: {}", missing.join(", "));
        Err(Error::NoToolchain { missing })
    }

    /// A `cargo build` for the target, in surroundings where it finds what it needs.
    pub(crate) fn cargo_build(&self) -> Command {
        match self {
            Self::Ordinary => {
                let mut cargo = environment::command(program("CARGO", "cargo"));
                cargo.args(["build", "--target", TARGET]).env(FLAGS, STACK);
                cargo
            }
            Self::Packaged { linkers } => {
                let mut cargo = environment::command(PACKAGED_CARGO);
                cargo.args(["build", "--target", TARGET, "-Zbuild-std=std,panic_abort"]);
                cargo.env("PATH", path_with(linkers)).env("RUSTC", PACKAGED_RUSTC);
                // `-Zbuild-std` and the sources of `std` are for nightly compilers unless told otherwise.
                cargo.env("RUSTC_BOOTSTRAP", "1");
                cargo.env(FLAGS, format!("{STACK} -Clink-self-contained=no -L{PACKAGED_LIBC}"));
                // An outer cargo puts the libraries of its own compiler here.
                cargo.env_remove("LD_LIBRARY_PATH");
                cargo
            }
        }
    }
}

/// Where a compiler keeps its libraries, and the machine it runs on.
struct Sysroot {
    path: PathBuf,
    host: String,
}

impl Sysroot {
    fn of(rustc: &OsStr) -> Result<Self, Error> {
        let output = Command::new(rustc).args(["--print", "sysroot", "--print", "host-tuple"]).output();
        let output = output.map_err(|cause| Error::Start { program: rustc.into(), cause })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        match (lines.next(), lines.next()) {
            (Some(path), Some(host)) => Ok(Self { path: path.into(), host: host.to_owned() }),
            _ => Err(Error::NoToolchain { missing: format!("`{}` does not say its sysroot", rustc.display()) }),
        }
    }

    fn has_target(&self) -> bool {
        self.path.join("lib/rustlib").join(TARGET).join("lib").is_dir()
    }

    fn tools(&self) -> PathBuf {
        self.path.join("lib/rustlib").join(&self.host).join("bin")
    }
}

/// The program an outer cargo names, else the one on the path.
fn program(variable: &str, name: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| name.into())
}

fn path_with(folder: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path.clone())
}
