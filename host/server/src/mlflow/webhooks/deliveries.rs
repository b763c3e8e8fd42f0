//! What is on its way to webhooks. Each has a queue of its own and is told in order, so that one that hangs delays nobody
//! else's; nobody who changes something waits for any of it.
//!
//! A webhook is looked up again before each attempt: one that was deleted or switched off is told nothing more, and what
//! waits for one whose address or secret has changed goes by the new ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::ports::HttpDoor;
use registry::Error;
use tokio::sync::watch;
use uuid::Uuid;

use super::events::Happened;
use super::sending::{again_after, body, is_taken, send};
use crate::options::WayOut;
use crate::shared::Shared;

/// The most that wait for one webhook.
const MOST_WAITING: usize = 256;

/// The most that one delivery may have; the door takes no more.
const MOST_BYTES: usize = 1 << 20;

/// How often it is tried at the most.
const TIMES: u32 = 4;

/// What is under way, and the way out.
pub(crate) struct Webhooks {
    pub(super) door: Arc<dyn HttpDoor>,
    /// Origins that the operator named.
    pub(super) named: Vec<String>,
    /// By the webhook's id. One that is being told has a queue, if an empty one.
    waiting: watch::Sender<BTreeMap<String, VecDeque<Delivery>>>,
}

struct Delivery {
    id: String,
    /// All who are told of the same are sent the same.
    body: Arc<str>,
}

/// Where in line a delivery came.
enum Place {
    /// It is for the caller to make, and then those that have lined up behind it.
    First(Delivery),
    Behind,
    /// There is no room.
    None,
}

impl Webhooks {
    pub(crate) fn new(WayOut { door, named }: WayOut) -> Self {
        Self { door, named, waiting: watch::Sender::default() }
    }

    /// Waits until everybody has been told, for so long at the most.
    pub(crate) async fn flush(&self, time: Duration) {
        let mut waiting = self.waiting.subscribe();
        let all = tokio::time::timeout(time, waiting.wait_for(BTreeMap::is_empty));
        if all.await.is_err() {
            // With those that are being made.
            let deliveries: usize = self.waiting.borrow().values().map(|queue| queue.len() + 1).sum();
            tracing::warn!(deliveries, "the server ends before webhooks were told");
        }
    }

    /// Puts it in line behind what is being delivered to the webhook.
    fn line_up(&self, webhook: &str, delivery: Delivery) -> Place {
        let mut place = Place::Behind;
        self.waiting.send_modify(|waiting| match waiting.get_mut(webhook) {
            None => {
                waiting.insert(webhook.to_owned(), VecDeque::new());
                place = Place::First(delivery);
            }
            Some(queue) if queue.len() < MOST_WAITING => queue.push_back(delivery),
            Some(_) => place = Place::None,
        });
        place
    }

    /// What comes behind a delivery that has ended.
    fn next(&self, webhook: &str) -> Option<Delivery> {
        let mut next = None;
        self.waiting.send_modify(|waiting| {
            next = waiting.get_mut(webhook).and_then(VecDeque::pop_front);
            if next.is_none() {
                waiting.remove(webhook);
            }
        });
        next
    }
}

/// Has everybody told who wants to know of it.
pub(in crate::mlflow) async fn tell(shared: &Arc<Shared>, happened: Happened) {
    let webhooks = match shared.registry.webhooks().await {
        Ok(webhooks) => webhooks,
        Err(error) => return tracing::error!(%error, event = ?happened.event, "no webhook is told"),
    };
    let mut body: Option<Arc<str>> = None;
    for webhook in webhooks.iter().filter(|webhook| webhook.is_active && webhook.events.contains(&happened.event)) {
        let body = body.get_or_insert_with(|| self::body(&happened, (shared.now)()).into());
        if body.len() > MOST_BYTES {
            lost(shared, &webhook.id, &format!("it would be told more than {MOST_BYTES} bytes"));
            continue;
        }
        let delivery = Delivery { id: Uuid::new_v4().to_string(), body: Arc::clone(body) };
        match shared.webhooks.line_up(&webhook.id, delivery) {
            Place::First(delivery) => drop(tokio::spawn(deliver(Arc::clone(shared), webhook.id.clone(), delivery))),
            Place::Behind => {}
            Place::None => lost(shared, &webhook.id, &format!("{MOST_WAITING} deliveries wait for it already")),
        }
    }
}

/// Makes a delivery, and those that line up behind it meanwhile.
async fn deliver(shared: Arc<Shared>, webhook: String, first: Delivery) {
    let mut delivery = Some(first);
    while let Some(Delivery { id, body }) = delivery {
        match attempts(&shared, &webhook, &id, &body).await {
            Ok(()) => _ = shared.metrics.told.fetch_add(1, Ordering::Relaxed),
            Err(why) => lost(&shared, &webhook, &why),
        }
        delivery = shared.webhooks.next(&webhook);
    }
}

/// Says why it could not be delivered.
async fn attempts(shared: &Shared, webhook: &str, id: &str, body: &str) -> Result<(), String> {
    let mut time = 0;
    loop {
        let webhook = match shared.registry.webhook(webhook).await {
            Ok(webhook) if webhook.is_active => webhook,
            Ok(_) | Err(Error::Missing { .. }) => return Err("it is not to be told any more".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        let answered = send(shared, &webhook, id, body).await;
        if answered.as_ref().is_ok_and(is_taken) {
            return Ok(());
        }
        time += 1;
        match again_after(&answered, time).filter(|_| time < TIMES) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => {
                return Err(answered
                    .map_or_else(|failure| failure.message, |response| format!("it answered {}", response.status)));
            }
        }
    }
}

/// Its address is not told: there may be keys in it.
fn lost(shared: &Shared, webhook: &str, why: &str) {
    shared.metrics.untold.fetch_add(1, Ordering::Relaxed);
    tracing::warn!(webhook, why, "a webhook was not told");
}
