//! Commands of this machine, as they really run.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use broker::Commands;
use model::grant::CommandRule;
use model::outcome::FailureKind::{self, BadInput, Denied, TooLarge, Unavailable};
use model::outcome::{Failure, Failure as Refusal};
use model::ports::{Completed, Conversation, ProcessDoor};
use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

const MOST: u64 = 1 << 20;

/// A folder of a suite, and the commands in it; all of them are called `app`.
struct World {
    folder: TempDir,
    commands: Commands,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let commands = Commands::new(folder.path().to_owned(), BTreeSet::from(["app".to_owned()]));
        Self { folder, commands }
    }

    async fn run(&self, run: &[&str], arguments: &[(&str, &str)], stdin: &[u8]) -> Result<Completed, Failure> {
        self.commands.run(&rule(run), &owned(arguments), stdin.to_vec(), MOST).await
    }

    /// A line for the shell, to make commands of.
    async fn shell(&self, line: &str, stdin: &[u8]) -> Completed {
        self.run(&["sh", "-c", line], &[], stdin).await.unwrap()
    }

    async fn talk(&self, line: &str) -> Box<dyn Conversation> {
        self.commands.start(&rule(&["sh", "-c", line]), &[]).await.unwrap()
    }
}

fn rule(run: &[&str]) -> CommandRule {
    CommandRule { name: "app".to_owned(), run: run.iter().map(|&part| part.to_owned()).collect(), why: None }
}

fn owned(arguments: &[(&str, &str)]) -> Vec<(String, String)> {
    arguments.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn check_refused<T: std::fmt::Debug>(refused: &Result<T, Refusal>, kind: FailureKind, words: &str) {
    assert!(
        matches!(refused, Err(failure) if failure.kind == kind && failure.message.contains(words)),
        "{kind:?} `{words}`: {refused:?}"
    );
}

async fn line(talk: &mut dyn Conversation) -> String {
    String::from_utf8(talk.read_line(MOST).await.unwrap().unwrap()).unwrap()
}

/// Whether a process has ended within a while.
fn is_gone(number: &str) -> bool {
    let pid = Pid::from_raw(number.trim().parse().unwrap()).unwrap();
    let begun = Instant::now();
    // One that nobody has waited for yet is gone as well.
    let lives = || test_kill_process(pid).is_ok() && !is_zombie(pid);
    while lives() {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

fn is_zombie(pid: Pid) -> bool {
    let told = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    told.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

#[tokio::test]
async fn a_command_runs_where_the_operator_allows_its_name() {
    let world = World::new();
    assert_eq!(world.run(&["echo", "hello"], &[], b"").await.unwrap().stdout, b"hello\n");
    let other = CommandRule { name: "other".to_owned(), ..rule(&["touch", "was-here"]) };
    check_refused(&world.commands.run(&other, &[], Vec::new(), MOST).await, Denied, "has not allowed");
    check_refused(&world.commands.start(&other, &[]).await.map(drop), Denied, "`other`");
    check_refused(&world.run(&[], &[], b"").await, Denied, "nobody said");
    assert!(!world.folder.path().join("was-here").exists());
    check_refused(&world.run(&["no-such-program"], &[], b"").await, Unavailable, "can't be started");
}

/// T56
#[tokio::test]
async fn what_the_plugin_fills_in_is_one_argument_and_nothing_else() {
    let world = World::new();
    let show = ["sh", "-c", "for a in \"$@\"; do printf '<%s>' \"$a\"; done", "sh", "{{a}}", "--x={{b}}"];
    let filled = [("a", "$(touch was-here); `id` 'q' \"w\" * --help"), ("b", "{{a}}")];
    let shown = world.run(&show, &filled, b"").await.unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown, "<$(touch was-here); `id` 'q' \"w\" * --help><--x={{a}}>");
    assert!(!world.folder.path().join("was-here").exists());
    check_refused(&world.run(&show, &[("a", "x")], b"").await, BadInput, "`{{b}}`");
    check_refused(&world.run(&show, &[("a", "x"), ("b", "a\0b")], b"").await, BadInput, "");
}

#[tokio::test]
async fn a_path_is_relative_to_the_folder_of_the_suite() {
    let world = World::new();
    let program = world.folder.path().join("app.sh");
    fs::write(&program, "#!/bin/sh\npwd\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = world.run(&["./app.sh"], &[], b"").await.unwrap();
    let folder = fs::canonicalize(world.folder.path()).unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), folder.to_str().unwrap());
}

#[tokio::test]
async fn how_a_command_ended_and_what_it_said_is_told() {
    let world = World::new();
    let ran = world.shell("cat; echo oh >&2; exit 3", b"hello").await;
    let expected = Completed { exit_code: Some(3), stdout: b"hello".into(), stderr: b"oh\n".into(), truncated: false };
    assert_eq!(ran, expected);
    assert_eq!(world.shell("kill -9 $$", b"").await.exit_code, None);
}

/// T56
#[tokio::test]
async fn output_without_end_is_cut_off_and_read_to_its_end() {
    let world = World::new();
    let ran = world.shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 7", b"").await;
    assert_eq!((ran.stdout.len() as u64, ran.stderr.len() as u64), (MOST, MOST));
    assert_eq!((ran.exit_code, ran.truncated), (Some(7), true));
    let exact = world.shell("head -c 1048576 /dev/zero", b"").await;
    assert_eq!((exact.stdout.len() as u64, exact.truncated), (MOST, false));
}

#[tokio::test]
async fn a_command_that_does_not_read_is_not_waited_for() {
    let world = World::new();
    let much = vec![b'x'; 4 << 20];
    assert_eq!(world.shell("echo done", &much).await.stdout, b"done\n");
    // Not even where a process that it left behind holds the pipe.
    assert_eq!(world.shell("exec 0<&0; sleep 1000 >/dev/null 2>&1 & echo done", &much).await.stdout, b"done\n");
    let counted = world.shell("wc -c", &much).await;
    assert_eq!(String::from_utf8(counted.stdout).unwrap().trim(), (4 << 20).to_string());
}

#[tokio::test]
async fn a_command_that_leaves_somebody_behind_has_ended() {
    let world = World::new();
    let begun = Instant::now();
    let ran = world.shell("sleep 1000 & echo $!", b"").await;
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(ran.exit_code, Some(0));
    assert!(is_gone(&String::from_utf8(ran.stdout).unwrap()));
}

#[tokio::test]
async fn a_conversation_goes_on_for_many_lines() {
    let world = World::new();
    let mut talk = world.talk("while read -r line; do echo \"you said $line\"; done").await;
    for number in 0..1000 {
        talk.write(format!("{number}\n").as_bytes()).await.unwrap();
        assert_eq!(line(&mut *talk).await, format!("you said {number}"));
    }
    // Several at once, an empty one, and one that comes in two pieces.
    talk.write(b"a\n\nb").await.unwrap();
    assert_eq!((line(&mut *talk).await, line(&mut *talk).await), ("you said a".to_owned(), "you said ".to_owned()));
    talk.write(b"c\n").await.unwrap();
    assert_eq!(line(&mut *talk).await, "you said bc");
}

#[tokio::test]
async fn a_command_that_ends_well_has_no_more_lines() {
    let world = World::new();
    let mut talk = world.talk("echo one; echo two").await;
    assert_eq!((line(&mut *talk).await, line(&mut *talk).await), ("one".to_owned(), "two".to_owned()));
    assert_eq!(talk.read_line(MOST).await, Ok(None));
    assert_eq!(talk.read_line(MOST).await, Ok(None));
    check_refused(&talk.write(b"x\n").await, Unavailable, "`app` ended");
}

#[tokio::test]
async fn a_command_that_breaks_off_is_told_with_its_last_words() {
    let world = World::new();
    let mut talk = world.talk("read -r line; echo Traceback >&2; echo \"KeyError: $line\" >&2; exit 3").await;
    talk.write(b"x\n").await.unwrap();
    check_refused(&talk.read_line(MOST).await, Unavailable, "ended: exit status: 3, and said: KeyError: x");
    check_refused(&talk.read_line(MOST).await, Unavailable, "KeyError: x");
    check_refused(&talk.write(b"x\n").await, Unavailable, "KeyError: x");
    // In the middle of a line, and with somebody left behind who holds the pipes.
    let mut talk = world.talk("printf half; sleep 1000 2>&1 & exit 4").await;
    check_refused(&talk.read_line(MOST).await, Unavailable, "exit status: 4");
    // A line that says nothing of it.
    let mut talk = world.talk("kill -9 $$").await;
    check_refused(&talk.read_line(MOST).await, Unavailable, "signal: 9");
}

#[tokio::test]
async fn a_command_that_says_no_more_and_lives_is_ended() {
    let world = World::new();
    let mut talk = world.talk("echo $$; exec >&-; echo closed >&2; while read -r line; do :; done").await;
    let pid = line(&mut *talk).await;
    check_refused(&talk.read_line(MOST).await, Unavailable, "says no more, and said: closed");
    assert!(is_gone(&pid));
}

#[tokio::test]
async fn a_line_that_is_too_long_is_told_and_no_memory_is_spent_on_it() {
    let world = World::new();
    let mut talk = world.talk("head -c 100000000 /dev/zero; echo; echo next").await;
    check_refused(&talk.read_line(1000).await, TooLarge, "more than 1000 bytes");
    // What follows would be taken for something else.
    check_refused(&talk.read_line(1000).await, TooLarge, "more than 1000 bytes");
    let mut talk = world.talk("head -c 1000 /dev/zero; echo; echo next").await;
    assert_eq!(talk.read_line(1000).await.unwrap().unwrap().len(), 1000);
    assert_eq!(line(&mut *talk).await, "next");
}

#[tokio::test]
async fn a_command_that_floods_its_standard_error_goes_on() {
    let world = World::new();
    let mut talk = world.talk("head -c 10000000 /dev/zero >&2; echo last >&2; echo done; exit 1").await;
    assert_eq!(line(&mut *talk).await, "done");
    check_refused(&talk.read_line(MOST).await, Unavailable, "said:");
}

/// T56
#[tokio::test]
async fn everything_that_a_command_started_ends_with_the_conversation() {
    let world = World::new();
    // Nobody of them minds a request to end.
    let line_of = "trap '' TERM HUP INT; (sh -c 'echo $$; sleep 1000; :') & echo $$; wait";
    let mut talk = world.talk(line_of).await;
    let (one, other) = (line(&mut *talk).await, line(&mut *talk).await);
    assert_ne!(one, other);
    drop(talk);
    assert!(is_gone(&one) && is_gone(&other));
    // Also where the command itself has ended long since.
    let mut talk = world.talk("sleep 1000 >&- 2>&- <&- & echo $!").await;
    let left = line(&mut *talk).await;
    assert_eq!(talk.read_line(MOST).await, Ok(None));
    drop(talk);
    assert!(is_gone(&left));
}

/// T56
#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_is_ended() {
    let world = World::new();
    let pid = world.folder.path().join("pid");
    let endless = ["sh", "-c", "echo $$ > pid; while :; do echo y; sleep 1000 & wait; done"];
    let endless = world.run(&endless, &[], b"");
    assert!(tokio::time::timeout(Duration::from_millis(500), endless).await.is_err());
    assert!(is_gone(&fs::read_to_string(pid).unwrap()));
}
