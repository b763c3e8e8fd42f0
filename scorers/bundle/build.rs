//! Compiles the built-in packs.

fn main() {
    guest_build::embed(&["json", "text"]);
}
