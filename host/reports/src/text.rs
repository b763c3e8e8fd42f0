//! Texts that somebody else wrote, made safe to show.

use std::borrow::Cow;

use model::run::RowResult;

/// A text without characters that move a cursor, change colours or turn the direction of writing: they are spelled out.
pub fn printable(text: &str) -> Cow<'_, str> {
    spelled(text, |c| c.escape_default().to_string())
}

/// A JSON text that stays the same value, and in which nothing commands whoever looks at it as it is.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    spelled(json, |c| format!("\\u{:04x}", u32::from(c)))
}

fn spelled(text: &str, spell: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.chars().any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if is_command(c) { spelled.push_str(&spell(c)) } else { spelled.push(c) }
    }
    Cow::Owned(spelled)
}

/// All of them are within the Basic Multilingual Plane.
fn is_command(c: char) -> bool {
    c != '\n' && (c.is_control() || is_bidi_control(c) || is_no_character(c))
}

/// The same of no more than `longest` characters, for a page: tabs and the line ends of other systems are no commands there.
pub fn shown(text: &str, longest: usize) -> String {
    let cut = beginning(text, longest);
    let mut shown = if cut.contains(['\r', '\t']) {
        printable(&cut.replace("\r\n", "\n").replace('\t', "    ")).into_owned()
    } else {
        printable(cut).into_owned()
    };
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The same on one line.
pub fn line(text: &str, longest: usize) -> String {
    shown(text, longest).replace(['\n', '\u{2028}', '\u{2029}'], "⏎")
}

/// The first characters.
pub fn beginning(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// What a row is called where each of its trials stands on its own.
pub fn row_name(result: &RowResult) -> String {
    const LONGEST: usize = 200;
    let id = line(&result.id, LONGEST);
    match result.trial {
        0 => id,
        trial => format!("{id} (trial {trial})"),
    }
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// XML can't hold them, and nothing can show them.
fn is_no_character(c: char) -> bool {
    matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_command_is_spelled_out() {
        assert_eq!(printable("red \u{1b}[31m and \u{202e}backwards"), "red \\u{1b}[31m and \\u{202e}backwards");
        assert_eq!(shown("a\tb\r\nc\0", 100), "a    b\nc\\u{0}");
    }

    #[test]
    fn json_stays_the_value_it_is() {
        let json = "{\"a\":\"\u{9b}2J\u{202e}\"}";
        let shown = printable_json(json);
        assert_eq!(shown, r#"{"a":"\u009b2J\u202e"}"#);
        let [one, other] = [json, &shown].map(|json| serde_json::from_str::<serde_json::Value>(json).expect("JSON"));
        assert_eq!(one, other);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shown("äöü", 2), "äö…");
        assert_eq!(shown("äö", 2), "äö");
        assert_eq!(line("two\nlines", 100), "two⏎lines");
    }
}
