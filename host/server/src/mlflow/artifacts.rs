//! Files of runs, traces and models: clients put them here and take them from here, by path.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderName, header};
use model::tracking::Artifact;
use registry::Entry;
use serde::Serialize;
use serde_json::json;

use super::{Answer, Asked, Resource, Wrong, files, page, runs, traces};
use crate::shared::Shared;

/// The most bytes that the user interface may send.
const LARGEST_NOTE: u64 = 10 << 20;

/// Files that people read, whatever else they are.
const TEXTS: [&str; 26] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
];

pub(super) fn resources() -> [Resource; 5] {
    [
        ("/2.0/mlflow-artifacts/artifacts", get(list)),
        ("/2.0/mlflow-artifacts/artifacts/{*path}", get(show).put(put).delete(delete)),
        ("/2.0/mlflow/artifacts/list", get(list_of_run)),
        ("/2.0/mlflow/get-artifact", get(of_run)),
        ("/2.0/mlflow/upload-artifact", post(put_to_run)),
    ]
}

#[derive(Serialize)]
struct File {
    path: String,
    is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

impl File {
    fn of(entry: Entry, folder: &str) -> Self {
        let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
        Self { path, is_dir: entry.bytes.is_none(), file_size: entry.bytes }
    }
}

async fn put(State(shared): State<Arc<Shared>>, Path(path): Path<String>, request: Request) -> Result<(), Wrong> {
    let path = plain(&path)?;
    match traces::File::at(&path) {
        Some(file) => file.take(&shared, request).await,
        None => keep(&shared, path, request, u64::MAX).await,
    }
}

async fn show(State(shared): State<Arc<Shared>>, Path(path): Path<String>) -> Result<Response, Wrong> {
    let path = plain(&path)?;
    match traces::File::at(&path) {
        Some(file) => file.show(&shared).await,
        None => send(&shared, path).await,
    }
}

/// What is not there is deleted as well.
async fn delete(State(shared): State<Arc<Shared>>, Path(path): Path<String>) -> Answer {
    shared.registry.remove_artifacts(&plain(&path)?).await?;
    Ok(Json(json!({})))
}

/// Names within a folder. A file has none, which is how clients tell files from folders.
async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let folder = plain(asked.text("path")?.unwrap_or_default())?;
    let entries = shared.registry.artifacts(&folder).await?;
    let files = entries.into_iter().map(|entry| json!(File::of(entry, ""))).collect();
    Ok(Json(page::answer("files", files, None)))
}

/// Paths within the folder of a run.
async fn list_of_run(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (folder, run) = (plain(asked.text("path")?.unwrap_or_default())?, runs::id(&asked)?);
    let uri = runs::artifact_uri(&runs::find(&shared, run).await?);
    let entries = shared.registry.artifacts(&format!("{}/{folder}", root(&uri)?)).await?;
    let files = entries.into_iter().map(|entry| json!(File::of(entry, &folder))).collect();
    let mut answer = page::answer("files", files, None);
    answer["root_uri"] = json!(uri);
    Ok(Json(answer))
}

/// A file of a run, for the user interface.
pub(super) async fn of_run(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Wrong> {
    let path = plain(asked.required("path")?)?;
    send(&shared, path_in_run(&shared, &asked, &path).await?).await
}

/// A file that the user interface adds to a run, such as a chart.
async fn put_to_run(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Wrong> {
    let asked = Asked::of_query(request.uri().query().unwrap_or_default());
    if runs::id(&asked).is_err() {
        return Err(Wrong::invalid("Request must specify run_id or run_uuid."));
    }
    let Some(path) = asked.text("path")?.filter(|path| !path.is_empty()) else {
        return Err(Wrong::invalid("Request must specify path."));
    };
    if request.body().is_end_stream() {
        return Err(Wrong::invalid("Request must specify data."));
    }
    let path = path_in_run(&shared, &asked, &plain(path)?).await?;
    keep(&shared, path, request, LARGEST_NOTE).await?;
    Ok(Json(json!({})).into_response())
}

async fn path_in_run(shared: &Shared, asked: &Asked, path: &str) -> Result<String, Wrong> {
    let run = runs::find(shared, runs::id(asked)?).await?;
    Ok(format!("{}/{path}", root(&runs::artifact_uri(&run))?))
}

async fn keep(shared: &Shared, path: String, request: Request, most: u64) -> Result<(), Wrong> {
    let mut body: Body = request.into_body();
    if path.is_empty() {
        return Err(invalid_path());
    }
    let files::Kept { digest, bytes } = files::keep(&shared.blobs, &mut body, most).await?;
    Ok(shared.registry.put_artifact(Artifact { path, digest, bytes }).await?)
}

/// Sends a file as something to keep, not to show: what is in it could be a page with a script.
async fn send(shared: &Shared, path: String) -> Result<Response, Wrong> {
    let Some(artifact) = shared.registry.artifact(&path).await? else {
        return Err(match shared.registry.artifacts(&path).await?.is_empty() {
            true => Wrong::missing(format!("No such artifact: '{path}'")),
            false => Wrong::invalid(format!("Artifact path refers to a directory, not a file: '{path}'")),
        });
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, content_type(name)),
        (header::CONTENT_LENGTH, artifact.bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encoded(name))),
        (HeaderName::from_static("x-content-type-options"), "nosniff".to_owned()),
    ];
    let body = files::open(&shared.blobs, artifact.digest).await?;
    Ok((headers, body).into_response())
}

/// The path below our root that a URI of files means.
fn root(uri: &str) -> Result<String, Wrong> {
    let path = uri.strip_prefix("mlflow-artifacts:").map(|path| match path.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => path,
    });
    let elsewhere = || Wrong::new(super::Code::NotImplemented, format!("files at '{uri}' are not kept here"));
    plain(path.ok_or_else(elsewhere)?.trim_start_matches('/'))
}

/// Bytes that a path may have, and how often it may be encoded, as in MLflow (`mlflow/utils/uri.py`).
const LONGEST_PATH: usize = 4096;
const MOST_ENCODINGS: usize = 10;

/// A path without what means nothing in it.
///
/// # Errors
///
/// Refuses one that leads out of its folder, also when its client has encoded that more than once.
fn plain(path: &str) -> Result<String, Wrong> {
    if path.len() > LONGEST_PATH {
        return Err(invalid_path());
    }
    let mut decoded = path.to_owned();
    for _ in 0..MOST_ENCODINGS {
        let bytes = decoded.as_bytes();
        let is_windows =
            bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'/' | b'\\');
        let leads_out = decoded.starts_with(['/', '\\']) || decoded.split(['/', '\\']).any(|part| part == "..");
        if is_windows || leads_out || decoded.contains(['#', '\0']) {
            return Err(invalid_path());
        }
        match percent_decoded(&decoded) {
            further if further == decoded => {
                let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
                return Ok(parts.collect::<Vec<_>>().join("/"));
            }
            further => decoded = further,
        }
    }
    Err(invalid_path())
}

fn invalid_path() -> Wrong {
    Wrong::invalid("Invalid path")
}

fn content_type(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or(name, |(_, ending)| ending);
    match TEXTS.contains(&ending) {
        true => "text/plain".to_owned(),
        false => mime_guess::from_path(name).first_or_octet_stream().to_string(),
    }
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_its_folder() {
        for (path, expected) in
            [("a/b.txt", "a/b.txt"), ("", ""), ("a//./b/", "a/b"), ("a%20b", "a%20b"), ("..a", "..a")]
        {
            assert_eq!(plain(path), Ok(expected.to_owned()), "{path}");
        }
        for path in [
            "..",
            "a/../b",
            "/a",
            "%2e%2e/a",
            "a/%252e%252e/b",
            "%2Fetc",
            "a\\..\\b",
            "C:/a",
            "\\\\host\\a",
            "a#b",
            "a%00",
        ] {
            assert_eq!(plain(path).map_err(|wrong| wrong.message), Err("Invalid path".to_owned()), "{path}");
        }
    }

    #[test]
    fn files_say_what_they_are() {
        for (name, kind) in [
            ("a.png", "image/png"),
            ("a.json", "text/plain"),
            ("MLmodel", "text/plain"),
            ("a.html", "text/html"),
            ("a.bin", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }

    #[test]
    fn a_uri_of_ours_is_a_path() {
        assert_eq!(root("mlflow-artifacts:/1/abc/artifacts"), Ok("1/abc/artifacts".to_owned()));
        assert_eq!(root("mlflow-artifacts://host:1/1/abc"), Ok("1/abc".to_owned()));
        assert_eq!(root("s3://bucket/1").map_err(|wrong| wrong.code), Err(super::super::Code::NotImplemented));
    }
}
