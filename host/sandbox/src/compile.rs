//! Compiling in a process of its own.
//!
//! Compiling is where a small file can ask for much: time, memory, and a compiler's bugs. So another process does it,
//! which has no more of either than it is allowed, and whose end is nobody else's.

use std::io::{self, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine;
use crate::load::{Cause, LoadError};
use crate::program::Program;

/// Wall time, processor time being twice as much.
const TIME: Duration = Duration::from_secs(120);

/// Address space, in bytes.
const MEMORY: u64 = 4 << 30;

const THREADS: &str = "4";

/// Compiled code may be so many times as long as the component, and a little.
const GROWTH: usize = 16;
const LITTLE: usize = 16 << 20;

/// Bytes of a message that are read.
const LONGEST_MESSAGE: u64 = 16 << 10;

/// How a compiler says that the component is at fault, not the compiler.
const INVALID: i32 = 65;

/// Has another process compile a component.
///
/// # Errors
///
/// Fails when it is invalid, takes too long or too much memory, or when the compiler can't be started.
pub(crate) async fn elsewhere(compiler: &Program, component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let most = component.len() * GROWTH + LITTLE;
    let mut command = compiler.command();
    // Each thread takes address space, of which there is a limit.
    command.env("RAYON_NUM_THREADS", THREADS);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(LoadError::Compiler)?;
    let (mut input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let done = async {
        let (mut code, mut message) = (Vec::new(), Vec::new());
        let write = async {
            // A compiler that gives up early says why.
            if let Some(mut input) = input.take() {
                let _ = input.write_all(component).await;
            }
            Ok::<_, io::Error>(())
        };
        let read = async {
            match output {
                Some(output) => output.take(most as u64 + 1).read_to_end(&mut code).await,
                None => Ok(0),
            }
        };
        let listen = async {
            match errors {
                Some(errors) => errors.take(LONGEST_MESSAGE).read_to_end(&mut message).await,
                None => Ok(0),
            }
        };
        let ((), _, _) = tokio::try_join!(write, read, listen)?;
        if code.len() > most {
            return Ok((code, message, None));
        }
        Ok::<_, io::Error>((code, message, Some(child.wait().await?)))
    };
    let Ok(done) = tokio::time::timeout(TIME, done).await else {
        return Err(LoadError::TooHard { what: format!("takes longer than {} s to compile", TIME.as_secs()) });
    };
    let (code, message, status) = done.map_err(LoadError::Compiler)?;
    let message = String::from_utf8_lossy(&message).trim().to_owned();
    match status {
        None => Err(LoadError::TooHard { what: format!("becomes more than {most} bytes of compiled code") }),
        Some(status) if status.success() => Ok(code),
        Some(status) if status.code() == Some(INVALID) => Err(LoadError::Invalid(Cause::new(message))),
        Some(status) => Err(LoadError::TooHard {
            what: format!(
                "can't be compiled within {} GiB and {} s of processor time ({status})",
                MEMORY >> 30,
                2 * TIME.as_secs()
            ),
        }),
    }
}

/// Compiles the component that comes from `input` to `output`. This is what a compiler does; it gives up what it
/// does not need of this process first.
///
/// # Errors
///
/// Fails with the exit status to end with and what to say.
pub fn compile(mut input: impl Read, mut output: impl Write) -> Result<(), (i32, String)> {
    const FAILED: i32 = 70;
    let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
    confine().map_err(|error| failed(&error))?;
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(|error| failed(&error))?;
    let engine = engine::compiling().map_err(|error| failed(&error))?;
    let code = engine.precompile_component(&component).map_err(|error| (INVALID, format!("{error:#}")))?;
    output.write_all(&code).and_then(|()| output.flush()).map_err(|error| failed(&error))
}

/// No more memory and processor time than compiling takes, no new files, no core dump.
fn confine() -> io::Result<()> {
    let limit = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::As, MEMORY)?;
    limit(Resource::Cpu, 2 * TIME.as_secs())?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    Ok(())
}
