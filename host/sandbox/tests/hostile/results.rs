//! Threats E: answers that are none, and memory that is not what it seems.

use guests::wat::{AT_HEAP, HEAP, Plugin, TRUE};
use model::outcome::FailureKind;

use crate::{Case, End};

/// An answer at the heap: one verdict, whose value has this discriminant and these 8 bytes.
fn valued(kind: u8, discriminant: u8, value: u64) -> Vec<u8> {
    answer(
        kind,
        &format!(
            "(i64.store (i32.const 4184) (i64.const {})) (i32.store8 (i32.const 4176) (i32.const {discriminant}))",
            value.cast_signed()
        ),
    )
}

/// The honest answer is copied to the heap, where `change` changes it: the answer's head is at 4096, its verdict at 4160
/// (name at 4160, value at 4176, rationale at 4192).
fn answer(kind: u8, change: &str) -> Vec<u8> {
    let score = format!(
        "(memory.copy (i32.const {HEAP}) (i32.const 1152) (i32.const 16))
         (memory.copy (i32.const 4160) (i32.const 1176) (i32.const 48))
         (i32.store (i32.const 4104) (i32.const 4160))
         {change} {AT_HEAP}"
    );
    Plugin { score, value_kind: kind, ..Plugin::default() }.bytes()
}

fn described(change: &str) -> Vec<u8> {
    Plugin { describe: format!("{change} (i32.const 1024)"), ..Plugin::default() }.bytes()
}

fn reallocating(realloc: &str) -> Vec<u8> {
    Plugin { realloc: realloc.to_owned(), ..Plugin::default() }.bytes()
}

pub(crate) fn cases() -> Vec<Case> {
    use FailureKind::{InvalidOutput, OutOfFuel, TooLarge, Trapped};
    const NUMBER: u8 = 1;
    const TEXT: u8 = 3;
    let no_number = End::Fails(InvalidOutput, "not a number that can be averaged");
    vec![
        Case::new("T61", "answers NaN", valued(NUMBER, 1, f64::NAN.to_bits()), no_number),
        Case::new("T61", "answers NaN with a payload", valued(NUMBER, 1, 0x7ff4_0000_0000_0001), no_number),
        Case::new("T61", "answers infinity", valued(NUMBER, 1, f64::NEG_INFINITY.to_bits()), no_number),
        Case::new("T61", "answers minus zero", valued(NUMBER, 1, (-0.0_f64).to_bits()), End::Scores),
        Case::new(
            "T62",
            "answers a text of 2 MiB",
            Plugin {
                memory: "40",
                score: format!(
                    "(memory.copy (i32.const {HEAP}) (i32.const 1152) (i32.const 16))
                     (memory.copy (i32.const 4160) (i32.const 1176) (i32.const 48))
                     (i32.store (i32.const 4104) (i32.const 4160))
                     (i32.store8 (i32.const 4176) (i32.const 2))
                     (i32.store (i32.const 4184) (i32.const 8192)) (i32.store (i32.const 4188) (i32.const 2097152)) {AT_HEAP}"
                ),
                value_kind: TEXT,
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(TooLarge, "larger than 1.0 MiB"),
        ),
        Case::new(
            "T63",
            "answers with a million verdicts that are not there",
            answer(0, "(i32.store (i32.const 4108) (i32.const 1000000))"),
            End::Fails(Trapped, "out of bounds"),
        ),
        Case::new(
            "T63",
            "answers with a thousand verdicts",
            answer(0, "(memory.fill (i32.const 8192) (i32.const 0) (i32.const 48000)) (i32.store (i32.const 4104) (i32.const 8192)) (i32.store (i32.const 4108) (i32.const 1000))"),
            End::Fails(InvalidOutput, "1000 verdicts at once"),
        ),
        Case::new(
            "T63",
            "answers with no verdict",
            answer(0, "(i32.store (i32.const 4108) (i32.const 0))"),
            End::Fails(InvalidOutput, "no main verdict"),
        ),
        Case::new(
            "T63",
            "names a verdict `../../x`",
            {
                let score = format!(
                    "(memory.copy (i32.const {HEAP}) (i32.const 1152) (i32.const 16))
                     (memory.copy (i32.const 4160) (i32.const 1176) (i32.const 48))
                     (i32.store (i32.const 4104) (i32.const 4160))
                     (i32.store8 (i32.const 4160) (i32.const 1))
                     (i32.store (i32.const 4164) (i32.const 3000)) (i32.store (i32.const 4168) (i32.const 7)) {AT_HEAP}"
                );
                let more = r#"(data (i32.const 3000) "../../x")"#.to_owned();
                Plugin { score, more, ..Plugin::default() }.bytes()
            },
            End::Fails(InvalidOutput, "`../../x` is no name for a verdict"),
        ),
        Case::new(
            "T64",
            "answers with a text that is no UTF-8",
            {
                let score = format!(
                    "(memory.copy (i32.const {HEAP}) (i32.const 1152) (i32.const 16))
                     (memory.copy (i32.const 4160) (i32.const 1176) (i32.const 48))
                     (i32.store (i32.const 4104) (i32.const 4160))
                     (i32.store8 (i32.const 4176) (i32.const 2))
                     (i32.store (i32.const 4184) (i32.const 3000)) (i32.store (i32.const 4188) (i32.const 2)) {AT_HEAP}"
                );
                let more = r#"(data (i32.const 3000) "\ff\fe")"#.to_owned();
                Plugin { score, more, value_kind: TEXT, ..Plugin::default() }.bytes()
            },
            End::Fails(Trapped, "utf-8"),
        ),
        Case::new(
            "T64",
            "answers with a text beyond its memory",
            valued(TEXT, 2, 0xffff_fff0 | 0x1000 << 32),
            End::Fails(Trapped, "out of bounds"),
        ),
        Case::new(
            "T64",
            "answers from an address that is not aligned",
            Plugin::scoring("(i32.const 1153)").bytes(),
            End::Fails(Trapped, "not aligned"),
        ),
        Case::new(
            "T64",
            "answers from an address beyond its memory",
            Plugin::scoring("(i32.const -8)").bytes(),
            End::Fails(Trapped, "out of bounds"),
        ),
        Case::new(
            "T64",
            "answers neither yes nor no",
            answer(0, "(i32.store8 (i32.const 4096) (i32.const 7))"),
            End::Fails(Trapped, "discriminant"),
        ),
        Case::new("T64", "answers with a value of no kind", valued(0, 99, 0), End::Fails(Trapped, "discriminant")),
        Case::new("T65", "speaks UTF-16", Plugin { utf16: true, ..Plugin::default() }.bytes(), End::Scores),
        Case::new(
            "T66",
            "has no memory for the row",
            reallocating("(i32.const 0)"),
            End::Scores,
        ),
        Case::new(
            "T66",
            "takes the row beyond its memory",
            reallocating("(i32.const -16)"),
            End::Fails(Trapped, "beyond end of memory"),
        ),
        Case::new(
            "T66",
            "takes the row at an address that is not aligned",
            reallocating("(i32.const 4097)"),
            End::Fails(Trapped, "not aligned"),
        ),
        Case::new("T66", "traps while it takes the row", reallocating("unreachable"), End::Fails(Trapped, "unreachable")),
        Case::new(
            "T66",
            "loops while it takes the row",
            reallocating("(loop $l (br $l)) unreachable"),
            End::Fails(OutOfFuel, "used up its fuel"),
        ),
        Case::new("T69", "loops while it describes itself", described("(loop $l (br $l))"), End::Refused("used up its fuel")),
        Case::new(
            "T69",
            "describes a hundred thousand scorers that are not there",
            described("(i32.store (i32.const 1044) (i32.const 100000))"),
            End::Refused("out of bounds"),
        ),
        Case::new(
            "T69",
            "describes no scorer",
            described("(i32.store (i32.const 1044) (i32.const 0))"),
            End::Refused("it offers nothing"),
        ),
        Case::new(
            "T69",
            "describes one scorer twice",
            described(
                "(memory.copy (i32.const 4096) (i32.const 1088) (i32.const 40)) (memory.copy (i32.const 4136) (i32.const 1088) (i32.const 40))
                 (i32.store (i32.const 1040) (i32.const 4096)) (i32.store (i32.const 1044) (i32.const 2))",
            ),
            End::Refused("two scorers named `probe`"),
        ),
        Case::new(
            "T69",
            "gives its scorer a name that is none",
            Plugin { name: "../probe", ..Plugin::default() }.bytes(),
            End::Refused("is no name for a scorer"),
        ),
        Case::new(
            "T69",
            "describes parameters by what is no JSON",
            described("(i32.store (i32.const 1104) (i32.const 1280))"),
            End::Refused("is not JSON"),
        ),
        Case::new("T70", "answers honestly", Plugin::scoring(TRUE).bytes(), End::Scores),
    ]
}
