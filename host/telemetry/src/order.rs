//! The order of spans: by start, and of equal starts parents first.

use std::collections::HashMap;

use model::trace::Span;

/// Puts spans in order.
///
/// # Errors
///
/// Fails with the place of a span that is there twice, or whose parents lead in a circle.
pub(crate) fn sort(spans: &mut [Span]) -> Result<(), (usize, &'static str)> {
    let mut places = HashMap::with_capacity(spans.len());
    for (place, span) in spans.iter().enumerate() {
        if places.insert(span.id.clone(), place).is_some() {
            return Err((place, "has the id of another span"));
        }
    }
    let parents: Vec<_> =
        spans.iter().map(|span| span.parent.as_ref().and_then(|parent| places.get(parent)).copied()).collect();
    let depths = depths(&parents).map_err(|place| (place, "has parents that lead in a circle"))?;
    let mut order: Vec<_> = (0..spans.len()).collect();
    order.sort_by_key(|&place| (spans[place].start, depths[place]));
    // Where each span goes, turned into swaps.
    let mut goes: Vec<_> = vec![0; spans.len()];
    for (to, &from) in order.iter().enumerate() {
        goes[from] = to;
    }
    for place in 0..spans.len() {
        while goes[place] != place {
            let to = goes[place];
            spans.swap(place, to);
            goes.swap(place, to);
        }
    }
    Ok(())
}

/// How many spans are above each, or the place of one above which there is no end.
fn depths(parents: &[Option<usize>]) -> Result<Vec<usize>, usize> {
    const UNKNOWN: usize = usize::MAX;
    let mut depths = vec![UNKNOWN; parents.len()];
    for place in 0..parents.len() {
        let mut chain = vec![place];
        while depths[chain[chain.len() - 1]] == UNKNOWN {
            match parents[chain[chain.len() - 1]] {
                // No chain is longer than there are spans.
                Some(_) if chain.len() > parents.len() => return Err(place),
                Some(parent) => chain.push(parent),
                None => {
                    depths[chain[chain.len() - 1]] = 0;
                    break;
                }
            }
        }
        for link in (1..chain.len()).rev() {
            depths[chain[link - 1]] = depths[chain[link]] + 1;
        }
    }
    Ok(depths)
}
