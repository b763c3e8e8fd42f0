//! Lists that are worked out anew for each page: a page is told by how many come before it.

use serde::{Deserialize, Serialize};

use super::{Asked, Wrong, page};

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Begins {
    offset: usize,
}

/// A page of a list, and the token of the next one; none where this is the last.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// The page that a request wants.
pub(super) fn cut<T>(asked: &Asked, items: Vec<T>, size: usize) -> Result<Listed<T>, Wrong> {
    let begins = page::begins::<Begins>(asked)?.map_or(0, |begins| begins.offset);
    let end = begins.saturating_add(size);
    let next = (items.len() > end).then(|| page::token(&Begins { offset: end }));
    Ok(Listed { items: items.into_iter().skip(begins).take(size).collect(), next })
}
