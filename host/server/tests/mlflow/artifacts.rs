//! Files of runs.

use model::document::Kind;
use model::ports::DocumentStore;
use reqwest::{Body, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Running;

const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

impl Running {
    async fn file(&self, method: Method, path: &str, content: impl Into<Body>) -> Response {
        self.request(method, &format!("{ARTIFACTS}{path}")).body(content).send().await.unwrap()
    }

    async fn put(&self, path: &str, content: impl Into<Body>) {
        let answer = self.file(Method::PUT, path, content).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""), "{path}");
    }

    async fn content(&self, path: &str) -> String {
        let answer = self.file(Method::GET, path, "").await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    async fn json(&self, method: Method, path: &str) -> (u16, Value) {
        let answer = self.file(method, path, "").await;
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    async fn listed(&self, folder: &str) -> Value {
        let (status, body) = self.json(Method::GET, &format!("?path={folder}")).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

#[tokio::test]
async fn a_file_is_as_it_was_put() {
    let running = Running::start().await;
    running.put("/0/r/artifacts/notes/a.txt", "hello").await;
    running.put("/0/r/artifacts/d.json", "{}").await;
    running.put("/0/r/artifacts/empty", "").await;
    running.put("/0/r/artifacts/gr%C3%B6%C3%9Fe%20%22x%22.png", vec![0_u8, 159, 146, 150]).await;
    running.put("/0/r/artifacts/d.json", "{\"a\": 1}").await;
    assert_eq!(running.content("/0/r/artifacts/notes/a.txt").await, "hello");
    assert_eq!(running.content("/0/r/artifacts/d.json").await, "{\"a\": 1}");
    assert_eq!(running.content("/0/r/artifacts/empty").await, "");
    let answer = running.file(Method::GET, "/0/r/artifacts/gr%C3%B6%C3%9Fe%20%22x%22.png", "").await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type").as_str(), header("content-length").as_str()), ("image/png", "4"));
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%22x%22%2Epng");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(answer.bytes().await.unwrap().as_ref(), [0, 159, 146, 150]);
}

#[tokio::test]
async fn folders_are_listed_by_name() {
    let running = Running::start().await;
    for path in ["/0/r/notes/b/c.txt", "/0/r/notes/a.txt", "/0/r/d.json"] {
        running.put(path, "hello").await;
    }
    let expected = json!({ "files": [
        { "path": "d.json", "is_dir": false, "file_size": 5 },
        { "path": "notes", "is_dir": true },
    ] });
    assert_eq!(running.listed("0/r").await, expected);
    let expected = json!({ "files": [
        { "path": "a.txt", "is_dir": false, "file_size": 5 },
        { "path": "b", "is_dir": true },
    ] });
    assert_eq!(running.listed("0/r/notes").await, expected);
    // A file is told by having nothing in it.
    assert_eq!(running.listed("0/r/d.json").await, json!({}));
    assert_eq!(running.listed("nowhere").await, json!({}));
    assert_eq!(running.listed("").await, json!({ "files": [{ "path": "0", "is_dir": true }] }));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let running = Running::start().await;
    running.put("/0/r/notes/a.txt", "hello").await;
    let (status, body) = running.json(Method::GET, "/0/r/b.txt").await;
    assert_eq!((status, &body["error_code"]), (404, &json!("RESOURCE_DOES_NOT_EXIST")));
    assert_eq!(body["message"], "No such artifact: '0/r/b.txt'");
    let (status, body) = running.json(Method::GET, "/0/r/notes").await;
    assert_eq!((status, &body["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    assert!(body["message"].as_str().unwrap().contains("refers to a directory"), "{body}");
    for path in ["/0/r/notes", "/0/r/notes", "/nowhere"] {
        assert_eq!(running.json(Method::DELETE, path).await, (200, json!({})), "{path}");
    }
    assert_eq!(running.listed("0/r").await, json!({}));
}

#[tokio::test]
async fn a_path_stays_in_its_folder() {
    let running = Running::start().await;
    for path in ["/0/..%2Fx", "/0/%252e%252e/x", "/%2Fetc/passwd", "/C:%5Cx", "/0/a%23b", "/0/a%00b"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let (status, body) = running.json(method, path).await;
            assert_eq!((status, &body["message"]), (400, &json!("Invalid path")), "{path}");
        }
    }
    let (status, body) = running.json(Method::GET, "?path=0/../..").await;
    assert_eq!((status, &body["message"]), (400, &json!("Invalid path")));
}

#[tokio::test]
async fn a_large_file_comes_and_goes() {
    let running = Running::start().await;
    // More than any other request may have.
    let content: Vec<u8> = (0..66_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    running.put("/0/large.bin", content.clone()).await;
    let answer = running.file(Method::GET, "/0/large.bin", "").await;
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert!(answer.bytes().await.unwrap() == content, "it came back otherwise");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_not_kept() {
    let running = Running::start().await;
    let mut client = TcpStream::connect(running.addresses.api).await.unwrap();
    let head =
        format!("PUT {ARTIFACTS}/0/broken HTTP/1.1\r\nhost: {}\r\ncontent-length: 9\r\n\r\n", running.addresses.api);
    client.write_all(format!("{head}half").as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    // Until the server has let go of it.
    client.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(running.file(Method::GET, "/0/broken", "").await.status(), 404);
    assert!(running.store.documents(Kind::Artifact, "", None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_has_files_of_its_own() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    running.put(&format!("/0/{id}/artifacts/notes/a.txt"), "hello").await;
    let uri = format!("mlflow-artifacts:/0/{id}/artifacts");
    let listed = running.get(&format!("artifacts/list?run_id={id}")).await.ok();
    assert_eq!(listed, json!({ "root_uri": uri, "files": [{ "path": "notes", "is_dir": true }] }));
    let listed = running.get(&format!("artifacts/list?run_uuid={id}&path=notes")).await.ok();
    let file = json!({ "path": "notes/a.txt", "is_dir": false, "file_size": 5 });
    assert_eq!(listed, json!({ "root_uri": uri, "files": [file] }));
    running.get(&format!("artifacts/list?run_id={id}&path=..")).await.invalid("Invalid path");
    running.get("artifacts/list?run_id=nobody").await.missing("Run with id=nobody not found");
    for path in ["/get-artifact", "/ajax-api/2.0/mlflow/get-artifact"] {
        let shown = running.request(Method::GET, &format!("{path}?run_uuid={id}&path=notes/a.txt"));
        assert_eq!(shown.send().await.unwrap().text().await.unwrap(), "hello", "{path}");
    }
}

#[tokio::test]
async fn the_user_interface_adds_files_to_a_run() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let upload = async |query: &str, content: Vec<u8>| {
        let request = running.request(Method::POST, &format!("/ajax-api/2.0/mlflow/upload-artifact{query}"));
        let answer = request.body(content).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice::<Value>(&answer.bytes().await.unwrap()).unwrap())
    };
    let query = format!("?run_uuid={id}&path=charts/a.json");
    assert_eq!(upload(&query, b"{}".to_vec()).await, (200, json!({})));
    assert_eq!(running.content(&format!("/0/{id}/artifacts/charts/a.json")).await, "{}");
    for (query, content, message) in [
        ("?path=a", b"x".to_vec(), "Request must specify run_id or run_uuid."),
        (&*format!("?run_id={id}"), b"x".to_vec(), "Request must specify path."),
        (&*query, Vec::new(), "Request must specify data."),
        (&*query, vec![1; (10 << 20) + 1], "Artifact size is too large. Max size is 10MB."),
    ] {
        let (status, body) = upload(query, content).await;
        assert_eq!((status, &body["message"]), (400, &json!(message)));
    }
}
