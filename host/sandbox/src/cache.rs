//! Compiled code on disk, and what plugins said about themselves, never trusted by its place alone.
//!
//! Compiled code is native code: whoever can write it can run anything. So an entry is authenticated with a key that
//! lives beside it and that only this user can read, and it is checked over the very bytes that are then loaded. This
//! holds against other users, restored backups, container layers and decay; not against code that already runs as us.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MAC: usize = 32;

/// Entries larger than this are not looked at.
const LARGEST_ENTRY: u64 = 512 << 20;

/// A folder of compiled components, or of something else that was made of components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// The ending of its files.
    ending: &'static str,
    key: [u8; MAC],
}

impl Cache {
    /// Opens the cache in `folder`, or makes one.
    ///
    /// # Errors
    ///
    /// Fails when the folder is not ours alone, or can't be written.
    pub(crate) fn open(folder: PathBuf, ending: &'static str) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let metadata = fs::symlink_metadata(&folder)?;
        if !metadata.is_dir() || metadata.mode() & 0o022 != 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other(format!(
                "`{}` is not a folder that only this user can write",
                folder.display()
            )));
        }
        let key = key(&folder)?;
        Ok(Self { folder, ending, key })
    }

    /// What is stored under `name`, if it is whole and ours. What is not is deleted.
    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut entry = match read_own(&path, LARGEST_ENTRY) {
            Ok(entry) => entry,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return self.discard(&path, &error.to_string()),
        };
        let Some((mac, code)) = entry.split_first_chunk::<MAC>() else {
            return self.discard(&path, "it is too short");
        };
        // The comparison of two `blake3::Hash` takes the same time wherever they differ.
        if self.mac(name, code) != blake3::Hash::from_bytes(*mac) {
            return self.discard(&path, "its authentication code is wrong");
        }
        entry.drain(..MAC);
        Some(entry)
    }

    /// Stores something under `name`. A cache that can't be written is a slow one, not an error.
    pub(crate) fn put(&self, name: &str, code: &[u8]) {
        if let Err(error) = self.write(name, code) {
            tracing::warn!("`{name}.{}` is not kept: {error}", self.ending);
        }
    }

    /// Forgets what is stored under `name`.
    pub(crate) fn remove(&self, name: &str) {
        self.discard(&self.path(name), "it can't be loaded");
    }

    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(format!("{name}.{}.tmp", std::process::id()));
        let mut file = create_own(&temporary)?;
        file.write_all(self.mac(name, code).as_bytes())?;
        file.write_all(code)?;
        fs::rename(&temporary, self.path(name))
    }

    fn mac(&self, name: &str, code: &[u8]) -> blake3::Hash {
        // The name is of fixed length, so it can't be confused with the code's beginning.
        blake3::Hasher::new_keyed(&self.key).update(name.as_bytes()).update(code).finalize()
    }

    fn discard(&self, path: &Path, why: &str) -> Option<Vec<u8>> {
        tracing::warn!("`{}` is thrown away: {why}", path.display());
        let _ = fs::remove_file(path);
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(self.ending)
    }
}

/// The folder's key; made at first use.
fn key(folder: &Path) -> io::Result<[u8; MAC]> {
    let path = folder.join("key");
    match read_own(&path, MAC as u64) {
        Ok(bytes) if bytes.len() == MAC => return Ok(bytes.try_into().expect("the length was checked")),
        Ok(_) => fs::remove_file(&path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut key = [0; MAC];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let temporary = folder.join(format!("key.{}.tmp", std::process::id()));
    create_own(&temporary)?.write_all(&key)?;
    // Of two processes that start at once, the first one's key stays.
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_own(&path, MAC as u64)?.try_into().map_err(|_| io::Error::other("the cache's key is damaged")),
    }
}

fn create_own(path: &Path) -> io::Result<File> {
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Reads a regular file of this user, not following links.
fn read_own(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() || metadata.len() > largest {
        return Err(io::Error::other("it is not a file of this user, or too large"));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(largest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "00ff";

    fn cache() -> (tempfile::TempDir, Cache) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(home.path().join("compiled"), "cwasm").expect("a cache");
        (home, cache)
    }

    #[test]
    fn what_was_put_is_found_by_a_later_process() {
        let (home, cache) = cache();
        cache.put(NAME, b"code");
        let reopened = Cache::open(home.path().join("compiled"), "cwasm").expect("a cache");
        assert_eq!(reopened.get(NAME).as_deref(), Some(&b"code"[..]));
    }

    #[test]
    fn a_tampered_entry_is_deleted_and_never_returned() {
        let damages: [fn(&mut Vec<u8>); 4] =
            [|e| e[0] ^= 1, |e| *e.last_mut().expect("bytes") ^= 1, |e| e.truncate(MAC + 1), |e| e.truncate(3)];
        for damage in damages {
            let (_home, cache) = cache();
            cache.put(NAME, b"code");
            let mut entry = fs::read(cache.path(NAME)).expect("an entry");
            damage(&mut entry);
            fs::write(cache.path(NAME), entry).expect("written");
            assert_eq!(cache.get(NAME), None);
            assert!(!cache.path(NAME).exists());
        }
    }

    #[test]
    fn an_entry_under_another_name_is_refused() {
        let (_home, cache) = cache();
        cache.put(NAME, b"code");
        fs::rename(cache.path(NAME), cache.path("11ff")).expect("renamed");
        assert_eq!(cache.get("11ff"), None);
    }

    #[test]
    fn a_link_is_not_followed() {
        let (home, cache) = cache();
        cache.put(NAME, b"code");
        fs::rename(cache.path(NAME), home.path().join("elsewhere")).expect("renamed");
        std::os::unix::fs::symlink(home.path().join("elsewhere"), cache.path(NAME)).expect("linked");
        assert_eq!(cache.get(NAME), None);
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let folder = home.path().join("compiled");
        fs::create_dir(&folder).expect("a folder");
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("permissions");
        assert!(Cache::open(folder, "cwasm").is_err());
    }
}
