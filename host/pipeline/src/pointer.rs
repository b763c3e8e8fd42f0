//! JSON pointers (RFC 6901), and how they read for people.

/// The pointer to `key` within what `pointer` points to.
pub(crate) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer to what holds the value; none for the root.
pub(crate) fn parent(pointer: &str) -> Option<&str> {
    pointer.rsplit_once('/').map(|(parent, _)| parent)
}

/// `scorers[0].with.pattern` for `/scorers/0/with/pattern`; none for the root.
pub(crate) fn field(pointer: &str) -> Option<String> {
    let mut field = String::new();
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            field.push_str(&format!("[{key}]"));
        } else if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            let dot = if field.is_empty() { "" } else { "." };
            field.push_str(&format!("{dot}{key}"));
        } else {
            field.push_str(&format!("[\"{key}\"]"));
        }
    }
    (!field.is_empty()).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_reads_like_a_path_in_code() {
        assert_eq!(field("/scorers/1/with/pattern").as_deref(), Some("scorers[1].with.pattern"));
        assert_eq!(field(&join("/data/map", "inputs.a/b")).as_deref(), Some("data.map[\"inputs.a/b\"]"));
        assert_eq!(field(""), None);
    }
}
