//! Rows of clients before scorers of ours, in batches and without a run.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use model::ports::{BadCall, NotScored, Scored, ScorerCall};
use serde_json::{Value, json};

use super::input::{check_kind, json};
use crate::body;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

pub(super) async fn score(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, mut content) = request.into_parts();
    let scored = async {
        check_kind(&head.headers)?;
        let nothing = || Refusal::new(Kind::Missing, "this server has no scorers");
        let scorers = shared.scorers.as_ref().ok_or_else(nothing)?;
        // What is sent takes room until it is answered.
        let (sent, _held) = body::take(&mut content, &head.headers, &scorers.admission, shared.intake.bounds()).await?;
        let call: ScorerCall = json(&sent)?;
        Ok(shown(&scorers.door.score(call).await.map_err(refused)?))
    };
    match scored.await {
        Ok(shown) => axum::Json(shown).into_response(),
        Err(refusal) => {
            body::drain(&mut content).await;
            Refusal::into_response(refusal)
        }
    }
}

fn refused(why: NotScored) -> Refusal {
    match why {
        NotScored::Wrong(BadCall { field, message, hint }) => {
            Refusal { hint, ..Refusal::bad_request(message).field(field) }
        }
        NotScored::Busy(message) => Refusal::unavailable(message),
    }
}

fn shown(Scored { scorer, outcomes }: &Scored) -> Value {
    let rows = outcomes.iter().map(|outcome| json!({ "feedback": outcome.verdicts(&scorer.key) }));
    json!({
        "scorer": scorer.key,
        "plugin": scorer.plugin,
        "value": scorer.value,
        "better": scorer.better,
        "rows": rows.collect::<Vec<_>>(),
    })
}
