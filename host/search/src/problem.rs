//! What is wrong with a text, and where.

/// A text that is no filter or no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct Problem {
    /// Where in the text, in characters from 1. Ends of lines are characters like others.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Characters of a line that are shown before the place, at the most; half as many behind it.
const SHOWN: usize = 60;

impl Problem {
    pub(crate) fn new(text: &str, at: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let column = text[..at].chars().count() + 1;
        Self { column, message: message.into(), hint: Some(hint.into()) }
    }

    /// The line of `text` that it is in, cut where it is long, and under the place a caret with what is wrong. The hint is left
    /// to who shows it.
    pub fn under(&self, text: &str) -> String {
        let before: Vec<char> = text.chars().take(self.column - 1).collect();
        let line = before.iter().rposition(|character| *character == '\n').map_or(0, |end| end + 1);
        let start = line.max(before.len().saturating_sub(SHOWN));
        let rest = text.chars().skip(before.len()).take_while(|character| *character != '\n').take(SHOWN / 2);
        let cut = if start > line { "…" } else { "" };
        // One column each, whatever they would do to a terminal.
        let visible = |character| if char::is_control(character) { ' ' } else { character };
        let shown: String = before[start..].iter().copied().chain(rest).map(visible).collect();
        let width = cut.chars().count() + before.len() - start;
        format!("{cut}{}\n{:width$}^ {}", shown.trim_end(), "", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, column: usize, expected: &str) {
        let problem = Problem { column, message: "wrong".to_owned(), hint: None };
        assert_eq!(problem.under(text), expected);
    }

    #[test]
    fn the_caret_is_under_the_place() {
        check("a = 'b'", 5, "a = 'b'\n    ^ wrong");
        check("a = 'ä'\nand\tb", 13, "and b\n    ^ wrong");
        check("a", 2, "a\n ^ wrong");
        check("", 1, "\n^ wrong");
        let long = "x".repeat(100);
        let expected = format!("…{}\n{}^ wrong", "x".repeat(60 + 30), " ".repeat(61));
        check(&long, 71, &expected);
    }
}
