//! What is kept under names with versions: prompts and applications, as they are worked with from the command line and seen by
//! MLflow's clients.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::Project;
use crate::support::server::Server;

#[test]
fn a_prompt_has_versions_and_an_alias_is_moved_back() {
    let project = Project::new();
    project.write("first.txt", "Answer {{ question }} in a sentence.\n");
    project.write("second.txt", "Answer {{ question }} for {{ user.name }}.\n");
    let added = project.json(0, &["prompts", "add", "support", "first.txt", "-m", "the first", "--alias", "prod"]);
    assert_eq!(added, json!({ "name": "support", "version": 1, "new": true }));
    let again = project.json(0, &["prompts", "add", "support", "first.txt"]);
    assert_eq!(again, json!({ "name": "support", "version": 1, "new": false }));
    let config = r#"{"model_name": "small"}"#;
    project.json(0, &["prompts", "add", "support", "second.txt", "--model-config", config, "--tag", "team=a"]);
    assert_eq!(project.run(&["prompts", "alias", "support", "prod", "2"]).code, 0);

    let shown = project.json(0, &["prompts", "show", "support@prod"]);
    assert_eq!((&shown["version"], &shown["variables"]), (&json!(2), &json!(["question", "user.name"])));
    assert_eq!((&shown["model_config"], &shown["tags"]), (&json!({ "model_name": "small" }), &json!({ "team": "a" })));
    let filled = project.run(&["prompts", "show", "prompts:/support/1", "--fill", "question=why"]);
    assert_eq!(filled.out, "Answer why in a sentence.\n\n");
    let diff = project.json(0, &["prompts", "diff", "support@1", "support@2"]);
    assert_eq!(diff["variables"], json!({ "added": ["user.name"], "removed": [] }));
    assert!(diff["diff"].as_str().unwrap().contains("-Answer {{ question }} in a sentence."), "{diff}");

    assert_eq!(project.run(&["prompts", "alias", "support", "prod", "1"]).code, 0);
    assert_eq!(project.json(0, &["prompts", "show", "support@prod"])["version"], 1);
    assert_eq!(project.run(&["prompts", "delete", "support@2"]).code, 0);
    assert_eq!(project.json(0, &["prompts", "list"])[0]["latest"], 1);
    project.write("third.txt", "three");
    assert_eq!(project.json(0, &["prompts", "add", "support", "third.txt"])["version"], 3);
}

#[test]
fn a_prompt_of_the_command_line_is_one_of_mlflows_clients() {
    let project = Project::new();
    let chat = r#"[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"}]"#;
    project.write("chat.json", chat);
    project.json(0, &["prompts", "add", "talk", "chat.json", "--chat", "--alias", "prod"]);
    let server = Server::start(&project, &[]);
    let alias = "/api/2.0/mlflow/registered-models/alias?name=talk&alias=prod";
    let (status, answer) = server.ask("GET", alias, "");
    let tags = answer["model_version"]["tags"].as_array().unwrap();
    let tag = |key: &str| tags.iter().find(|tag| tag["key"] == key).map(|tag| tag["value"].as_str().unwrap());
    assert_eq!((status, tag("_mlflow_prompt_type")), (200, Some("chat")));
    let messages: Value = serde_json::from_str(tag("mlflow.prompt.text").unwrap()).unwrap();
    assert_eq!(messages, serde_json::from_str::<Value>(chat).unwrap());
}

#[test]
fn what_is_no_prompt_is_told_why() {
    let project = Project::new();
    project.write("p.txt", "Hello {{name}}");
    project.write("chat.json", r#"[{"role": "user", "text": "?"}]"#);
    project.json(0, &["prompts", "add", "p", "p.txt"]);
    for (arguments, told) in [
        (&["prompts", "add", "a b", "p.txt"][..], "letters, digits"),
        (&["prompts", "add", "q", "missing.txt"], "missing.txt"),
        (&["prompts", "add", "q", "chat.json", "--chat"], "unknown field `text`"),
        (&["prompts", "add", "q", "p.txt", "--model-config", "[]"], "no JSON object"),
        (&["prompts", "show", "q"], "there is no prompt `q`"),
        (&["prompts", "show", "p@9"], "p/9"),
        (&["prompts", "show", "p@prod"], "there is no alias `prod`"),
        (&["prompts", "show", "p", "--fill", "nobody=x"], "it has name"),
        (&["prompts", "alias", "p", "latest", "1"], "reserved"),
        (&["prompts", "alias", "p", "prod", "7"], "p/7"),
        (&["prompts", "delete", "p@prod"], "is an alias"),
    ] {
        let said = project.run(arguments);
        assert_eq!(said.code, 2, "{arguments:?}");
        assert!(said.err.contains(told), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn a_version_of_an_application_is_what_git_has_of_it() {
    let project = Project::new();
    assert!(project.run(&["apps", "add", "bot"]).err.contains("--no-git"));
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let done = Command::new("git").arg("-C").arg(project.path("")).args(identity).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q", "-b", "main"]);
    project.write("app.py", "1");
    git(&["add", "app.py"]);
    git(&["commit", "-qm", "first"]);

    let first = project.json(0, &["apps", "add", "bot", "--param", "temperature=0"]);
    assert_eq!(project.json(0, &["apps", "add", "bot", "--param", "temperature=0"])["id"], first["id"]);
    project.write("app.py", "2");
    let changed = project.json(0, &["apps", "add", "bot", "--param", "temperature=0"]);
    assert_ne!(changed["id"], first["id"]);
    let of = |app: &Value, tag: &str| app["tags"][tag].clone();
    assert_eq!(of(&first, "mlflow.source.git.commit"), of(&changed, "mlflow.source.git.commit"));
    assert_eq!(
        (of(&first, "mlflow.source.git.dirty"), of(&changed, "mlflow.source.git.dirty")),
        (json!("false"), json!("true"))
    );
    assert_eq!(of(&first, "mlflow.source.git.branch"), "main");
    assert_eq!((of(&first, "karat.git.diff").is_null(), of(&changed, "karat.git.diff").is_string()), (true, true));

    assert_eq!(project.json(0, &["apps", "show", "bot"])["id"], changed["id"]);
    assert_eq!(project.json(0, &["apps", "list"]).as_array().unwrap().len(), 2);
    let server = Server::start(&project, &[]);
    let (status, answer) =
        server.ask("GET", &format!("/api/2.0/mlflow/logged-models/{}", first["id"].as_str().unwrap()), "");
    assert_eq!((status, &answer["model"]["info"]["name"]), (200, &json!("bot")), "{answer}");
}
