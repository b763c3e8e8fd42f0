//! Files that are offered as plugins.

use std::os::unix::fs::symlink;
use std::time::Duration;

use guests::wat;

use crate::support::Project;

fn refused(project: &Project, file: &str, told: &str) {
    let said = project.run(&["plugin", "inspect", file]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains(told), "{}", said.err);
}

#[test]
fn a_plugin_is_a_file_of_its_own() {
    let project = Project::new();
    project.write("real.wasm", wat::Plugin::default().bytes());
    assert_eq!(project.run(&["plugin", "inspect", "real.wasm"]).code, 0);
    symlink("real.wasm", project.path("link.wasm")).unwrap();
    refused(&project, "link.wasm", "it is a link");
    std::fs::create_dir(project.path("folder.wasm")).unwrap();
    refused(&project, "folder.wasm", "it is not a file");
    refused(&project, "/dev/zero", "it is not a file");
    let pipe = project.path("pipe.wasm");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&project, "pipe.wasm", "it is not a file");
}

/// A plugin with so many functions that compiling it takes seconds.
fn large() -> Vec<u8> {
    let function = |n: u32| format!("(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const {n})))");
    let more = (0..40_000).map(function).collect();
    wat::Plugin { more, ..wat::Plugin::default() }.bytes()
}

#[test]
fn a_process_killed_while_it_compiles_leaves_nothing_that_matters() {
    let project = Project::new();
    project.write("large.wasm", large());
    let mut killed = project.start(&["plugin", "inspect", "large.wasm"]);
    std::thread::sleep(Duration::from_millis(300));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let inspected = project.json(0, &["plugin", "inspect", "large.wasm"]);
    assert_eq!(inspected["name"], "test/wat", "{inspected}");
}
