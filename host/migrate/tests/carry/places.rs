//! Places that can't be read: each is told in a sentence.

use std::fs;

use migrate::{Access, Error, Place, import};
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::database::Database;
use crate::server::{Running, TOKEN};
use crate::store::Kept;

async fn check(place: &Place, access: Access, message: &str, hint: &str) {
    let kept = Kept::in_memory();
    match import(place, access, &kept.destination(), &mut |_| {}).await {
        Err(Error::Place { message: said, hint: advised }) => {
            assert!(said.contains(message), "`{said}` says nothing of `{message}`");
            assert!(advised.unwrap_or_default().contains(hint), "no hint at `{hint}` with: {said}");
        }
        other => panic!("{other:?} instead of `{message}`"),
    }
    assert_eq!(kept.registry.experiments().await.unwrap(), [], "something was written");
}

fn place(text: &str) -> Place {
    Place::parse(text).unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_database_of_mlflows_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| place(folder.path().join(name).to_str().unwrap());
    check(&path("nowhere.db"), Access::Open, "can't be opened", "").await;
    fs::write(folder.path().join("text.db"), "a text that is no database, and long enough to be one").unwrap();
    check(&path("text.db"), Access::Open, "is no SQLite database", "").await;
    Connection::open(folder.path().join("other.db")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    check(&path("other.db"), Access::Open, "is no database of MLflow's", "").await;
}

#[tokio::test]
async fn a_schema_that_is_not_known_is_told() {
    for (revision, message, hint) in [
        ("ffffffffffff", "newer than 3.18 (schema `ffffffffffff`)", "name the server's address"),
        ("451aebb31d03", "before 2.0 (schema `451aebb31d03`)", "mlflow db upgrade"),
    ] {
        let database = Database::of("3.18");
        database.execute(&format!("UPDATE alembic_version SET version_num = '{revision}'"));
        check(&database.place(), Access::Open, message, hint).await;
    }
}

#[tokio::test]
async fn a_database_that_is_locked_is_told() {
    let database = Database::of("2.22");
    let connection = Connection::open(database.file()).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    check(&database.place(), Access::Open, "is locked by another process", "end the MLflow server").await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_as_mlflows_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut asked = [0; 1024];
        let _ = connection.read(&mut asked).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n<html></html>";
        connection.write_all(answer.as_bytes()).await.unwrap();
    });
    check(&place(&format!("http://{address}")), Access::Open, "is no MLflow server", "MLFLOW_TRACKING_URI").await;
    page.await.unwrap();
    // Nobody listens any more.
    check(&place(&format!("http://{address}")), Access::Open, "can't be reached", "see that the server runs").await;
}

#[tokio::test]
async fn a_server_that_wants_another_token_is_told() {
    let running = Running::with_token(Kept::in_memory()).await;
    let place = running.place();
    check(&place, Access::Open, "does not let us in (401)", "MLFLOW_TRACKING_TOKEN").await;
    check(&place, Access::Token("wrong".to_owned()), "does not let us in (401)", "MLFLOW_TRACKING_TOKEN").await;
    let kept = Kept::in_memory();
    import(&place, Access::Token(TOKEN.to_owned()), &kept.destination(), &mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn only_a_server_can_be_written_to() {
    let error = Kept::in_memory().export(&place("mlflow.db")).await.unwrap_err().to_string();
    assert_eq!(error, "only a server of MLflow's can be written to");
}
