//! What is written of a run, as whoever opens it sees it.

mod browser;
mod chromium;
mod comparison;
mod formats;
mod hostile;
mod support;
