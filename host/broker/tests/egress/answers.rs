//! Answers without end.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::outcome::FailureKind::{TimedOut, Unavailable};

use crate::server::Server;
use crate::{Names, door, get, is, rule, send, within};

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_is_cut_off_at_the_limit() {
    let server = Server::start(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 65536])?;
        }
    });
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    let answer = send(&door, &[rule(&origin)], get(&origin)).await.unwrap();
    assert_eq!((answer.body.len(), answer.truncated), (4 << 20, true));
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_counts_as_what_it_becomes() {
    // A gigabyte of zeros.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..1024 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let server = Server::start(move |stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len())?;
        stream.write_all(&bomb)
    });
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    let answer = send(&door, &[rule(&origin)], get(&origin)).await.unwrap();
    assert_eq!((answer.body.len(), answer.truncated), (4 << 20, true));
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_are_no_answer() {
    let server = Server::start(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n")?;
        for number in 0..100_000 {
            write!(stream, "x-{number}: {number}\r\n")?;
        }
        write!(stream, "\r\n")
    });
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    assert!(is(Unavailable, &send(&door, &[rule(&origin)], get(&origin)).await));
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_its_time_is_left_at_the_deadline() {
    let server = Server::start(|stream| {
        for byte in "HTTP/1.1 200 OK\r\nx: ".bytes().chain(std::iter::repeat(b'x')) {
            stream.write_all(&[byte])?;
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    let begun = Instant::now();
    let sent = send(&door, &[rule(&origin)], within(get(&origin), Duration::from_millis(300))).await;
    assert!(is(TimedOut, &sent), "{sent:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// T45
#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_wait_for_each_other() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&open), Arc::clone(&most));
    let server = Server::start(move |stream| {
        peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        counted.fetch_sub(1, Ordering::SeqCst);
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    });
    let origin = server.url("127.0.0.1");
    let door = Arc::new(door(Names::of("x", &[&[]]), &[&origin], Vec::new()));
    let sends = (0..1000).map(|_| {
        let (door, origin) = (Arc::clone(&door), origin.clone());
        tokio::spawn(async move { send(&door, &[rule(&origin)], get(&origin)).await })
    });
    for sent in sends.collect::<Vec<_>>() {
        assert_eq!(sent.await.unwrap().unwrap().status, 200);
    }
    assert!(most.load(Ordering::SeqCst) <= 256, "{most:?} at once");
}
