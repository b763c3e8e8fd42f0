//! The built-in plugins, compiled from this repository: what makes `karat` one file.

/// A built-in plugin.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    /// `publisher/name`, as the plugin says itself.
    pub name: &'static str,
    /// What it offers, so that only what is needed has to be loaded.
    pub scorers: &'static [&'static str],
    pub predictors: &'static [&'static str],
    pub exporters: &'static [&'static str],
    /// The component.
    pub bytes: &'static [u8],
}

/// All of them, in the order of their names.
pub static PACKS: &[Pack] = &[
    Pack {
        name: "karat/export",
        scorers: &[],
        predictors: &[],
        exporters: &["otlp_http", "jsonl", "webhook"],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/export.wasm")),
    },
    Pack {
        name: "karat/json",
        scorers: &["valid_json", "json_schema", "json_equals"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/json.wasm")),
    },
    Pack {
        name: "karat/judge",
        scorers: &["guidelines"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/judge.wasm")),
    },
    Pack {
        name: "karat/overlap",
        scorers: &["bleu", "chrf", "meteor", "rouge_l", "rouge_n", "token_f1"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/overlap.wasm")),
    },
    Pack {
        name: "karat/predict",
        scorers: &[],
        predictors: &["http_json", "openai_chat", "command"],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/predict.wasm")),
    },
    Pack {
        name: "karat/rules",
        scorers: &["pii", "refusal", "valid_xml"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/rules.wasm")),
    },
    Pack {
        name: "karat/sql",
        scorers: &["parses_sql", "contains_sql"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/sql.wasm")),
    },
    Pack {
        name: "karat/text",
        scorers: &["exact_match", "contains", "regex_match", "numeric_match", "levenshtein", "response_length"],
        predictors: &[],
        exporters: &[],
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/text.wasm")),
    },
];
