//! What well-known models cost, where they are asked at their provider's own address.
//!
//! List prices of the providers' pages, in US dollars for a million tokens of text, without discounts for caching, batches
//! or long prompts. A suite's `price` goes before it, and a model that is not here has no price: it is never taken for free.

use model::endpoint::{Model, Price, Provider};

/// When the table was last compared with the providers' pages.
pub const AS_OF: &str = "2025-12-01";

const PRICES: [(Provider, &str, f64, f64); 26] = [
    (Provider::OpenAi, "gpt-5.1", 1.25, 10.0),
    (Provider::OpenAi, "gpt-5", 1.25, 10.0),
    (Provider::OpenAi, "gpt-5-mini", 0.25, 2.0),
    (Provider::OpenAi, "gpt-5-nano", 0.05, 0.4),
    (Provider::OpenAi, "gpt-4.1", 2.0, 8.0),
    (Provider::OpenAi, "gpt-4.1-mini", 0.4, 1.6),
    (Provider::OpenAi, "gpt-4.1-nano", 0.1, 0.4),
    (Provider::OpenAi, "gpt-4o", 2.5, 10.0),
    (Provider::OpenAi, "gpt-4o-mini", 0.15, 0.6),
    (Provider::OpenAi, "o3", 2.0, 8.0),
    (Provider::OpenAi, "o3-mini", 1.1, 4.4),
    (Provider::OpenAi, "o4-mini", 1.1, 4.4),
    (Provider::Anthropic, "claude-opus-4-5", 5.0, 25.0),
    (Provider::Anthropic, "claude-opus-4-1", 15.0, 75.0),
    (Provider::Anthropic, "claude-opus-4", 15.0, 75.0),
    (Provider::Anthropic, "claude-sonnet-4-5", 3.0, 15.0),
    (Provider::Anthropic, "claude-sonnet-4", 3.0, 15.0),
    (Provider::Anthropic, "claude-haiku-4-5", 1.0, 5.0),
    (Provider::Anthropic, "claude-3-5-haiku", 0.8, 4.0),
    (Provider::Gemini, "gemini-3-pro-preview", 2.0, 12.0),
    (Provider::Gemini, "gemini-2.5-pro", 1.25, 10.0),
    (Provider::Gemini, "gemini-2.5-flash", 0.3, 2.5),
    (Provider::Gemini, "gemini-2.5-flash-lite", 0.1, 0.4),
    (Provider::Gemini, "gemini-2.0-flash", 0.1, 0.4),
    (Provider::Gemini, "gemini-2.0-flash-lite", 0.075, 0.3),
    (Provider::OpenAi, "o1", 15.0, 60.0),
];

/// What a model costs; none where that is not known.
pub(super) fn of(model: &Model, base_url: &str) -> Option<Price> {
    if model.provider == Provider::Ollama {
        return Some(Price { input: 0.0, output: 0.0 });
    }
    if model.provider.base_url() != Some(base_url) {
        return None;
    }
    let is_it = |known: &str| model.name.strip_prefix(known).is_some_and(is_date);
    let found = PRICES.iter().find(|(provider, known, ..)| *provider == model.provider && is_it(known));
    found.map(|&(_, _, input, output)| Price { input, output })
}

/// What so many tokens of a model cost in US dollars, wherever it was asked; none where that is not known. `provider` is as
/// whoever asked calls it: one that is not known here leaves the model's name to tell.
pub fn of_tokens(provider: Option<&str>, model: &str, input: u64, output: u64) -> Option<f64> {
    let named = provider.map(str::to_ascii_lowercase);
    let is_of = |known: Provider| match (&named, known) {
        (None, _) => true,
        (Some(named), Provider::OpenAi) => named.contains("openai"),
        (Some(named), Provider::Anthropic) => named.contains("anthropic"),
        (Some(named), Provider::Gemini) => {
            ["gemini", "google", "gcp", "vertex"].iter().any(|name| named.contains(name))
        }
        (Some(_), Provider::Ollama | Provider::Azure) => false,
    };
    // Who routes puts the provider before the model.
    let model = model.rsplit_once('/').map_or(model, |(_, name)| name);
    let is_it = |known: &str| model.strip_prefix(known).is_some_and(is_date);
    let &(_, _, of_input, of_output) = PRICES.iter().find(|(known, name, ..)| is_of(*known) && is_it(name))?;
    Some((input as f64 * of_input + output as f64 * of_output) / 1e6)
}

/// Whether this is nothing, or the date of a release: `-2025-08-07`, `-20250929`.
fn is_date(behind: &str) -> bool {
    behind.is_empty()
        || behind
            .strip_prefix('-')
            .is_some_and(|date| date.len() >= 8 && date.chars().all(|c| c.is_ascii_digit() || c == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, base_url: &str, input: Option<f64>) {
        let model = model.parse().expect("a model");
        assert_eq!(of(&model, base_url).map(|price| price.input), input);
    }

    #[test]
    fn a_model_has_the_price_of_its_name_and_no_other() {
        let openai = "https://api.openai.com/v1";
        check("openai:/gpt-5-mini", openai, Some(0.25));
        check("openai:/gpt-5-mini-2025-08-07", openai, Some(0.25));
        check("openai:/gpt-5-2025-08-07", openai, Some(1.25));
        check("openai:/gpt-5-pro", openai, None);
        check("openai:/gpt-5-mini", "http://127.0.0.1:8000/v1", None);
        check("anthropic:/claude-sonnet-4-5-20250929", "https://api.anthropic.com/v1", Some(3.0));
        check("ollama:/llama3:8b", "http://127.0.0.1:11434", Some(0.0));
    }
}
