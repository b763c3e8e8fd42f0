//! One result as bytes.
//!
//! They are postcard, which has neither names nor lengths of its own: the structs here are frozen, down to the order
//! of fields and variants. A change is a new struct for a new kind of frame; the old one stays readable.

use model::feedback::{Feedback, Value};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::StoreError;
use model::run::RowResult;
use serde::{Deserialize, Serialize};

/// Writes a result behind what `buffer` holds already.
pub(crate) fn encode_result(result: &RowResult, buffer: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(&ResultRecord::of(result), buffer).map_err(|error| StoreError::Io(std::io::Error::other(error)))
}

/// Reads a result; says why where the bytes are none.
pub(crate) fn decode_result(bytes: &[u8], (index, trial): (u64, u32)) -> Result<RowResult, String> {
    match postcard::take_from_bytes::<ResultRecord<'_>>(bytes) {
        Ok((result, [])) => Ok(result.at(index, trial)),
        Ok(_) => Err("is too long".to_owned()),
        Err(error) => Err(format!("can't be read: {error}")),
    }
}

/// A [`RowResult`] but for its place, which is in the key.
#[derive(Deserialize, Serialize)]
struct ResultRecord<'a> {
    id: &'a str,
    #[serde(borrow)]
    error: Option<FailureRecord<'a>>,
    #[serde(borrow)]
    outcomes: Vec<OutcomeRecord<'a>>,
}

#[derive(Deserialize, Serialize)]
enum OutcomeRecord<'a> {
    Unpredicted,
    /// One main feedback without rationale: what most scorers say of most rows.
    Verdict(#[serde(borrow)] ValueRecord<'a>),
    Scored(#[serde(borrow)] Vec<FeedbackRecord<'a>>),
    Abstained(&'a str),
    Failed(#[serde(borrow)] FailureRecord<'a>),
}

#[derive(Deserialize, Serialize)]
struct FeedbackRecord<'a> {
    name: Option<&'a str>,
    #[serde(borrow)]
    value: ValueRecord<'a>,
    rationale: Option<&'a str>,
}

#[derive(Deserialize, Serialize)]
enum ValueRecord<'a> {
    False,
    True,
    Number(f64),
    Text(&'a str),
    Booleans(Vec<bool>),
    Numbers(Vec<f64>),
    Texts(#[serde(borrow)] Vec<&'a str>),
}

#[derive(Deserialize, Serialize)]
struct FailureRecord<'a> {
    kind: KindRecord,
    message: &'a str,
    detail: Option<&'a str>,
}

impl<'a> ResultRecord<'a> {
    fn of(result: &'a RowResult) -> Self {
        Self {
            id: &result.id,
            error: result.error.as_ref().map(FailureRecord::of),
            outcomes: result.outcomes.iter().map(OutcomeRecord::of).collect(),
        }
    }

    fn at(self, index: u64, trial: u32) -> RowResult {
        RowResult {
            index,
            trial,
            id: self.id.to_owned(),
            error: self.error.map(Failure::from),
            outcomes: self.outcomes.into_iter().map(Outcome::from).collect(),
        }
    }
}

impl<'a> OutcomeRecord<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Scored(feedback) => match feedback.as_slice() {
                [Feedback { name: None, value, rationale: None }] => Self::Verdict(ValueRecord::of(value)),
                feedback => Self::Scored(feedback.iter().map(FeedbackRecord::of).collect()),
            },
            Outcome::Abstained { reason } => Self::Abstained(reason),
            Outcome::Failed(failure) => Self::Failed(FailureRecord::of(failure)),
            Outcome::Unpredicted => Self::Unpredicted,
        }
    }
}

impl From<OutcomeRecord<'_>> for Outcome {
    fn from(record: OutcomeRecord<'_>) -> Self {
        match record {
            OutcomeRecord::Unpredicted => Self::Unpredicted,
            OutcomeRecord::Verdict(value) => {
                Self::Scored(vec![Feedback { name: None, value: value.into(), rationale: None }])
            }
            OutcomeRecord::Scored(feedback) => Self::Scored(feedback.into_iter().map(Feedback::from).collect()),
            OutcomeRecord::Abstained(reason) => Self::Abstained { reason: reason.to_owned() },
            OutcomeRecord::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}

impl<'a> FeedbackRecord<'a> {
    fn of(feedback: &'a Feedback) -> Self {
        Self {
            name: feedback.name.as_deref(),
            value: ValueRecord::of(&feedback.value),
            rationale: feedback.rationale.as_deref(),
        }
    }
}

impl From<FeedbackRecord<'_>> for Feedback {
    fn from(record: FeedbackRecord<'_>) -> Self {
        Self {
            name: record.name.map(str::to_owned),
            value: record.value.into(),
            rationale: record.rationale.map(str::to_owned),
        }
    }
}

impl<'a> ValueRecord<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Boolean(false) => Self::False,
            Value::Boolean(true) => Self::True,
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text),
            Value::Booleans(values) => Self::Booleans(values.clone()),
            Value::Numbers(values) => Self::Numbers(values.clone()),
            Value::Texts(texts) => Self::Texts(texts.iter().map(String::as_str).collect()),
        }
    }
}

impl From<ValueRecord<'_>> for Value {
    fn from(record: ValueRecord<'_>) -> Self {
        match record {
            ValueRecord::False => Self::Boolean(false),
            ValueRecord::True => Self::Boolean(true),
            ValueRecord::Number(number) => Self::Number(number),
            ValueRecord::Text(text) => Self::Text(text.to_owned()),
            ValueRecord::Booleans(values) => Self::Booleans(values),
            ValueRecord::Numbers(values) => Self::Numbers(values),
            ValueRecord::Texts(texts) => Self::Texts(texts.into_iter().map(str::to_owned).collect()),
        }
    }
}

impl<'a> FailureRecord<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self { kind: failure.kind.into(), message: &failure.message, detail: failure.detail.as_deref() }
    }
}

impl From<FailureRecord<'_>> for Failure {
    fn from(record: FailureRecord<'_>) -> Self {
        Self { kind: record.kind.into(), message: record.message.to_owned(), detail: record.detail.map(str::to_owned) }
    }
}

/// Declares the kinds with their order on disk, and how they map to the model's of the same name.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        #[derive(Deserialize, Serialize)]
        enum KindRecord {
            $($kind),*
        }

        impl From<FailureKind> for KindRecord {
            fn from(kind: FailureKind) -> Self {
                match kind {
                    $(FailureKind::$kind => Self::$kind),*
                }
            }
        }

        impl From<KindRecord> for FailureKind {
            fn from(record: KindRecord) -> Self {
                match record {
                    $(KindRecord::$kind => Self::$kind),*
                }
            }
        }

        #[cfg(test)]
        const KINDS: &[FailureKind] = &[$(FailureKind::$kind),*];
    };
}

// New kinds go to the end; none is ever removed or moved.
kinds! {
    BadInput, BadParameter, Denied, BudgetExceeded, RateLimited, TimedOut, Cancelled, TooLarge, Unavailable,
    Unsupported, Internal, Other, Panicked, Trapped, OutOfFuel, OutOfMemory, StackExhausted, InvalidOutput, Exited,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(name: Option<&str>, value: Value, rationale: Option<&str>) -> Feedback {
        Feedback { name: name.map(str::to_owned), value, rationale: rationale.map(str::to_owned) }
    }

    /// One of everything that can be in a result.
    fn everything() -> RowResult {
        let values = [
            Value::Boolean(false),
            Value::Number(-0.5),
            Value::Text("ä".into()),
            Value::Booleans(vec![true, false]),
            Value::Numbers(vec![1.0]),
            Value::Texts(vec!["a".into(), String::new()]),
        ];
        let mut outcomes: Vec<_> =
            values.into_iter().map(|value| Outcome::Scored(vec![scored(None, value, None)])).collect();
        outcomes.extend([
            Outcome::Scored(vec![
                scored(None, Value::Boolean(true), Some("why")),
                scored(Some("sub"), Value::Boolean(true), None),
            ]),
            Outcome::Abstained { reason: "no".into() },
            Outcome::Unpredicted,
        ]);
        outcomes.extend(KINDS.iter().map(|&kind| Outcome::Failed(Failure::new(kind, "m"))));
        let error = Failure { kind: FailureKind::TimedOut, message: "slow".into(), detail: Some("log".into()) };
        RowResult { index: 3, trial: 1, id: "q-1".into(), error: Some(error), outcomes }
    }

    fn encode(result: &RowResult) -> Vec<u8> {
        encode_result(result, Vec::new()).expect("a vector takes everything")
    }

    fn decode(bytes: &[u8]) -> Result<RowResult, String> {
        decode_result(bytes, (3, 1))
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn everything_a_result_can_hold_comes_back() {
        assert_eq!(decode(&encode(&everything())).expect("undamaged"), everything());
    }

    /// If this fails, old stores can't be read any more: add a schema instead.
    #[test]
    fn the_bytes_of_a_result_never_change() {
        let bytes = concat!(
            "03712d31010504736c6f7701036c6f671c",
            "0100",
            "0102000000000000e0bf",
            "010302c3a4",
            "0104020100",
            "010501000000000000f03f",
            "010602016100",
            "020200010103776879010373756201",
            "00",
            "03026e6f",
            "00",
            "0400016d000401016d000402016d000403016d000404016d000405016d000406016d000407016d000408016d000409016d00",
            "040a016d00040b016d00040c016d00040d016d00040e016d00040f016d000410016d000411016d000412016d00",
        );
        assert_eq!(hex(&encode(&everything())), bytes);
    }

    #[test]
    fn a_plain_verdict_takes_two_bytes() {
        let outcome = Outcome::Scored(vec![scored(None, Value::Boolean(true), None)]);
        let result = |outcomes| RowResult { index: 0, trial: 0, id: "q-1".into(), error: None, outcomes };
        let one = encode(&result(vec![outcome.clone()])).len();
        assert_eq!(encode(&result(vec![outcome.clone(), outcome])).len() - one, 2);
    }

    #[test]
    fn bytes_that_are_no_result_are_damage() {
        let bytes = encode(&everything());
        let longer = [&bytes[..], b"x"].concat();
        for bytes in [&bytes[..bytes.len() - 1], &longer] {
            assert!(decode(bytes).is_err());
        }
    }
}
