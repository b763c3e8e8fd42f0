//! Whatever a guest leaves in its memory as its answer is one, or fails its row.

use std::sync::OnceLock;

use guests::wat::{AT_HEAP, HEAP, Plugin};
use model::feedback::Value;
use model::json::Json;
use model::outcome::Outcome;
use sandbox::Loaded;

use crate::plugin;

/// Bytes of the answer's memory.
const LENGTH: usize = 1024;

/// Kinds of value that a scorer can declare, labels left out.
const KINDS: [u8; 6] = [0, 1, 3, 4, 5, 6];

/// Answers of some kinds that are right, and one of none; the first byte says which of the kinds.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let answer = |kind: u8, discriminant: u32, low: u32, high: u32| {
        // Scored; one verdict, whose name, value and rationale follow.
        let head = [0, 0, HEAP + 64, 1];
        let verdict = [0, 0, 0, 0, discriminant, 0, low, high, 0];
        let mut memory = vec![kind];
        memory.extend(head.iter().flat_map(|word| word.to_le_bytes()));
        memory.resize(1 + 64, 0);
        memory.extend(verdict.iter().flat_map(|word| word.to_le_bytes()));
        memory.resize(1 + 256, 0);
        memory.extend(b"text and more, in so many bytes");
        memory
    };
    vec![
        answer(0, 0, 1, 0),
        answer(1, 1, 0, 0x4000_0000),
        answer(2, 2, HEAP + 256, 8),
        answer(3, 3, HEAP + 256, 28),
        answer(4, 4, HEAP + 256, 3),
        answer(0, 7, u32::MAX, u32::MAX),
    ]
}

/// Has a guest answer with the input as its memory, twice.
pub fn check(input: &[u8]) -> bool {
    let Some((kind, memory)) = input.split_first() else { return false };
    let plugins = plugins();
    let plugin = &plugins[usize::from(*kind) % plugins.len()];
    let once = plugin::outcome(plugin, letters(memory));
    assert_eq!(once, plugin::outcome(plugin, letters(memory)), "the same bytes, another outcome");
    let Outcome::Scored(verdicts) = once else { return false };
    for verdict in &verdicts {
        if let Value::Number(number) = verdict.value {
            assert!(number.is_finite(), "{number} is an average's end");
        }
    }
    true
}

/// A plugin for each kind, which copies its parameters to where its answer is.
fn plugins() -> &'static [Loaded] {
    static PLUGINS: OnceLock<Vec<Loaded>> = OnceLock::new();
    let nibble = |place: u32| format!("(i32.sub (i32.load8_u offset={place} (local.get $j)) (i32.const 97))");
    let score = format!(
        "(local.set $j (i32.load offset=8 (local.get 0)))
        (loop $next
            (i32.store8 offset={HEAP} (local.get $i) (i32.or (i32.shl {} (i32.const 4)) {}))
            (local.set $j (i32.add (local.get $j) (i32.const 2)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const {LENGTH}))))
        {AT_HEAP}",
        nibble(1),
        nibble(2)
    );
    let plugin = |value_kind| {
        let bytes = Plugin { score: score.clone(), value_kind, ..Plugin::default() }.bytes();
        plugin::load(&bytes).expect("it is a plugin")
    };
    PLUGINS.get_or_init(|| KINDS.map(plugin).into())
}

/// A JSON text of two letters for each byte.
fn letters(memory: &[u8]) -> Json {
    let bytes = memory.iter().copied().chain(std::iter::repeat(0)).take(LENGTH);
    let letters: String =
        bytes.flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)).collect();
    Json::parse(&format!("\"{letters}\"")).unwrap()
}
