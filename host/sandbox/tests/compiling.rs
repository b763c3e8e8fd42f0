//! A compiler that fails is its own end and nobody else's.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use guests::wat;
use model::limits::Isolation;
use sandbox::{Options, Program, Sandbox};

/// What loading an honest plugin says when this shell script is the compiler.
async fn refusal(program: &str, script: &str) -> String {
    let compiler = Program { program: program.into(), arguments: vec!["-c".to_owned(), script.to_owned()] };
    let sandbox = Sandbox::new(Options { compiler: Some(compiler), ..Options::default() }).unwrap();
    let error = sandbox.load(&wat::Plugin::default().bytes(), Isolation::Thread).await.err().unwrap();
    assert!(sandbox.is_idle());
    error.to_string()
}

#[tokio::test]
async fn a_compiler_that_is_killed_means_a_component_that_is_too_hard() {
    let told = refusal("/bin/sh", "cat > /dev/null; kill -9 $$").await;
    assert!(told.contains("can't be compiled within 4 GiB and 240 s of processor time"), "{told}");
    // Nor does one that leaves before it has heard all block the way.
    assert!(refusal("/bin/sh", "exit 3").await.contains("can't be compiled"));
}

#[tokio::test]
async fn compiled_code_without_end_is_cut_off() {
    let told = refusal("/bin/sh", "exec yes 2> /dev/null").await;
    assert!(told.contains("of compiled code"), "{told}");
}

#[tokio::test]
async fn what_a_compiler_says_of_an_invalid_component_is_passed_on() {
    let told = refusal("/bin/sh", "cat > /dev/null; echo 'no such type' >&2; exit 65").await;
    assert!(told.contains("not a valid component"), "{told}");
}

#[tokio::test]
async fn a_compiler_that_is_not_there_is_told() {
    assert!(refusal("/no/such/program", "").await.contains("the compiler can't be started"));
}
