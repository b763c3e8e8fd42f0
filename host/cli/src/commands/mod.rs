//! One file for each verb.

mod apps;
mod bench;
mod build;
mod card;
mod cases;
mod compare;
mod datasets;
mod dev;
mod doctor;
mod eval;
mod exporting;
mod feedback;
mod guidelines;
mod init;
mod inspect;
mod judge;
mod mlflow;
mod one_call;
mod plugin;
mod preview;
mod prompts;
mod runs;
mod schema;
mod scorers;
mod serve;
mod store;
mod traces;
mod upkeep;
mod vary;

pub(crate) use runs::find as find_run;

use crate::args::{Arguments, Verb};
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Stop> {
    let Arguments { verb, store, .. } = arguments;
    match verb {
        Verb::Eval(what) => eval::run(what, store, terminal),
        Verb::Compare(what) => compare::compare(what, store, terminal),
        Verb::Power(what) => compare::power(what, store, terminal),
        Verb::Runs(what) => runs::run(what, store, terminal),
        Verb::Datasets(what) => datasets::run(what, store, terminal),
        Verb::Prompts(what) => prompts::run(what, store, terminal),
        Verb::Apps(what) => apps::run(what, store, terminal),
        Verb::Traces(what) => traces::run(what, store, terminal),
        Verb::Feedback(what) => feedback::run(what, store, terminal),
        Verb::Serve(what) => serve::run(what, store, terminal),
        Verb::Judge(what) => judge::run(what, store, terminal),
        Verb::Scorers(what) => scorers::run(&what, terminal),
        Verb::Plugin(what) => plugin::run(what, terminal),
        Verb::Init(what) => init::run(&what, terminal),
        Verb::Schema(what) => schema::run(&what, terminal),
        Verb::Store(what) => store::run(what, store, terminal),
        Verb::Import(what) => mlflow::import(what, store, terminal),
        Verb::Export(what) => mlflow::export(what, store, terminal),
        Verb::Doctor(what) => doctor::run(&what, store, terminal),
    }
}
