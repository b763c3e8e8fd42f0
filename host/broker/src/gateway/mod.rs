//! Calls of models that clients make through us, in OpenAI's own words: passed on as they are, to endpoints that speak them.
//!
//! The way of a call: endpoint → when it is its turn and at the pace that the provider bears ([`track`](crate::judge)) → with
//! the money for it set apart ([budget]) → through the HTTP door ([upstream]) → answered as it comes. What fails in
//! passing is asked again as long as nothing of an answer has been passed on.
//!
//! What is deliberately absent: what calls and answers say, which is the client's and whoever traces them; and a cache,
//! since a client that asks twice wants two answers.

mod budget;
mod upstream;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use model::endpoint::{Endpoint, Provider};
use model::outcome::{Failure, FailureKind};
use model::ports::{DayBudget, ModelAnswer, ModelCall, ModelDoor, ModelOffer};
use tokio::sync::watch;

use crate::http::Door;
use budget::Budget;
pub use budget::Spent;
use upstream::{Unanswered, Upstream};

/// Endpoints that clients may call, and what all of them together may cost in a day.
pub struct Gateway {
    offers: Vec<ModelOffer>,
    upstreams: BTreeMap<String, Arc<Upstream>>,
    budget: Budget,
    /// Calls take turns one by one.
    turn: AtomicU64,
}

impl Gateway {
    /// Calls go by way of `http`. `most` is what all of them may cost in a day (UTC), in millionths of a US dollar, and
    /// `spent` what they have cost before.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong with an endpoint.
    pub fn new(
        endpoints: BTreeMap<String, Endpoint>,
        most: Option<u64>,
        spent: Spent,
        http: &Arc<Door>,
    ) -> Result<Self, String> {
        let offers: Vec<_> = endpoints.iter().map(|(name, endpoint)| offer(name, endpoint)).collect();
        for (name, endpoint) in &endpoints {
            if most.is_some() && endpoint.price.is_none() {
                return Err(format!("what `{name}` costs is not known, so that no ceiling on dollars could hold"));
            }
            let stand_in = endpoint.fallback.as_ref().and_then(|name| endpoints.get_key_value(name));
            if let Some((stand_in, _)) = stand_in.filter(|(_, endpoint)| !is_open_ai(endpoint)) {
                return Err(format!("`{stand_in}` can't stand in for `{name}`: it does not speak OpenAI's interface"));
            }
        }
        let upstreams = endpoints.into_iter().map(|(name, endpoint)| {
            let upstream = Upstream::new(name.clone(), endpoint, Arc::clone(http));
            (name, Arc::new(upstream))
        });
        Ok(Self { offers, upstreams: upstreams.collect(), budget: Budget::new(most, spent), turn: AtomicU64::new(0) })
    }

    /// What calls have cost today: as it is, and each time that it changes.
    pub fn spent(&self) -> watch::Receiver<Spent> {
        self.budget.watch()
    }
}

fn offer(name: &str, endpoint: &Endpoint) -> ModelOffer {
    ModelOffer {
        name: name.to_owned(),
        model: endpoint.model.clone(),
        is_open_ai: is_open_ai(endpoint),
        fallback: endpoint.fallback.clone(),
    }
}

fn is_open_ai(endpoint: &Endpoint) -> bool {
    matches!(endpoint.model.provider, Provider::OpenAi | Provider::Azure)
}

#[async_trait]
impl ModelDoor for Gateway {
    fn models(&self) -> &[ModelOffer] {
        &self.offers
    }

    fn budget(&self) -> Option<DayBudget> {
        self.budget.today()
    }

    async fn call(&self, call: ModelCall) -> Result<ModelAnswer, Failure> {
        let find = |name: &str| self.upstreams.get(name).filter(|upstream| is_open_ai(&upstream.endpoint));
        let nobody = || Failure::new(FailureKind::BadInput, format!("`{}` can't be called", call.endpoint));
        let mut upstream = find(&call.endpoint).ok_or_else(nobody)?;
        let (mut asked, mut requests) = (HashSet::from([&*upstream.name]), 0);
        let turn = (self.turn.fetch_add(1, Ordering::Relaxed), 0);
        loop {
            let Unanswered { trouble, failure, answer } =
                match upstream.call(&call, &self.budget, turn, &mut requests).await {
                    Ok(answer) => return Ok(answer),
                    Err(unanswered) => unanswered,
                };
            let next = upstream.endpoint.fallback.as_deref().and_then(find);
            match (next.filter(|next| trouble.passes_on() && asked.insert(&next.name)), answer) {
                (Some(next), _) => upstream = next,
                (None, Some(response)) => return Ok(upstream.whole(response, requests)),
                (None, None) => return Err(failure),
            }
        }
    }
}

#[cfg(test)]
mod tests;
