//! Rust types and glue for `wit/`, made by wit-bindgen.

#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    // What a plugin does not use it does not import.
    inline: "
        package karat:sdk;

        world plugin {
            include karat:eval/scorer-plugin@0.1.0;
            import karat:eval/http-stream@0.1.0;
        }
    ",
    world: "karat:sdk/plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_scorer_plugin",
    default_bindings_module: "karat_sdk::bindings",
    runtime_path: "karat_sdk::wit_bindgen::rt",
    additional_derives: [PartialEq],
});
