//! A manifest that is read can be written and read again, and means the same.

use model::manifest::Manifest;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kept = [
        r#"{"manifest": 1, "plugin": {"name": "a/b", "version": "1.0.0", "license": "MIT"}, "capabilities": {"judge": {"roles": ["default"], "max_usd_per_run": 0.5}, "kv": [{"name": "c", "bytes": "10 MiB"}]}}"#,
        r#"{"manifest": 1, "plugin": {"name": "a/b", "version": "1.0.0"}, "capabilities": {"http": [{"url": "https://*.a.example:8443", "methods": ["GET", "POST"], "secrets": ["KEY"], "why": "because"}]}}"#,
    ];
    kept.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Reads it, writes it and reads it again.
pub fn check(input: &[u8]) -> bool {
    let Ok(manifest) = Manifest::parse(input) else { return false };
    let written = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(Manifest::parse(&written).as_ref(), Ok(&manifest));
    let asks = &manifest.capabilities;
    assert_eq!(asks.meet(asks), *asks, "{}", String::from_utf8_lossy(&written));
    true
}
