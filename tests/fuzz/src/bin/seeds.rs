//! `seeds TARGET FOLDER` writes what a fuzzer starts from.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().expect("a target");
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    std::fs::create_dir_all(&folder)?;
    for (number, seed) in fuzz::target(&name).kept().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}
