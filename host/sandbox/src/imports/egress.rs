//! The way out that a plugin was granted, counted over a call: for our own `http` and `http-stream` and for `wasi:http`.

use std::collections::HashMap;
use std::sync::Arc;

use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse, Incoming};

use super::Granted;
use crate::instances::Turn;

/// What the call at hand may still send.
pub(crate) struct Egress {
    granted: Arc<Granted>,
    turn: Turn,
    requests: u32,
    /// Answers on their way, by the number of the guest's handle. They end with the call, whatever becomes of the handle.
    pub(crate) incoming: HashMap<u32, Box<dyn Incoming>>,
}

impl Egress {
    pub(crate) fn new(granted: &Arc<Granted>, turn: Turn) -> Self {
        Self { granted: Arc::clone(granted), turn, requests: 0, incoming: HashMap::new() }
    }

    /// Lets one more request out.
    ///
    /// # Errors
    ///
    /// Fails as `denied` where nothing was granted, as `budget exceeded` where the call has made all it may.
    pub(crate) fn pass(&mut self) -> Result<Pass, Failure> {
        let granted = &self.granted;
        let Some(door) = granted.doors.http.as_ref().filter(|_| !granted.setup.grant.http.is_empty()) else {
            return Err(Failure::new(FailureKind::Denied, "http was not granted to this plugin"));
        };
        self.requests += 1;
        let most = granted.setup.limits.http_requests;
        if self.requests > most {
            let message = format!("this call has made its {most} requests (`limits.http_requests`)");
            return Err(Failure::new(FailureKind::BudgetExceeded, message));
        }
        Ok(Pass { door: Arc::clone(door), granted: Arc::clone(granted), turn: self.turn })
    }
}

/// Good for one request.
pub(crate) struct Pass {
    door: Arc<dyn HttpDoor>,
    granted: Arc<Granted>,
    /// The call that it is good for.
    turn: Turn,
}

impl Pass {
    pub(crate) async fn send(self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let Self { door, granted, turn } = self;
        let setup = &granted.setup;
        let request = HttpRequest { asker: setup.asker(turn), ..request };
        door.send(&setup.grant.http, setup.limits.http_bytes, request).await
    }

    pub(crate) async fn open(self, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
        let Self { door, granted, turn } = self;
        let setup = &granted.setup;
        let request = HttpRequest { asker: setup.asker(turn), ..request };
        door.open(&setup.grant.http, setup.limits.http_bytes, request).await
    }
}
