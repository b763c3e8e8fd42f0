//! The end of a server, and of its clients.

use std::sync::Arc;
use std::time::Duration;

use server::{Bounds, Options};

use crate::client::{PATIENCE, PROTOBUF, http};
use crate::spans::{request, span};
use crate::{Running, options};
use prost::Message;

#[tokio::test]
async fn what_is_in_flight_is_answered_before_the_end() {
    let running = Running::start().await;
    running.store.closed.send_replace(true);
    let sending = running.traces(PROTOBUF, request(vec![span(1)]).encode_to_vec());
    let by_http = tokio::spawn(async move { sending.send().await.unwrap().status() });
    let mut client = running.grpc().await;
    let by_grpc = tokio::spawn(async move { client.export(request(vec![span(2)])).await });
    running.store.wait_for(2).await;

    let Running { addresses, store, end, running } = running;
    end.send(()).unwrap();
    // Nobody else is let in.
    while http().get(format!("http://{}/healthz", addresses.api)).send().await.is_ok() {}
    assert!(!running.is_finished());
    let kept = Arc::clone(&store);
    let at_the_end = tokio::spawn(async move {
        running.await.unwrap();
        kept.spans().len()
    });
    store.closed.send_replace(false);
    assert_eq!(by_http.await.unwrap(), 200);
    by_grpc.await.unwrap().unwrap();
    assert_eq!(at_the_end.await.unwrap(), 2);
}

#[tokio::test]
async fn what_does_not_end_is_not_waited_for_without_end() {
    let bounds = Bounds { ending: Duration::from_millis(20), ..Bounds::default() };
    let running = Running::with(Options { bounds, ..options() }).await;
    running.store.closed.send_replace(true);
    let sending = running.traces(PROTOBUF, request(vec![span(1)]).encode_to_vec());
    let sent = tokio::spawn(async move { sending.send().await });
    running.store.wait_for(1).await;
    let Running { end, running, .. } = running;
    end.send(()).unwrap();
    running.await.unwrap();
    sent.abort();
}

#[tokio::test]
async fn a_connection_that_is_idle_does_not_hold_up_the_end() {
    let running = Running::start().await;
    let client = http();
    client.get(running.url("/healthz")).send().await.unwrap();
    let _idle = running.grpc().await;
    let _silent = tokio::net::TcpStream::connect(running.addresses.api).await.unwrap();
    let Running { end, running, .. } = running;
    end.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn spans_of_a_sender_who_has_gone_are_kept() {
    let running = Running::start().await;
    running.store.closed.send_replace(true);
    let sending = running.traces(PROTOBUF, request(vec![span(1)]).encode_to_vec());
    let sent = tokio::spawn(async move { sending.send().await });
    running.store.wait_for(1).await;
    sent.abort();
    assert!(sent.await.unwrap_err().is_cancelled());
    running.store.closed.send_replace(false);
    let mut puts = running.store.puts.subscribe();
    tokio::time::timeout(PATIENCE, puts.wait_for(|puts| puts.len() == 1)).await.unwrap().unwrap();
}
