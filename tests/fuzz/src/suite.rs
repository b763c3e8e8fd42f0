//! A suite is read, or refused with problems that name the file.

use pipeline::suite;

const FILE: &str = "karat.yaml";

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kept = [
        "name: t\ndata: { path: rows.jsonl, map: { inputs.q: 'a.b[0]' } }\nscorers: [exact_match]\ngate: \"exact_match >= 0.9\"\n",
        "name: support\ndata:\n  path: cases.csv\n  format: csv\nscorers:\n  - exact_match\n  - use: numeric_match\n    name: price\n    with: { pattern: '(\\d+)', tolerance: 1e-3 }\n    limits: { memory: 64MiB, fuel: 1e9, time: 30s }\n    reuse: row\nlimits: { max_failed: \"1%\", concurrency: auto, row_timeout: 60s }\ntrials: 2\nseed: 7\n",
        "name: x\ndata: { path: r.json }\nscorers:\n  - { plugin: ./a.wasm, use: b, grant: { http: [{ url: 'https://a.test', methods: [GET] }], kv: [{ name: c, bytes: 1MiB }] }, config: { deep: [[1], {\"a\": null}] } }\n",
    ];
    kept.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Reads it.
pub fn check(input: &[u8]) -> bool {
    match suite::parse(FILE, &String::from_utf8_lossy(input)) {
        Ok(_) => true,
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| problem.file == FILE && !problem.message.is_empty()));
            false
        }
    }
}
