//! Who a row is: its given id, else a hash of its inputs.

use model::json::Json;

/// The hash that stands for inputs; equal whatever the order of keys, the white space and the escapes in texts.
/// Numbers count as they are written. None where inputs nest deeper than 128 levels.
pub(super) fn hash_inputs(inputs: &Json) -> Option<u64> {
    Some(inputs_key(&inputs.canonical()?))
}

/// The same of inputs that are canonical.
pub(super) fn inputs_key(canonical: &Json) -> u64 {
    let hash = blake3::hash(canonical.as_str().as_bytes());
    u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
}

/// Stands for a text of any length.
pub(crate) fn hash_text(text: &str) -> u128 {
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

/// A key of a given id, unlike that of any inputs.
pub(super) fn given_key(id: &str) -> (u64, u64) {
    let hash = blake3::hash(id.as_bytes());
    let [first, second] = [0, 8].map(|at| {
        let bytes = hash.as_bytes()[at..].first_chunk().expect("32 bytes");
        u64::from_be_bytes(*bytes)
    });
    (first | 1 << 63, second)
}

/// The id of the row that is the `occurrence`-th, from 1, with inputs of this hash.
pub(super) fn generated(hash: u64, occurrence: u64) -> String {
    if occurrence < 2 { format!("{hash:016x}") } else { format!("{hash:016x}#{occurrence}") }
}

/// Which rows have inputs that another row has too. Rows are few in here: only those whose inputs repeat.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// Sorted; see [`Collected`] for what the bits are.
    repeated: Vec<u128>,
}

impl Identities {
    /// Which occurrence of its inputs a row is, from 1.
    pub(super) fn occurrence(&self, hash: u64, index: u64) -> u64 {
        let first = self.repeated.partition_point(|entry| *entry < pack(hash, 0));
        let own = self.repeated.partition_point(|entry| *entry < pack(hash, index));
        (own - first) as u64 + 1
    }
}

/// The identities of all rows, 16 bytes for each.
///
/// A generated one is `0 | hash of the inputs: 64 bits | index: 63 bits`, so that sorting brings equal inputs together in
/// dataset order. A given one is `1 | hash of the id: 87 bits | line: 40 bits`: its index is of no use, its line is for
/// the message.
#[derive(Debug, Default)]
pub(super) struct Collected(Vec<u128>);

const GIVEN: u128 = 1 << 127;
const LINE_BITS: u32 = 40;

fn pack(hash: u64, index: u64) -> u128 {
    (u128::from(hash) << 63) | u128::from(index)
}

impl Collected {
    pub(super) fn given(&mut self, id: &str, line: u64) {
        let hash = hash_text(id);
        let line = u128::from(line.min((1 << LINE_BITS) - 1));
        self.0.push(GIVEN | (hash >> 41 << LINE_BITS) | line);
    }

    pub(super) fn generated(&mut self, hash: u64, index: u64) {
        self.0.push(pack(hash, index));
    }

    /// Gives what is needed to name rows, and for every repeated id the line it is first on and one it is on again.
    pub(super) fn finish(mut self) -> (Identities, Vec<(u64, u64)>) {
        self.0.sort_unstable();
        let given = self.0.split_off(self.0.partition_point(|entry| *entry < GIVEN));
        let line = |entry: u128| (entry & ((1 << LINE_BITS) - 1)) as u64;
        let same_id = |left: &u128, right: &u128| left >> LINE_BITS == right >> LINE_BITS;
        let repeated_ids = given
            .chunk_by(same_id)
            .flat_map(|group| group[1..].iter().map(move |again| (line(group[0]), line(*again))))
            .collect();
        let same_inputs = |left: &u128, right: &u128| left >> 63 == right >> 63;
        let repeated = self.0.chunk_by(same_inputs).filter(|group| group.len() > 1).flatten().copied().collect();
        (Identities { repeated }, repeated_ids)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn hash(inputs: impl Into<String>) -> Option<u64> {
        hash_inputs(&Json::from_raw(&RawValue::from_string(inputs.into()).expect("JSON")))
    }

    #[test]
    fn equal_inputs_have_one_hash_however_they_are_written() {
        let check = |left: &str, right: &str| assert_eq!(hash(left), hash(right), "{left} {right}");
        check(r#"{"a":1,"b":[{"c":"x","d":[]}]}"#, r#"{"b":[{"d":[],"c":"x"}],"a":1}"#);
        check(r#"{"a":"\u00e9\n"}"#, "{\"a\":\"é\\n\"}");
        assert_ne!(hash(r#"{"a":1}"#), hash(r#"{"a":1.0}"#));
        assert_ne!(hash(r#"{"a":["b"]}"#), hash(r#"{"a":"b"}"#));
    }

    #[test]
    fn the_hash_of_inputs_never_changes() {
        // Ids are in stored runs and in people's scripts.
        assert_eq!(generated(hash(r#"{"question":"?"}"#).expect("a hash"), 1), "761ee3a9bf45f55a");
    }

    #[test]
    fn inputs_that_nest_without_end_have_no_hash() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(hash(nested(128)).is_some());
        assert!(hash(nested(129)).is_none());
        assert!(hash(nested(100_000)).is_none());
    }

    #[test]
    fn occurrences_are_counted_in_dataset_order() {
        let mut collected = Collected::default();
        for (index, hash) in [7, 9, 7, u64::MAX, 7].into_iter().enumerate() {
            collected.generated(hash, index as u64);
        }
        let (identities, repeated) = collected.finish();
        assert_eq!(repeated, []);
        let id = |hash, index| generated(hash, identities.occurrence(hash, index));
        assert_eq!(id(7, 0), "0000000000000007");
        assert_eq!(id(7, 2), "0000000000000007#2");
        assert_eq!(id(7, 4), "0000000000000007#3");
        assert_eq!(id(9, 1), "0000000000000009");
        assert_eq!(id(u64::MAX, 3), "ffffffffffffffff");
    }

    #[test]
    fn a_repeated_id_is_found_with_both_lines() {
        let mut collected = Collected::default();
        for (line, id) in [(1, "a"), (2, "b"), (4, "a"), (9, "a"), (11, "c")] {
            collected.given(id, line);
        }
        assert_eq!(collected.finish().1, [(1, 4), (1, 9)]);
    }
}
