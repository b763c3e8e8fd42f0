//! What clients ask about the server before they ask for anything else.

use axum::Json;
use serde_json::{Value, json};

/// What MLflow's client takes this server for: its version decides whether spans come as OTLP. The one whose answers these are.
pub(crate) const VERSION: &str = "3.18.0";

pub(super) async fn show() -> Json<Value> {
    Json(json!({
        // Any other has the user interface hide what it could show.
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "artifact_serving_enabled": true,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "model_artifact_presigned_downloads_supported": false,
        "features_enabled": { "gateway": true, "scheduled_issue_detection": false },
        "tracking_auth": "",
        "artifacts_presigned_only": false
    }))
}
