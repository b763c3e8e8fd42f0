//! A limit on the memory of a whole component.

use wasmtime::ResourceLimiter;

/// Bytes a table element takes in the host.
const TABLE_ELEMENT: u64 = 8;

/// Sums all memories and tables of an instance: a limit on each of them would be no limit.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: u64,
    used: u64,
    /// The total that was asked for when the limit said no.
    refused: Option<u64>,
}

impl MemoryLimit {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0, refused: None }
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// How much the guest would have used, had the last refused growth been granted.
    pub(crate) fn refused(&self) -> Option<u64> {
        self.refused
    }

    fn grow(&mut self, by: u64) -> bool {
        let wanted = self.used.saturating_add(by);
        if wanted > self.limit {
            self.refused = Some(wanted);
            return false;
        }
        self.used = wanted;
        true
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow((desired - current) as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow((desired - current) as u64 * TABLE_ELEMENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_on_the_sum_of_all_memories_and_tables() {
        let mut memory = MemoryLimit::new(1000);
        assert!(memory.memory_growing(0, 600, None).is_ok_and(|granted| granted));
        assert!(memory.table_growing(0, 10, None).is_ok_and(|granted| granted));
        assert!(memory.memory_growing(0, 400, None).is_ok_and(|granted| !granted));
        assert_eq!((memory.used(), memory.refused()), (680, Some(1080)));
    }
}
