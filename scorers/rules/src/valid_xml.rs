//! Whether a text is XML.

use karat_sdk::prelude::*;
use roxmltree::{Document, ParsingOptions};

/// Reads the outputs as one XML document: well-formed (XML 1.0) with declared namespaces, one root element and nothing
/// around it. A document type is no error, but it may declare no entities, since that is how a small text becomes a
/// huge one; Python's defusedxml refuses the same (<https://github.com/tiran/defusedxml>).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidXml {}

impl Scorer for ValidXml {
    const NAME: &str = "valid_xml";
    const SUMMARY: &str = "whether the outputs are one XML document";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?.text()?;
        if outputs.contains("<!ENTITY") {
            return Ok(Feedback::from(false).because("it declares an entity").into());
        }
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        match Document::parse_with_options(&outputs, options) {
            Ok(_) => Ok(true.into()),
            Err(error) => Ok(Feedback::from(false).because(error.to_string()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: &str, reason: Option<&str>) {
        let feedback = row().outputs(outputs).feedback::<ValidXml>(json!({}));
        assert_eq!((*feedback.value(), feedback.rationale()), (reason.is_none(), reason), "{outputs}");
    }

    #[test]
    fn one_element_with_all_that_is_in_it_is_a_document() {
        check("<a/>", None);
        check("<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<!-- c --><a b='1'>é &amp; &#233;<![CDATA[<]]></a>\n", None);
        check("<a xmlns:x='urn:x'><x:b/></a>", None);
    }

    #[test]
    fn the_reason_says_what_is_wrong_and_where() {
        check("", Some("the document does not have a root node"));
        check("no XML", Some("unknown token at 1:1"));
        check("<a></b>", Some("expected 'a' tag, not 'b' at 1:4"));
        check("<a/><b/>", Some("unknown token at 1:5"));
        check("<a>", Some("the root node was opened but never closed"));
        check("<a b='1' b='2'/>", Some("attribute 'b' at 1:10 is already defined"));
        check("<a b=1/>", Some("expected a quote not '1' at 1:6"));
        check("<a>1 < 2</a>", Some("invalid name token at 1:7"));
        check("<a>R & D</a>", Some("malformed entity reference at 1:6"));
        check("<a>&b;</a>", Some("unknown entity reference 'b' at 1:4"));
        check("<x:a/>", Some("an unknown namespace prefix 'x' at 1:2"));
        check("<a", Some("the document does not have a root node"));
    }

    #[test]
    fn entities_are_refused_before_they_are_read() {
        check("<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>", Some("it declares an entity"));
        check("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", Some("it declares an entity"));
    }

    #[test]
    fn nesting_is_not_limited() {
        check(&("<a>".repeat(100_000) + &"</a>".repeat(100_000)), None);
    }

    #[test]
    fn other_json_is_no_xml() {
        assert!(!row().outputs(json!({"a": 1})).verdict::<ValidXml>(json!({})));
    }
}
