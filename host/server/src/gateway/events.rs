//! Server-sent events, one by one, out of bytes that come in pieces.

/// Bytes of one event. What is longer is none.
const LONGEST: usize = 8 << 20;

/// Bytes that have come, up to where an event ends.
#[derive(Default)]
pub(super) struct Events {
    held: Vec<u8>,
    /// Up to here no event ends.
    seen: usize,
}

impl Events {
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.held.extend_from_slice(piece);
    }

    /// The next event that is there to its end, as it was sent.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let from = self.seen.saturating_sub(3);
        let rest = &self.held[from..];
        // A line ends with `\n` or `\r\n`, an event with a line that is empty.
        let end = (0..rest.len()).find_map(|at| match &rest[at..] {
            [b'\n', b'\n', ..] => Some(from + at + 2),
            [b'\n', b'\r', b'\n', ..] => Some(from + at + 3),
            _ => None,
        });
        match end {
            Some(end) => {
                self.seen = 0;
                let rest = self.held.split_off(end);
                Some(std::mem::replace(&mut self.held, rest))
            }
            None if self.held.len() > LONGEST => Some(self.rest()),
            None => {
                self.seen = self.held.len();
                None
            }
        }
    }

    /// What has come of an event that has no end.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        self.seen = 0;
        std::mem::take(&mut self.held)
    }
}

/// What an event carries.
pub(super) fn data(event: &[u8]) -> String {
    let event = String::from_utf8_lossy(event);
    let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_they_are_cut() {
        let sent = "data: one\n\ndata: two\r\n\r\n: a comment\n\nevent: x\ndata:three\ndata: 3\n\nrest";
        for length in 1..=sent.len() {
            let (mut events, mut found) = (Events::default(), Vec::new());
            for piece in sent.as_bytes().chunks(length) {
                events.push(piece);
                found.extend(std::iter::from_fn(|| events.next()));
            }
            let said: Vec<_> = found.iter().map(|event| data(event)).collect();
            assert_eq!(said, ["one", "two", "", "three\n3"], "in pieces of {length}");
            found.push(events.rest());
            assert_eq!(String::from_utf8_lossy(&found.concat()), sent);
        }
    }
}
