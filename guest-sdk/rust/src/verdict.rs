//! What a verdict can be.

pub use crate::bindings::describes::exports::karat::eval::describe::ValueKind;
pub use crate::bindings::karat::eval::types::Value;

/// A type that verdicts come in: `bool`, `f64`, `String`, and lists of these.
///
/// For one of a few labels, implement it for an enum of your own:
///
/// ```
/// use karat_sdk::prelude::*;
///
/// enum Tone {
///     Kind,
///     Rude,
/// }
///
/// impl Verdict for Tone {
///     const KIND: ValueKind = ValueKind::Label;
///     const LABELS: &[&str] = &["kind", "rude"];
///
///     fn into_value(self) -> Value {
///         Value::Text(Self::LABELS[self as usize].to_owned())
///     }
/// }
/// ```
pub trait Verdict {
    /// What the host is told to expect.
    const KIND: ValueKind;

    /// The labels, where the kind is one; else empty.
    const LABELS: &[&str] = &[];

    /// The verdict as it goes to the host. Numbers must be finite.
    fn into_value(self) -> Value;
}

macro_rules! verdicts {
    ($($type:ty => $kind:ident,)+) => {$(
        impl Verdict for $type {
            const KIND: ValueKind = ValueKind::$kind;

            fn into_value(self) -> Value {
                Value::$kind(self)
            }
        }
    )+};
}

verdicts! {
    bool => Boolean,
    f64 => Number,
    String => Text,
    Vec<bool> => Booleans,
    Vec<f64> => Numbers,
    Vec<String> => Texts,
}
