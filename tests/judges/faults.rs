//! Providers that misbehave: the run goes on, and each row says what was wrong.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Judged, answer, provider, verdict};
use crate::support::application::{Application, Asked, write_answer};

/// What one row says after a provider did this to every request.
#[track_caller]
fn check(fault: fn(&Asked, &mut TcpStream) -> std::io::Result<()>, endpoint: &str, expected: &str) {
    let begun = Instant::now();
    let provider = Application::start(fault);
    let judged = Judged::new(&provider.url, 3, "", endpoint, "");
    let report = judged.report(3, &[]);
    assert_eq!(report["scorers"]["grades"]["failed"], 3, "{report:#}");
    let failing = judged.project.run(&["runs", "show", "last", "--failing"]).out;
    assert!(failing.contains(expected), "{expected}: {failing}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn what_a_provider_does_wrong_is_told() {
    let once = ", retries: 0";
    check(|_, _| Err(std::io::ErrorKind::ConnectionReset.into()), once, "gave an answer that can't be read");
    check(|_, stream| write_answer(stream, 200, "{"), once, "an answer that can't be read");
    check(|_, stream| write_answer(stream, 500, "oh no"), once, "the judge's provider failed (500)");
    check(|_, stream| write_answer(stream, 401, r#"{"error": {"message": "no"}}"#), once, "does not accept the key");
    check(
        |_, stream| {
            stream.write_all(b"HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
        },
        once,
        "does not take the question (302)",
    );
    check(
        |_, stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\xfd\xfc"),
        once,
        "an answer that can't be read",
    );
    // One that never ends.
    check(
        |_, stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")?;
            (0..1000).try_for_each(|_| stream.write_all(&[b' '; 1_000_000]))
        },
        once,
        "too large",
    );
}

#[test]
fn one_that_hangs_or_trickles_is_left_in_time() {
    let soon = ", retries: 0, timeout: 1s";
    let hang = |_: &Asked, _: &mut TcpStream| {
        std::thread::sleep(Duration::from_secs(30));
        Ok(())
    };
    check(hang, soon, "the judge's provider gave no answer within 1s (`timeout`)");
    let trickle = |_: &Asked, stream: &mut TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
        (0..1000).try_for_each(|_| {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(b" ")
        })
    };
    check(trickle, soon, "the judge's provider gave no answer within 1s (`timeout`)");
}

#[test]
fn what_fails_in_passing_is_asked_again() {
    let times = AtomicUsize::new(0);
    let provider = Application::start(move |asked, stream| match times.fetch_add(1, Ordering::SeqCst) % 3 {
        0 => write_answer(stream, 503, "later"),
        1 => {
            write!(stream, "HTTP/1.1 429 X\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{{}}")
        }
        _ => answer(asked, stream, verdict(asked)),
    });
    let judged = Judged::new(&provider.url, 6, "", ", concurrency: 2", "");
    let report = judged.report(0, &[]);
    assert_eq!(
        (&report["scorers"]["grades"]["passed"], &report["scorers"]["grades"]["scored"]),
        (&3.into(), &6.into())
    );
}

#[test]
fn another_endpoint_stands_in_for_one_that_fails() {
    let (broken, standing_in) = (Application::start(|_, stream| write_answer(stream, 503, "no")), provider());
    let judged = Judged::new(&broken.url, 4, "", ", retries: 0, fallback: other", "");
    let other = format!(
        "  other: {{ model: \"openai:/other\", base_url: \"{}/v1\", api_key: {{ env: JUDGE_KEY }} }}\njudges:",
        standing_in.url
    );
    let suite = judged.project.read("karat.yaml").replace("judges:", &other);
    judged.project.write("karat.yaml", suite);
    let (http, env) = (format!("http={}", standing_in.url), format!("env=JUDGE_KEY@{}", standing_in.url));
    let report = judged.report(0, &["--allow", &http, "--allow", &env]);
    assert_eq!(report["scorers"]["grades"]["passed"], 2);
    let log = judged.project.run(&["judge", "log", "last"]).out;
    assert!(log.contains("openai:/other"), "{log}");
}
