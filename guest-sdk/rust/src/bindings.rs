//! Rust types and glue for `wit/`, made by wit-bindgen.

#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    world: "scorer-plugin",
    pub_export_macro: true,
    export_macro_name: "export_scorer_plugin",
    default_bindings_module: "karat_sdk::bindings",
    runtime_path: "karat_sdk::wit_bindgen::rt",
    additional_derives: [PartialEq],
});
