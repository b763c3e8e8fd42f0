//! Pages of a list: how many at most, and where the next one begins.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Asked, Wrong};

/// How many a page may have, by what the request says.
pub(super) fn size(asked: &Asked, default: usize, most: usize) -> Result<usize, Wrong> {
    let Some(wanted) = asked.integer("max_results")? else { return Ok(default) };
    let wrong = |what: String| {
        Err(Wrong::invalid(format!("Invalid value {wanted} for parameter 'max_results' supplied: {what}")))
    };
    match usize::try_from(wanted) {
        Ok(0) | Err(_) => wrong("It must be a positive integer".to_owned()),
        Ok(size) if size > most => wrong(format!("It must be at most {most}")),
        Ok(size) => Ok(size),
    }
}

/// Where a page begins, as [`token`] has written it; none where the request says nothing.
pub(super) fn begins<T: DeserializeOwned>(asked: &Asked) -> Result<Option<T>, Wrong> {
    let Some(token) = asked.text("page_token")?.filter(|token| !token.is_empty()) else { return Ok(None) };
    let bytes = STANDARD.decode(token);
    let bytes = bytes.map_err(|_| Wrong::invalid("Invalid page token, could not base64-decode"))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| Wrong::invalid("Invalid page token, it is of another list"))
}

/// Says where the next page begins.
pub(super) fn token<T: Serialize>(begins: &T) -> String {
    STANDARD.encode(serde_json::to_vec(begins).unwrap_or_default())
}

/// A place in a list that is worked out as a whole each time.
#[derive(Deserialize, Serialize)]
struct Place {
    offset: usize,
}

/// The page of a whole list that is asked for, and where the next one begins.
pub(super) fn of<T>(mut all: Vec<T>, asked: &Asked, size: usize) -> Result<(Vec<T>, Option<String>), Wrong> {
    let begin = begins::<Place>(asked)?.map_or(0, |place| place.offset).min(all.len());
    let mut page = all.split_off(begin);
    let next = (page.len() > size).then(|| token(&Place { offset: begin + size }));
    page.truncate(size);
    Ok((page, next))
}

/// A page as it is answered, of a list: what is empty is not there.
pub(super) fn answer(list: &str, page: Value, next: Option<String>) -> Value {
    let mut fields = Map::new();
    if page != json!([]) {
        fields.insert(list.to_owned(), page);
    }
    if let Some(next) = next {
        fields.insert("next_page_token".to_owned(), Value::String(next));
    }
    Value::Object(fields)
}
