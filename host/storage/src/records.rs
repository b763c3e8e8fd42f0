//! One result as bytes.
//!
//! They are postcard, which has neither names nor lengths of its own: the structs here are frozen, down to the order
//! of fields and variants. A change is a new struct for a new kind of frame, or one that stands behind the old where it
//! is needed; the old one stays readable, and a version that does not know what stands behind refuses the record.

use std::time::Duration;

use model::feedback::{Feedback, Value};
use model::json::Json;
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::StoreError;
use model::prediction::Predicted;
use model::run::RowResult;
use serde::{Deserialize, Serialize};

/// Writes a result behind what `buffer` holds already.
pub(crate) fn encode_result(result: &RowResult, buffer: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let failed = |error| StoreError::Io(std::io::Error::other(error));
    let buffer = postcard::to_extend(&ResultRecord::of(result), buffer).map_err(failed)?;
    match &result.predicted {
        Some(predicted) => postcard::to_extend(&PredictedRecord::of(predicted), buffer).map_err(failed),
        None => Ok(buffer),
    }
}

/// Reads a result; says why where the bytes are none.
pub(crate) fn decode_result(bytes: &[u8], (index, trial): (u64, u32)) -> Result<RowResult, String> {
    let unreadable = |error| format!("can't be read: {error}");
    let (result, behind) = postcard::take_from_bytes::<ResultRecord<'_>>(bytes).map_err(unreadable)?;
    let result = result.at(index, trial);
    if behind.is_empty() {
        return Ok(result);
    }
    match postcard::take_from_bytes::<PredictedRecord<'_>>(behind).map_err(unreadable)? {
        (predicted, []) => Ok(RowResult { predicted: Some(predicted.read()?), ..result }),
        _ => Err("is too long".to_owned()),
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

/// What the predictor answered, behind the rest where there is one.
#[derive(Deserialize, Serialize)]
struct PredictedRecord<'a> {
    outputs: Option<&'a str>,
    latency: Option<Duration>,
    attempts: u32,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
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
            predicted: None,
            outcomes: self.outcomes.into_iter().map(Outcome::from).collect(),
        }
    }
}

impl<'a> PredictedRecord<'a> {
    fn of(predicted: &'a Predicted) -> Self {
        let Predicted { outputs, latency, attempts, input_tokens, output_tokens } = predicted;
        Self {
            outputs: outputs.as_ref().map(Json::as_str),
            latency: *latency,
            attempts: *attempts,
            input_tokens: *input_tokens,
            output_tokens: *output_tokens,
        }
    }

    fn read(self) -> Result<Predicted, String> {
        let Self { outputs, latency, attempts, input_tokens, output_tokens } = self;
        let outputs = outputs.map(Json::parse).transpose().map_err(|error| format!("can't be read: {error}"))?;
        Ok(Predicted { outputs, latency, attempts, input_tokens, output_tokens })
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
        RowResult { index: 3, trial: 1, id: "q-1".into(), error: Some(error), predicted: None, outcomes }
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

    fn predicted() -> RowResult {
        let predicted = Predicted {
            outputs: Some(Json::parse("{\"a\":1.50}").expect("JSON")),
            latency: Some(Duration::from_millis(1500)),
            attempts: 2,
            input_tokens: Some(300),
            output_tokens: None,
        };
        RowResult { predicted: Some(predicted), ..everything() }
    }

    #[test]
    fn everything_a_result_can_hold_comes_back() {
        assert_eq!(decode(&encode(&everything())).expect("undamaged"), everything());
        assert_eq!(decode(&encode(&predicted())).expect("undamaged"), predicted());
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
        let behind = "010a7b2261223a312e35307d010180cab5ee010201ac0200";
        assert_eq!(hex(&encode(&predicted())), format!("{bytes}{behind}"));
    }

    #[test]
    fn a_plain_verdict_takes_two_bytes() {
        let outcome = Outcome::Scored(vec![scored(None, Value::Boolean(true), None)]);
        let result =
            |outcomes| RowResult { index: 0, trial: 0, id: "q-1".into(), error: None, predicted: None, outcomes };
        let one = encode(&result(vec![outcome.clone()])).len();
        assert_eq!(encode(&result(vec![outcome.clone(), outcome])).len() - one, 2);
    }

    #[test]
    fn bytes_that_are_no_result_are_damage() {
        let bytes = encode(&predicted());
        let longer = [&bytes[..], b"x"].concat();
        for bytes in [&bytes[..bytes.len() - 1], &longer] {
            assert!(decode(bytes).is_err());
        }
    }
}
