//! Where MLflow keeps its things: what a user types, told apart by how it looks.

use std::path::PathBuf;

use crate::Error;

/// An MLflow that is read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The address of a tracking server.
    Server(String),
    /// The file of an SQLite database. `artifacts` is the folder of the server's proxy for files, `--artifacts-destination`;
    /// without it, `mlartifacts` beside the database.
    Database { file: PathBuf, artifacts: Option<PathBuf> },
}

/// What a server wants to know before it answers: what MLflow's own client takes from `MLFLOW_TRACKING_TOKEN`, or from
/// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
#[derive(Clone, Default)]
pub enum Access {
    #[default]
    Open,
    Token(String),
    Password {
        user: String,
        password: String,
    },
}

impl Place {
    /// `http://…`, `https://…`, `sqlite:///…`, or a path.
    ///
    /// # Errors
    ///
    /// Fails where it is something else, and says what to do instead.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let by_server = format!(
            "start a server on it, `mlflow server --backend-store-uri {text}`, and name the server's address instead"
        );
        match text.split_once(':') {
            Some(("http" | "https", rest)) if rest.starts_with("//") => {
                Ok(Self::Server(text.trim_end_matches('/').to_owned()))
            }
            Some(("sqlite", rest)) => {
                let path = rest.strip_prefix("///").filter(|path| !path.is_empty());
                let path = path.ok_or_else(|| Error::place(format!("`{text}` names no file")))?;
                Ok(Self::database(path.split('?').next().unwrap_or(path)))
            }
            Some((scheme, _)) if scheme.starts_with("databricks") => {
                Err(Error::place("MLflow on Databricks can't be read"))
            }
            Some((scheme, rest)) if scheme == "file" || rest.starts_with("//") => {
                Err(Error::place(format!("`{text}` can't be read directly")).hint(by_server))
            }
            _ if std::path::Path::new(text).is_dir() => {
                Err(Error::place(format!("`{text}` is a folder")).hint(by_server))
            }
            _ => Ok(Self::database(text)),
        }
    }

    fn database(file: &str) -> Self {
        Self::Database { file: file.into(), artifacts: None }
    }

    /// With where the files are.
    ///
    /// # Errors
    ///
    /// Fails where a server is read, which knows that itself.
    pub fn with_artifacts(self, folder: PathBuf) -> Result<Self, Error> {
        match self {
            Self::Database { file, .. } => Ok(Self::Database { file, artifacts: Some(folder) }),
            Self::Server(uri) => Err(Error::place(format!("the server at `{uri}` knows itself where its files are"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_how_they_look() {
        for (text, place) in [
            ("http://127.0.0.1:5000/", Place::Server("http://127.0.0.1:5000".to_owned())),
            ("https://host/mlflow", Place::Server("https://host/mlflow".to_owned())),
            ("sqlite:///mlflow.db", Place::database("mlflow.db")),
            ("sqlite:////var/mlflow.db?timeout=5", Place::database("/var/mlflow.db")),
            ("some/mlflow.db", Place::database("some/mlflow.db")),
        ] {
            assert_eq!(Place::parse(text).expect("a place"), place, "{text}");
        }
        for (text, said) in [
            ("postgresql://host/mlflow", "`postgresql://host/mlflow` can't be read directly"),
            ("file:./mlruns", "`file:./mlruns` can't be read directly"),
            (".", "`.` is a folder"),
            ("databricks", "`databricks` can't"),
            ("sqlite://", "`sqlite://` names no file"),
        ] {
            match Place::parse(text) {
                Err(error) => assert_eq!(error.to_string(), said),
                Ok(place) => assert_eq!(text, "databricks", "{place:?}"),
            }
        }
    }
}
