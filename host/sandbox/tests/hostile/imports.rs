//! Threats B, what a plugin asks for: anything that is not offered is refused by name, before it is compiled.

use guests::wat::{Plugin, TRUE, raw, with_manifest};

use crate::{Case, End};

const MANIFEST: &str = r#"{"manifest": 1, "plugin": {"name": "test/wat", "version": "1.0.0"}}"#;

pub(crate) fn cases() -> Vec<Case> {
    let import = |name: &str| raw(&format!(r#"(component (import "{name}" (instance)))"#));
    let module = |module: &str| raw(&format!("(component (core module {module}))"));
    let kv = |capabilities| {
        let before = r#"(import "karat:eval/kv@0.1.0" "open" (func $open (param i32 i32 i32)))"#.to_owned();
        Plugin {
            before,
            capabilities,
            score: format!("(call $open (i32.const 0) (i32.const 0) (i32.const 8)) {TRUE}"),
            ..Plugin::default()
        }
        .bytes()
    };
    let honest = |manifest| with_manifest(Plugin::default().bytes(), manifest);
    vec![
        Case::new(
            "T31",
            "imports what its manifest does not declare",
            kv(""),
            End::Refused("imports kv, which its manifest"),
        ),
        Case::new(
            "T31",
            "declares something else than it imports",
            kv(r#"{"judge": {"roles": ["default"]}}"#),
            End::Refused("imports kv, which its manifest"),
        ),
        Case::new(
            "T69",
            "has the manifest of another plugin",
            honest(r#"{"manifest": 1, "plugin": {"name": "acme/other", "version": "1.0.0"}}"#),
            End::Refused("it is of `acme/other`"),
        ),
        Case::new("T79", "has two manifests", with_manifest(honest(MANIFEST), MANIFEST), End::Refused("there are two")),
        Case::new(
            "T79",
            "has a manifest with a key that is none",
            honest(r#"{"manifest": 1, "allow": "all"}"#),
            End::Refused("unknown field `allow`"),
        ),
        Case::new(
            "T79",
            "asks for every host",
            honest(
                r#"{"manifest": 1, "plugin": {"name": "test/wat", "version": "1.0.0"}, "capabilities": {"http": [{"url": "https://*", "methods": ["GET"]}]}}"#,
            ),
            End::Refused("should be a scheme and a host"),
        ),
        Case::new(
            "T30",
            "imports an interface of its own",
            import("evil:host/x@1.0.0"),
            End::Refused("evil:host/x@1.0.0"),
        ),
        Case::new("T30", "imports WASI 0.3", import("wasi:cli/stdin@0.3.0"), End::Refused("wasi:cli/stdin@0.3.0")),
        Case::new(
            "T30",
            "imports a core module",
            raw(r#"(component (import "code" (core module)))"#),
            End::Refused("code"),
        ),
        Case::new(
            "T29",
            "imports what serves `wasi:http`",
            import("wasi:http/incoming-handler@0.2.0"),
            End::Refused("wasi:http/incoming-handler@0.2.0"),
        ),
        Case::new(
            "T32",
            "shares memory between threads",
            module("(memory 1 1 shared)"),
            End::Refused("threads must be enabled"),
        ),
        Case::new("T32", "uses 64-bit memory", module("(memory i64 1)"), End::Refused("memory64")),
        Case::new("T32", "uses garbage collection", module("(type (struct))"), End::Refused("gc types are disabled")),
        Case::new("T32", "uses exceptions", module("(tag)"), End::Refused("exceptions")),
        Case::new("T32", "uses tail calls", module("(func $f (return_call $f))"), End::Refused("tail calls")),
        Case::new(
            "T82",
            "imports a later version of an interface of ours",
            import("karat:eval/log@0.2.0"),
            End::Refused("karat:eval/log@0.2.0"),
        ),
    ]
}
