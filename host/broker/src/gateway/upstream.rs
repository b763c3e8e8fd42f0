//! One endpoint that calls are passed on to.

use std::sync::Arc;
use std::time::SystemTime;

use model::endpoint::{Endpoint, Provider};
use model::grant::HttpRule;
use model::json::Json;
use model::object;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpRequest, HttpResponse, Incoming, ModelAnswer, ModelCall, ModelOperation};
use model::quantity::TimeSpan;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::budget::{Budget, SetApart};
use crate::http::{Door, NoAnswer, origin_of};
use crate::judge::lanes::{Lane, Turn};
use crate::judge::ledger::Empty;
use crate::judge::provider::{self, Pace, Tokens, Trouble, TroubleKind};
use crate::judge::track::{Attempts, Track, about};

/// Bytes that an answer may have: embeddings of many texts are long.
const LONGEST_ANSWER: u64 = 128 << 20;

/// Bytes of an answer that says why there is none.
const LONGEST_ERROR: usize = 4 << 20;

pub(super) struct Upstream {
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
    track: Track,
    http: Arc<Door>,
    rule: HttpRule,
}

/// Why an endpoint has not answered, or only with that.
pub(super) struct Unanswered {
    pub(super) trouble: TroubleKind,
    /// For the client, in case there is no `answer`.
    pub(super) failure: Failure,
    /// What the endpoint says about it.
    pub(super) answer: Option<HttpResponse>,
}

/// One request that came to nothing.
struct Failed {
    trouble: Trouble,
    /// Why there is no answer, in words for the client.
    message: String,
    answer: Option<HttpResponse>,
}

impl Upstream {
    pub(super) fn new(name: String, endpoint: Endpoint, http: Arc<Door>) -> Self {
        let secrets = endpoint.api_key.iter().map(|key| key.name().to_owned()).collect();
        let rule =
            HttpRule { url: origin_of(&endpoint.base_url), methods: vec!["POST".to_owned()], secrets, why: None };
        Self { name, track: Track::new(&endpoint.flow), endpoint, http, rule }
    }

    /// Makes a call, and again as long as that may help and there is time.
    pub(super) async fn call(
        self: &Arc<Self>,
        call: &ModelCall,
        budget: &Budget,
        turn: Turn,
        requests: &mut u32,
    ) -> Result<ModelAnswer, Unanswered> {
        let deadline = Instant::now() + self.endpoint.flow.deadline;
        let request = self.request(call);
        // Beyond the end of the time there is still what was answered last.
        let (mut attempts, mut last) = (Attempts::default(), None);
        loop {
            let once = timeout_at(deadline, self.once(call, &request, budget, turn, requests)).await;
            let Failed { trouble, message, answer } = match once {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failed)) => failed,
                Err(_) => {
                    let time = TimeSpan(self.endpoint.flow.deadline);
                    let message = format!("the endpoint `{}` gave no answer within {time} (`deadline`)", self.name);
                    Failed { trouble: Trouble::timed_out(""), message, answer: None }
                }
            };
            last = answer.or(last);
            let again = self.track.again(&mut attempts, self.endpoint.flow.retries, &trouble, deadline);
            let again = again.filter(|time| Instant::now() + *time < deadline);
            let Some(time) = again else {
                let failure = Failure::new(kind(trouble.kind), message);
                return Err(Unanswered { trouble: trouble.kind, failure, answer: last });
            };
            sleep(time).await;
        }
    }

    /// Makes one request when it is its time.
    async fn once(
        self: &Arc<Self>,
        call: &ModelCall,
        request: &HttpRequest,
        budget: &Budget,
        turn: Turn,
        requests: &mut u32,
    ) -> Result<ModelAnswer, Failed> {
        let Self { name, endpoint, track, .. } = &**self;
        let bytes = request.body.len() as u64;
        let thought = about(bytes);
        let rests = |trouble| Failed::new(trouble, format!("the endpoint `{name}` has failed too often just now"));
        let lane = track.enter(turn, thought, true).await.map_err(rests)?;
        // No tokenizer makes more of a text than it has bytes.
        let most = endpoint.price.map(|price| price.of(bytes, self.most_output(call)));
        let mut set_apart = budget.reserve(most).await.map_err(|empty| {
            let (Empty::Run(short) | Empty::One(short)) = empty;
            let message =
                format!("the gateway has spent what it may in a day (`max_usd`), which ends at 00:00 UTC: {short}");
            Failed::new(Trouble::unmade(TroubleKind::Empty(empty), ""), message)
        })?;
        set_apart.leave();
        *requests += 1;
        let incoming = match self.begin(request).await {
            Ok(incoming) => incoming,
            Err(failed) => return Err(self.failed(failed, &lane, set_apart)),
        };
        if !(200..300).contains(&incoming.status()) {
            let failed = self.read(incoming).await;
            return Err(self.failed(failed, &lane, set_apart));
        }
        track.went_well(&lane, &Pace::of(incoming.headers(), SystemTime::now()));
        let upstream = Arc::clone(self);
        let settle = move |input: u64, output: u64| {
            let cost = Tokens { input: Some(input), output: Some(output) }.known().map(|(input, output)| {
                upstream.track.correct(thought, input + output);
                upstream.endpoint.price.map(|price| price.of(input, output))
            });
            // Numbers that can't be true are none: then it counts as the most.
            if let Some(cost) = cost {
                set_apart.settle(cost.unwrap_or(0));
            }
            drop(lane);
            cost.flatten()
        };
        Ok(ModelAnswer {
            endpoint: name.clone(),
            model: endpoint.model.clone(),
            requests: *requests,
            incoming,
            settle: Box::new(settle),
        })
    }

    /// Waits for the head of an answer.
    async fn begin(&self, request: &HttpRequest) -> Result<Box<dyn Incoming>, Failed> {
        let rules = std::slice::from_ref(&self.rule);
        let opened = self.http.start(rules, LONGEST_ANSWER, request.clone());
        match timeout(self.endpoint.flow.timeout, opened).await {
            Ok(Ok(incoming)) => Ok(incoming),
            Ok(Err(no_answer)) => Err(self.shut(no_answer)),
            Err(_) => Err(Failed::new(Trouble::timed_out(""), self.too_late())),
        }
    }

    fn too_late(&self) -> String {
        let time = TimeSpan(self.endpoint.flow.timeout);
        format!("the endpoint `{}` gave no answer within {time} (`timeout`)", self.name)
    }

    fn shut(&self, no_answer: NoAnswer) -> Failed {
        let message = format!("the endpoint `{}` can't be asked: {}", self.name, no_answer.failure.message);
        Failed::new(Trouble::shut(no_answer), message)
    }

    /// Reads what an endpoint says about why there is no answer.
    async fn read(&self, mut incoming: Box<dyn Incoming>) -> Failed {
        let (mut body, mut truncated) = (Vec::new(), false);
        let all = async {
            loop {
                match incoming.read(u32::MAX).await {
                    Ok(Some(piece)) if body.len() + piece.len() <= LONGEST_ERROR => body.extend_from_slice(&piece),
                    Ok(None) => break,
                    Ok(Some(_)) | Err(_) => {
                        truncated = true;
                        break;
                    }
                }
            }
        };
        if timeout(self.endpoint.flow.timeout, all).await.is_err() {
            truncated = true;
        }
        let response =
            HttpResponse { status: incoming.status(), headers: incoming.headers().to_vec(), body, truncated };
        let trouble = provider::answer(&self.endpoint, &response, SystemTime::now()).err();
        let unreadable = || Trouble::unreadable(Pace::default());
        let message = format!("the endpoint `{}` answered {}", self.name, response.status);
        Failed { trouble: trouble.unwrap_or_else(unreadable), message, answer: Some(response) }
    }

    /// Takes in that a request came to nothing.
    fn failed(&self, failed: Failed, lane: &Lane, set_apart: SetApart) -> Failed {
        match failed.trouble.kind {
            // One client's call may be refused for what it is, and who runs the provider may set right meanwhile what is
            // wrong there: so the endpoint is asked on.
            TroubleKind::Refused | TroubleKind::NoSuchModel | TroubleKind::QuotaExhausted => {
                self.track.hear(&failed.trouble.pace);
            }
            _ => self.track.failed(lane, &failed.trouble),
        }
        if let Some((input, output)) = failed.trouble.tokens.known() {
            set_apart.settle(self.endpoint.price.map_or(0, |price| price.of(input, output)));
        }
        failed
    }

    fn most_output(&self, call: &ModelCall) -> u64 {
        match call.operation {
            ModelOperation::Embeddings => 0,
            _ => call.max_output_tokens.unwrap_or(self.endpoint.max_output_tokens.into()),
        }
    }

    /// What an endpoint has said that is no answer, as the one that there is.
    pub(super) fn whole(&self, response: HttpResponse, requests: u32) -> ModelAnswer {
        ModelAnswer {
            endpoint: self.name.clone(),
            model: self.endpoint.model.clone(),
            requests,
            incoming: Box::new(Whole { response, is_read: false }),
            // It was settled when it came.
            settle: Box::new(|_, _| None),
        }
    }

    fn request(&self, call: &ModelCall) -> HttpRequest {
        HttpRequest {
            method: "POST".to_owned(),
            url: format!("{}{}", self.endpoint.base_url, path(&self.endpoint, call.operation)),
            headers: provider::headers(&self.endpoint)
                .into_iter()
                .filter(|(name, _)| name != "accept")
                .chain([("accept".to_owned(), b"application/json, text/event-stream".to_vec())])
                .collect(),
            body: with_model(&call.body, &self.endpoint.model.name),
            timeout: None,
            asker: None,
        }
    }
}

impl Failed {
    fn new(trouble: Trouble, message: String) -> Self {
        Self { trouble, message, answer: None }
    }
}

/// What a client is told that it is.
fn kind(trouble: TroubleKind) -> FailureKind {
    match trouble {
        TroubleKind::Empty(_) => FailureKind::BudgetExceeded,
        TroubleKind::TimedOut => FailureKind::TimedOut,
        TroubleKind::Shut(kind) => kind,
        _ => FailureKind::Unavailable,
    }
}

fn path(endpoint: &Endpoint, operation: ModelOperation) -> String {
    let is_azure = endpoint.model.provider == Provider::Azure;
    match operation {
        ModelOperation::Chat => provider::openai_path(endpoint, "chat/completions"),
        ModelOperation::Embeddings => provider::openai_path(endpoint, "embeddings"),
        // It goes by the model that the body names there, too.
        ModelOperation::Responses if is_azure => "/openai/v1/responses".to_owned(),
        ModelOperation::Responses => "/responses".to_owned(),
    }
}

/// The body as it is, but for the model.
fn with_model(body: &Json, model: &str) -> Vec<u8> {
    let entries = object::entries(body.as_str()).unwrap_or_default();
    let model = Json::from_serialize(model).expect("a text is JSON");
    let others = entries.iter().filter(|(name, _)| name != "model").map(|(name, value)| (&**name, value.get()));
    let mut written = Vec::with_capacity(body.as_str().len() + model.as_str().len());
    for (place, (name, value)) in [("model", model.as_str())].into_iter().chain(others).enumerate() {
        written.push(if place == 0 { b'{' } else { b',' });
        serde_json::to_writer(&mut written, name).expect("a text is JSON");
        written.push(b':');
        written.extend_from_slice(value.as_bytes());
    }
    written.push(b'}');
    written
}

/// An answer that is there already.
struct Whole {
    response: HttpResponse,
    is_read: bool,
}

#[async_trait::async_trait]
impl Incoming for Whole {
    fn status(&self) -> u16 {
        self.response.status
    }

    fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.response.headers
    }

    async fn read(&mut self, _: u32) -> Result<Option<Vec<u8>>, Failure> {
        let is_first = !std::mem::replace(&mut self.is_read, true);
        let body = std::mem::take(&mut self.response.body);
        Ok(Some(body).filter(|body| is_first && !body.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_nothing_changes_but_the_model() {
        let check = |body: &str, expected: &str| {
            let body = Json::parse(body).expect("JSON");
            assert_eq!(String::from_utf8_lossy(&with_model(&body, "gpt-5-mini")), expected);
        };
        check(
            r#"{"temperature":0.70,"model":"small","messages":[{"z":1,"a":12345678901234567890123}],"é\n":null}"#,
            r#"{"model":"gpt-5-mini","temperature":0.70,"messages":[{"z":1,"a":12345678901234567890123}],"é\n":null}"#,
        );
        check(r#"{"model":"a","model":"b"}"#, r#"{"model":"gpt-5-mini"}"#);
        check("{}", r#"{"model":"gpt-5-mini"}"#);
    }
}
