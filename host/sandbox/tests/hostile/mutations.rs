//! Components and manifests that are almost ones.

use guests::wat::{Plugin, nested, with_manifest};
use model::grant::Grant;
use model::limits::CallLimits;
use model::manifest::Manifest;
use sandbox::{Options, Sandbox};

use crate::mutate::mutations;
use crate::{check_honest, outcomes};

/// What gets through all checks runs, within its limits.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_almost_one_is_refused_or_runs_within_its_limits() {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let honest = Plugin::default().bytes();
    let asking = Plugin { capabilities: r#"{"kv": [{"name": "b", "bytes": "1MiB"}]}"#, ..Plugin::default() }.bytes();
    let two = with_manifest(asking.clone(), "{}");
    let deep = nested(30);
    let (mut refused, mut ran) = (0, 0);
    let runtime = tokio::runtime::Handle::current();
    let tried = tokio::task::block_in_place(|| {
        mutations(&[&honest, &asking, &two, &deep, guests::OTHER_WORLD], |bytes| {
            let limits = CallLimits { fuel: 1_000_000, ..CallLimits::default() };
            match runtime.block_on(outcomes(&sandbox, bytes, "probe", limits, Grant::default(), 1)) {
                Ok(_) => ran += 1,
                Err(_) => refused += 1,
            }
        })
    });
    assert!(tried > 30 && refused > 3 && ran > 3, "{tried}: {refused} refused, {ran} ran");
    check_honest(&sandbox, &honest, "all of them").await;
}

#[test]
fn a_manifest_that_is_read_can_be_written_and_read_again() {
    let kept: [&[u8]; 2] = [
        br#"{"manifest": 1, "plugin": {"name": "a/b", "version": "1.0.0", "license": "MIT"}, "capabilities": {"judge": {"roles": ["default"], "max_usd_per_run": 0.5}, "kv": [{"name": "c", "bytes": "10 MiB"}]}}"#,
        br#"{"manifest": 1, "plugin": {"name": "a/b", "version": "1.0.0"}, "capabilities": {"http": [{"url": "https://*.a.example:8443", "methods": ["GET", "POST"], "secrets": ["KEY"], "why": "because"}]}}"#,
    ];
    let mut read = 0;
    mutations(&kept, |input| {
        let Ok(manifest) = Manifest::parse(input) else { return };
        read += 1;
        let written = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(Manifest::parse(&written).as_ref(), Ok(&manifest));
        let asks = &manifest.capabilities;
        assert_eq!(asks.meet(asks), *asks, "{}", String::from_utf8_lossy(&written));
    });
    assert!(read > 10, "{read}");
}
