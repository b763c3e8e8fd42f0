//! A grade that is reached step by step.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{Decided, brief, object, schema};

/// Asks a judge for a grade by a criterion, step by step (G-Eval; Liu et al., 2023): where the steps are not given, it is
/// asked for them first, with the criterion alone, so that all rows are graded by the same. A grade from 1 to 10 becomes a
/// number from 0 to 1. Probabilities of the grades, by which the paper weighs them, few providers tell: there are none here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GEval {
    /// What is graded, such as `how coherent the answer is`.
    #[schemars(length(min = 1))]
    criterion: String,
    /// How it is graded; the judge's own steps without it.
    #[serde(default)]
    steps: Vec<String>,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("g_eval");
const STEPS: Prompt = prompt!("_g_eval_steps");

impl GEval {
    /// The steps; the same question for every row, so that the host asks it once.
    fn steps(&self) -> Result<Vec<String>, Failure> {
        #[derive(Deserialize)]
        struct Planned {
            steps: Vec<String>,
        }
        if !self.steps.is_empty() {
            return Ok(self.steps.clone());
        }
        let steps = json!({ "type": "array", "items": brief(), "minItems": 1, "maxItems": 5 });
        let question = STEPS.about(&self.role, &[("criterion", self.criterion.clone())]);
        let Planned { steps } = question.schema(&object(&[("steps", steps)])).send()?.json()?;
        Ok(steps)
    }
}

impl Scorer for GEval {
    const NAME: &str = "g_eval";
    const SUMMARY: &str = "how well a judge finds that the outputs meet a criterion, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let shown = found!(material::all(row, &[Material::Request, Material::Response])?);
        let given = [("criterion", self.criterion.clone()), ("steps", material::numbered(&self.steps()?))];
        let question = PROMPT.about(&self.role, &[&given[..], &shown].concat());
        let grades: Vec<u32> = (1..=10).collect();
        let Decided::<u32> { rationale, verdict } =
            question.schema(&schema(json!({ "enum": grades }))).send()?.json()?;
        Ok(Feedback::from(f64::from(verdict - 1) / 9.0).because(rationale).into())
    }
}
