//! How far the judges of a run can be trusted: their verdicts beside what people say of the same rows.
//!
//! A row counts once: its verdict is the one that most of its trials gave, and where a number is made of verdicts, their mean.
//! How far a judge agrees with itself is asked of trials on which it saw the same outputs, so that an application that answers
//! differently is not taken for a judge that is unsure.

mod asked;
mod label;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use decisions::judge;
use model::card::{JudgeCard, JudgeCards, Scale};
use model::comparison::NotCompared;
use model::feedback::{Feedback, Value};
use model::json::Json;
use model::outcome::Outcome;
use model::ports::{DataReader, Store, StoreError};
use model::row::RowRecord;
use model::run::{RowResult, RunHeader, RunPlan};

use self::label::{Kind, Place, Said, translate};
use crate::joined::{Joined, JoinedError};

/// More labels than these are no labels: what people and the judge say is then not counted out.
const MOST_LABELS: usize = 100;

/// The sub-feedback by which a scorer that compares two answers says that the order decided.
const FLIPPED: &str = "flipped";

/// What a card is made of.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where a row says what people said, such as `expectations.label`.
    pub human: String,
    /// Keys, `key/sub` for a sub-feedback; without one, the scorers that ask judges, or else all.
    pub scorers: Vec<String>,
    /// The label of people that means true, for scorers that say true or false.
    pub pass: Option<String>,
    /// What labels are; without it, numbers are an interval scale, and others are not in an order.
    pub scale: Option<Scale>,
    /// How many rows are named that should be labelled next, of each kind.
    pub next: usize,
}

/// Why there is no card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error("`{human}` is no place of a label: {reason}")]
    Place { human: String, reason: String },
    #[error("row `{row}`: what stands in `{human}` is no label")]
    NoLabel { row: String, human: String },
    #[error("none of {rows} rows has a label in `{human}`")]
    NoLabels { rows: u64, human: String },
    #[error("there is no scorer `{scorer}` in this run; there are {}", known.join(", "))]
    UnknownScorer { scorer: String, known: Vec<String> },
    /// Nothing that was asked for can be held against people.
    #[error("`{}` can't be held against people: {}", .0.scorer, .0.reason)]
    NotComparable(NotCompared),
    #[error("`{scorer}` gives labels, which are in no order: their scale is `nominal`")]
    NoOrder { scorer: String },
    #[error(transparent)]
    Joined(#[from] JoinedError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Options {
    /// Looks at what can be wrong before there is a run.
    ///
    /// # Errors
    ///
    /// Fails where `human` leads to nothing that a row can have.
    pub fn check(&self) -> Result<(), CardError> {
        self.place().map(|_| ())
    }

    fn place(&self) -> Result<Place, CardError> {
        let human = self.human.clone();
        Place::parse(&self.human).map_err(|reason| CardError::Place { human, reason })
    }
}

/// Holds the judges of a run against people.
///
/// # Errors
///
/// Fails where there is nothing to compare, and when the store or the run's dataset can't be read.
pub async fn card(
    store: &Arc<dyn Store>,
    header: &RunHeader,
    reader: Arc<dyn DataReader>,
    options: &Options,
) -> Result<JudgeCards, CardError> {
    let human = &options.human;
    let place = options.place()?;
    let columns = columns(&header.plan, &options.scorers)?;
    let rows = read(store, header, reader, &place, &columns, human).await?;
    let labelled = rows.iter().filter(|row| row.human.is_some()).count() as u64;
    if labelled == 0 {
        return Err(CardError::NoLabels { rows: rows.len() as u64, human: human.clone() });
    }
    let asked = asked::verdicts(&**store, header.id).await?;
    let (mut cards, mut not_compared) = (Vec::new(), Vec::new());
    for (place, column) in columns.iter().enumerate() {
        match of_column(column, place, &rows, header, options)? {
            Ok(mut card) => {
                card.verdicts = asked.get(&header.plan.scorers[column.scorer].key).copied();
                cards.push(card);
            }
            Err(reason) => not_compared.push(NotCompared { scorer: column.key.clone(), reason }),
        }
    }
    if cards.is_empty()
        && let Some(first) = not_compared.first()
    {
        return Err(CardError::NotComparable(first.clone()));
    }
    Ok(JudgeCards {
        run: header.id,
        suite: header.plan.suite.clone(),
        human: human.clone(),
        rows: rows.len() as u64,
        labelled,
        cards,
        not_compared,
    })
}

/// One verdict that is held against people.
struct Column {
    key: String,
    /// The scorer's place in the suite, and the name under it; none for its main verdict.
    scorer: usize,
    sub: Option<String>,
}

fn columns(plan: &RunPlan, asked_for: &[String]) -> Result<Vec<Column>, CardError> {
    let main = |scorer: usize| Column { key: plan.scorers[scorer].key.clone(), scorer, sub: None };
    if asked_for.is_empty() {
        let all = 0..plan.scorers.len();
        let judges: Vec<_> =
            all.clone().filter(|scorer| plan.scorers[*scorer].grant.judge.is_some()).map(main).collect();
        return Ok(if judges.is_empty() { all.map(main).collect() } else { judges });
    }
    let find = |wanted: &String| {
        let (key, sub) = wanted.split_once('/').map_or((wanted.as_str(), None), |(key, sub)| (key, Some(sub)));
        let scorer = plan.scorers.iter().position(|scorer| scorer.key == key).ok_or_else(|| {
            let known = plan.scorers.iter().map(|scorer| format!("`{}`", scorer.key)).collect();
            CardError::UnknownScorer { scorer: wanted.clone(), known }
        })?;
        Ok(Column { key: wanted.clone(), scorer, sub: sub.map(str::to_owned) })
    };
    asked_for.iter().map(find).collect()
}

/// What is known of one row.
struct Seen {
    index: u64,
    id: String,
    human: Option<Said>,
    /// In the order of columns.
    of: Vec<OfRow>,
}

/// What one scorer says of a row.
#[derive(Default)]
struct OfRow {
    /// Of each trial that has one, with what tells its outputs from others and their length in characters.
    verdicts: Vec<(Said, Answer)>,
    /// Whether there was a verdict that is no label: a list.
    has_lists: bool,
    flipped: Option<bool>,
}

#[derive(Clone, Copy, PartialEq)]
struct Answer {
    hash: blake3::Hash,
    length: usize,
}

async fn read(
    store: &Arc<dyn Store>,
    header: &RunHeader,
    reader: Arc<dyn DataReader>,
    place: &Place,
    columns: &[Column],
    human: &str,
) -> Result<Vec<Seen>, CardError> {
    let source = store.open_dataset(&header.data.digest)?;
    let mut results = Joined::new(Arc::clone(store), header, reader, source);
    let mut rows: Vec<Seen> = Vec::new();
    while let Some((row, result)) = results.next().await? {
        if rows.last().is_none_or(|last| last.index != result.index) {
            let said = place.of(&row);
            let human = said.map_err(|()| CardError::NoLabel { row: result.id.clone(), human: human.to_owned() })?;
            let of = columns.iter().map(|_| OfRow::default()).collect();
            rows.push(Seen { index: result.index, id: result.id.clone(), human, of });
        }
        let Some(seen) = rows.last_mut() else { continue };
        let answer = answer(&row, &result);
        for (column, of) in columns.iter().zip(&mut seen.of) {
            let Some(Outcome::Scored(feedback)) = result.outcomes.get(column.scorer) else { continue };
            of.add(feedback, column, answer);
        }
    }
    Ok(rows)
}

impl OfRow {
    fn add(&mut self, feedback: &[Feedback], column: &Column, answer: Answer) {
        let named = |name: Option<&str>| feedback.iter().find(|one| one.name.as_deref() == name);
        if let Some(verdict) = named(column.sub.as_deref()) {
            match Said::of(&verdict.value) {
                Some(said) => self.verdicts.push((said, answer)),
                None => self.has_lists = true,
            }
        }
        if let (None, None, Some(Value::Boolean(flipped))) =
            (&column.sub, self.flipped, named(Some(FLIPPED)).map(|one| &one.value))
        {
            self.flipped = Some(*flipped);
        }
    }

    /// What most trials say; of several the first.
    fn label(&self) -> Option<&Said> {
        let times = |said: &Said| self.verdicts.iter().filter(|(other, _)| other == said).count();
        let mut most: Option<(usize, &Said)> = None;
        for (said, _) in &self.verdicts {
            let times = times(said);
            if most.is_none_or(|(known, _)| times > known) {
                most = Some((times, said));
            }
        }
        most.map(|(_, said)| said)
    }

    /// The mean of its trials; none of texts.
    fn number(&self) -> Option<f64> {
        let numbers: Option<Vec<f64>> = self.verdicts.iter().map(|(said, _)| said.number()).collect();
        numbers.filter(|numbers| !numbers.is_empty()).map(|all| all.iter().sum::<f64>() / all.len() as f64)
    }

    /// The mean of the lengths that its verdicts are of.
    fn length(&self) -> f64 {
        self.verdicts.iter().map(|(_, answer)| answer.length as f64).sum::<f64>() / self.verdicts.len().max(1) as f64
    }

    fn labels(&self) -> Vec<String> {
        self.verdicts.iter().map(|(said, _)| said.label()).collect()
    }

    /// The verdicts on each answer that was judged.
    fn by_answer(&self) -> impl Iterator<Item = Vec<String>> {
        let mut answers: HashMap<blake3::Hash, usize> = HashMap::new();
        let mut verdicts: Vec<Vec<String>> = Vec::new();
        for (said, answer) in &self.verdicts {
            let place = *answers.entry(answer.hash).or_insert(verdicts.len());
            if place == verdicts.len() {
                verdicts.push(Vec::new());
            }
            verdicts[place].push(said.label());
        }
        verdicts.into_iter()
    }
}

fn answer(row: &RowRecord, result: &RowResult) -> Answer {
    let text = result.outputs(row).map_or("", Json::as_str);
    // A text is as long as it reads; anything else as it is written.
    let length = serde_json::from_str::<String>(text).map_or(text.chars().count(), |text| text.chars().count());
    Answer { hash: blake3::hash(text.as_bytes()), length }
}

/// One judge beside people; or why it can't be.
fn of_column(
    column: &Column,
    place: usize,
    rows: &[Seen],
    header: &RunHeader,
    options: &Options,
) -> Result<Result<JudgeCard, String>, CardError> {
    let verdicts = || rows.iter().flat_map(|row| row.of[place].verdicts.iter().map(|(said, _)| said));
    let Some(kind) = Kind::of(verdicts()) else { return Ok(Err(no_kind(place, rows).to_owned())) };
    let scale = options.scale.unwrap_or(if kind == Kind::Number { Scale::Interval } else { Scale::Nominal });
    if kind == Kind::Text && scale != Scale::Nominal {
        return Err(CardError::NoOrder { scorer: column.key.clone() });
    }
    let labelled = || rows.iter().filter_map(|row| Some((row.human.as_ref()?, &row.of[place])));
    let people = match translate(labelled().map(|(label, _)| label), kind, verdicts(), options.pass.as_deref()) {
        Ok(people) => people,
        Err(reason) => return Ok(Err(reason)),
    };
    let of_all = people.len();
    let both: Vec<Both<'_>> = people.into_iter().zip(labelled().map(|(_, of)| of)).filter_map(Both::new).collect();
    if both.is_empty() {
        return Ok(Err("it has no verdict on any row that people have labelled".to_owned()));
    }
    let mut card = JudgeCard {
        scorer: column.key.clone(),
        scale,
        compared: both.len() as u64,
        without_verdict: (of_all - both.len()) as u64,
        notes: notes(header),
        ..JudgeCard::default()
    };
    beside_people(&mut card, &both, header.plan.seed);
    beside_itself(&mut card, place, rows);
    beyond_labels(&mut card, &both, place, rows, header.plan.seed, options.next);
    card.sentence = judge::sentence(&card, kind == Kind::Boolean);
    Ok(Ok(card))
}

/// Why verdicts are of no kind.
fn no_kind(place: usize, rows: &[Seen]) -> &'static str {
    let of = || rows.iter().map(|row| &row.of[place]);
    match (of().any(|of| !of.verdicts.is_empty()), of().any(|of| of.has_lists)) {
        (true, _) => "its verdicts are of several kinds",
        (false, true) => "its verdicts are lists",
        (false, false) => "it has no verdict on any row",
    }
}

/// What bears on how the numbers of every judge are read.
fn notes(header: &RunHeader) -> Vec<String> {
    let told = [
        (
            header.plan.predictor.is_some(),
            "the application was asked anew: labels in the dataset may be of other answers than these",
        ),
        (
            header.data.grouped,
            "intervals take rows as independent, and here some have a cluster, a session or a weight",
        ),
    ];
    told.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note.to_owned()).collect()
}

/// A row of which people and the judge both say something.
struct Both<'a> {
    people: Said,
    judge: &'a Said,
    of: &'a OfRow,
}

impl<'a> Both<'a> {
    fn new((people, of): (Said, &'a OfRow)) -> Option<Self> {
        Some(Self { people, judge: of.label()?, of })
    }

    /// As numbers: of people, and of the judge.
    fn numbers(&self) -> Option<(f64, f64)> {
        self.people.number().zip(self.of.number())
    }
}

fn beside_people(card: &mut JudgeCard, both: &[Both<'_>], seed: u64) {
    let pairs: Vec<(String, String)> = both.iter().map(|row| (row.people.label(), row.judge.label())).collect();
    let labels: HashSet<&String> = pairs.iter().flat_map(|(people, judge)| [people, judge]).collect();
    if labels.len() > MOST_LABELS {
        card.notes.push(format!("agreement is told of {MOST_LABELS} labels or grades at most, and here are more"));
    } else {
        card.agreement = judge::agreement(&pairs, card.scale, seed);
    }
    let lengths = both.iter().filter_map(|row| row.numbers().map(|(people, judge)| (row.of.length(), judge - people)));
    card.length_slope = judge::length_slope(&lengths.collect::<Vec<_>>());
}

fn beside_itself(card: &mut JudgeCard, place: usize, rows: &[Seen]) {
    let answers: Vec<Vec<String>> = rows.iter().flat_map(|row| row.of[place].by_answer()).collect();
    card.consistency = judge::consistency(&answers);
    let flipped: Vec<bool> = rows.iter().filter_map(|row| row.of[place].flipped).collect();
    card.order_flips = judge::order_flips(&flipped);
}

/// What labels say of the rows that have none, and which of these to label next.
fn beyond_labels(card: &mut JudgeCard, both: &[Both<'_>], place: usize, rows: &[Seen], seed: u64, most: usize) {
    let others = || rows.iter().filter(|row| row.human.is_none() && !row.of[place].verdicts.is_empty());
    let judged: Vec<f64> = others().filter_map(|row| row.of[place].number()).collect();
    let labelled: Vec<(f64, f64)> = both.iter().filter_map(Both::numbers).collect();
    card.corrected = judge::corrected(&labelled, &judged);
    let next: Vec<_> = others().map(|row| (row.id.clone(), row.of[place].labels())).collect();
    card.next = (!next.is_empty()).then(|| judge::next_labels(&next, most, seed));
}
