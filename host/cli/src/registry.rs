//! Plugins that were added on this machine, by `publisher/name@version`.
//!
//! They are kept as an [OCI image layout](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md) in the
//! user's data folder, each as registries have WebAssembly components, so that what copies images copies plugins.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use model::ports::PluginError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::exit::Stop;
use crate::export::temporary;

const INDEX: &str = "index.json";
const REFERENCE: &str = "org.opencontainers.image.ref.name";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// A plugin's name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// `publisher/name`.
    name: String,
    version: String,
}

impl Reference {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned() }
    }

    /// Reads `publisher/name@version`; anything else is a path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.split_once('@')?;
        let (publisher, short) = name.split_once('/')?;
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        (is_name(publisher) && is_name(short) && !version.is_empty()).then(|| Self::new(name, version))
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// What the index says of a plugin. Unknown keys are kept: other tools may have written them.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    other: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Index {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

/// The plugins of this user.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// In the user's data folder; none where there is no home.
    pub(crate) fn usual() -> Option<Self> {
        use etcetera::BaseStrategy;
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(Self { folder: folders.data_dir().join("karat/plugins") })
    }

    /// All that were added, by name and version.
    pub(crate) fn list(&self) -> Result<Vec<Reference>, Stop> {
        let mut all: Vec<_> = self.index()?.manifests.iter().filter_map(reference).collect();
        all.sort();
        Ok(all)
    }

    /// Keeps a plugin. Returns whether it was not there yet.
    pub(crate) fn add(&self, reference: &Reference, plugin: &[u8]) -> Result<bool, Stop> {
        let _lock = self.lock()?;
        let mut index = self.index()?;
        if index.manifests.iter().any(|known| self::reference(known).as_ref() == Some(reference)) {
            if self.read(reference).is_ok_and(|known| known == plugin) {
                return Ok(false);
            }
            return Err(Stop::message(format_args!("there is another plugin `{reference}` already"))
                .hint(format_args!("give this one a new version, or `karat plugin remove {reference}` first")));
        }
        let layer = self.put(LAYER, plugin)?;
        let config = json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer.digest] });
        let config = self.put(CONFIG, config.to_string().as_bytes())?;
        let annotations = json!({
            "org.opencontainers.image.title": reference.name, "org.opencontainers.image.version": reference.version,
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer], "annotations": annotations,
        });
        let mut manifest = self.put(MANIFEST, manifest.to_string().as_bytes())?;
        manifest.annotations.insert(REFERENCE.to_owned(), reference.to_string());
        index.manifests.push(manifest);
        write(&self.folder.join("oci-layout"), br#"{"imageLayoutVersion": "1.0.0"}"#)?;
        self.write_index(&index)?;
        Ok(true)
    }

    /// Takes a plugin away.
    pub(crate) fn remove(&self, reference: &Reference) -> Result<(), Stop> {
        let _lock = self.lock()?;
        let mut index = self.index()?;
        let before = index.manifests.len();
        index.manifests.retain(|known| self::reference(known).as_ref() != Some(reference));
        if index.manifests.len() == before {
            return Err(Stop::message(format_args!("there is no plugin `{reference}`")).hint("see `karat plugin list`"));
        }
        self.write_index(&index)?;
        self.sweep(&index)
    }

    /// The bytes of a plugin, if they are still those that were added.
    pub(crate) fn read(&self, reference: &Reference) -> Result<Vec<u8>, PluginError> {
        let wrong = |message: String, hint: Option<String>| PluginError { message, hint };
        let index = self.index().map_err(|stop| wrong(stop.error.to_string(), None))?;
        let Some(manifest) = index.manifests.iter().find(|known| self::reference(known).as_ref() == Some(reference))
        else {
            let versions: Vec<_> = index.manifests.iter().filter_map(self::reference).collect();
            let versions = versions.iter().filter(|known| known.name == reference.name);
            let there: Vec<_> = versions.map(|known| format!("`{known}`")).collect();
            let hint = match there.is_empty() {
                true => "add it with `karat plugin add FILE`".to_owned(),
                false => format!("there is {}", there.join(", ")),
            };
            return Err(wrong(format!("there is no plugin `{reference}` on this machine"), Some(hint)));
        };
        let broken = || wrong(format!("the plugin `{reference}` is damaged in `{}`", self.folder.display()), None);
        #[derive(Deserialize)]
        struct Manifest {
            layers: Vec<Descriptor>,
        }
        let manifest: Manifest = self
            .get(&manifest.digest)
            .and_then(|manifest| serde_json::from_slice(&manifest).ok())
            .ok_or_else(broken)?;
        let layer = manifest.layers.first().ok_or_else(broken)?;
        self.get(&layer.digest).ok_or_else(broken)
    }

    fn index(&self) -> Result<Index, Stop> {
        let path = self.folder.join(INDEX);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| Stop::message(format_args!("can't use `{}`: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Index { schema_version: 2, manifests: Vec::new() })
            }
            Err(error) => Err(Stop::message(format_args!("can't read `{}`: {error}", path.display()))),
        }
    }

    fn write_index(&self, index: &Index) -> Result<(), Stop> {
        write(&self.folder.join(INDEX), serde_json::to_string_pretty(index)?.as_bytes())
    }

    /// Held by whoever changes something.
    fn lock(&self) -> Result<File, Stop> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join(".lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Stop> {
        let digest = digest(bytes);
        write(&self.blob(&digest), bytes)?;
        let (annotations, other) = Default::default();
        Ok(Descriptor { media_type: media_type.to_owned(), digest, size: bytes.len() as u64, annotations, other })
    }

    /// What has this digest, if it still has.
    fn get(&self, digest: &str) -> Option<Vec<u8>> {
        let is_digest = digest.strip_prefix("sha256:")?.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = is_digest.then(|| fs::read(self.blob(digest)).ok())??;
        (self::digest(&bytes) == digest).then_some(bytes)
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest.replace(':', "/"))
    }

    /// Deletes what no plugin is made of any more.
    fn sweep(&self, index: &Index) -> Result<(), Stop> {
        let mut kept = Vec::new();
        for manifest in &index.manifests {
            let text = self.get(&manifest.digest).unwrap_or_default();
            kept.push(manifest.digest.clone());
            let parts: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            let layers = parts["layers"].as_array().into_iter().flatten().chain([&parts["config"]]);
            kept.extend(layers.filter_map(|part| part["digest"].as_str()).map(str::to_owned));
        }
        let kept: Vec<_> = kept.iter().map(|digest| self.blob(digest)).collect();
        for entry in fs::read_dir(self.folder.join("blobs/sha256"))? {
            let path = entry?.path();
            if !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn reference(manifest: &Descriptor) -> Option<Reference> {
    Reference::parse(manifest.annotations.get(REFERENCE)?)
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hexadecimal}")
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let draft = temporary(path)?;
    fs::write(&draft, bytes)?;
    Ok(fs::rename(draft, path)?)
}
