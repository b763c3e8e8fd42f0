//! What a guest can see of the world, of other calls, and how much it can say.

use std::collections::hash_map::RandomState;
use std::fmt::{Debug, Display};
use std::hash::BuildHasher;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use std::{env, fs, io};

use karat_sdk::prelude::*;

use crate::scorer;

/// Written by `prints`, to standard output and standard error alike.
const PRINTED: usize = 1 << 20;

static CALLS: AtomicU64 = AtomicU64::new(0);

// How many calls this instance has seen.
scorer!("counts", Counts {}, f64, |_, _| Ok(((CALLS.fetch_add(1, Ordering::Relaxed) + 1) as f64).into()));

// Milliseconds since 1970.
scorer!("clock", Clock {}, f64, |_, _| {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.map_err(|error| Failure::other(error.to_string()))?;
    Ok((since.as_millis() as f64).into())
});

// What the standard library seeds its hash maps with.
scorer!("random", Random {}, String, |_, _| Ok(RandomState::new().hash_one(0).to_string().into()));

scorer!("surroundings", Surroundings {}, String, |_, _| {
    let seen = [
        format!("environment: {:?}", env::vars().collect::<Vec<_>>()),
        format!("arguments: {:?}", env::args().collect::<Vec<_>>()),
        format!("file: {}", told(fs::read_to_string("/etc/passwd"))),
        format!("connection: {}", told(connect())),
        format!("input: {}", told(read_input())),
    ];
    Ok(seen.join("\n").into())
});

/// Opens a connection to 127.0.0.1:1. It goes to the interface directly: not every `std` for WebAssembly has sockets.
#[cfg(target_os = "wasi")]
fn connect() -> Result<(), wasip2::sockets::network::ErrorCode> {
    use wasip2::sockets::instance_network::instance_network;
    use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
    use wasip2::sockets::tcp_create_socket::create_tcp_socket;

    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 1, address: (127, 0, 0, 1) });
    socket.start_connect(&instance_network(), address)?;
    socket.subscribe().block();
    socket.finish_connect().map(drop)
}

#[cfg(not(target_os = "wasi"))]
fn connect() -> io::Result<()> {
    std::net::TcpStream::connect("127.0.0.1:1").map(drop)
}

fn told<T: Debug, E: Display>(tried: Result<T, E>) -> String {
    tried.map_or_else(|error| format!("refused: {error}"), |got| format!("got {got:?}"))
}

fn read_input() -> io::Result<String> {
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    Ok(input)
}

scorer!("prints", Prints {}, bool, |_, _| {
    let line = [b'x'; 1024];
    for _ in 0..PRINTED / line.len() {
        let written = io::stdout().write_all(&line).and_then(|()| io::stderr().write_all(&line));
        written.map_err(|error| Failure::other(error.to_string()))?;
    }
    Ok(true.into())
});

scorer!("logs", Logs { lines: u32 }, bool, |scorer, _| {
    for line in 0..scorer.lines {
        log::info!("line {line}");
    }
    Ok(true.into())
});

scorer!("seed", Seed {}, String, |_, row| Ok(row.seed().to_string().into()));

// The row, as one JSON object whose parts are the texts that came.
scorer!("echo", Echo {}, String, |_, row| {
    let seen = json!({
        "id": row.id(),
        "inputs": row.inputs().as_str(),
        "outputs": row.outputs().ok().map(Json::as_str),
        "expectations": row.expectations().as_str(),
        "tags": row.tags(),
        "session": row.session(),
        "trial": row.trial(),
        "seed": row.seed(),
    });
    Ok(seen.to_string().into())
});
