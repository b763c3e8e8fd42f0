//! A text in single claims, and which of them documents support.

use karat_sdk::prelude::*;

use crate::material;
use crate::prompt::{Prompt, prompt};
use crate::verdict::{brief, object};

const CLAIMS: Prompt = prompt!("_claims");
const SUPPORTED: Prompt = prompt!("faithfulness");

/// Claims that are looked at; a text that makes more is looked at so far.
const MOST: usize = 20;

/// Characters of one.
const LONGEST: usize = 200;

/// Asks what a text claims, and which of that the documents support; none where it claims nothing.
pub(crate) fn supported(
    role: &str,
    request: &str,
    text: &str,
    documents: &[String],
) -> Result<Option<Feedback<f64>>, Failure> {
    #[derive(Deserialize)]
    struct Taken {
        claims: Vec<String>,
    }
    let claim = json!({ "type": "string", "maxLength": LONGEST });
    let claims = json!({ "type": "array", "items": claim, "maxItems": MOST });
    let shown = [("request", request.to_owned()), ("text", text.to_owned())];
    let question = CLAIMS.about(role, &shown).schema(&object(&[("claims", claims)]));
    let Taken { claims } = question.send()?.json()?;
    if claims.is_empty() {
        return Ok(None);
    }
    judged(role, &claims, documents).map(Some)
}

fn judged(role: &str, claims: &[String], documents: &[String]) -> Result<Feedback<f64>, Failure> {
    #[derive(Deserialize)]
    struct Looked {
        claims: Vec<Claim>,
    }
    #[derive(Deserialize)]
    struct Claim {
        rationale: String,
        supported: bool,
    }
    let claim = object(&[("rationale", brief()), ("supported", json!({ "type": "boolean" }))]);
    let count = claims.len();
    let all = json!({ "type": "array", "items": claim, "minItems": count, "maxItems": count });
    let shown = [("documents", material::numbered(documents)), ("claims", material::numbered(claims))];
    let question = SUPPORTED.about(role, &shown).schema(&object(&[("claims", all)]));
    let looked: Looked = question.send()?.json()?;
    let supported = looked.claims.iter().filter(|claim| claim.supported).count();
    let told = |(claim, looked): (&String, &Claim)| {
        let sign = if looked.supported { "+" } else { "-" };
        format!("{sign} {claim} ({})", looked.rationale)
    };
    let rationale: Vec<_> = claims.iter().zip(&looked.claims).map(told).collect();
    Ok(Feedback::from(supported as f64 / count as f64).because(rationale.join("\n")))
}
