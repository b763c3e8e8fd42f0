//! `karat eval --vary`, and which prompts and versions of an application a run is of.

use serde_json::{Value, json};

use crate::support::Project;
use crate::support::application::Application;

/// A model that answers as it is told to, and knows the sum only if it is told to think.
fn model() -> Application {
    Application::answering(|asked| {
        let said = asked.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
        let number: u32 = said.rsplit(' ').next().unwrap().parse().unwrap();
        let knows = said.starts_with("Think") || asked.body["model"] == "large" || number.is_multiple_of(4);
        let content = if knows { (number + 1).to_string() } else { "no idea".to_owned() };
        let choice = json!({ "message": { "role": "assistant", "content": content }, "finish_reason": "stop" });
        json!({ "id": "x", "model": "m", "choices": [choice], "usage": { "prompt_tokens": 1, "completion_tokens": 1 } })
    })
}

struct Asking {
    project: Project,
    allow: String,
}

impl Asking {
    fn new(application: &Application, prompt: &str) -> Self {
        let url = &application.url;
        let suite = format!(
            "name: t\ndata: {{ path: rows.jsonl }}\n\
             predict:\n  use: openai_chat\n  with: {{ url: \"{url}/v1\", model: small, prompt: {prompt} }}\n  \
             grant: {{ http: [{{ url: \"{url}\", methods: [POST] }}] }}\n\
             scorers: [exact_match]\n"
        );
        let row = |n: u32| json!({ "id": format!("q{n}"), "inputs": { "number": n }, "expectations": { "expected_response": (n + 1).to_string() } });
        let rows: Vec<_> = (0..40).map(|n| row(n).to_string()).collect();
        let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
        project.write("first.txt", "What comes after {{ number }}");
        project.write("second.txt", "Think. What comes after {{ number }}");
        Self { project, allow: format!("http={url}") }
    }

    fn eval(&self, arguments: &[&str]) -> crate::support::Said {
        self.project.run(&[&["eval", "--allow", &self.allow], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.project.json(0, &[&["eval", "--allow", &self.allow], arguments].concat())
    }
}

#[test]
fn versions_of_a_prompt_are_compared_by_one_command() {
    let application = model();
    let asking = Asking::new(&application, "\"prompts:/support@prod\"");
    let Asking { project, .. } = &asking;
    project.json(0, &["prompts", "add", "support", "first.txt", "--alias", "prod"]);
    project.json(0, &["prompts", "add", "support", "second.txt"]);

    let varied = asking.json(&["--vary", "prompt=support@1,support@2"]);
    let runs: Vec<&str> = varied["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    let passed = |place: usize| varied["runs"][place]["scorers"]["exact_match"]["passed"].clone();
    assert_eq!((passed(0), passed(1)), (json!(10), json!(40)));
    let comparison = &varied["comparisons"][0];
    assert_eq!((&comparison["verdict"], &comparison["scorers"][0]["table"]["only_b"]), (&json!("better"), &json!(30)));
    let sentence = comparison["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("support@2 is better than support@1 on `exact_match` by 75.0"), "{sentence}");

    // Each is had again with its own version, which is not the one that the suite names.
    for run in &runs {
        assert_eq!(project.json(0, &["runs", "replay", run])["identical"], true);
    }

    // Each run says what it is of, and is found by it.
    let shown = project.json(0, &["runs", "show", runs[1]]);
    assert_eq!(shown["plan"]["prompts"], json!([{ "prompt": "support", "version": 2, "named": "support@2" }]));
    assert_eq!(shown["origin"]["name"], "support@2");
    assert_eq!(project.json(0, &["prompts", "show", "support@2"])["runs"], json!([runs[1]]));
    assert!(project.run(&["prompts", "show", "support@1"]).out.contains(runs[0]));
    let told = project.run(&["runs", "show", runs[0]]).out;
    assert!(told.contains("prompts support@1"), "{told}");
    let report = |format: &str| project.run(&["runs", "export", runs[1], "--format", format]).out;
    assert!(report("html").contains("support@2"));
    // Nobody is mentioned in a comment: what could do that is written so that it can't.
    assert!(report("markdown").contains("prompt <code>support&#64;"), "{}", report("markdown"));
    let said = asking.eval(&["--vary", "prompt=support@1,support@2"]);
    let first = "support@2 is better than support@1";
    assert!(said.code == 0 && said.out.lines().any(|line| line.starts_with(first)), "{said:#?}");
}

#[test]
fn a_run_that_goes_on_keeps_the_version_it_began_with() {
    let application = model();
    let asking = Asking::new(&application, "\"prompts:/support@prod\"");
    let Asking { project, .. } = &asking;
    project.json(0, &["prompts", "add", "support", "first.txt", "--alias", "prod"]);
    let begun = asking.json(&[])["run"].as_str().unwrap().to_owned();
    project.json(0, &["prompts", "add", "support", "second.txt", "--alias", "prod"]);
    assert_eq!(asking.json(&["--resume", &begun])["run"], begun.as_str());
    let prompts = project.json(0, &["runs", "show", &begun])["plan"]["prompts"].clone();
    assert_eq!(prompts, json!([{ "prompt": "support", "version": 1, "named": "support@prod" }]));
    assert_eq!(asking.json(&[])["scorers"]["exact_match"]["passed"], 40);
    // Where the file names another version, it is another suite.
    project.write("karat.yaml", project.read("karat.yaml").replace("support@prod", "support/2"));
    let said = asking.eval(&["--resume", &begun]);
    assert!(said.code == 2 && said.err.contains("changed"), "{said:#?}");
}

#[test]
fn a_parameter_of_the_predictor_varies_likewise() {
    let application = model();
    let asking = Asking::new(&application, "\"What comes after {{ inputs.number }}\"");
    let varied = asking.json(&["--vary", "model=small,large,other"]);
    let findings = varied["comparisons"].as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap());
    assert_eq!(findings.collect::<Vec<_>>(), ["better", "no_evidence"]);
    assert_eq!(varied["comparisons"][1]["b"]["name"], "model=other");
}

#[test]
fn what_can_not_vary_is_told_before_anything_runs() {
    let application = model();
    let asking = Asking::new(&application, "\"prompts:/support@prod\"");
    let Asking { project, .. } = &asking;
    let said = asking.eval(&[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("karat.yaml:5: predict.with.prompt: there is no prompt `support`"), "{}", said.err);
    project.json(0, &["prompts", "add", "support", "first.txt", "--alias", "prod"]);
    for (vary, told) in [
        ("prompt=support@1,support@9", "support/9"),
        ("prompt=support@1", "two different values or more"),
        ("prompt=support@1,support@1", "two different values or more"),
        ("prompt=support@1,a b", "`a b` names no prompt"),
        ("model", "KEY=A,B"),
        ("modell=a,b", "modell"),
    ] {
        let said = asking.eval(&["--vary", vary]);
        assert_eq!(said.code, 2, "{vary}: {said:#?}");
        assert!(said.err.contains(told), "{vary}: {}", said.err);
    }
    assert!(application.asked().is_empty() && project.json(0, &["runs", "list"]) == json!([]));
    let resumed = asking.eval(&["--vary", "model=a,b", "--resume", "last"]);
    assert!(resumed.code == 2 && resumed.err.contains("cannot be used with"), "{}", resumed.err);

    let other = Project::of_answers(2);
    other.write("p.txt", "?");
    other.json(0, &["prompts", "add", "support", "p.txt"]);
    let said = other.run(&["eval", "--vary", "prompt=support,support@1"]);
    assert!(said.err.contains("the suite does not name the prompt `support`"), "{}", said.err);
    let said = other.run(&["eval", "--vary", "model=a,b"]);
    assert!(said.code == 2 && said.err.contains("the suite has no `predict`"), "{}", said.err);
}

#[test]
fn a_run_is_of_a_version_of_an_application() {
    let project = Project::of_answers(4);
    let unknown = project.run(&["eval", "--app", "bot"]);
    assert!(unknown.code == 2 && unknown.err.contains("there is no app version `bot`"), "{}", unknown.err);
    let app = project.json(0, &["apps", "add", "bot", "--no-git", "--param", "model=small"])["id"].clone();
    let run = project.json(0, &["eval", "--app", "bot"])["run"].clone();
    assert_eq!(project.json(0, &["runs", "show", "last"])["origin"]["app"], json!({ "name": "bot", "id": app }));
    let shown = project.json(0, &["apps", "show", "bot"]);
    assert_eq!((&shown["runs"], &shown["id"]), (&json!([run]), &app));
    let id = app.as_str().unwrap();
    assert!(project.run(&["runs", "show", "last"]).out.contains(&format!("application bot {id}")));
    let report = |format: &str| project.run(&["runs", "export", "last", "--format", format]).out;
    assert!(report("html").contains(id) && report("markdown").contains("application <code>bot m"));
}
