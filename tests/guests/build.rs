//! Compiles the test guests.

fn main() {
    guest_build::embed(&["fetch", "hostile", "other_world"], |_, _| ());
}
