pub struct Exported;
pub fn export() {}
