//! How far those who look at the same things say the same of them.

pub mod alpha;
pub mod confusion;
pub mod kappa;

pub use alpha::Level;
pub use confusion::Confusion;
pub use kappa::Weights;
