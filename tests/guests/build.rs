//! Compiles the test guests.

fn main() {
    guest_build::embed(&["hostile", "other_world"]);
}
