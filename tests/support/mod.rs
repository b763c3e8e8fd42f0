//! A folder of its own for each test, and the `karat` binary run in it.

pub(crate) mod application;
pub(crate) mod server;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The project's top level.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folder of the real data sets, or none where this machine has none: such a test then says so by name. Under CI
/// it fails, so that nobody takes a skipped test for a passed one.
#[expect(clippy::print_stderr, reason = "a skipped test has no other way to say so")]
pub(crate) fn real_data(test: &str) -> Option<PathBuf> {
    match std::env::var_os("KARAT_TEST_DATA") {
        Some(folder) => Some(folder.into()),
        None if std::env::var_os("CI").is_some() => panic!("KARAT_TEST_DATA is not set: `{test}` can't run"),
        None => {
            eprintln!("skipped: `{test}` needs KARAT_TEST_DATA, see README");
            None
        }
    }
}

/// A temporary folder in which `karat` is run.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a run of `karat` left.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A project with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// A project with so many answers, every other one of them right, and a suite of three built-in scorers.
    pub(crate) fn of_answers(rows: usize) -> Self {
        let suite = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein, response_length]\n";
        let row = |n: usize| {
            let expected = n / 2 * 2;
            format!(
                r#"{{"inputs": {{"q": {n}}}, "outputs": "answer {n}", "expectations": {{"expected_response": "answer {expected}"}}}}"#
            )
        };
        let rows: Vec<_> = (0..rows).map(row).collect();
        Self::with(&[("karat.yaml", suite), ("rows.jsonl", &rows.join("\n"))])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// `karat` in this folder, with nothing of the machine's own settings. Compiled code is shared by all tests.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_karat"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.folder.path()).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().unwrap())
    }

    /// Starts `karat` and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs `karat … --json`, which must end with `code`, and reads what it printed.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(said.code, code, "{said:#?}");
        serde_json::from_str(&said.out).unwrap()
    }

    /// Every line of `runs export RUN --format jsonl`.
    pub(crate) fn export(&self, run: &str) -> Vec<Value> {
        let said = self.run(&["runs", "export", run, "--format", "jsonl"]);
        assert_eq!(said.code, 0, "{said:#?}");
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Asks a process to stop, as Ctrl-C does.
pub(crate) fn interrupt(child: &Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::INT).unwrap();
}

pub(crate) fn said(output: std::process::Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}
