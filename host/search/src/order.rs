//! Which traces come first.

use model::search::{Field, Order};

use crate::field::{self, Asked};
use crate::parse::LONGEST;
use crate::problem::Problem;
use crate::token::Kind;
use crate::words::Words;

const EXAMPLE: &str = "an order reads like `cost desc` or `status, duration desc`";

/// Reads fields that commas join, each with `asc` (as without) or `desc` behind it. An empty text orders by nothing.
///
/// # Errors
///
/// Fails at the first place that is not right.
pub fn parse_order(text: &str) -> Result<Vec<Order>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.len() > LONGEST {
        return Err(Problem::new(text, 0, format!("it is {} bytes long", text.len()), "64 KiB are the most"));
    }
    let mut words = Words::new(text);
    let mut orders = Vec::new();
    loop {
        let field = field(&mut words)?;
        let descending = words.take_word("desc");
        if !descending {
            words.take_word("asc");
        }
        orders.push(Order { field, descending });
        if words.take_sign(",") {
            continue;
        }
        return match words.peek().kind {
            Kind::End => Ok(orders),
            _ => Err(words.expected("`asc`, `desc`, `,` or the end", EXAMPLE)),
        };
    }
}

fn field(words: &mut Words<'_>) -> Result<Field, Problem> {
    let token = words.next();
    let Kind::Name(name) = &token.kind else { return Err(words.not(&token, "a field", EXAMPLE)) };
    let found = field::of_trace(name).map_err(|(message, hint)| words.problem(&token, message, hint))?;
    match found.asked {
        Asked::Trace(field) if field != Field::Text => Ok(field),
        _ => {
            let message = format!("traces have no order by `{}`", words.written(&token));
            Err(words.problem(&token, message, "order by a field that a trace has one of, such as `start` or `cost`"))
        }
    }
}
