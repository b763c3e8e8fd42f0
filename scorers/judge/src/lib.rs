//! The built-in plugin `karat/judge`: scorers that ask an LLM. Who that is, the suite says under `judges:`.

mod guidelines;

pub use guidelines::Guidelines;

karat_sdk::plugin! {
    name: "karat/judge",
    scorers: [Guidelines],
}
