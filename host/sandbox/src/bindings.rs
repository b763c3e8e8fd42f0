//! Rust types for `wit/`, made by wasmtime.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "scorer-plugin",
    imports: { default: trappable },
    exports: { default: async },
});

pub(crate) use exports::karat::eval::describe;
pub(crate) use karat::eval::{log, types};
