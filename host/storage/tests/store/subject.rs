//! The stores under test, behind one face.

use model::ports::{BlobStore, DocumentStore, Store, TraceRetention, TraceStore};
use storage::{EmbeddedStore, MemoryStore, SharedStore};
use tempfile::TempDir;

/// Checks each claim on each store.
macro_rules! every_store {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $claim() {
                    super::$claim(crate::subject::Subject::memory()).await;
                }
            )*
        }

        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $claim() {
                    super::$claim(crate::subject::Subject::embedded()).await;
                }
            )*
        }

        mod shared {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $claim() {
                    super::$claim(crate::subject::Subject::shared()).await;
                }
            )*
        }
    };
}

pub(crate) use every_store;

/// A store that can be closed and opened again.
pub(crate) enum Subject {
    Memory(MemoryStore),
    Embedded {
        store: EmbeddedStore,
        folder: TempDir,
    },
    /// A store that another user of the same process owns.
    Shared {
        store: SharedStore,
        owner: SharedStore,
        folder: TempDir,
    },
}

impl Subject {
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryStore::new())
    }

    pub(crate) fn embedded() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::Embedded { store: EmbeddedStore::open(folder.path()).expect("a new store"), folder }
    }

    pub(crate) fn shared() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let owner = SharedStore::open(folder.path()).expect("a store");
        let store = SharedStore::open_existing(folder.path()).expect("shared").expect("it is there");
        Self::Shared { store, owner, folder }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::Memory(store) => store,
            Self::Embedded { store, .. } => store,
            Self::Shared { store, .. } => store,
        }
    }

    pub(crate) fn traces(&self) -> &dyn TraceStore {
        match self {
            Self::Memory(store) => store,
            Self::Embedded { store, .. } => store,
            Self::Shared { store, .. } => store,
        }
    }

    pub(crate) fn documents(&self) -> &dyn DocumentStore {
        match self {
            Self::Memory(store) => store,
            Self::Embedded { store, .. } => store,
            Self::Shared { store, .. } => store,
        }
    }

    pub(crate) fn blobs(&self) -> &dyn BlobStore {
        match self {
            Self::Memory(store) => store,
            Self::Embedded { store, .. } => store,
            Self::Shared { store, .. } => store,
        }
    }

    pub(crate) fn retention(&self) -> &dyn TraceRetention {
        match self {
            Self::Memory(store) => store,
            Self::Embedded { store, .. } => store,
            Self::Shared { store, .. } => store,
        }
    }

    /// After giving back space, where that has a meaning.
    pub(crate) async fn compacted(self) -> Self {
        match &self {
            Self::Memory(_) => {}
            Self::Embedded { store, .. } => store.compact().await.expect("compacted"),
            Self::Shared { store, .. } => store.compact().await.expect("compacted"),
        }
        self
    }

    /// After finding everything anew from what is the truth.
    pub(crate) fn rebuilt(self) -> Self {
        if let Self::Embedded { store, folder } = self {
            drop(store);
            assert_eq!(EmbeddedStore::rebuild(folder.path()).expect("made anew"), Some(Vec::new()));
            let store = EmbeddedStore::open(folder.path()).expect("a store");
            return Self::Embedded { store, folder };
        }
        self
    }

    /// Where there is a process that can end, as if it had.
    pub(crate) fn reopened(self) -> Self {
        match self {
            Self::Memory(_) => self,
            // The user becomes the owner when it is next asked, the former owner a user.
            Self::Shared { store, owner, folder } => {
                drop(owner);
                let owner = SharedStore::open(folder.path()).expect("a store");
                Self::Shared { store, owner, folder }
            }
            Self::Embedded { store, folder } => {
                drop(store);
                let store = EmbeddedStore::open_existing(folder.path()).expect("a store").expect("it is there");
                Self::Embedded { store, folder }
            }
        }
    }
}
