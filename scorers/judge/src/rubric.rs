//! A grade by descriptions of what each grade is.

use std::collections::BTreeMap;

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{Decided, schema};

/// Asks a judge for a grade from 1 to 5, by descriptions of the grades.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// What is graded, such as `how well the answer is explained`.
    criterion: String,
    /// What the grades look like, at least 1 and 5: `{ "1": "…", "5": "…" }`.
    grades: BTreeMap<String, String>,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("rubric");
const GRADES: [&str; 5] = ["1", "2", "3", "4", "5"];

impl Rubric {
    fn told(&self) -> Result<String, Failure> {
        if let Some(grade) = self.grades.keys().find(|grade| !GRADES.contains(&grade.as_str())) {
            return Err(Failure::bad_parameter(format!("`grades` has `{grade}`, which is none of 1 to 5")));
        }
        if ["1", "5"].iter().any(|end| !self.grades.contains_key(*end)) {
            return Err(Failure::bad_parameter("`grades` has to say what 1 and what 5 is"));
        }
        let grades = self.grades.iter().map(|(grade, description)| format!("\n{grade}: {description}"));
        Ok(format!("{}{}", self.criterion, grades.collect::<String>()))
    }
}

impl Scorer for Rubric {
    const NAME: &str = "rubric";
    const SUMMARY: &str = "the grade from 1 to 5 that a judge gives the outputs by a rubric";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let mut shown = found!(material::all(row, &[Material::Request, Material::Response])?);
        shown.insert(0, ("rubric", self.told()?));
        let question = PROMPT.about(&self.role, &shown).schema(&schema(json!({ "enum": [1, 2, 3, 4, 5] })));
        let Decided::<u32> { rationale, verdict } = question.send()?.json()?;
        Ok(Feedback::from(f64::from(verdict)).because(rationale).into())
    }
}
