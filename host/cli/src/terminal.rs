//! Everything that is printed goes through here: data to standard output, talk to standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
/// As [`printable`], of a text that is known to be of some length and that somebody has asked for.
pub(crate) use reports::text::printable as printable_whole;
use serde::Serialize;

use crate::exit::Stop;

/// Characters of a guest's or dataset's text shown in a table or a message.
const LONGEST_TEXT: usize = 400;

/// How to talk to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    json: bool,
}

impl Terminal {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether somebody watches standard error.
    pub(crate) fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether somebody could answer.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && self.is_watched()
    }

    /// Asks, and waits for an answer; anything but yes is no.
    pub(crate) fn ask(&self, question: &str) -> io::Result<bool> {
        write!(io::stderr().lock(), "{question}")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// A line of data.
    pub(crate) fn data(&self, line: impl Display) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{line}")
    }

    /// Where long data goes, buffered.
    pub(crate) fn out(&self) -> io::BufWriter<io::Stdout> {
        io::BufWriter::new(io::stdout())
    }

    /// One JSON value as data.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        writeln!(out)
    }

    /// A line for a person: to standard output where that is what they read, to standard error under `--json`.
    pub(crate) fn note(&self, line: impl Display) -> io::Result<()> {
        if self.json { self.say(line) } else { self.data(line) }
    }

    /// A line of talk.
    pub(crate) fn say(&self, line: impl Display) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{line}")
    }

    /// Says what went wrong, its causes, and what to do. A standard error that can't be written leaves nobody to tell.
    pub(crate) fn error(&self, stop: &Stop) {
        let mut text = String::new();
        if let Some(problems) = stop.error.downcast_ref::<pipeline::problem::Problems>() {
            text.push_str(&problems.to_string());
        } else {
            text.push_str(&format!("error: {}\n", printable(&stop.error.to_string())));
            for cause in stop.error.chain().skip(1) {
                text.push_str(&format!("  cause: {}\n", printable(&cause.to_string())));
            }
        }
        if let Some(hint) = &stop.hint {
            text.push_str(&format!("   hint: {hint}\n"));
        }
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// A table with a header, without lines; the columns in `numbers` are aligned to the right.
pub(crate) fn table(header: &[&str], numbers: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().copied()).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.to_string();
    lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A text that somebody else wrote, made safe to show: bounded, and without characters that move the cursor, change
/// colours or turn the direction of writing.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_TEXT {
        return printable_whole(text);
    }
    let mut shown = text.chars().take(LONGEST_TEXT).collect::<String>();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    Cow::Owned(printable_whole(&shown).into_owned())
}

/// The same on one line.
pub(crate) fn printable_line(text: &str) -> String {
    printable(text).replace('\n', "⏎")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_text_can_not_command_the_terminal() {
        assert_eq!(printable("red \u{1b}[31m and \u{202e}backwards"), "red \\u{1b}[31m and \\u{202e}backwards");
        assert_eq!(printable_line("two\nlines"), "two⏎lines");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), LONGEST_TEXT + 1);
    }
}
