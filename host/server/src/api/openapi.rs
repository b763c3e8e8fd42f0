//! What the API can do, for programs: written by hand, and compared with what is answered.

use axum::response::IntoResponse;
use http::header;

const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::resources;
    use super::*;

    #[test]
    fn the_document_has_the_paths_that_there_are() {
        let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let said: BTreeSet<String> = document["paths"].as_object().expect("paths").keys().cloned().collect();
        let there: BTreeSet<String> = resources().iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(said, there);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let references = DOCUMENT.split("\"#").skip(1).filter_map(|rest| rest.split('"').next());
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
