//! Files, by the server's proxy where it has one, and by the pages of its user interface where it has none.

use std::io::Write;

use serde_json::Value;

use super::Rest;
use super::client::Request;
use crate::Error;
use crate::source::{Entry, Owner};

impl Rest {
    pub(super) async fn entries(&self, owner: &Owner, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error> {
        let request = match (proxied(uri), owner) {
            (Some(root), _) => Request::get("api/2.0/mlflow-artifacts/artifacts").query("path", joined(&root, folder)),
            (None, Owner::Run(run)) => {
                Request::get("api/2.0/mlflow/artifacts/list").query("run_id", run).query("path", folder)
            }
            (None, Owner::Model(model)) => {
                let path = format!("ajax-api/2.0/mlflow/logged-models/{model}/artifacts/directories");
                Request::get(path).query("artifact_directory_path", folder)
            }
        };
        let answer: Value = match self.client.json(request).await {
            Ok(answer) => answer,
            Err(Error::Unknown) => return Ok(None),
            Err(error) => return Err(error),
        };
        let entry = |row: &Value| {
            let path = row["path"].as_str()?;
            // The proxy has names within the folder, the others whole paths.
            let path = if proxied(uri).is_some() { joined(folder, path) } else { path.to_owned() };
            let bytes = row["file_size"].as_u64().or_else(|| row["file_size"].as_str()?.parse().ok());
            Some(Entry { path, is_folder: row["is_dir"].as_bool().unwrap_or_default(), bytes })
        };
        Ok(Some(answer["files"].as_array().into_iter().flatten().filter_map(entry).collect()))
    }

    pub(super) async fn copy_file(
        &self,
        owner: &Owner,
        uri: &str,
        path: &str,
        to: &mut (dyn Write + Send),
    ) -> Result<(), Error> {
        let request = match (proxied(uri), owner) {
            (Some(root), _) => Request::get(format!("api/2.0/mlflow-artifacts/artifacts/{}", joined(&root, path))),
            (None, Owner::Run(run)) => Request::get("get-artifact").query("run_id", run).query("path", path),
            (None, Owner::Model(model)) => {
                let page = format!("ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files");
                Request::get(page).query("artifact_file_path", path)
            }
        };
        match self.client.copy(request, to).await {
            Err(Error::Unknown) => Err(Error::Refused("the server does not give it".to_owned())),
            done => done,
        }
    }
}

/// The path below the proxy, of a URI that is there.
pub(crate) fn proxied(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match path.strip_prefix("//") {
        // A host comes first.
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    Some(path.trim_matches('/').to_owned())
}

pub(crate) fn joined(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}
