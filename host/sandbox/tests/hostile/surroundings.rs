//! Threats B, the world outside: files, sockets, environment, clock. What a guest sees of it is checked by value in
//! `tests/plugins`; here, that trying does no harm.

use model::outcome::FailureKind;

use crate::{Case, End};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::rust(
            "T20–T23",
            "reads environment, arguments, files and input, opens a connection",
            "surroundings",
            End::Scores,
        ),
        Case::rust("T26", "writes a megabyte to standard output and standard error", "prints", End::Scores),
        Case::rust("T27", "ends itself", "exits", End::Fails(FailureKind::Exited, "ended itself with status")),
    ]
}
