use std::collections::BTreeMap;

use model::json::Json;

use super::*;
use crate::made;
use crate::otlp::{Limits, Received, receive};

const ENCODINGS: [Encoding; 2] = [Encoding::OtlpJson, Encoding::OtlpProtobuf];

fn received(traces: &[(&str, &[Span])], encoding: Encoding) -> Received {
    receive(&write(traces, encoding), encoding, &Limits::default()).expect("read")
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let traces: BTreeMap<_, _> =
            (0..random.usize(0..4)).map(|_| (made::id(&mut random, 32), made::spans(&mut random))).collect();
        let sent: Vec<_> = traces.iter().map(|(trace, spans)| (trace.as_str(), &spans[..])).collect();
        for encoding in ENCODINGS {
            let received = received(&sent, encoding);
            assert_eq!((&received.traces, received.rejected), (&traces, 0), "{encoding:?} {:?}", received.reasons);
        }
    }
}

#[test]
fn what_has_no_type_there_is_written_as_what_comes_next_to_it() {
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let attributes = [("big", "18446744073709551615"), ("endless", "1e400"), ("deep", &deep)];
    let attributes = attributes.map(|(key, value)| (key.to_owned(), Json::parse(value).expect("JSON"))).to_vec();
    let span = Span { id: "1".repeat(16), start: 1, attributes, ..Span::default() };
    for encoding in ENCODINGS {
        let received = received(&[(&"2".repeat(32), std::slice::from_ref(&span))], encoding);
        let span = &received.traces.values().next().unwrap_or_else(|| panic!("{received:?}"))[0];
        assert_eq!(span.source, Some(Arc::default()));
        let values: Vec<_> = span.attributes.iter().map(|(_, value)| value.as_str()).collect();
        let deep = format!("{}\"{}1{}\"{}", "[".repeat(40), "[".repeat(20), "]".repeat(20), "]".repeat(40));
        assert_eq!(values, ["1.8446744073709552e+19", "\"1e400\"", &deep], "{encoding:?}");
    }
}
