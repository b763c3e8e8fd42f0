//! What is let through leads to the host that was granted, whoever reads the URL.

use broker::url_of;
use model::grant::HttpRule;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kept = [
        "https://api.example.com/v1/moderations?model=x#part",
        "https://api.example.com.:443/",
        "http://a.b.test:8080/%2e%2e/",
        "https://user:pass@api.example.com@evil.test/",
        "https://9.9.9.9/",
        "https://0x7f.1/ https://2130706433/ https://[::ffff:127.0.0.1]/",
        "//evil.test\\@api.example.com",
        "http://169.254.169.254:8080/latest/meta-data",
        "https://api.example.com%00.evil.test/",
    ];
    kept.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Reads the URL as the door does, and once more in the plainest way there is.
pub fn check(input: &[u8]) -> bool {
    let rules = [rule("https://api.example.com"), rule("http://*.test:8080"), rule("https://9.9.9.9")];
    let Ok(text) = str::from_utf8(input) else { return false };
    let Ok(url) = url_of(text, "GET", &rules) else { return false };
    let authority = text.split_once("://").unwrap().1.split(['/', '?', '#']).next().unwrap().to_ascii_lowercase();
    let host = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = host.map_or(&*authority, |(host, _)| host).trim_end_matches('.');
    let is_granted = host == "api.example.com" || host.ends_with(".test") || url.host_str() == Some("9.9.9.9");
    assert!(is_granted && !authority.contains('@'), "{text}: {url}");
    true
}

fn rule(url: &str) -> HttpRule {
    HttpRule { url: url.to_owned(), methods: vec!["GET".to_owned()], secrets: Vec::new(), why: None }
}
