//! Answers that are taken as they come.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use broker::Secret;
use model::outcome::Failure;
use model::outcome::FailureKind::{TimedOut, TooLarge, Unavailable};
use model::ports::{HttpDoor, HttpRequest, Incoming};

use crate::server::Server;
use crate::{Names, door, get, rule, within};

const MOST: u64 = 4 << 20;

/// A server that writes as it is told, and closes the connection when nobody tells it any more.
fn puppet() -> (Server, Sender<&'static [u8]>) {
    let (tell, told) = channel::<&[u8]>();
    let told: Mutex<Receiver<&[u8]>> = Mutex::new(told);
    let server = Server::start(move |stream| {
        for bytes in told.lock().unwrap().iter() {
            stream.write_all(bytes)?;
        }
        Ok(())
    });
    (server, tell)
}

async fn open(server: &Server, secrets: Vec<Secret>, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
    let origin = server.url("127.0.0.1");
    door(Names::of("x", &[&[]]), &[&origin], secrets).open(&[rule(&origin)], MOST, request).await
}

/// What is left of a body, and how it ends.
async fn rest(incoming: &mut dyn Incoming) -> (Vec<u8>, Option<Failure>) {
    let mut body = Vec::new();
    loop {
        match incoming.read(1 << 20).await {
            Ok(Some(piece)) => body.extend(piece),
            Ok(None) => return (body, None),
            Err(failure) => {
                // It stays broken.
                assert_eq!(incoming.read(1).await, Err(failure.clone()));
                return (body, Some(failure));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_is_there_before_the_next_is_sent() {
    let (server, tell) = puppet();
    tell.send(b"HTTP/1.1 201 Created\r\nX-Title: mine\r\n\r\n").unwrap();
    let mut incoming = open(&server, Vec::new(), get(&server.url("127.0.0.1"))).await.unwrap();
    assert_eq!(incoming.status(), 201);
    assert!(incoming.headers().contains(&("x-title".to_owned(), b"mine".to_vec())));
    for piece in [&b"one"[..], b"two", b"three"] {
        tell.send(piece).unwrap();
        assert_eq!(incoming.read(1000).await.unwrap().as_deref(), Some(piece));
    }
    tell.send(b"four").unwrap();
    assert_eq!(incoming.read(1).await.unwrap().as_deref(), Some(&b"f"[..]));
    // Nothing is nothing: at least a byte comes.
    assert_eq!(incoming.read(0).await.unwrap().as_deref(), Some(&b"o"[..]));
    drop(tell);
    assert_eq!(rest(&mut *incoming).await, (b"ur".to_vec(), None));
    assert_eq!(incoming.read(1).await, Ok(None));
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_is_broken_and_not_at_its_end() {
    for head in ["Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n64\r\n"] {
        let server = Server::start(move |stream| write!(stream, "HTTP/1.1 200 OK\r\n{head}hello"));
        let mut incoming = open(&server, Vec::new(), get(&server.url("127.0.0.1"))).await.unwrap();
        let (body, failure) = rest(&mut *incoming).await;
        assert_eq!((&body[..], failure.unwrap().kind), (&b"hello"[..], Unavailable), "{head:?}");
    }
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_comes_up_to_the_limit() {
    let endless = Server::start(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 65536])?;
        }
    });
    // Of a gigabyte of zeros.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..1024 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let bomb = Server::start(move |stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len())?;
        stream.write_all(&bomb)
    });
    for server in [endless, bomb] {
        let mut incoming = open(&server, Vec::new(), get(&server.url("127.0.0.1"))).await.unwrap();
        let (body, failure) = rest(&mut *incoming).await;
        assert_eq!((body.len() as u64, failure.unwrap().kind), (MOST, TooLarge));
    }
}

/// T41
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_left_at_the_deadline() {
    let server = Server::start(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let request = within(get(&server.url("127.0.0.1")), Duration::from_millis(300));
    let mut incoming = open(&server, Vec::new(), request).await.unwrap();
    let (body, failure) = rest(&mut *incoming).await;
    assert_eq!(failure.unwrap().kind, TimedOut);
    assert!(!body.is_empty() && body.len() < 100, "{}", body.len());
}

/// T44
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_comes_back_in_two_pieces_does_not_come_through() {
    let (server, tell) = puppet();
    let origin = server.url("127.0.0.1");
    let secret = Secret { name: "KEY".to_owned(), value: "s3cr3t-v4lu3".to_owned(), origin: origin.clone() };
    tell.send(b"HTTP/1.1 200 OK\r\nX-Echo: s3cr3t-v4lu3\r\n\r\nyou said s3cr").unwrap();
    let headers = vec![("x".to_owned(), b"{{secret:KEY}}".to_vec())];
    let mut incoming = open(&server, vec![secret], HttpRequest { headers, ..get(&origin) }).await.unwrap();
    assert!(incoming.headers().contains(&("x-echo".to_owned(), b"[secret KEY]".to_vec())));
    assert_eq!(incoming.read(1000).await.unwrap().as_deref(), Some(&b"you said "[..]));
    tell.send(b"3t-v4lu3, or s3c").unwrap();
    assert_eq!(incoming.read(1000).await.unwrap().as_deref(), Some(&b"[secret KEY], or "[..]));
    // What turns out to be something else is not lost.
    tell.send(b"ret").unwrap();
    assert_eq!(incoming.read(1000).await.unwrap().as_deref(), Some(&b"s3cret"[..]));
    tell.send(b" or s3cr3t").unwrap();
    drop(tell);
    assert_eq!(rest(&mut *incoming).await, (b" or s3cr3t".to_vec(), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_dropped_is_a_connection_that_is_closed() {
    let (say, said) = channel();
    let say = Mutex::new(say);
    let server = Server::start(move |stream: &mut TcpStream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\nhello")?;
        say.lock().unwrap().send(stream.read(&mut [0]).unwrap_or_default()).unwrap();
        Ok(())
    });
    let mut incoming = open(&server, Vec::new(), get(&server.url("127.0.0.1"))).await.unwrap();
    assert_eq!(incoming.read(1000).await.unwrap().as_deref(), Some(&b"hello"[..]));
    assert!(said.try_recv().is_err());
    drop(incoming);
    assert_eq!(said.recv_timeout(Duration::from_secs(10)), Ok(0));
}
