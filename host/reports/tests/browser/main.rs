//! The page of a run in a real browser: headless Chromium, without a network.

#[path = "../support/chromium.rs"]
mod chromium;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

use chromium::Chromium;
use model::run::Run;
use reports::Format;
use serde_json::json;
use support::{Case, support_bot, written};
use tempfile::TempDir;

/// A page in a folder of its own, open in a browser.
struct Shown {
    browser: Chromium,
    _folder: TempDir,
}

fn show(run: &Run, cases: &[Case]) -> Shown {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, written(Format::Html, run, cases)).expect("a file");
    let mut browser = Chromium::start();
    browser.resize(1280, 900, "light");
    browser.open(&file);
    Shown { browser, _folder: folder }
}

impl Shown {
    fn text(&mut self, selector: &str) -> String {
        let text = self.browser.value(&format!("document.querySelector({}).innerText", json!(selector)));
        text.as_str().expect("a text").to_owned()
    }

    fn count(&mut self, selector: &str) -> u64 {
        self.browser
            .value(&format!("document.querySelectorAll({}).length", json!(selector)))
            .as_u64()
            .expect("a number")
    }

    #[track_caller]
    fn check_nothing_went_wrong(&self) {
        let complaints = self.browser.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

/// Where pictures are left for whoever wants to look at them.
fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn a_page_says_the_verdict_and_shows_failing_rows_first() {
    let (run, cases) = support_bot(412);
    let mut shown = show(&run, &cases);
    assert_eq!(shown.text(".verdict").to_lowercase(), "failed");
    let sentence = "1 of 3 gates does not hold: `correctness >= 0.9`, since 0.8712 is below 0.9.";
    assert_eq!(shown.text(".sentence"), sentence);
    assert_eq!(shown.count(".scorers .whisker"), 3);
    assert_eq!(shown.count(".scorers .threshold"), 2);
    assert_eq!(shown.count(".row"), 25);
    assert_eq!(shown.count(".row:has(.chip.f, .chip.e, .chip.u)"), 25, "the first page has failing rows only");
    for (width, height) in [(1280, 2400), (400, 3600)] {
        for scheme in ["light", "dark"] {
            shown.browser.resize(width, height, scheme);
            let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(shown.browser.value(overflow), json!(0), "{width} is too narrow");
            shown.browser.value("document.querySelector('.row').open = true; new Promise(requestAnimationFrame)");
            shown.browser.picture(&pictures().join(format!("{width}-{scheme}.png")));
        }
    }
    shown.check_nothing_went_wrong();
}
