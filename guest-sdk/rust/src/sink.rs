//! The file that an exporter may write to, which whoever runs it chooses. Natively, as in unit tests, it is kept in memory:
//! [`testing::written`](crate::testing::written).

use crate::failure::Failure;

/// Appends to the file.
///
/// # Errors
///
/// Fails as denied where there is no file, as budget exceeded where far more would be written than was handed over.
pub fn write(bytes: &[u8]) -> Result<(), Failure> {
    #[cfg(target_family = "wasm")]
    return crate::bindings::sends::karat::eval::sink::write(bytes);
    #[cfg(not(target_family = "wasm"))]
    {
        crate::testing::write(bytes);
        Ok(())
    }
}
