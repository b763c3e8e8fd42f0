//! How a run goes, while it goes: a bar where somebody watches, a line every few seconds elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broker::Judges;
use indicatif::{ProgressBar, ProgressStyle};
use model::ports::Observer;
use model::run::RowResult;

use crate::quantities::count;
use crate::terminal::Terminal;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// Counts results as they become durable, and shows the count.
pub(crate) struct Progress {
    /// Rows (times trials) of the run.
    all: u64,
    /// Those that an earlier session of the run had done.
    before: u64,
    done: AtomicU64,
    failed: AtomicU64,
    started: Instant,
    terminal: Terminal,
    bar: Option<ProgressBar>,
    judges: Arc<Judges>,
    /// Seconds after the start of the last line, where there is no bar.
    last_line: AtomicU64,
}

impl Progress {
    pub(crate) fn start(terminal: Terminal, all: u64, before: u64, judges: Arc<Judges>) -> Arc<Self> {
        let bar = (terminal.is_watched() && !terminal.is_json()).then(|| bar(all, before));
        let zero = AtomicU64::default;
        let started = Instant::now();
        Arc::new(Self { all, before, done: zero(), failed: zero(), started, terminal, bar, judges, last_line: zero() })
    }

    /// Takes the bar away; the report says what it said.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, done: u64) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = done as f64 / seconds;
        let left = (self.all - self.before).saturating_sub(done) as f64 / rate;
        format!(
            "{} of {} rows, {} rows/s, {} failed, {} s left{}",
            count(self.before + done),
            count(self.all),
            count(rate as u64),
            count(self.failed.load(Ordering::Relaxed)),
            count(left.ceil() as u64),
            self.slowed()
        )
    }

    /// Whose provider wants to be asked less, if any does.
    fn slowed(&self) -> String {
        let names: Vec<_> = self.judges.throttled().iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { String::new() } else { format!(", slowed down by {}", names.join(", ")) }
    }

    /// Whether it is time for a line; one caller only is told so.
    fn line_is_due(&self) -> bool {
        let last = self.last_line.load(Ordering::Relaxed);
        let now = self.started.elapsed().as_secs();
        now >= last + LINE_EVERY.as_secs()
            && self.last_line.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Observer for Progress {
    fn results_stored(&self, results: &[RowResult]) {
        let failed = results.iter().filter(|result| result.is_failed()).count() as u64;
        let failed = self.failed.fetch_add(failed, Ordering::Relaxed) + failed;
        let done = self.done.fetch_add(results.len() as u64, Ordering::Relaxed) + results.len() as u64;
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.before + done);
                let failed = if failed > 0 { format!("{} failed", count(failed)) } else { String::new() };
                bar.set_message(failed + &self.slowed());
            }
            None if self.line_is_due() => {
                // Nobody to tell is no reason to stop the run.
                let _ = self.terminal.say(self.line(done));
            }
            None => {}
        }
    }
}

fn bar(all: u64, before: u64) -> ProgressBar {
    let style = "{bar:30} {human_pos}/{human_len} rows  {per_sec}  {eta} left  {msg}";
    let bar = ProgressBar::new(all).with_position(before);
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.reset_eta();
    bar
}
