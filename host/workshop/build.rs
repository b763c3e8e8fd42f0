//! Has the templates and SDKs embedded anew when a file is added: the macro that embeds them sees only changes.

fn main() {
    for folder in
        ["wit", "guest-sdk/rust/src", "guest-sdk/python", "guest-sdk/javascript", "guest-sdk/c", "guest-sdk/templates"]
    {
        println!("cargo::rerun-if-changed=../../{folder}");
    }
}
