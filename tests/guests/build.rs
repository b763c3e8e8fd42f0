//! Compiles the test guests.

fn main() {
    guest_build::embed(&["asks", "fetch", "hostile", "other_world"], |_, _| ());
}
