//! What may be passed on of a text that somebody else wrote.

/// Characters that are passed on.
const LONGEST: usize = 300;

/// Shorter words with digits in them can be read.
const SHORTEST_ID: usize = 16;

/// What ids and keys begin with that are known for it.
const IDS: [&str; 9] = ["req_", "org-", "proj_", "chatcmpl-", "msg_", "resp_", "acct_", "sk-", "AIza"];

/// A text in one line, not too long, without what does not print, and without addresses and ids.
pub(in crate::judge) fn excerpt(text: &str) -> String {
    let mut excerpt = String::new();
    // More than enough is looked at.
    for word in text.split(is_blank).filter(|word| !word.is_empty()).take(LONGEST) {
        if !excerpt.is_empty() {
            excerpt.push(' ');
        }
        excerpt.push_str(&told(word));
    }
    if let Some((end, _)) = excerpt.char_indices().nth(LONGEST) {
        let last = excerpt[..end].char_indices().next_back().map_or(0, |(start, _)| start);
        excerpt.truncate(last);
        excerpt.push('…');
    }
    excerpt
}

/// White space, and what writes nothing or makes others write elsewhere.
fn is_blank(character: char) -> bool {
    let is_mark =
        matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    character.is_whitespace() || character.is_control() || is_mark
}

/// A word, with dots for what is nobody's business in it.
fn told(word: &str) -> String {
    if word.contains("://") {
        return "…".to_owned();
    }
    let is_of_id = |character: char| character.is_ascii_alphanumeric() || "-_*".contains(character);
    let mut told = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| is_of_id(character) != is_of_id(first)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        told.push_str(if is_id(part) { "…" } else { part });
        rest = behind;
    }
    told
}

fn is_id(part: &str) -> bool {
    let is_long = part.len() >= SHORTEST_ID && part.contains(|character: char| character.is_ascii_digit());
    is_long || part.contains("***") || IDS.iter().any(|start| part.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_says_no_id() {
        for (text, expected) in [
            ("Invalid 'seed': must be a number", "Invalid 'seed': must be a number"),
            ("two\nlines\u{1b}[31m red \u{202e}back", "two lines [31m red back"),
            ("help at https://help.example.com, (request ID req_abc).", "help at … (request ID …)."),
            ("in organization org-AbC on tokens", "in organization … on tokens"),
            ("Incorrect key: sk-proj-1234. ab****yz", "Incorrect key: …. …"),
            ("id=6f9619ff-8b86-d011-b42d-00cf4fc964ff;", "id=…;"),
            ("`responseJsonSchema` of additionalProperties", "`responseJsonSchema` of additionalProperties"),
            ("", ""),
        ] {
            assert_eq!(excerpt(text), expected);
        }
        let long = excerpt(&"äx ".repeat(1000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with('…'));
        assert_eq!(excerpt(&"a".repeat(1 << 20)).chars().count(), LONGEST);
    }
}
