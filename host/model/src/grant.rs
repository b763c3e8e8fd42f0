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
}

/// Which roles may be asked, and how often.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeRule {
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls_per_row: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd_per_run: Option<f64>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Requests to one origin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// `scheme://host[:port]`; the host may begin with `*.`, for any name below.
    pub url: String,
    /// In upper case.
    pub methods: Vec<String>,
    /// Names that the host may fill in for this origin.
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

/// Methods that can be granted.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

impl Grant {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is asked for here and granted there.
    #[must_use]
    pub fn meet(&self, granted: &Self) -> Self {
        let judge = self.judge.as_ref().zip(granted.judge.as_ref()).map(|(asked, granted)| asked.meet(granted));
        let http = self.http.iter().filter_map(|asked| {
            let granted = granted.http.iter().find(|granted| granted.is_of(&asked.url))?;
            Some(asked.meet(granted)).filter(|rule| !rule.methods.is_empty())
        });
        let kv = self.kv.iter().filter_map(|asked| {
            let granted = granted.kv.iter().find(|granted| granted.name == asked.name)?;
            Some(BucketRule { bytes: asked.bytes.min(granted.bytes), ..asked.clone() })
        });
        Self { judge: judge.filter(|judge| !judge.roles.is_empty()), http: http.collect(), kv: kv.collect() }
    }

    /// Each thing that is asked for, in words, with the reason that was given.
    pub fn words(&self) -> Vec<String> {
        let judge = self.judge.iter().map(|rule| told(format!("ask a judge as {}", rule.roles.join(", ")), &rule.why));
        let http = self.http.iter().map(|rule| {
            let secrets: String = rule.secrets.iter().map(|name| format!(", with the secret `{name}`")).collect();
            told(format!("{} {}{secrets}", rule.methods.join(", "), rule.url), &rule.why)
        });
        let kv = self.kv.iter().map(|rule| format!("keep up to {} in the bucket `{}`", rule.bytes, rule.name));
        judge.chain(http).chain(kv).collect()
    }

    /// What is here and not there, in words: whole rules, not their bounds.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let judge = self.judge.clone().filter(|_| other.judge.is_none());
        let http = self.http.iter().filter(|rule| !other.http.iter().any(|theirs| theirs.is_of(&rule.url)));
        let kv = self.kv.iter().filter(|rule| !other.kv.iter().any(|theirs| theirs.name == rule.name));
        Self { judge, http: http.cloned().collect(), kv: kv.cloned().collect() }.words()
    }

    /// The same without what is said to persons.
    #[must_use]
    pub fn without_reasons(&self) -> Self {
        let judge = self.judge.clone().map(|rule| JudgeRule { why: None, ..rule });
        let http = self.http.iter().map(|rule| HttpRule { why: None, ..rule.clone() }).collect();
        Self { judge, http, kv: self.kv.clone() }
    }

    /// What is wrong with it, in words.
    ///
    /// # Errors
    ///
    /// Fails with the first thing that no host could grant.
    pub fn check(&self) -> Result<(), String> {
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
        Ok(())
    }
}

fn told(what: String, why: &Option<String>) -> String {
    why.as_ref().map_or(what.clone(), |why| format!("{what}: {why}"))
}

impl JudgeRule {
    fn meet(&self, granted: &Self) -> Self {
        let least = |asked: Option<u32>, granted: Option<u32>| asked.into_iter().chain(granted).min();
        Self {
            roles: common(&self.roles, &granted.roles),
            max_calls_per_row: least(self.max_calls_per_row, granted.max_calls_per_row),
            max_usd_per_run: granted.max_usd_per_run.or(self.max_usd_per_run),
            why: self.why.clone(),
        }
    }
}

impl HttpRule {
    fn is_of(&self, url: &str) -> bool {
        self.url.trim_end_matches('/').eq_ignore_ascii_case(url.trim_end_matches('/'))
    }

    fn meet(&self, granted: &Self) -> Self {
        Self {
            url: self.url.clone(),
            methods: common(&self.methods, &granted.methods),
            secrets: common(&self.secrets, &granted.secrets),
            why: self.why.clone(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let url = &self.url;
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
        match self.methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            _ if self.methods.is_empty() => Err(format!("`{url}` grants no method; add such as `methods: [POST]`")),
            Some(method) => Err(format!("`{method}` is no method: use {}", METHODS.join(", "))),
            None => Ok(()),
        }
    }
}

fn common(asked: &[String], granted: &[String]) -> Vec<String> {
    asked.iter().filter(|name| granted.contains(name)).cloned().collect()
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
        };
        let both = asked.meet(&granted);
        assert_eq!(both.http, [http("https://a.test", &["POST"], &[])]);
        assert_eq!((both.kv[0].bytes, both.judge), (ByteSize(100), None));
        assert!(asked.meet(&Grant::default()).is_empty());
        assert_eq!(asked.meet(&asked), asked);
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
}
