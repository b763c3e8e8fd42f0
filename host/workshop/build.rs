//! Has the templates and SDKs embedded anew when a file is added: the macro that embeds them sees only changes.

#![expect(clippy::print_stdout, reason = "that is how a build script talks to cargo")]

fn main() {
    for folder in
        ["wit", "guest-sdk/rust/src", "guest-sdk/python", "guest-sdk/javascript", "guest-sdk/c", "guest-sdk/templates"]
    {
        println!("cargo::rerun-if-changed=../../{folder}");
    }
}
