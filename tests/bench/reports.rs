//! The page of a large run: how large it is, how long it takes to write, and how long until a browser shows its rows.
//! Prints a JSON line for each format, and one for the page in Chromium, with the processor time of what shows it: on a
//! machine that does other things as well, that is the figure that says something.
//!
//! ```text
//! cargo bench -p reports --bench reports [-- [ROWS] [html]]
//! ```

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![allow(dead_code, reason = "the tests use more of what is shared with them")]

#[path = "../../host/reports/tests/written/chromium.rs"]
mod chromium;
#[path = "../../host/reports/tests/written/support.rs"]
mod support;

use std::time::Instant;

use chromium::Chromium;
use reports::Format;
use support::{support_bot, written};
use tempfile::TempDir;

const OPENED: usize = 5;

fn main() {
    let rows = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (run, cases) = support_bot(rows);
    let folder = TempDir::new().expect("a folder");
    // The page is what the browser is shown.
    let wanted = |format: &Format| *format == Format::Html || !std::env::args().any(|argument| argument == "html");
    for format in Format::ALL.into_iter().filter(wanted) {
        let began = Instant::now();
        let bytes = written(format, &run, &cases);
        let seconds = began.elapsed().as_secs_f64();
        let (name, length) = (format.name(), bytes.len());
        println!(
            r#"{{"bench": "reports", "format": "{name}", "rows": {rows}, "bytes": {length}, "seconds": {seconds:.3}}}"#
        );
        if format == Format::Html {
            std::fs::write(folder.path().join("report.html"), bytes).expect("a file");
        }
    }
    let mut browser = Chromium::start();
    browser.resize(1280, 900, "light");
    browser.ask("Performance.enable", serde_json::json!({}));
    let mut seconds: Vec<(f64, f64)> = (0..OPENED).map(|_| open(&mut browser, &folder)).collect();
    seconds.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let ((median, processor), (longest, _)) = (seconds[OPENED / 2], seconds[OPENED - 1]);
    let began = Instant::now();
    browser.value("{ const it = document.getElementById('text'); it.value = 'nobody said so'; it.dispatchEvent(new Event('input', { bubbles: true })); }");
    browser.until("document.getElementById('found').innerText.startsWith('0 of') && !document.getElementById('found').innerText.includes('searching')");
    let search = began.elapsed().as_secs_f64();
    println!(
        r#"{{"bench": "reports", "opened": {OPENED}, "median": {median:.3}, "processor": {processor:.3}, "longest": {longest:.3}, "search": {search:.3}}}"#
    );
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
}

/// Seconds until the first rows are there, which the page lays out before it says that it is loaded: by the clock, and of
/// the processor.
fn open(browser: &mut Chromium, folder: &TempDir) -> (f64, f64) {
    let (began, before) = (Instant::now(), processor(browser));
    browser.open(&folder.path().join("report.html"));
    assert_eq!(browser.value("document.querySelectorAll('.row').length"), 25);
    (began.elapsed().as_secs_f64(), processor(browser) - before)
}

fn processor(browser: &mut Chromium) -> f64 {
    let told = browser.ask("Performance.getMetrics", serde_json::json!({}));
    let metrics = told["metrics"].as_array().expect("metrics");
    metrics
        .iter()
        .find(|metric| metric["name"] == "ProcessTime")
        .and_then(|metric| metric["value"].as_f64())
        .expect("a time")
}
