//! The command line, verb by verb.

mod aggregators;
mod bad_input;
mod clients;
mod compare;
mod eval;
mod examples;
mod exporters;
mod gates;
mod judge_card;
mod lineage;
mod named;
mod powerloss;
mod real_data;
mod resume;
mod runs;
mod scorers;
mod side_by_side;
mod store;
mod vary;
mod verbs;
