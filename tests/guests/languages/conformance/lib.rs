use karat_sdk::prelude::*;
use karat_sdk::{http, judge, kv, trace};

/// Any verdict at all.
struct Any(Value);

impl Verdict for Any {
    const KIND: ValueKind = ValueKind::Any;

    fn into_value(self) -> Value {
        self.0
    }
}

macro_rules! scorer {
    ($type:ident { $($field:ident)? } $name:literal $verdict:ty, |$this:ident, $row:ident| $body:expr) => {
        #[derive(Deserialize, JsonSchema)]
        struct $type { $($field: String)? }

        impl Scorer for $type {
            const NAME: &str = $name;
            const SUMMARY: &str = $name;
            const BETTER: Direction = Direction::Neutral;
            const DETERMINISM: Determinism = Determinism::Volatile;
            type Verdict = $verdict;

            fn score(&self, $row: &Row) -> Result<Outcome<$verdict>, Failure> {
                let $this = self;
                $body
            }
        }
    };
}

scorer!(Gives { kind } "verdict" Any, |this, _row| Ok(match this.kind.as_str() {
    "boolean" => Feedback::from(Any(Value::Boolean(true))).because("so it is"),
    "number" => Any(Value::Number(0.1)).into(),
    "whole" => Any(Value::Number(-3.0)).into(),
    "text" => Any(Value::Text("ü 😀 \"quoted\"\n".to_owned())).into(),
    "booleans" => Any(Value::Booleans(vec![true, false])).into(),
    "numbers" => Any(Value::Numbers(vec![1.5, -2.0])).into(),
    "texts" => Any(Value::Texts(vec!["a".to_owned(), String::new()])).into(),
    "nan" => Any(Value::Number(f64::NAN)).into(),
    _ => Feedback::from(Any(Value::Boolean(true))).with("words", 3.0).with("tone", "kind".to_owned()),
}.into()));
scorer!(Abstains {} "abstains" bool, |_this, _row| Ok(Outcome::abstain("cannot tell")));
scorer!(Fails { code } "fails" bool, |this, _row| Err(Failure { code: code(&this.code), message: format!("because {}", this.code) }));
scorer!(Raises {} "raises" bool, |_this, _row| panic!("broken on purpose"));
scorer!(Sees {} "sees" String, |_this, row| {
    let expected = row.expected_response()?.text()?;
    let (question, outputs, trial) = (row.inputs().need("question")?.text()?, row.outputs()?.text()?, row.trial().to_string());
    let (lang, session) = (row.tag("lang").unwrap_or_default(), row.session().unwrap_or_default());
    Ok([row.id(), &question, &outputs, &expected, lang, session, &trial].join("|").into())
});
scorer!(Size {} "size" f64, |_this, row| Ok((row.outputs()?.text()?.len() as f64).into()));
scorer!(Keeps {} "keeps" String, |_this, _row| {
    let notes = kv::open("notes")?;
    let text = |value: Option<Vec<u8>>| value.map_or("none".to_owned(), |value| String::from_utf8_lossy(&value).into_owned());
    let mut seen = vec![text(notes.get("n")?)];
    notes.set("n", b"1")?;
    seen.push(text(notes.get("n")?));
    seen.push(notes.compare_and_set("n", Some(b"0"), b"2")?.to_string());
    seen.push(notes.compare_and_set("n", Some(b"1"), b"2")?.to_string());
    seen.push(text(notes.get("n")?));
    notes.delete("n")?;
    seen.push(text(notes.get("n")?));
    Ok(seen.join("|").into())
});
scorer!(Fetches { url } "fetches" String, |this, _row| Ok(match http::get(&this.url).send() {
    Ok(answer) => format!("{} {}", answer.status, answer.text()),
    Err(failure) => name(failure.code),
}.into()));
scorer!(Asks { role } "asks" String, |this, _row| {
    let said = |reply: Result<judge::Reply, Failure>| reply.map_or_else(|failure| name(failure.code), |reply| reply.text);
    let ask = |prompt: &str| judge::ask(prompt).role(&this.role);
    let one = said(ask("well?").send());
    let many = judge::ask_many(vec![ask("a"), ask("b"), ask("c")]).into_iter().map(said);
    Ok(std::iter::once(one).chain(many).collect::<Vec<_>>().join("|").into())
});
scorer!(Traces {} "traces" String, |_this, _row| {
    Ok(trace::spans(None).map_or("none".to_owned(), |spans| spans.len().to_string()).into())
});
scorer!(Spans { key } "spans" String, |this, _row| {
    let mut seen = Vec::new();
    for span in trace::spans(None).unwrap_or_default() {
        let end = span.end.map_or("?".to_owned(), |end| end.to_string());
        let text = span.attribute::<String>(&this.key)?.map(|text| format!("={text}")).unwrap_or_default();
        let error = if let trace::Status::Error(message) = &span.status { format!("!{message}") } else { String::new() };
        seen.push(format!("{}@{}-{end}{text}{error}", span.name, span.start));
    }
    Ok(seen.join("|").into())
});

const CODES: [(&str, ErrorCode); 12] = [
    ("bad-input", ErrorCode::BadInput), ("bad-parameter", ErrorCode::BadParameter), ("denied", ErrorCode::Denied),
    ("budget-exceeded", ErrorCode::BudgetExceeded), ("rate-limited", ErrorCode::RateLimited),
    ("timed-out", ErrorCode::TimedOut), ("cancelled", ErrorCode::Cancelled), ("too-large", ErrorCode::TooLarge),
    ("unavailable", ErrorCode::Unavailable), ("unsupported", ErrorCode::Unsupported), ("internal", ErrorCode::Internal),
    ("other", ErrorCode::Other),
];

fn code(name: &str) -> ErrorCode {
    CODES.iter().find(|(known, _)| *known == name).map_or(ErrorCode::Other, |(_, code)| *code)
}

fn name(code: ErrorCode) -> String {
    CODES.iter().find(|(_, known)| *known == code).map_or("?", |(name, _)| name).to_owned()
}

karat_sdk::plugin! {
    name: "local/conformance",
    scorers: [Gives, Abstains, Fails, Raises, Sees, Size, Keeps, Fetches, Asks, Traces, Spans],
}
