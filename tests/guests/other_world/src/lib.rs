//! A valid component that is no plugin: it exports what another host would ask for.

#![allow(unsafe_code, unreachable_pub, reason = "generated code")]

wit_bindgen::generate!({ path: "wit", world: "other" });

struct Other;

impl Guest for Other {
    fn run() {}
}

export!(Other);
