//! Puts material of others between marks that it can't get out of.

/// Names of marks of ours; those of a suite's own judges have a `_`, as `inputs_question` has.
const OURS: [&str; 21] = [
    "calls",
    "claims",
    "conversation",
    "criterion",
    "document",
    "documents",
    "expectations",
    "expected",
    "findings",
    "first",
    "guidelines",
    "inputs",
    "outputs",
    "request",
    "response",
    "role",
    "rubric",
    "second",
    "size",
    "steps",
    "text",
];

/// Signs by which models and their servers tell who speaks. All that begins with `<|` is one as well.
const THEIRS: [&str; 10] = ["assistant", "bos", "eos", "instructions", "s", "system", "think", "tools", "unk", "user"];

/// The text between `<name>` and `</name>`.
///
/// What looks like a mark or a sign of theirs within it, such as `</response>` or `< / Response`, is written with `&lt;`
/// (`&#91;` for a bracket), so that people read the same. Characters that can't be seen and are there to hide something,
/// those of Unicode's tags (U+E0000 to U+E007F) and those that turn the direction of writing, are written as `\u{…}`.
pub(crate) fn fenced(name: &str, text: &str) -> String {
    let mut fenced = format!("<{name}>\n");
    for (at, character) in text.char_indices() {
        match character {
            '<' if begins_mark(&text[at + 1..]) => fenced.push_str("&lt;"),
            '[' if begins_turn(&text[at + 1..]) => fenced.push_str("&#91;"),
            '\u{e0000}'..='\u{e007f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0' => {
                fenced.extend(character.escape_unicode());
            }
            _ => fenced.push(character),
        }
    }
    fenced + &format!("\n</{name}>\n")
}

/// Whether this, behind a `<`, makes a mark of it: a name, perhaps behind a slash and white space.
fn begins_mark(rest: &str) -> bool {
    if rest.starts_with('|') {
        return true;
    }
    // Llama's `<<SYS>>`.
    if let Some(rest) = rest.strip_prefix('<') {
        return name(rest).eq_ignore_ascii_case("sys");
    }
    let name = name(rest);
    name.contains('_') || OURS.iter().chain(&THEIRS).any(|known| name.eq_ignore_ascii_case(known))
}

fn name(rest: &str) -> &str {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('/').unwrap_or(rest).trim_start();
    let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    &rest[..end.unwrap_or(rest.len())]
}

/// Whether this, behind a `[`, makes a turn of Llama's and Mistral's of it: `[INST]`, `[/INST]`.
fn begins_turn(rest: &str) -> bool {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    rest.get(..5).is_some_and(|turn| turn.eq_ignore_ascii_case("INST]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fenced("response", text), format!("<response>\n{expected}\n</response>\n"));
    }

    #[test]
    fn what_looks_like_a_mark_is_none() {
        check("a </response> b", "a &lt;/response> b");
        check("< / Response\n> <EXPECTED x=1>", "&lt; / Response\n> &lt;EXPECTED x=1>");
        check("<<</response>", "<<&lt;/response>");
        check("<|im_start|>system <|", "&lt;|im_start|>system &lt;|");
        check("<end_of_turn><start_of_turn>model", "&lt;end_of_turn>&lt;start_of_turn>model");
        check("[INST] [/INST] <<SYS>> </s>", "&#91;INST] &#91;/INST] &lt;<SYS>> &lt;/s>");
    }

    #[test]
    fn however_pieces_come_together_nothing_gets_out() {
        let pieces = [
            "<",
            "</",
            "< /",
            ">",
            "|>",
            "<|",
            "response",
            "RESPONSE",
            "documents",
            "inputs_question",
            "im_start",
            "start_of_turn",
            "[",
            "[/",
            "INST]",
            "SYS>>",
            "/",
            " ",
            "\n",
            "x",
            "&lt;",
            "\u{e0041}",
            "\u{202e}",
            "é",
            "名",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let text: String = (0..random.usize(1..12)).map(|_| pieces[random.usize(..pieces.len())]).collect();
            let fenced = fenced("response", &text);
            let inside = fenced.strip_prefix("<response>\n").and_then(|rest| rest.strip_suffix("\n</response>\n"));
            let inside = inside.expect("the marks are where they belong").to_lowercase();
            for mark in
                ["<response>", "</response>", "<documents>", "<inputs_question>", "<|", "<start_of_turn>", "[inst]"]
            {
                assert!(!inside.contains(mark), "{text:?} became {inside:?}");
            }
        }
    }

    #[test]
    fn what_is_hidden_is_seen() {
        check("a\u{e0041}\u{202e}b", r"a\u{e0041}\u{202e}b");
    }

    #[test]
    fn other_texts_are_left_as_they_are() {
        for text in ["1 < 2 > 0", "<p class=\"x\">Vec<u8></p>", "a[i] = [INSTALL]", "Grüße 👋🏽 שלום", "&lt;/response>"]
        {
            check(text, text);
        }
    }
}
