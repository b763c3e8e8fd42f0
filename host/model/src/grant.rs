//! What a plugin asks for beyond its row, and what it is given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::ByteSize;

/// Capabilities: those a manifest claims, those a suite grants, and what both have in common.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// Questions to an LLM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeRule>,
    /// Requests over HTTP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRule>,
    /// Values that the plugin keeps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kv: Vec<BucketRule>,
    /// Commands of this machine, outside the sandbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub process: Vec<CommandRule>,
}

/// Which roles may be asked, and how often.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeRule {
    /// Names that the suite binds to endpoints. A plugin that lets its parameters say whom it asks, asks for `*`.
    pub roles: Vec<String>,
    /// What of a row the plugin puts into questions; all of it where nothing is said. It sees no more than that: what it
    /// can't see it can't send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<Vec<RowPart>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls_per_row: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd_per_run: Option<f64>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowPart {
    Inputs,
    Outputs,
    Expectations,
    /// With the session.
    Tags,
    Trace,
}

impl RowPart {
    fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
            Self::Expectations => "expectations",
            Self::Tags => "tags",
            Self::Trace => "trace",
        }
    }
}

/// Requests to one origin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// `scheme://host[:port]`; the host may begin with `*.`, for any name below. In a manifest, `*` asks for those that a
    /// suite names.
    pub url: String,
    /// In upper case.
    pub methods: Vec<String>,
    /// Names that the host may fill in for this origin. In a manifest, `*` asks for those that a suite names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One bucket of values.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketRule {
    pub name: String,
    /// The most that may be in it.
    pub bytes: ByteSize,
}

/// One command of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRule {
    /// What the plugin calls it.
    pub name: String,
    /// The program and its arguments; in a suite, never in a manifest. Relative to the suite's folder. `{{name}}` stands
    /// for what the plugin fills in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a manifest asks for where only the suite knows what it is.
const ANY: &str = "*";

/// Methods that can be granted.
pub const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

impl Grant {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is asked for here and granted there.
    #[must_use]
    pub fn meet(&self, granted: &Self) -> Self {
        let judge = self.judge.as_ref().zip(granted.judge.as_ref()).map(|(asked, granted)| asked.meet(granted));
        let http = granted.http.iter().filter_map(|granted| {
            let asked = self.asked_http(&granted.url)?;
            Some(asked.meet(granted)).filter(|rule| !rule.methods.is_empty())
        });
        let kv = self.kv.iter().filter_map(|asked| {
            let granted = granted.kv.iter().find(|granted| granted.name == asked.name)?;
            Some(BucketRule { bytes: asked.bytes.min(granted.bytes), ..asked.clone() })
        });
        let process = self.process.iter().filter_map(|asked| {
            let granted = granted.process.iter().find(|granted| granted.name == asked.name)?;
            Some(CommandRule { run: granted.run.clone(), ..asked.clone() })
        });
        Self {
            judge: judge.filter(|judge| !judge.roles.is_empty()),
            http: http.collect(),
            kv: kv.collect(),
            process: process.collect(),
        }
    }

    /// Whether some of it takes a suite to say what it is: which server, which command.
    pub fn is_open(&self) -> bool {
        self.http.iter().any(|rule| rule.url == ANY) || self.process.iter().any(|rule| rule.run.is_empty())
    }

    /// The same with these roles where it asks for whatever its parameters name.
    #[must_use]
    pub fn with_roles(&self, roles: &[String]) -> Self {
        let named = JudgeRule { roles: roles.to_vec(), ..JudgeRule::default() };
        let judge = self.judge.as_ref().map(|rule| if rule.has_any_role() { rule.meet(&named) } else { rule.clone() });
        Self { judge, ..self.clone() }
    }

    /// The rule that asks for this origin.
    fn asked_http(&self, url: &str) -> Option<&HttpRule> {
        let exact = self.http.iter().find(|asked| asked.is_of(url));
        exact.or_else(|| self.http.iter().find(|asked| asked.url == ANY))
    }

    /// Each thing that is asked for, in words, with the reason that was given.
    pub fn words(&self) -> Vec<String> {
        let judge = self.judge.iter().map(|rule| {
            let judges = if rule.roles.len() == 1 { "judge" } else { "judges" };
            let roles: Vec<_> = rule.roles.iter().map(|role| format!("`{role}`")).collect();
            let whom = match rule.has_any_role() {
                true => "judges that the suite names".to_owned(),
                false => format!("the {judges} {}", roles.join(", ")),
            };
            told(format!("put questions to {whom}{}", rule.told_parts()), &rule.why)
        });
        let http = self.http.iter().map(|rule| {
            let secrets: String = rule
                .secrets
                .iter()
                .map(|name| match name.as_str() {
                    ANY => ", with secrets that the suite names".to_owned(),
                    name => format!(", with the secret `{name}`"),
                })
                .collect();
            let place = if rule.url == ANY { "any server that the suite names" } else { &rule.url };
            told(format!("{} {place}{secrets}", rule.methods.join(", ")), &rule.why)
        });
        let kv = self.kv.iter().map(|rule| format!("keep up to {} in the bucket `{}`", rule.bytes, rule.name));
        let process = self.process.iter().map(|rule| {
            let which = match &rule.run[..] {
                [] => "the suite names".to_owned(),
                run => format!("is `{}`", run.join(" ")),
            };
            told(format!("run the command `{}`, which {which}, outside the sandbox", rule.name), &rule.why)
        });
        judge.chain(http).chain(kv).chain(process).collect()
    }

    /// What is here and not there, in words: whole rules, not their bounds.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let judge = self.judge.clone().filter(|_| other.judge.is_none());
        let http = self.http.iter().filter(|rule| other.asked_http(&rule.url).is_none());
        let kv = self.kv.iter().filter(|rule| !other.kv.iter().any(|theirs| theirs.name == rule.name));
        let process = self.process.iter().filter(|rule| !other.process.iter().any(|theirs| theirs.name == rule.name));
        Self { judge, http: http.cloned().collect(), kv: kv.cloned().collect(), process: process.cloned().collect() }
            .words()
    }

    /// The same without what is said to persons.
    #[must_use]
    pub fn without_reasons(&self) -> Self {
        let judge = self.judge.clone().map(|rule| JudgeRule { why: None, ..rule });
        let http = self.http.iter().map(|rule| HttpRule { why: None, ..rule.clone() }).collect();
        let process = self.process.iter().map(|rule| CommandRule { why: None, ..rule.clone() }).collect();
        Self { judge, http, kv: self.kv.clone(), process }
    }

    /// What is wrong with it as something that is granted, in words.
    ///
    /// # Errors
    ///
    /// Fails with the first thing that no suite can grant.
    pub fn check(&self) -> Result<(), String> {
        if let Some(rule) = self.http.iter().find(|rule| rule.url == ANY || rule.secrets.iter().any(|name| name == ANY))
        {
            return Err(format!("`{}` would be anything; name the server and the secrets", rule.url));
        }
        if self.judge.as_ref().is_some_and(JudgeRule::has_any_role) {
            return Err("`*` would be any judge; name the roles".to_owned());
        }
        if let Some(rule) = self.process.iter().find(|rule| rule.run.is_empty()) {
            let name = &rule.name;
            return Err(format!("the command `{name}` is not told; add such as `run: [python3, app.py]`"));
        }
        self.check_rules()
    }

    /// What is wrong with it as something that is asked for, in words.
    ///
    /// # Errors
    ///
    /// Fails with the first thing that no host could grant.
    pub fn check_asked(&self) -> Result<(), String> {
        if let Some(rule) = self.process.iter().find(|rule| !rule.run.is_empty()) {
            return Err(format!("only a suite says what the command `{}` is; take `run` out", rule.name));
        }
        self.check_rules()
    }

    fn check_rules(&self) -> Result<(), String> {
        if self.judge.as_ref().is_some_and(|judge| judge.roles.is_empty()) {
            return Err("`judge` names no role; add such as `roles: [default]`".to_owned());
        }
        self.http.iter().try_for_each(HttpRule::check)?;
        for (place, rule) in self.http.iter().enumerate() {
            if self.http[..place].iter().any(|before| before.is_of(&rule.url)) {
                return Err(format!("`{}` is there twice; name all methods at once", rule.url));
            }
        }
        for (place, bucket) in self.kv.iter().enumerate() {
            if self.kv[..place].iter().any(|before| before.name == bucket.name) {
                return Err(format!("the bucket `{}` is there twice", bucket.name));
            }
        }
        for (place, command) in self.process.iter().enumerate() {
            if self.process[..place].iter().any(|before| before.name == command.name) {
                return Err(format!("the command `{}` is there twice", command.name));
            }
        }
        Ok(())
    }
}

fn told(what: String, why: &Option<String>) -> String {
    why.as_ref().map_or(what.clone(), |why| format!("{what}: {why}"))
}

impl JudgeRule {
    fn meet(&self, granted: &Self) -> Self {
        let usd = [self.max_usd_per_run, granted.max_usd_per_run];
        Self {
            roles: match self.has_any_role() {
                true => granted.roles.clone(),
                false => common(&self.roles, &granted.roles),
            },
            sends: match (&self.sends, &granted.sends) {
                (Some(asked), Some(granted)) => Some(common(asked, granted)),
                (asked, granted) => asked.clone().or_else(|| granted.clone()),
            },
            max_calls_per_row: [self.max_calls_per_row, granted.max_calls_per_row].into_iter().flatten().min(),
            max_usd_per_run: usd.into_iter().flatten().reduce(f64::min),
            why: self.why.clone(),
        }
    }

    /// Whether the plugin may put this part of a row into a question, and so may see it.
    pub fn may_send(&self, part: RowPart) -> bool {
        self.sends.as_ref().is_none_or(|sends| sends.contains(&part))
    }

    /// Whether it is for whatever roles the suite names.
    fn has_any_role(&self) -> bool {
        self.roles.iter().any(|role| role == ANY)
    }

    fn told_parts(&self) -> String {
        match self.sends.as_deref() {
            None => String::new(),
            Some([]) => ", about nothing of the row".to_owned(),
            Some(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.name()).collect();
                format!(", about the row's {}", parts.join(", "))
            }
        }
    }
}

impl HttpRule {
    fn is_of(&self, url: &str) -> bool {
        self.url.trim_end_matches('/').eq_ignore_ascii_case(url.trim_end_matches('/'))
    }

    fn meet(&self, granted: &Self) -> Self {
        Self {
            url: if self.url == ANY { granted.url.clone() } else { self.url.clone() },
            methods: common(&self.methods, &granted.methods),
            secrets: match self.secrets.iter().any(|name| name == ANY) {
                true => granted.secrets.clone(),
                false => common(&self.secrets, &granted.secrets),
            },
            why: self.why.clone(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let url = &self.url;
        if url == ANY {
            return self.check_methods();
        }
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = host.ok_or_else(|| format!("`{url}` should begin with `https://` or `http://`"))?;
        let host = host.strip_suffix('/').unwrap_or(host);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
        let below = host.strip_prefix("*.").unwrap_or(host);
        if below.is_empty() || !below.chars().all(plain) {
            return Err(format!("`{url}` should be a scheme and a host, such as `https://api.example.com`"));
        }
        if below != host && !below.contains('.') {
            return Err(format!("`{url}` would be every host of `{below}`"));
        }
        self.check_methods()
    }

    fn check_methods(&self) -> Result<(), String> {
        let url = &self.url;
        match self.methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            _ if self.methods.is_empty() => Err(format!("`{url}` grants no method; add such as `methods: [POST]`")),
            Some(method) => Err(format!("`{method}` is no method: use {}", METHODS.join(", "))),
            None => Ok(()),
        }
    }
}

fn common<T: Clone + PartialEq>(asked: &[T], granted: &[T]) -> Vec<T> {
    asked.iter().filter(|one| granted.contains(one)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(url: &str, methods: &[&str], secrets: &[&str]) -> HttpRule {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        HttpRule { url: url.to_owned(), methods: owned(methods), secrets: owned(secrets), why: None }
    }

    #[test]
    fn only_what_both_sides_say_is_granted() {
        let asked = Grant {
            http: vec![http("https://a.test", &["GET", "POST"], &["KEY"]), http("https://b.test", &["GET"], &[])],
            kv: vec![BucketRule { name: "cache".to_owned(), bytes: ByteSize(1000) }],
            ..Grant::default()
        };
        let granted = Grant {
            http: vec![http("https://A.test/", &["POST", "PUT"], &[]), http("https://c.test", &["GET"], &[])],
            kv: vec![BucketRule { name: "cache".to_owned(), bytes: ByteSize(100) }],
            judge: Some(JudgeRule { roles: vec!["default".to_owned()], ..JudgeRule::default() }),
            ..Grant::default()
        };
        let both = asked.meet(&granted);
        assert_eq!(both.http, [http("https://a.test", &["POST"], &[])]);
        assert_eq!((both.kv[0].bytes, both.judge), (ByteSize(100), None));
        assert!(asked.meet(&Grant::default()).is_empty());
        assert_eq!(asked.meet(&asked), asked);
    }

    #[test]
    fn what_only_the_suite_knows_is_asked_for_openly_and_granted_by_name() {
        let command = |run: &[&str]| CommandRule {
            name: "app".to_owned(),
            run: run.iter().map(|&part| part.to_owned()).collect(),
            why: None,
        };
        let asked = Grant { http: vec![http("*", &["POST"], &["*"])], process: vec![command(&[])], ..Grant::default() };
        let granted = Grant {
            http: vec![http("https://a.test", &["GET", "POST"], &["KEY"])],
            process: vec![command(&["python3", "app.py"])],
            ..Grant::default()
        };
        assert!(asked.is_open() && !granted.is_open());
        assert!(granted.beyond(&asked).is_empty());
        let both = asked.meet(&granted);
        assert_eq!(both.http, [http("https://a.test", &["POST"], &["KEY"])]);
        assert_eq!(both.process, granted.process);
        assert_eq!((asked.check_asked(), granted.check()), (Ok(()), Ok(())));
        assert!(asked.check().is_err() && granted.check_asked().is_err());
    }

    #[test]
    fn a_rule_names_one_origin() {
        for url in
            ["https://a.test", "http://127.0.0.1:8000", "https://*.a.test", "https://[::1]:8000", "https://a.test/"]
        {
            assert_eq!(http(url, &["GET"], &[]).check(), Ok(()), "{url}");
        }
        for url in [
            "a.test",
            "ftp://a.test",
            "https://",
            "https://*",
            "https://*.test",
            "https://a.*",
            "https://a@b",
            "https://a.test/path",
            "https://a?b",
        ] {
            assert!(http(url, &["GET"], &[]).check().is_err(), "{url}");
        }
        assert!(http("https://a.test", &[], &[]).check().is_err());
        assert!(http("https://a.test", &["get"], &[]).check().is_err());
    }

    #[test]
    fn what_is_asked_for_reads_on_behind_asks_to() {
        let judge = |roles: &[&str]| JudgeRule {
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            why: Some("asks for the tone".to_owned()),
            ..JudgeRule::default()
        };
        let words = |roles| Grant { judge: Some(judge(roles)), ..Grant::default() }.words();
        assert_eq!(words(&["default"]), ["put questions to the judge `default`: asks for the tone"]);
        assert_eq!(words(&["a", "b"]), ["put questions to the judges `a`, `b`: asks for the tone"]);
        let sends = Some(vec![RowPart::Inputs, RowPart::Outputs]);
        let grant = Grant { judge: Some(JudgeRule { sends, ..judge(&["default"]) }), ..Grant::default() };
        let told = "put questions to the judge `default`, about the row's inputs, outputs: asks for the tone";
        assert_eq!(grant.words(), [told]);
    }

    #[test]
    fn a_judge_is_granted_as_little_as_either_side_says() {
        let rule = |sends: Option<&[RowPart]>, calls, usd| JudgeRule {
            roles: vec!["default".to_owned()],
            sends: sends.map(<[_]>::to_vec),
            max_calls_per_row: calls,
            max_usd_per_run: usd,
            why: None,
        };
        let both = rule(Some(&[RowPart::Inputs, RowPart::Outputs]), Some(3), Some(1.0)).meet(&rule(
            Some(&[RowPart::Outputs, RowPart::Trace]),
            None,
            Some(5.0),
        ));
        assert_eq!(both, rule(Some(&[RowPart::Outputs]), Some(3), Some(1.0)));
        assert_eq!(rule(None, None, None).meet(&both), both);
        assert!(!both.may_send(RowPart::Trace) && rule(None, None, None).may_send(RowPart::Trace));
    }
}
