//! Where the socket is.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

const NAME: &str = "SOCKET";

/// Listens in the store's folder; also returns the path of the socket.
pub(super) fn listen(root: &Path) -> io::Result<(PathBuf, UnixListener)> {
    let path = root.join(NAME);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = in_folder(root, |path| UnixListener::bind(path))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok((path, listener))
}

pub(super) fn connect(root: &Path) -> io::Result<UnixStream> {
    in_folder(root, |path| UnixStream::connect(path))
}

/// A socket's address is limited to about a hundred bytes, the folder's path is not: Linux has a short name for every
/// open folder.
fn in_folder<T>(root: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if cfg!(target_os = "linux") {
        let folder = File::open(root)?;
        return work(&PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(NAME));
    }
    work(&root.join(NAME))
}
