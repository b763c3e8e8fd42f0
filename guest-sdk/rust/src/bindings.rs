//! Rust types and glue for `wit/`, made by wit-bindgen: what every plugin may import and what scorers export here, what
//! else a plugin can export in modules of its own. A component is of all the worlds whose export macros it uses.

#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    // What a plugin does not use it does not import.
    inline: "
        package karat:sdk;

        world scores {
            import karat:eval/types@0.1.0;
            import karat:eval/log@0.1.0;
            import karat:eval/config@0.1.0;
            import karat:eval/ambient@0.1.0;
            import karat:eval/judge@0.1.0;
            import karat:eval/traces@0.1.0;
            import karat:eval/kv@0.1.0;
            import karat:eval/http@0.1.0;
            import karat:eval/http-stream@0.1.0;
            export karat:eval/scorer@0.1.0;
        }
    ",
    world: "karat:sdk/scores",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_scorer",
    default_bindings_module: "karat_sdk::bindings",
    runtime_path: "karat_sdk::wit_bindgen::rt",
    additional_derives: [PartialEq],
});

pub mod describes {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package karat:sdk;

            world describes {
                export karat:eval/describe@0.1.0;
            }
        ",
        world: "karat:sdk/describes",
        with: { "karat:eval/types@0.1.0": crate::bindings::karat::eval::types },
        pub_export_macro: true,
        export_macro_name: "export_describe",
        default_bindings_module: "karat_sdk::bindings::describes",
        runtime_path: "karat_sdk::wit_bindgen::rt",
        additional_derives: [PartialEq],
    });
}

pub mod aggregates {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package karat:sdk;

            world aggregates {
                export karat:eval/aggregator@0.1.0;
            }
        ",
        world: "karat:sdk/aggregates",
        with: { "karat:eval/types@0.1.0": crate::bindings::karat::eval::types },
        pub_export_macro: true,
        export_macro_name: "export_aggregator",
        default_bindings_module: "karat_sdk::bindings::aggregates",
        runtime_path: "karat_sdk::wit_bindgen::rt",
        additional_derives: [PartialEq],
    });
}

pub mod predicts {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package karat:sdk;

            world predicts {
                import karat:eval/process@0.1.0;
                export karat:eval/predictor@0.1.0;
            }
        ",
        world: "karat:sdk/predicts",
        with: {
            "karat:eval/types@0.1.0": crate::bindings::karat::eval::types,
            "karat:eval/traces@0.1.0": crate::bindings::karat::eval::traces,
            "karat:eval/process@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_predictor",
        default_bindings_module: "karat_sdk::bindings::predicts",
        runtime_path: "karat_sdk::wit_bindgen::rt",
        additional_derives: [PartialEq],
    });
}

pub mod sends {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package karat:sdk;

            world sends {
                import karat:eval/sink@0.1.0;
                export karat:eval/exporter@0.1.0;
            }
        ",
        world: "karat:sdk/sends",
        with: {
            "karat:eval/types@0.1.0": crate::bindings::karat::eval::types,
            "karat:eval/sink@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_exporter",
        default_bindings_module: "karat_sdk::bindings::sends",
        runtime_path: "karat_sdk::wit_bindgen::rt",
        additional_derives: [PartialEq],
    });
}
