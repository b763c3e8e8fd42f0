//! Names for what nobody has named, such as `quiet-heron-412`.

const KINDS: [&str; 40] = [
    "able", "agile", "amber", "bold", "brave", "brisk", "calm", "civil", "clever", "crisp", "daring", "deft", "eager",
    "early", "fair", "fleet", "fond", "gentle", "glad", "grand", "hardy", "hushed", "keen", "kind", "lively", "lucid",
    "mellow", "merry", "mild", "neat", "noble", "patient", "plucky", "quick", "quiet", "shy", "steady", "sunny",
    "swift", "wise",
];

const ANIMALS: [&str; 40] = [
    "adder", "badger", "beaver", "bison", "bittern", "civet", "crane", "curlew", "dormouse", "dunlin", "egret",
    "falcon", "ferret", "finch", "gecko", "gull", "hare", "heron", "ibex", "jackdaw", "kestrel", "lemur", "linnet",
    "lynx", "marten", "mole", "newt", "otter", "owl", "plover", "quail", "raven", "robin", "seal", "shrew", "stoat",
    "swift", "tern", "vole", "wren",
];

pub(super) fn random() -> String {
    let any = |words: &[&'static str]| words[fastrand::usize(..words.len())];
    format!("{}-{}-{}", any(&KINDS), any(&ANIMALS), fastrand::u16(..1000))
}
