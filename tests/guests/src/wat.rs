//! Plugins written in WebAssembly text, for what no compiler would emit.
//!
//! A [`Plugin`] is a whole and honest one with a single scorer, `probe`, whose verdict is true; a test replaces what it is
//! about.

use std::path::Path;

use guest_build::append_section;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the description lies in memory, and what is behind it.
const DESCRIPTION: u32 = 1024;
const SCORER: u32 = 1088;
const ANSWER: u32 = 1152;
const FEEDBACK: u32 = 1176;
const TEXTS: u32 = 1280;

/// Memory from here on is what `cabi_realloc` gives away.
pub const HEAP: u32 = 4096;

/// A pointer to an answer with the verdict true.
pub const TRUE: &str = "(i32.const 1152)";

/// A pointer to an answer that a test has put at [`HEAP`].
pub const AT_HEAP: &str = "(i32.const 4096)";

/// The parts of a plugin that can be replaced.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Declarations before everything else: imports, globals, tables.
    pub before: String,
    /// The memory's limits, in pages.
    pub memory: &'static str,
    /// More functions and data.
    pub more: String,
    /// Instructions that leave a pointer to the description.
    pub describe: String,
    /// Instructions that leave a pointer to the answer; the row's pointer is `(local.get 0)`, `$i` and `$j` are free.
    pub score: String,
    /// Instructions of `cabi_realloc`: old pointer, old length, alignment and new length are locals 0 to 3.
    pub realloc: String,
    /// Whether strings are UTF-16.
    pub utf16: bool,
    /// The value kind that the scorer declares, as its number in `describe.wit`.
    pub value_kind: u8,
    /// The scorer's name.
    pub name: &'static str,
    /// What the manifest asks for, as JSON; no manifest where it is empty.
    pub capabilities: &'static str,
    /// Whether it brings the lines of its text, as DWARF.
    pub lines: bool,
}

impl Default for Plugin {
    fn default() -> Self {
        Self {
            before: String::new(),
            memory: "2",
            more: String::new(),
            describe: format!("(i32.const {DESCRIPTION})"),
            score: TRUE.to_owned(),
            realloc: "(local.set 0 (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get 0) (local.get 3))) (local.get 0)"
                .to_owned(),
            utf16: false,
            value_kind: 0,
            name: "probe",
            capabilities: "",
            lines: false,
        }
    }
}

impl Plugin {
    /// An honest plugin whose `score` does this.
    pub fn scoring(score: impl Into<String>) -> Self {
        Self { score: score.into(), ..Self::default() }
    }

    /// The component.
    pub fn bytes(&self) -> Vec<u8> {
        let component = component(&self.text(), self.utf16, self.lines);
        if self.capabilities.is_empty() {
            return component;
        }
        let plugin = r#"{"name": "test/wat", "version": "1.0.0"}"#;
        let manifest = format!(r#"{{"manifest": 1, "plugin": {plugin}, "capabilities": {}}}"#, self.capabilities);
        with_manifest(component, &manifest)
    }

    fn text(&self) -> String {
        let Self { before, memory, more, describe, score, realloc, .. } = self;
        let data = self.data();
        format!(
            r#"(module
                {before}
                (memory (export "memory") {memory})
                (global $heap (mut i32) (i32.const {heap}))
                (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "karat:eval/describe@0.1.0#describe") (result i32) (local $i i32) (local $j i32) {describe})
                (func (export "karat:eval/scorer@0.1.0#score") (param i32) (result i32) (local $i i32) (local $j i32) {score})
                (data (i32.const {DESCRIPTION}) "{data}")
                {more}
            )"#,
            heap = HEAP + 1024,
        )
    }

    /// Description, scorer, answer and feedback as the canonical ABI lays them out.
    fn data(&self) -> String {
        let mut texts = Vec::new();
        let mut text = |text: &str| {
            let bytes: Vec<u8> = match self.utf16 {
                true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                false => text.as_bytes().to_vec(),
            };
            let start = TEXTS + texts.len() as u32;
            let units = if self.utf16 { bytes.len() / 2 } else { bytes.len() };
            texts.extend_from_slice(&bytes);
            [start, units as u32]
        };
        let (name, version) = (text("test/wat"), text("1.0.0"));
        let scorer = [text(self.name), text("a probe"), text("{}")];
        let mut memory = Words::default();
        memory.at(DESCRIPTION, &[name[0], name[1], version[0], version[1], SCORER, 1]);
        memory.at(SCORER, scorer.as_flattened());
        // value, labels, better, needs, determinism
        memory.at(SCORER + 24, &[self.value_kind.into(), 0, 0, 2]);
        memory.at(ANSWER, &[0, 0, FEEDBACK, 1]);
        // name, value, rationale
        memory.at(FEEDBACK, &[0, 0, 0, 0, 0, 0, 1, 0, 0]);
        memory.0.resize((TEXTS - DESCRIPTION) as usize, 0);
        memory.0.extend(texts);
        memory.0.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }
}

#[derive(Default)]
struct Words(Vec<u8>);

impl Words {
    fn at(&mut self, address: u32, words: &[u32]) {
        let start = (address - DESCRIPTION) as usize;
        self.0.resize(self.0.len().max(start + 4 * words.len()), 0);
        for (place, word) in words.iter().enumerate() {
            self.0[start + 4 * place..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// A scorer that may import everything there is.
const WORLD: &str = "package test:wat;
world any {
    include karat:eval/scorer-plugin@0.1.0;
    import karat:eval/http-stream@0.1.0;
    import karat:eval/process@0.1.0;
}";

/// Makes a component of a core module in text form.
fn component(text: &str, utf16: bool, lines: bool) -> Vec<u8> {
    let mut parser = wat::Parser::new();
    if lines {
        parser.generate_dwarf(wat::GenerateDwarf::Lines);
    }
    let module = parser.parse_str(Some(Path::new("plugin.wat")), text);
    let mut module = module.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    resolve.push_dir(wit).expect("`wit/` is valid");
    let package = resolve.push_str("any.wit", WORLD).expect("it is valid");
    let world = resolve.select_world(&[package], Some("any")).expect("it is there");
    let encoding = if utf16 { StringEncoding::UTF16 } else { StringEncoding::UTF8 };
    embed_component_metadata(&mut module, &resolve, world, encoding).expect("a core module");
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).expect("it fits its world");
    encoder.encode().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The component with a manifest behind it.
pub fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    append_section(&mut component, "karat:manifest", manifest.as_bytes());
    component
}

/// A component written whole.
pub fn raw(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A component within a component, so many of them.
pub fn nested(depth: usize) -> Vec<u8> {
    const HEAD: &[u8] = b"\0asm\x0d\0\x01\0";
    const COMPONENT: u8 = 4;
    (1..depth).fold(HEAD.to_vec(), |inner, _| {
        let mut outer = [HEAD, &[COMPONENT]].concat();
        push_length(&mut outer, inner.len());
        outer.extend(inner);
        outer
    })
}

/// An unsigned LEB128 number.
fn push_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}
