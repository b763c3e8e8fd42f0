//! The borders between the crates, as data. Change the table when a better house is found for something; the picture
//! has to stay this easy.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// One crate, what it may use of the others, and the words its code must not contain.
struct Border {
    name: &'static str,
    folder: &'static str,
    may_use: &'static [&'static str],
    never_names: &'static [&'static str],
}

const PRINTING: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];

const BORDERS: &[Border] = &[
    Border {
        name: "model",
        folder: "host/model",
        may_use: &[],
        never_names: &[
            "tokio",
            "wasmtime",
            "axum",
            "sled",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant",
            "rand",
        ],
    },
    Border {
        name: "pipeline",
        folder: "host/pipeline",
        may_use: &["model", "statistics", "decisions"],
        never_names: &[
            "wasmtime",
            "axum",
            "sled",
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "SystemTime",
            "Instant",
        ],
    },
    Border {
        name: "formats",
        folder: "host/formats",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env"],
    },
    Border {
        name: "telemetry",
        folder: "host/telemetry",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env", "SystemTime", "Instant"],
    },
    Border {
        name: "search",
        folder: "host/search",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env", "SystemTime", "Instant"],
    },
    Border {
        name: "statistics",
        folder: "host/statistics",
        may_use: &[],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env", "SystemTime", "Instant"],
    },
    Border {
        name: "decisions",
        folder: "host/decisions",
        may_use: &["model", "statistics"],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env", "SystemTime", "Instant"],
    },
    Border {
        name: "registry",
        folder: "host/registry",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "sled", "std::fs", "std::net", "std::env", "SystemTime", "Instant"],
    },
    Border {
        name: "reports",
        folder: "host/reports",
        may_use: &["model"],
        never_names: &[
            "tokio",
            "wasmtime",
            "axum",
            "sled",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime::now",
            "Instant",
            "rand",
        ],
    },
    Border {
        name: "migrate",
        folder: "host/migrate",
        may_use: &["model", "registry", "telemetry"],
        never_names: &["wasmtime", "axum", "sled", "std::net", "std::env", "std::process", "SystemTime::now", "clap"],
    },
    Border {
        name: "sandbox",
        folder: "host/sandbox",
        may_use: &["model"],
        never_names: &["axum", "sled", "std::net", "std::env"],
    },
    Border {
        name: "broker",
        folder: "host/broker",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "sled", "std::env"],
    },
    Border {
        name: "storage",
        folder: "host/storage",
        may_use: &["model"],
        never_names: &["wasmtime", "axum", "TcpStream", "TcpListener", "UdpSocket", "std::env"],
    },
    Border {
        name: "workshop",
        folder: "host/workshop",
        may_use: &["model", "guest-build"],
        never_names: &["wasmtime", "axum", "sled", "std::net"],
    },
    Border {
        name: "server",
        folder: "host/server",
        may_use: &["model", "pipeline", "telemetry", "search", "registry"],
        never_names: &["wasmtime", "clap", "sled", "std::env", "std::process"],
    },
    Border {
        name: "cli",
        folder: "host/cli",
        may_use: &[
            "model",
            "decisions",
            "pipeline",
            "formats",
            "telemetry",
            "search",
            "registry",
            "reports",
            "migrate",
            "sandbox",
            "broker",
            "storage",
            "server",
            "bundle",
            "workshop",
        ],
        never_names: &["wasmtime", "sled", "std::net"],
    },
    Border {
        name: "karat-sdk",
        folder: "guest-sdk/rust",
        may_use: &[],
        never_names: &["wasmtime", "std::net", "std::fs"],
    },
    Border { name: "guest-build", folder: "guest-sdk/build", may_use: &[], never_names: &["wasmtime"] },
    Border { name: "text", folder: "scorers/text", may_use: &["karat-sdk"], never_names: &["wit_bindgen", "std::fs"] },
    Border {
        name: "trace",
        folder: "scorers/trace",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs"],
    },
    Border { name: "json", folder: "scorers/json", may_use: &["karat-sdk"], never_names: &["wit_bindgen", "std::fs"] },
    Border {
        name: "export",
        folder: "scorers/export",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs"],
    },
    Border {
        name: "judge",
        folder: "scorers/judge",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs"],
    },
    Border {
        name: "overlap",
        folder: "scorers/overlap",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs"],
    },
    Border {
        name: "predict",
        folder: "scorers/predict",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs", "std::net", "std::process"],
    },
    Border {
        name: "rules",
        folder: "scorers/rules",
        may_use: &["karat-sdk"],
        never_names: &["wit_bindgen", "std::fs"],
    },
    Border { name: "sql", folder: "scorers/sql", may_use: &["karat-sdk"], never_names: &["wit_bindgen", "std::fs"] },
    Border { name: "bundle", folder: "scorers/bundle", may_use: &["guest-build"], never_names: &["std::fs"] },
];

#[test]
fn every_crate_stands_in_the_table() {
    let crates: BTreeSet<String> = manifests().iter().map(|path| package_name(path)).collect();
    let table: BTreeSet<String> = BORDERS.iter().map(|border| border.name.to_owned()).collect();
    assert_eq!(crates, table, "a crate without borders, or borders without a crate");
}

#[test]
fn no_crate_uses_another_behind_the_tables_back() {
    let members: BTreeSet<&str> = BORDERS.iter().map(|border| border.name).collect();
    for border in BORDERS {
        let manifest = manifest(&root().join(border.folder).join("Cargo.toml"));
        for section in ["dependencies", "build-dependencies"] {
            let names = manifest.get(section).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            let siblings = names.filter(|name| members.contains(name.as_str()));
            let strangers: Vec<_> = siblings.filter(|name| !border.may_use.contains(&name.as_str())).collect();
            assert!(strangers.is_empty(), "`{}` uses {strangers:?} in [{section}]", border.name);
        }
    }
}

#[test]
fn no_crate_names_what_is_outside_its_border() {
    for border in BORDERS {
        let prints: &[&str] = if border.name == "cli" || border.name == "guest-build" { &[] } else { &PRINTING };
        for file in sources(&root().join(border.folder).join("src")) {
            let text = fs::read_to_string(&file).expect("a source file");
            for (number, line) in code_lines(&text) {
                for word in border.never_names.iter().chain(prints) {
                    assert!(!names(line, word), "{}:{number} names `{word}`: {line}", file.display());
                }
            }
        }
    }
}

/// Lines that are neither comments nor behind the file's unit tests.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.take_while(|(_, line)| *line != "#[cfg(test)]").filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `line` has `word` standing on its own.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn manifests() -> Vec<PathBuf> {
    let houses = ["host", "guest-sdk", "scorers"];
    let folders = houses.iter().flat_map(|house| fs::read_dir(root().join(house)).expect("a top-level folder"));
    folders.map(|folder| folder.expect("an entry").path().join("Cargo.toml")).filter(|path| path.is_file()).collect()
}

fn manifest(path: &Path) -> toml::Table {
    fs::read_to_string(path).expect("a manifest").parse().expect("TOML")
}

fn package_name(path: &Path) -> String {
    manifest(path)["package"]["name"].as_str().expect("a name").to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_word_is_found_only_where_it_stands_alone() {
    assert!(names("use sled::Db;", "sled"));
    assert!(!names("the assembled parts", "sled"));
    assert!(!names("eprintln!(\"x\")", "println!"));
}
