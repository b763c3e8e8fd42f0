//! Custom sections of a component.

/// Appends a custom section to a component or a module.
pub fn append_section(wasm: &mut Vec<u8>, name: &str, content: &[u8]) {
    const CUSTOM: u8 = 0;
    let mut section = Vec::with_capacity(name.len() + content.len() + 5);
    length(&mut section, name.len());
    section.extend(name.bytes());
    section.extend(content);
    wasm.push(CUSTOM);
    length(wasm, section.len());
    wasm.extend(section);
}

/// An unsigned LEB128 number.
fn length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}
