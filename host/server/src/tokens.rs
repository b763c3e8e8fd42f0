//! Who may ask: whoever has one of the tokens of a file.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use http::{HeaderMap, header};

/// Digests of tokens. Digests are compared in a time that says nothing of where they differ.
#[derive(Clone)]
pub(crate) struct Tokens(Vec<blake3::Hash>);

/// Why a file of tokens is not used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the file of tokens `{path}` can't be read")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the file of tokens `{path}` can be read by everybody: take that away with `chmod o-rwx`")]
    Open { path: PathBuf },
    #[error("the file of tokens `{path}` has none: write one to a line")]
    Empty { path: PathBuf },
}

impl Tokens {
    pub(crate) fn one(token: &str) -> Self {
        Self(vec![blake3::hash(token.as_bytes())])
    }

    /// Reads one token of each line; empty lines and those that begin with `#` are passed over.
    pub(crate) fn read(path: &Path) -> Result<Self, TokenError> {
        let unreadable = |source| TokenError::Unreadable { path: path.to_owned(), source };
        if is_open(&fs::metadata(path).map_err(unreadable)?) {
            return Err(TokenError::Open { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let tokens: Vec<_> = lines.map(|token| blake3::hash(token.as_bytes())).collect();
        match tokens.is_empty() {
            true => Err(TokenError::Empty { path: path.to_owned() }),
            false => Ok(Self(tokens)),
        }
    }

    /// Whether a request brings one of them.
    pub(crate) fn holds(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let Some((scheme, token)) = value.split_once(' ') else { return false };
        let digest = blake3::hash(token.trim().as_bytes());
        // All of them are looked at, so that the time does not tell which one it is.
        scheme.eq_ignore_ascii_case("bearer") && self.0.iter().fold(false, |found, known| found | (*known == digest))
    }
}

#[cfg(unix)]
fn is_open(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn is_open(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("a mode");
        file
    }

    fn asks(tokens: &Tokens, value: &str) -> bool {
        tokens.holds(&HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("a value"))]))
    }

    #[test]
    fn a_token_is_a_line() {
        let file = file("# for the collector\none-token\n\n  another-token \n", 0o600);
        let tokens = Tokens::read(file.path()).expect("tokens");
        for known in ["Bearer one-token", "bearer another-token"] {
            assert!(asks(&tokens, known), "{known}");
        }
        for unknown in ["Bearer one", "Bearer ", "one-token", "Basic one-token", "Bearer # for the collector"] {
            assert!(!asks(&tokens, unknown), "{unknown}");
        }
        assert!(!tokens.holds(&HeaderMap::new()));
    }

    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        let open = file("one-token", 0o604);
        assert!(matches!(Tokens::read(open.path()), Err(TokenError::Open { .. })));
        let empty = file("# none\n", 0o640);
        assert!(matches!(Tokens::read(empty.path()), Err(TokenError::Empty { .. })));
        assert!(matches!(Tokens::read(Path::new("/nowhere/tokens")), Err(TokenError::Unreadable { .. })));
    }
}
