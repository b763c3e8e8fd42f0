//! An application under test: a server on this machine that does with each request what a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A request that was made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Null where there is none, or it is no JSON.
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Counts {
    asked: Mutex<Vec<Asked>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

pub(crate) struct Application {
    pub(crate) url: String,
    counts: Arc<Counts>,
}

impl Application {
    /// Each request is answered by what `answer` writes.
    pub(crate) fn start(
        answer: impl Fn(&Asked, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let (shared, answer) = (Arc::clone(&counts), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                // Who asks may go at any time.
                thread::spawn(move || drop(serve(stream.unwrap(), &shared, &*answer)));
            }
        });
        Self { url, counts }
    }

    /// Answers with JSON, with status 200.
    pub(crate) fn answering(answer: impl Fn(&Asked) -> Value + Send + Sync + 'static) -> Self {
        Self::start(move |asked, stream| write_answer(stream, 200, &answer(asked).to_string()))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.counts.asked.lock().unwrap().clone()
    }

    /// How many requests were in work at once, at the most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }
}

pub(crate) fn write_answer(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn serve(
    stream: TcpStream,
    counts: &Counts,
    answer: &dyn Fn(&Asked, &mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    stream.set_nodelay(true)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, length)| length.parse());
        let mut body = vec![0; length.and_then(Result::ok).unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let asked = Asked { path, headers, body: serde_json::from_slice(&body).unwrap_or_default(), bytes: body };
        counts.asked.lock().unwrap().push(asked.clone());
        let now = counts.now.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(now, Ordering::SeqCst);
        let answered = answer(&asked, &mut stream);
        counts.now.fetch_sub(1, Ordering::SeqCst);
        answered?;
    }
}
