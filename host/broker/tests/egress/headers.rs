//! Headers and secrets.

use broker::Secret;
use model::outcome::FailureKind::{BadInput, Denied, TooLarge};
use model::ports::HttpRequest;

use crate::server::Server;
use crate::{Names, door, get, is, rule, send};

const VALUE: &str = "s3cr3t-v4lu3";

fn secret(origin: &str) -> Secret {
    Secret { name: "KEY".to_owned(), value: VALUE.to_owned(), origin: origin.to_owned() }
}

fn with(url: &str, name: &str, value: &str) -> HttpRequest {
    HttpRequest { headers: vec![(name.to_owned(), value.as_bytes().to_vec())], ..get(url) }
}

/// T40
#[tokio::test(flavor = "multi_thread")]
async fn headers_that_change_the_connection_or_say_who_asks_are_refused() {
    let server = Server::saying("no");
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "Proxy-X",
        "TE",
        "Upgrade",
        "Expect",
        "Cookie",
        "X-Forwarded-For",
        "Authorization",
    ] {
        let sent = send(&door, &[rule(&origin)], with(&origin, name, "1")).await;
        assert!(is(Denied, &sent), "{name}: {sent:?}");
    }
    for (name, value) in [("a b", "1"), ("", "1"), ("x\r\ny", "1"), ("x", "1\r\nHost: y"), ("x", "1\0")] {
        let sent = send(&door, &[rule(&origin)], with(&origin, name, value)).await;
        assert!(is(BadInput, &sent), "{name:?} {value:?}: {sent:?}");
    }
    assert_eq!(server.connections(), 0);
    assert!(send(&door, &[rule(&origin)], with(&origin, "x-title", "mine")).await.is_ok());
}

/// T43
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_to_its_own_origin_in_the_value_of_a_header_and_nowhere_else() {
    let server = Server::saying("ok");
    let other = Server::saying("no");
    let (origin, elsewhere) = (server.url("127.0.0.1"), other.url("127.0.0.1"));
    let door = door(Names::of("x", &[&[]]), &[&origin, &elsewhere], vec![secret(&origin)]);
    let rules = [rule(&origin), rule(&elsewhere)];
    assert!(send(&door, &rules, with(&origin, "Authorization", "Bearer {{secret:KEY}}")).await.is_ok());
    assert!(server.heard().contains(&format!("authorization: Bearer {VALUE}\r\n")), "{}", server.heard());

    let body = HttpRequest { method: "POST".to_owned(), body: b"{{secret:KEY}}".to_vec(), ..get(&origin) };
    assert!(send(&door, &rules, body).await.is_ok());
    assert!(!server.heard().contains(VALUE));
    let heard = server.connections();
    for request in [
        with(&elsewhere, "Authorization", "Bearer {{secret:KEY}}"),
        with(&origin, "x", "{{secret:OTHER}}"),
        with(&origin, "x", "{{secret:{{secret:KEY}}}}"),
        with(&origin, "x", "{{secret:KEY}}{{secret:KEY}}"),
        with(&origin, "x", "{{KEY}}"),
        get(&format!("{origin}/{{{{secret:KEY}}}}")),
    ] {
        let sent = send(&door, &rules, request.clone()).await;
        assert!(is(Denied, &sent), "{request:?}: {sent:?}");
        assert!(!format!("{sent:?}").contains(VALUE));
    }
    assert!(is(BadInput, &send(&door, &rules, with(&origin, "{{secret:KEY}}", "x")).await));
    assert_eq!((server.connections(), other.connections()), (heard, 0));
    assert!(!format!("{:?}", secret(&origin)).contains(VALUE));
}

/// T44
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_echoed_does_not_come_back() {
    let server = Server::start(|stream| {
        use std::io::Write;
        let body = format!("you said {VALUE}, {VALUE}");
        // It closes the connection, and says so: whoever took it for open would find out too late.
        let head = format!("HTTP/1.1 200 OK\r\nX-Echo: {VALUE}\r\nConnection: close\r\nContent-Length: {}", body.len());
        write!(stream, "{head}\r\n\r\n{body}")
    });
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], vec![secret(&origin)]);
    let answer = send(&door, &[rule(&origin)], with(&origin, "x", "{{secret:KEY}}")).await.unwrap();
    assert_eq!(String::from_utf8(answer.body.clone()).unwrap(), "you said [secret KEY], [secret KEY]");
    assert!(!answer.headers.iter().any(|(_, value)| String::from_utf8_lossy(value).contains(VALUE)));
    // Nor the part of one that the limit cuts off.
    use model::ports::HttpDoor;
    let cut = door.send(&[rule(&origin)], 15, get(&origin)).await.unwrap();
    assert_eq!((String::from_utf8(cut.body).unwrap().as_str(), cut.truncated), ("you said ", true));
}

/// T42
#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_an_end() {
    let server = Server::saying("no");
    let origin = server.url("127.0.0.1");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    let long = HttpRequest { body: vec![0; 2 << 20], ..get(&origin) };
    assert!(is(TooLarge, &send(&door, &[rule(&origin)], long).await));
    let many = HttpRequest { headers: vec![("x".to_owned(), b"1".to_vec()); 100], ..get(&origin) };
    assert!(is(BadInput, &send(&door, &[rule(&origin)], many).await));
    assert_eq!(server.connections(), 0);
}
