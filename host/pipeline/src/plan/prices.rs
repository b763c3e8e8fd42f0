//! What well-known models cost, where they are asked at their provider's own address.
//!
//! List prices of the providers' pages, in US dollars for a million tokens of text, without discounts for batches and without
//! what long prompts cost more. A suite's `price` goes before it, and a model that is not here has no price: it is never taken for free.

use model::digest::{Cost, Tokens};
use model::endpoint::{Model, Price, Provider};

/// When the table was last compared with the providers' pages.
pub const AS_OF: &str = "2025-12-01";

/// Of what comes in, of what is read from a cache, and of what goes out.
const PRICES: [(Provider, &str, f64, f64, f64); 26] = [
    (Provider::OpenAi, "gpt-5.1", 1.25, 0.125, 10.0),
    (Provider::OpenAi, "gpt-5", 1.25, 0.125, 10.0),
    (Provider::OpenAi, "gpt-5-mini", 0.25, 0.025, 2.0),
    (Provider::OpenAi, "gpt-5-nano", 0.05, 0.005, 0.4),
    (Provider::OpenAi, "gpt-4.1", 2.0, 0.5, 8.0),
    (Provider::OpenAi, "gpt-4.1-mini", 0.4, 0.1, 1.6),
    (Provider::OpenAi, "gpt-4.1-nano", 0.1, 0.025, 0.4),
    (Provider::OpenAi, "gpt-4o", 2.5, 1.25, 10.0),
    (Provider::OpenAi, "gpt-4o-mini", 0.15, 0.075, 0.6),
    (Provider::OpenAi, "o3", 2.0, 0.5, 8.0),
    (Provider::OpenAi, "o3-mini", 1.1, 0.55, 4.4),
    (Provider::OpenAi, "o4-mini", 1.1, 0.275, 4.4),
    (Provider::Anthropic, "claude-opus-4-5", 5.0, 0.5, 25.0),
    (Provider::Anthropic, "claude-opus-4-1", 15.0, 1.5, 75.0),
    (Provider::Anthropic, "claude-opus-4", 15.0, 1.5, 75.0),
    (Provider::Anthropic, "claude-sonnet-4-5", 3.0, 0.3, 15.0),
    (Provider::Anthropic, "claude-sonnet-4", 3.0, 0.3, 15.0),
    (Provider::Anthropic, "claude-haiku-4-5", 1.0, 0.1, 5.0),
    (Provider::Anthropic, "claude-3-5-haiku", 0.8, 0.08, 4.0),
    (Provider::Gemini, "gemini-3-pro-preview", 2.0, 0.2, 12.0),
    (Provider::Gemini, "gemini-2.5-pro", 1.25, 0.125, 10.0),
    (Provider::Gemini, "gemini-2.5-flash", 0.3, 0.03, 2.5),
    (Provider::Gemini, "gemini-2.5-flash-lite", 0.1, 0.01, 0.4),
    (Provider::Gemini, "gemini-2.0-flash", 0.1, 0.025, 0.4),
    (Provider::Gemini, "gemini-2.0-flash-lite", 0.075, 0.075, 0.3),
    (Provider::OpenAi, "o1", 15.0, 7.5, 60.0),
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
    found.map(|&(_, _, input, _, output)| Price { input, output })
}

/// What tokens of a model cost, wherever it was asked; none where that is not known. `provider` is as whoever asked calls it:
/// one that is not known here leaves the model's name to tell.
pub fn of_tokens(provider: Option<&str>, model: &str, tokens: &Tokens) -> Option<Cost> {
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
    let &(provider, _, of_input, of_read, of_output) =
        PRICES.iter().find(|(known, name, ..)| is_of(*known) && is_it(name))?;
    // https://docs.claude.com/en/docs/build-with-claude/prompt-caching: for five minutes; the others take nothing for it.
    let of_write = if provider == Provider::Anthropic { 1.25 * of_input } else { of_input };
    let fresh = tokens.input.saturating_sub(tokens.cache_read).saturating_sub(tokens.cache_write);
    let parts = [(fresh, of_input), (tokens.cache_read, of_read), (tokens.cache_write, of_write)];
    let input: f64 = parts.iter().map(|&(count, price)| count as f64 * price).sum();
    Some(Cost { input: input / 1e6, output: tokens.output as f64 * of_output / 1e6 })
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

    /// Of what is read from a cache, and of what is written to one.
    #[test]
    fn cached_tokens_cost_what_their_provider_takes_for_them() {
        let tokens = Tokens { input: 10, output: 2, cache_read: 4, cache_write: 2, ..Tokens::default() };
        // Billionths of a dollar.
        let of = |model| {
            of_tokens(None, model, &tokens).map(|cost| [cost.input, cost.output].map(|cost| (cost * 1e9).round()))
        };
        assert_eq!(of("gpt-5"), Some([4.0 * 1250.0 + 4.0 * 125.0 + 2.0 * 1250.0, 20_000.0]));
        assert_eq!(of("anthropic/claude-sonnet-4-5"), Some([4.0 * 3000.0 + 4.0 * 300.0 + 2.0 * 3750.0, 30_000.0]));
        assert_eq!(of("nobody's"), None);
    }
}
