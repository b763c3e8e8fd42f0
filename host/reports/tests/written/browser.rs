//! The page of a run in a real browser: headless Chromium, without a network.

use std::path::PathBuf;

use model::run::Run;
use reports::Format;
use serde_json::json;
use tempfile::TempDir;

use crate::chromium::Chromium;
use crate::comparison::beside;
use crate::hostile::{NASTY, all_of};
use crate::support::{Case, support_bot, written};

/// A page in a folder of its own, open in a browser.
struct Shown {
    browser: Chromium,
    folder: TempDir,
}

fn show(run: &Run, cases: &[Case]) -> Shown {
    let folder = TempDir::new().expect("a folder");
    let mut shown = Shown { browser: Chromium::start(), folder };
    shown.browser.resize(1280, 900, "light");
    shown.open(run, cases);
    shown
}

impl Shown {
    fn open(&mut self, run: &Run, cases: &[Case]) {
        let file = self.folder.path().join("report.html");
        std::fs::write(&file, written(Format::Html, run, cases)).expect("a file");
        self.browser.open(&file);
    }

    /// Chooses or types as a person does, and waits until the search is done.
    fn set(&mut self, control: &str, value: &str) {
        let set = format!(
            "{{ const it = document.getElementById({}); it.value = {}; it.dispatchEvent(new Event('input', {{ bubbles: true }})); }}",
            json!(control),
            json!(value)
        );
        self.browser.value(&set);
        self.browser.until("!document.getElementById('found').innerText.includes('searching')");
    }

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
    let sentence = "1 of 3 gates does not hold: correctness >= 0.9, since 0.8712 is below 0.9.";
    assert_eq!(shown.text(".sentence"), sentence);
    assert_eq!(shown.count(".scorers:not(.slices) .whisker"), 3);
    assert_eq!(shown.count(".scorers .threshold"), 2);
    assert_eq!(shown.count(".slices tbody"), 3);
    assert_eq!(shown.count(".row"), 25);
    assert_eq!(shown.count(".row:has(.chip.f, .chip.e, .chip.u)"), 25, "the first page has failing rows only");
    shown.check_nothing_went_wrong();
}

/// Whoever wants to look at it finds pictures in the folder that [`pictures`] names.
#[test]
fn a_page_fits_a_desk_and_a_telephone_by_day_and_by_night() {
    let (run, cases) = support_bot(412);
    let mut shown = show(&run, &cases);
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")] {
        shown.browser.resize(width, 1100, scheme);
        for part in [".suite", "#rows", "#lineage"] {
            let scroll = format!("document.querySelector('{part}').scrollIntoView()");
            shown.browser.value("document.querySelector('.row').open = true");
            shown.browser.until("document.querySelectorAll('.texts').length === 1");
            shown.browser.value(&scroll);
            let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(shown.browser.value(overflow), json!(0), "{width} is too narrow for `{part}`");
            let name = format!("{width}-{scheme}-{}.png", part.trim_start_matches(['.', '#']));
            shown.browser.picture(&pictures().join(name));
        }
    }
    shown.check_nothing_went_wrong();
}

#[test]
fn two_runs_beside_each_other_fit_as_well() {
    let mut shown = show(&support_bot(1).0, &[]);
    let file = shown.folder.path().join("comparison.html");
    let page = reports::html::comparison(&beside("main", 3)).expect("a page");
    std::fs::write(&file, page).expect("a file");
    shown.browser.open(&file);
    for width in [1280, 400] {
        shown.browser.resize(width, 1100, "light");
        let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(shown.browser.value(overflow), json!(0), "{width} is too narrow");
        shown.browser.picture(&pictures().join(format!("comparison-{width}.png")));
    }
    shown.check_nothing_went_wrong();
}

#[test]
fn rows_are_found_by_scorer_outcome_and_text() {
    let (run, cases) = support_bot(412);
    let mut shown = show(&run, &cases);
    let said = |text: &str| {
        let of = |(row, result): &&Case| format!("{:?} {:?}", row.expectations, result.outputs(row)).contains(text);
        cases.iter().filter(of).count()
    };
    let german = said("Konto → Rechnungen");
    let mut found = |scorer: &str, outcome: &str, text: &str| {
        for (control, value) in [("scorer", scorer), ("outcome", outcome), ("text", text)] {
            shown.set(control, value);
        }
        shown.text("#found")
    };
    assert_eq!(found("", "", ""), "412 rows, 85 failing ones first");
    assert_eq!(found("", "failing", ""), "85 of 412 rows");
    assert_eq!(found("", "u", ""), "2 of 412 rows");
    assert_eq!(found("1", "e", ""), "4 of 412 rows");
    assert_eq!(found("1", "a", "too short to judge"), "10 of 412 rows");
    assert_eq!(found("", "", "KONTO → rechnungen"), format!("{german} of 412 rows"));
    assert_eq!(found("", "", "q411"), "1 of 412 rows");
    assert_eq!(found("", "", "nobody said so"), "0 of 412 rows");
    assert_eq!(shown.count(".row"), 0);
    shown.check_nothing_went_wrong();
}

#[test]
fn a_page_is_read_with_keys_alone() {
    let (run, cases) = support_bot(412);
    let mut shown = show(&run, &cases);
    shown.browser.press(&["/"]);
    shown.browser.press(&["q", "7"]);
    assert_eq!(shown.browser.value("document.activeElement.id"), json!("text"));
    shown.browser.press(&["Tab", "Enter"]);
    shown.browser.until("document.querySelectorAll('.row[open] .verdicts tr').length === 6");
    shown.set("text", "");
    shown.browser.value("document.getElementById('next').focus()");
    shown.browser.press(&["Enter", "Enter"]);
    assert_eq!(shown.text("#page"), "Page 3 of 17");
    shown.check_nothing_went_wrong();
}

#[test]
fn a_printed_page_has_its_rows_open() {
    let (run, cases) = support_bot(30);
    let mut shown = show(&run, &cases);
    let told = shown.browser.ask("Page.printToPDF", json!({}));
    assert!(told["data"].as_str().is_some_and(|data| data.starts_with("JVBER")), "no PDF");
    assert_eq!(shown.count(".row[open] .texts"), 25);
    shown.check_nothing_went_wrong();
}

#[test]
fn no_text_runs_in_a_page() {
    let mut shown = show(&support_bot(1).0, &[]);
    for nasty in NASTY {
        let (run, cases) = all_of(nasty);
        shown.open(&run, &cases);
        shown.browser.value("document.querySelector('.row').open = true");
        shown.browser.until("document.querySelectorAll('.texts').length === 1");
        assert_eq!(shown.count("img, main svg, main script, iframe, form:not(#filter), a"), 0, "{nasty}");
        let title = shown.browser.value("document.title");
        assert!(title.as_str().is_some_and(|title| title != "taken" && title.ends_with(": failed")), "{title}");
        shown.check_nothing_went_wrong();
    }
}

/// What the script does with texts can't be seen from outside: it has no other way than this one.
#[test]
fn the_script_knows_no_way_to_make_markup_of_a_text() {
    let script = include_str!("../../templates/report.js");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval",
        "Function(",
        "createContextualFragment",
        "DOMParser",
        "setAttribute",
        "href",
    ] {
        assert!(!script.contains(way), "{way}");
    }
}
