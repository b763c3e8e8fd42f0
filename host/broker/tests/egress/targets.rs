//! Where a request may go.

use std::sync::Arc;

use model::grant::HttpRule;
use model::outcome::FailureKind::{BadInput, Denied, Unavailable};

use crate::server::Server;
use crate::{Names, door, get, is, rule, send, within};

const QUICK: std::time::Duration = std::time::Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_and_allowed_is_reached() {
    let server = Server::saying("hello");
    let origin = server.url("app.test");
    let door = door(Names::of("app.test", &[&["127.0.0.1"]]), &[&origin], Vec::new());
    let answer = send(&door, &[rule(&origin)], get(&format!("{origin}/path?q=1"))).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.truncated), (200, &b"hello"[..], false));
    assert!(server.heard().starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{}", server.heard());
    assert!(server.heard().to_lowercase().contains(&format!("host: app.test:{}", server.port())));
}

/// T33
#[tokio::test(flavor = "multi_thread")]
async fn another_host_port_scheme_or_method_is_denied_before_anything_is_looked_up() {
    let server = Server::saying("no");
    let (port, names) = (server.port(), Names::of("app.test", &[&["127.0.0.1"]]));
    let origin = server.url("app.test");
    let door = door(Arc::clone(&names), &[&origin], Vec::new());
    let only_get = HttpRule { methods: vec!["GET".to_owned()], ..rule(&origin) };
    for request in [
        get(&format!("http://other.test:{port}/")),
        get(&format!("http://app.test:{}/", port ^ 1)),
        get(&format!("https://app.test:{port}/")),
        get("http://app.test/"),
        model::ports::HttpRequest { method: "POST".to_owned(), ..get(&origin) },
        model::ports::HttpRequest { method: "DELETE".to_owned(), ..get(&origin) },
    ] {
        let sent = send(&door, std::slice::from_ref(&only_get), request.clone()).await;
        assert!(is(Denied, &sent), "{request:?}: {sent:?}");
    }
    assert_eq!((server.connections(), names.lookups()), (0, 0));
}

/// T34, T35
#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_this_machine_and_of_metadata_are_denied_however_they_are_written() {
    let server = Server::saying("no");
    let port = server.port();
    let names = Names::of("localhost", &[&["127.0.0.1"]]);
    let door = door(Arc::clone(&names), &[], Vec::new());
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "192.0.0.192",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "10.0.0.1",
    ] {
        // The plugin was even granted it; the operator has not allowed it.
        let url = format!("http://{host}:{port}");
        let sent = send(&door, &[rule(&url)], within(get(&format!("{url}/")), QUICK)).await;
        assert!(is(Denied, &sent), "{host}: {sent:?}");
    }
    assert_eq!(server.connections(), 0);
}

/// T36
#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_one_private_address_is_denied_whole() {
    let server = Server::saying("no");
    let origin = server.url("app.test");
    for addresses in [&["127.0.0.1"][..], &["1.1.1.1", "127.0.0.1"], &["::ffff:10.0.0.1"], &["169.254.169.254"]] {
        let door = door(Names::of("app.test", &[addresses]), &[], Vec::new());
        let sent = send(&door, &[rule(&origin)], within(get(&origin), QUICK)).await;
        assert!(is(Denied, &sent), "{addresses:?}: {sent:?}");
    }
    assert_eq!(server.connections(), 0);
}

/// T37
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_once_so_that_its_second_answer_does_not_matter() {
    let server = Server::saying("no");
    let origin = server.url("app.test");
    // An address for benchmarks would be refused; this one is public, and nobody is there.
    let names = Names::of("app.test", &[&["192.31.196.1"], &["127.0.0.1"]]);
    let door = door(Arc::clone(&names), &[], Vec::new());
    let _ = send(&door, &[rule(&origin)], within(get(&origin), QUICK)).await;
    assert_eq!((names.lookups(), server.connections()), (1, 0));
}

/// T38
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_an_answer_and_nothing_follows_it() {
    let elsewhere = Server::saying("no");
    let to = elsewhere.url("127.0.0.1");
    for status in [301, 302, 303, 307, 308] {
        let to = to.clone();
        let server = Server::start(move |stream| {
            use std::io::Write;
            write!(stream, "HTTP/1.1 {status} Go\r\nLocation: {to}/\r\nContent-Length: 0\r\n\r\n")
        });
        let origin = server.url("app.test");
        let door = door(Names::of("app.test", &[&["127.0.0.1"]]), &[&origin], Vec::new());
        let rules = [rule(&origin), rule(&elsewhere.url("127.0.0.1"))];
        let answer = send(&door, &rules, get(&origin)).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.headers.iter().any(|(name, _)| name == "location"));
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// T39
#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_could_be_read_in_two_ways_is_refused_before_anything_is_looked_up() {
    let server = Server::saying("no");
    let port = server.port();
    let names = Names::of("evil.test", &[&["127.0.0.1"]]);
    let door = door(Arc::clone(&names), &[], Vec::new());
    let rules = [rule("https://allowed.test"), rule(&format!("http://evil.test:{port}"))];
    for url in [
        format!("http://allowed.test@evil.test:{port}/"),
        format!("http://user:password@evil.test:{port}/"),
        format!("http://@evil.test:{port}/"),
        format!("http://allowed%2eevil.test:{port}/"),
        format!("//evil.test:{port}/"),
        format!("http:evil.test:{port}/"),
        format!("http://evil.test:{port}\\@allowed.test/"),
        format!("http://evil.test:{port}/\r\nHost: allowed.test"),
        format!("http://evil.test:{port}/ HTTP/1.1"),
        format!("http://evil.test:{port}/#fragment"),
        format!("http://évil.test:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://evil.test/".to_owned(),
        "data:,x".to_owned(),
        String::new(),
    ] {
        let sent = send(&door, &rules, get(&url)).await;
        assert!(is(Denied, &sent) || is(BadInput, &sent), "{url}: {sent:?}");
    }
    assert_eq!((server.connections(), names.lookups()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_as_such() {
    let port = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
    let origin = format!("http://127.0.0.1:{port}");
    let door = door(Names::of("x", &[&[]]), &[&origin], Vec::new());
    let sent = send(&door, &[rule(&origin)], get(&origin)).await;
    assert!(is(Unavailable, &sent), "{sent:?}");
}
