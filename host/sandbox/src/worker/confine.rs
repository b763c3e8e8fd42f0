//! Giving up, for good, whatever running guests does not take: the second wall.

use std::io;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Bytes that can be written, beyond the stacks of the pool; the address space is no measure, since guests reserve far
/// more than they use.
const MEMORY: u64 = 8 << 30;

const FILES: u64 = 64;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

/// No files, no connections, no other processes: what this process has open is all there will be.
///
/// It has to be called while there is one thread; those that it starts later are bound as well.
///
/// # Errors
///
/// Fails where the kernel has no such wall.
pub(super) fn confine() -> io::Result<()> {
    // One whose host is killed has nobody to answer to.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let limit = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Data, writable()? + MEMORY)?;
    limit(Resource::Nofile, FILES)?;
    limit(Resource::Core, 0)?;
    restrict_files().map_err(io::Error::other)?;
    let filter = filter().map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)
}

/// Bytes that this process can write now.
fn writable() -> io::Result<u64> {
    // The sixth number of `proc(5)`'s statm: pages of data and stack.
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split_whitespace().nth(5).and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or(io::ErrorKind::InvalidData)? * rustix::param::page_size() as u64)
}

/// As far as this kernel's Landlock goes; older ones do less, and the filter of calls leaves none that it would stop.
fn restrict_files() -> Result<(), landlock::RulesetError> {
    let all = ABI::V6;
    let rules = Ruleset::default().handle_access(AccessFs::from_all(all))?;
    let rules = rules.handle_access(AccessNet::from_all(all))?.scope(Scope::from_all(all))?;
    rules.create()?.restrict_self()?;
    Ok(())
}

/// Everything but what threads, memory and what is open already take is answered with `EPERM`.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: Vec<(i64, Vec<SeccompRule>)> = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    // A process that gives itself up ends itself, nobody else.
    let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, std::process::id().into())?;
    rules.push((libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]));
    let otherwise = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules.into_iter().collect(), otherwise, SeccompAction::Allow, ARCHITECTURE)?;
    filter.try_into()
}

/// Calls that wasmtime, tokio, the allocator and the C library make.
const ALLOWED: &[i64] = &[
    // memory
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_fallocate,
    libc::SYS_ftruncate,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    // the scan of the page map
    libc::SYS_ioctl,
    // threads
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_prctl,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    // time and chance
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    // what is open
    libc::SYS_close,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_eventfd2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_socketpair,
    libc::SYS_write,
    libc::SYS_writev,
];

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    use super::*;

    #[test]
    fn a_confined_process_reaches_nothing() {
        let program = std::env::current_exe().expect("a program");
        let confined = ["worker::confine::tests::confined", "--exact", "--ignored", "--nocapture"];
        let ended = Command::new(program).args(confined).output().expect("it can be started");
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("1 passed"), "{ended:?}");
    }

    #[test]
    #[ignore = "it gives everything up: another test starts it"]
    fn confined() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let parent = rustix::process::getppid().expect("a parent");
        let reads = || File::open("/etc/passwd").map(drop);
        let lists = || std::fs::read_dir("/").map(drop);
        let writes = || File::create(std::env::temp_dir().join("karat-confined")).map(drop);
        let connects = || TcpStream::connect(address).map(drop);
        let listens = || TcpListener::bind("127.0.0.1:0").map(drop);
        let starts = || Command::new("/bin/true").spawn().map(drop);
        let signals = || Ok(rustix::process::test_kill_process(parent)?);
        let attempts: [(&str, &dyn Fn() -> io::Result<()>); 7] = [
            ("reads a file", &reads),
            ("lists a folder", &lists),
            ("writes a file", &writes),
            ("connects", &connects),
            ("listens", &listens),
            ("starts a program", &starts),
            ("signals its parent", &signals),
        ];
        for (what, attempt) in attempts {
            attempt().unwrap_or_else(|error| panic!("unconfined, it {what}: {error}"));
        }
        confine().expect("this kernel has the walls");
        for (what, attempt) in attempts {
            let refused = attempt().expect_err(what);
            assert_eq!(refused.raw_os_error(), Some(libc::EPERM), "{what}: {refused}");
        }
        // What guests take still works: threads and memory.
        let sum = std::thread::spawn(|| vec![1_u8; 64 << 20].iter().map(|&byte| u64::from(byte)).sum::<u64>());
        assert_eq!(sum.join().expect("a thread"), 64 << 20);
    }
}
