//! Components that are almost ones: each is refused, or runs within its limits.

use guests::wat::{Plugin, nested, with_manifest};
use model::json::Json;

use crate::plugin;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let asking = Plugin { capabilities: r#"{"kv": [{"name": "b", "bytes": "1MiB"}]}"#, ..Plugin::default() }.bytes();
    let two = with_manifest(asking.clone(), "{}");
    let utf16 = Plugin { utf16: true, ..Plugin::default() }.bytes();
    vec![Plugin::default().bytes(), asking, two, utf16, nested(30), guests::OTHER_WORLD.to_vec()]
}

/// Loads the component and calls it.
pub fn check(bytes: &[u8]) -> bool {
    let Some(loaded) = plugin::load(bytes) else { return false };
    plugin::outcome(&loaded, Json::parse("{}").unwrap());
    true
}
