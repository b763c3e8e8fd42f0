//! Keys of documents: parts with a NUL between them, so that what belongs together lies together.

use crate::Error;

const BETWEEN: char = '\0';

/// What a part of a key may have; a longer one is its beginning and its digest.
const LONGEST_PART: usize = 250;

/// A key of these parts.
///
/// # Errors
///
/// `Invalid` where a part has a NUL.
pub(crate) fn of(parts: &[&str]) -> Result<String, Error> {
    let parts = parts.iter().map(|part| self::part(part)).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.join(&BETWEEN.to_string()))
}

/// What keys with more parts behind these begin with.
///
/// # Errors
///
/// As [`of`].
pub(crate) fn below(parts: &[&str]) -> Result<String, Error> {
    let mut prefix = of(parts)?;
    prefix.push(BETWEEN);
    Ok(prefix)
}

fn part(part: &str) -> Result<String, Error> {
    if part.contains(BETWEEN) {
        return Err(Error::invalid(format!("`{}` has a character that no name may have", part.escape_debug())));
    }
    if part.len() <= LONGEST_PART {
        return Ok(part.to_owned());
    }
    let digest = blake3::hash(part.as_bytes()).to_hex();
    let beginning = &part[..part.floor_char_boundary(LONGEST_PART - digest.len() - 1)];
    Ok(format!("{beginning}#{digest}"))
}
