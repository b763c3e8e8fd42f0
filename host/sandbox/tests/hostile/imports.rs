//! Threats B, what a plugin asks for: anything that is not offered is refused by name, before it is compiled.

use guests::wat::raw;

use crate::{Case, End};

pub(crate) fn cases() -> Vec<Case> {
    let import = |name: &str| raw(&format!(r#"(component (import "{name}" (instance)))"#));
    let module = |module: &str| raw(&format!("(component (core module {module}))"));
    vec![
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
        Case::new("T29", "imports `wasi:http`", import("wasi:http/types@0.2.0"), End::Refused("wasi:http/types@0.2.0")),
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
