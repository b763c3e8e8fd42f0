//! Where MLflow keeps its things: what a user types, told apart by how it looks.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::Error;

/// An MLflow that is read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The address of a tracking server, and what it said of a user.
    Server { uri: String, access: Access },
    /// The file of an SQLite database. `artifacts` is the folder of the server's proxy for files, `--artifacts-destination`;
    /// without it, `mlartifacts` beside the database.
    Database { file: PathBuf, artifacts: Option<PathBuf> },
}

/// What a server wants to know before it answers: what MLflow's own client takes from `MLFLOW_TRACKING_TOKEN`, or from
/// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    Open,
    Token(String),
    Password {
        user: String,
        password: String,
    },
}

impl Access {
    /// What an address says goes before what is said elsewhere, as with MLflow's client.
    pub(crate) fn or(&self, other: Self) -> Self {
        if *self == Self::Open { other } else { self.clone() }
    }
}

/// Secrets are not shown.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token",
            Self::Password { .. } => "Password",
        })
    }
}

impl Place {
    /// `http://…`, `https://…`, `sqlite:///…`, or a path.
    ///
    /// # Errors
    ///
    /// Fails where it is something else, and says what to do instead.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (text, access) = without_user(text);
        let text = &*text;
        let by_server = format!(
            "start a server on it, `mlflow server --backend-store-uri {text}`, and name the server's address instead"
        );
        match text.split_once(':') {
            Some(("http" | "https", rest)) if rest.starts_with("//") => {
                Ok(Self::Server { uri: text.trim_end_matches('/').to_owned(), access })
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
            Self::Server { uri, .. } => {
                Err(Error::place(format!("the server at `{uri}` knows itself where its files are")))
            }
        }
    }
}

/// An address without the user and the password in it, so that nobody is shown them.
fn without_user(text: &str) -> (Cow<'_, str>, Access) {
    let parts = text.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@')?;
        Some((format!("{scheme}://{host}{path}"), user))
    });
    let Some((shown, user)) = parts else { return (text.into(), Access::Open) };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (shown.into(), Access::Password { user: decoded(user), password: decoded(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(uri: &str) -> Place {
        Place::Server { uri: uri.to_owned(), access: Access::Open }
    }

    #[test]
    fn passwords_are_taken_out_of_what_is_shown() {
        let access = Access::Password { user: "ann".to_owned(), password: "p@ss".to_owned() };
        let place = Place::parse("https://ann:p%40ss@host:5000/mlflow/").expect("a place");
        assert_eq!(format!("{place:?}"), r#"Server { uri: "https://host:5000/mlflow", access: Password }"#);
        assert_eq!(place, Place::Server { uri: "https://host:5000/mlflow".to_owned(), access });
        assert_eq!(Place::parse("http://host/a@b").expect("a place"), server("http://host/a@b"));
        match Place::parse("postgresql://ann:pass@host/mlflow") {
            Err(Error::Place { message, hint }) => {
                assert!(!format!("{message}{hint:?}").contains("pass"), "{message} {hint:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_are_told_by_how_they_look() {
        for (text, place) in [
            ("http://127.0.0.1:5000/", server("http://127.0.0.1:5000")),
            ("https://host/mlflow", server("https://host/mlflow")),
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
