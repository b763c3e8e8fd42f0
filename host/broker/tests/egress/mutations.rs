//! URLs that are almost ones: what is let through leads to the host that was granted, whoever reads it.

use broker::url_of;

use crate::mutate::mutations;
use crate::rule;

#[test]
fn what_is_let_through_leads_where_it_was_granted() {
    let rules = [rule("https://api.example.com"), rule("http://*.test:8080"), rule("https://9.9.9.9")];
    let kept: [&[u8]; 9] = [
        b"https://api.example.com/v1/moderations?model=x#part",
        b"https://api.example.com.:443/",
        b"http://a.b.test:8080/%2e%2e/",
        b"https://user:pass@api.example.com@evil.test/",
        b"https://9.9.9.9/",
        b"https://0x7f.1/ https://2130706433/ https://[::ffff:127.0.0.1]/",
        b"//evil.test\\@api.example.com",
        b"http://169.254.169.254:8080/latest/meta-data",
        b"https://api.example.com%00.evil.test/",
    ];
    let mut passed = 0;
    let tried = mutations(&kept, |input| {
        let Ok(text) = str::from_utf8(input) else { return };
        let Ok(url) = url_of(text, "GET", &rules) else { return };
        passed += 1;
        // The text itself, read in the plainest way there is, says the same.
        let authority = text.split_once("://").unwrap().1.split(['/', '?']).next().unwrap().to_ascii_lowercase();
        let host = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let host = host.map_or(&*authority, |(host, _)| host).trim_end_matches('.');
        let is_granted = host == "api.example.com" || host.ends_with(".test") || url.host_str() == Some("9.9.9.9");
        assert!(is_granted && !authority.contains('@'), "{text}: {url}");
    });
    assert!(tried > 1000 && passed > 10, "{passed} of {tried}");
}
