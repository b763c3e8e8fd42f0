//! Rust types for `wit/`, made by wasmtime.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "scorer-plugin",
    imports: {
        "karat:eval/http.send": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "karat:eval/kv.bucket": crate::imports::kv::Bucket,
        "karat:eval/traces.trace": crate::imports::traces::Trace,
    },
});

pub(crate) use exports::karat::eval::describe;
pub(crate) use karat::eval::{ambient, config, http, judge, kv, log, traces, types};
