//! Rust types for `wit/`, made by wasmtime.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

wasmtime::component::bindgen!({
    path: "../../wit",
    // Everything that a plugin can export or import; none does all of it.
    inline: "
        package karat:host;

        world any-plugin {
            include karat:eval/scorer-plugin@0.1.0;
            include karat:eval/aggregator-plugin@0.1.0;
            include karat:eval/predictor-plugin@0.1.0;
            include karat:eval/exporter-plugin@0.1.0;
            import karat:eval/types@0.1.0;
        }
    ",
    world: "karat:host/any-plugin",
    imports: {
        "karat:eval/http.send": async | trappable,
        "karat:eval/http-stream": async | trappable,
        "karat:eval/judge": async | trappable,
        "karat:eval/process": async | trappable,
        default: trappable,
    },
    // A worker hands them over as they are.
    additional_derives: [serde::Deserialize, serde::Serialize],
    exports: { default: async },
    with: {
        "karat:eval/http-stream.incoming": crate::imports::http_stream::Incoming,
        "karat:eval/kv.bucket": crate::imports::kv::Bucket,
        "karat:eval/process.conversation": crate::imports::process::Conversation,
        "karat:eval/traces.trace": crate::imports::traces::Trace,
    },
});

pub(crate) use exports::karat::eval::{aggregator, describe, exporter, predictor, scorer};
pub(crate) use karat::eval::{ambient, config, http, http_stream, judge, kv, log, process, sink, traces, types};

// Flags are the one kind of type that `additional_derives` leaves out.
impl Serialize for describe::Needs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.contains(Self::OUTPUTS), self.contains(Self::EXPECTATIONS)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for describe::Needs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (outputs, expectations) = Deserialize::deserialize(deserializer)?;
        let only = |needed, flag| if needed { flag } else { Self::empty() };
        Ok(only(outputs, Self::OUTPUTS) | only(expectations, Self::EXPECTATIONS))
    }
}
