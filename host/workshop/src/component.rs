//! From what a compiler made to a plugin: a component with its manifest.

use guest_build::append_section;
use model::grant::Grant;
use model::manifest::Manifest;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::error::Error;
use crate::project::Kind;
use crate::world;

/// The custom section with the version of the interface: three numbers of two bytes, big-endian.
const API: &str = "karat:api-version";
const API_VERSION: [u16; 3] = [0, 1, 0];

/// Makes a component of a core module, WASI preview 1 among its imports or not; a component is left as it is.
///
/// # Errors
///
/// Fails when it is neither, or when what it exports does not fit the world of a plugin of its kind.
pub fn componentize(wasm: Vec<u8>, kind: Kind, capabilities: &Grant) -> Result<Vec<u8>, Error> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    if wasm.starts_with(COMPONENT) {
        return Ok(wasm);
    }
    let mut module = wasm;
    let knows_its_world = contains(&module, b"component-type");
    if !knows_its_world {
        let (resolve, world) = world::resolve(kind, capabilities)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(wrong)?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
        })
        .and_then(|encoder| encoder.encode())
        .map_err(wrong)
}

/// A component with its manifest and the version of the interface it was built for.
pub fn with_manifest(mut component: Vec<u8>, manifest: &Manifest) -> Vec<u8> {
    let manifest = serde_json::to_vec(manifest).expect("a manifest can be written");
    append_section(&mut component, Manifest::SECTION, &manifest);
    append_section(&mut component, API, &API_VERSION.map(u16::to_be_bytes).concat());
    component
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Component(format!("{error:#}"))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
