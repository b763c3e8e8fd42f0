//! Asking until a reply is what it has to be: in the best way that an endpoint takes, and once more where it is not.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use model::endpoint::Provider;
use model::judge::{Format, JudgeRequest, Message, Speaker};

use super::provider::{Answer, Feature, Manner, Pace, Tokens, Trouble, TroubleKind, Way, excerpt};
use super::reply::{Reply, Schemas, Wanted, Wrong};
use super::shape;

/// What an endpoint turned out not to take, so that it is not tried with every question.
pub(super) struct Ways {
    /// Best first.
    all: &'static [Way],
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// So many ways were refused.
    refused: usize,
    without: BTreeSet<Feature>,
}

impl Ways {
    /// Of an endpoint of which nothing is known yet.
    pub(super) fn new(provider: Provider) -> Self {
        Self { all: Way::of(provider), known: Mutex::default() }
    }

    fn best(&self) -> Manner {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Manner { way: self.all[known.refused], without: known.without.clone() }
    }

    /// How to ask where `feature` was refused; none where that leaves nothing else to try.
    fn otherwise(&self, refused: &Manner, feature: Feature, request: &JudgeRequest) -> Option<Manner> {
        let number = self.all.iter().position(|way| *way == refused.way)?;
        let mut manner = refused.clone();
        match feature {
            Feature::Format | Feature::Schema => {
                manner.way = *self.all.get(number + 1).filter(|_| request.format != Format::Text)?;
            }
            _ if !manner.without.insert(feature) => return None,
            _ => {}
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match feature {
            Feature::Schema => {}
            // Together with tools, less is possible.
            Feature::Format if !request.tools.is_empty() => {}
            Feature::Format => known.refused = known.refused.max(number + 1),
            _ => known.without = known.without.union(&manner.without).copied().collect(),
        }
        Some(manner)
    }
}

/// Asks with `once` until the reply is what the request says, at most twice that it gets one: an objection to the first one
/// is added to the request. What all of it used is told with the reply or the trouble; how fast the endpoint may be asked is
/// told with the last one.
///
/// # Errors
///
/// Fails as `once` does; as `BadInput`, before anything is asked, where no reply could be right; as `Mismatch` where the
/// second one is wrong as well.
pub(super) async fn formatted<F: Future<Output = Result<Answer, Trouble>>>(
    request: &mut JudgeRequest,
    ways: &Ways,
    schemas: &Schemas,
    // Of their own, so that the future can be sent to another thread: one of an `AsyncFnMut` with borrowed ones can't.
    mut once: impl FnMut(JudgeRequest, Manner) -> F,
) -> Result<Answer, Trouble> {
    let wanted = Wanted::new(&request.format, schemas)
        .map_err(|why| Trouble::new(TroubleKind::BadInput, why, Tokens::NONE_USED, Pace::default()))?;
    let mut is_last = matches!(wanted, Wanted::Text);
    let mut manner = ways.best();
    let mut used = Tokens::NONE_USED;
    loop {
        let trouble = match once(request.clone(), manner.clone()).await {
            Ok(answer) => {
                used += answer.tokens;
                match wanted.read(&answer) {
                    Ok(Reply { text, tool_calls }) => return Ok(Answer { text, tool_calls, tokens: used, ..answer }),
                    Err(wrong) if is_last => return Err(mismatch(&wrong, used, answer.pace)),
                    Err(wrong) => {
                        let objection = objection(&request.format, wrong);
                        request.messages.extend(objection);
                        is_last = true;
                    }
                }
                continue;
            }
            Err(trouble) => trouble,
        };
        used += trouble.tokens;
        let TroubleKind::Unsupported(feature) = trouble.kind else {
            return Err(Trouble { tokens: used, ..trouble });
        };
        match ways.otherwise(&manner, feature, request) {
            Some(other) => manner = other,
            None => return Err(Trouble { kind: TroubleKind::BadRequest, tokens: used, ..trouble }),
        }
    }
}

fn mismatch(wrong: &Wrong, used: Tokens, pace: Pace) -> Trouble {
    let message = format!("the judge's reply is not what was asked for: {}", excerpt(&wrong.why));
    Trouble::new(TroubleKind::Mismatch, message, used, pace)
}

/// What was said, and what is wrong with it.
fn objection(format: &Format, wrong: Wrong) -> [Message; 2] {
    let Wrong { said, why } = wrong;
    let told = shape::told(format).unwrap_or_default();
    let objection = format!("This reply is not what was asked for: {}.\n{told}", excerpt(&why));
    // Not every provider takes a message of nothing.
    let said = if said.trim().is_empty() { "(no reply)".to_owned() } else { said };
    let message = |speaker, content| Message { speaker, content, tool_calls: Vec::new(), answers: None };
    [message(Speaker::Assistant, said), message(Speaker::User, objection)]
}

#[cfg(test)]
mod tests {
    use model::json::Json;

    use super::*;

    fn request(format: Format) -> JudgeRequest {
        let content = "Is it good?".to_owned();
        let message = Message { speaker: Speaker::User, content, tool_calls: Vec::new(), answers: None };
        JudgeRequest {
            role: "default".to_owned(),
            messages: vec![message],
            tools: Vec::new(),
            format,
            max_output_tokens: None,
            temperature: Some(0.0),
            sample: 0,
        }
    }

    fn yes_or_no() -> JudgeRequest {
        request(Format::Choice(vec!["yes".to_owned(), "no".to_owned()]))
    }

    fn said(text: &str) -> Result<Answer, Trouble> {
        let tokens = Tokens { input: Some(10), output: Some(1) };
        Ok(Answer { text: text.to_owned(), tool_calls: Vec::new(), tokens, pace: Pace::default() })
    }

    fn trouble(kind: TroubleKind) -> Result<Answer, Trouble> {
        Err(Trouble::new(kind, "no", Tokens::NONE_USED, Pace::default()))
    }

    /// What comes of these answers, and how each question was put.
    async fn ask(
        request: &JudgeRequest,
        ways: &Ways,
        answers: Vec<Result<Answer, Trouble>>,
    ) -> (Result<Answer, Trouble>, Vec<(Manner, usize)>) {
        let mut answers = answers.into_iter();
        let mut asked = Vec::new();
        let once = |request: JudgeRequest, manner: Manner| {
            asked.push((manner, request.messages.len()));
            std::future::ready(answers.next().expect("no more questions than answers"))
        };
        let (schemas, mut request) = (Schemas::default(), request.clone());
        let asking = formatted(&mut request, ways, &schemas, once);
        is_send(&asking);
        let came = asking.await;
        assert_eq!(answers.len(), 0, "all answers were asked for");
        (came, asked)
    }

    fn is_send(_: &impl Send) {}

    fn asked_by(asked: &[(Manner, usize)]) -> Vec<Way> {
        asked.iter().map(|(manner, _)| manner.way).collect()
    }

    #[tokio::test]
    async fn a_wrong_reply_is_objected_to_once() {
        let ways = Ways::new(Provider::OpenAi);
        let (came, asked) = ask(&yes_or_no(), &ways, vec![said("perhaps"), said("Yes.")]).await;
        let answer = came.expect("a reply");
        assert_eq!(answer.text, "yes");
        assert_eq!(answer.tokens, Tokens { input: Some(20), output: Some(2) });
        assert_eq!(asked.iter().map(|(_, messages)| *messages).collect::<Vec<_>>(), [1, 3]);
        let (came, _) = ask(&yes_or_no(), &ways, vec![said("perhaps"), said("")]).await;
        let trouble = came.expect_err("no reply");
        assert_eq!(trouble.kind, TroubleKind::Mismatch);
        assert_eq!(trouble.message, "the judge's reply is not what was asked for: it is none of the choices");
        assert_eq!(trouble.tokens, Tokens { input: Some(20), output: Some(2) });
    }

    #[tokio::test]
    async fn what_was_used_is_told_with_trouble_as_well() {
        let (came, _) =
            ask(&yes_or_no(), &Ways::new(Provider::OpenAi), vec![said("?"), trouble(TroubleKind::Overloaded)]).await;
        let trouble = came.expect_err("overloaded");
        assert_eq!(
            (trouble.kind, trouble.tokens),
            (TroubleKind::Overloaded, Tokens { input: Some(10), output: Some(1) })
        );
    }

    #[tokio::test]
    async fn what_an_endpoint_does_not_take_is_tried_no_second_time() {
        use Feature::{Format as Way_, Limit, Schema, Seed, Temperature};
        use TroubleKind::Unsupported;
        let ways = Ways::new(Provider::OpenAi);
        let answers = vec![trouble(Unsupported(Temperature)), trouble(Unsupported(Way_)), said("yes")];
        let (came, asked) = ask(&yes_or_no(), &ways, answers).await;
        assert_eq!(came.expect("a reply").text, "yes");
        assert_eq!(asked_by(&asked), [Way::Native, Way::Native, Way::Tool]);
        // A schema of its own says nothing of others.
        let answers = vec![trouble(Unsupported(Schema)), trouble(Unsupported(Limit)), said("no")];
        let (_, asked) = ask(&yes_or_no(), &ways, answers).await;
        assert_eq!(asked_by(&asked), [Way::Tool, Way::Text, Way::Text]);
        let (_, asked) = ask(&yes_or_no(), &ways, vec![said("no")]).await;
        assert_eq!(asked, [(Manner { way: Way::Tool, without: BTreeSet::from([Temperature, Limit]) }, 1)]);
        // What is refused though it was left out is a refusal.
        let answers = vec![trouble(Unsupported(Seed)), trouble(Unsupported(Seed))];
        let (came, _) = ask(&request(Format::Text), &ways, answers).await;
        assert_eq!(came.expect_err("refused").kind, TroubleKind::BadRequest);
        let (came, asked) = ask(&yes_or_no(), &Ways::new(Provider::Ollama), vec![trouble(Unsupported(Way_)); 2]).await;
        assert_eq!(asked_by(&asked), [Way::Native, Way::Text]);
        assert_eq!(came.expect_err("refused").kind, TroubleKind::BadRequest);
    }

    #[tokio::test]
    async fn a_question_without_a_right_reply_is_not_asked() {
        let none = Format::Schema(Json::parse(r#"{"type": "texts"}"#).expect("JSON"));
        let (came, _) = ask(&request(none), &Ways::new(Provider::Gemini), Vec::new()).await;
        assert_eq!(came.expect_err("no schema").kind, TroubleKind::BadInput);
    }

    #[tokio::test]
    async fn text_is_taken_as_it_is() {
        let ways = Ways::new(Provider::Anthropic);
        let (came, asked) = ask(&request(Format::Text), &ways, vec![said(" as it is ")]).await;
        assert_eq!((came.expect("a reply").text, asked.len()), (" as it is ".to_owned(), 1));
    }
}
