//! Suites that are almost ones: each is read or refused with problems that name the file, and nothing crashes.

#[path = "../../../tests/support/mutate.rs"]
mod mutate;

use mutate::mutations;
use pipeline::suite;

#[test]
fn a_suite_that_is_almost_one_is_read_or_refused_with_reasons() {
    let kept: [&[u8]; 3] = [
        b"name: t\ndata: { path: rows.jsonl, map: { inputs.q: 'a.b[0]' } }\nscorers: [exact_match]\ngate: \"exact_match >= 0.9\"\n",
        b"name: support\ndata:\n  path: cases.csv\n  format: csv\nscorers:\n  - exact_match\n  - use: numeric_match\n    name: price\n    with: { pattern: '(\\d+)', tolerance: 1e-3 }\n    limits: { memory: 64MiB, fuel: 1e9, time: 30s }\n    reuse: row\nlimits: { max_failed: \"1%\", concurrency: auto, row_timeout: 60s }\ntrials: 2\nseed: 7\n",
        b"name: x\ndata: { path: r.json }\nscorers:\n  - { plugin: ./a.wasm, use: b, grant: { http: [{ url: 'https://a.test', methods: [GET] }], kv: [{ name: c, bytes: 1MiB }] }, config: { deep: [[1], {\"a\": null}] } }\n",
    ];
    let (mut read, mut refused) = (0, 0);
    let tried = mutations(&kept, |input| match suite::parse("karat.yaml", &String::from_utf8_lossy(input)) {
        Ok(_) => read += 1,
        Err(problems) => {
            refused += 1;
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| problem.file == "karat.yaml" && !problem.message.is_empty()));
        }
    });
    assert!(tried > 30 && read > 3 && refused > 3, "{tried}: {read} read, {refused} refused");
}
