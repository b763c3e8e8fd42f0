//! The one engine: which WebAssembly is accepted, how it is metered, how instances are made cheap.

use std::num::NonZeroUsize;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Instances that can be alive at once; callers wait for a free slot.
pub(crate) const SLOTS: u32 = 6000;

/// Largest memory any plugin can be given, in bytes.
pub(crate) const MEMORY_CEILING: u64 = 512 << 20;

/// A guest gives the thread back after this much work, about a millisecond, so that its deadline is seen.
pub(crate) const YIELD_INTERVAL: u64 = 1_000_000;

const CORE_STACK: usize = 512 << 10;
const ASYNC_STACK: usize = 2 << 20;

/// Makes the engine, with a pool of instance slots where the address space allows.
///
/// # Errors
///
/// Fails when the processor or the operating system is not supported.
pub(crate) fn start() -> wasmtime::Result<Engine> {
    let mut config = language();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config).or_else(|error| {
        tracing::warn!("no pool of instances, each one is allocated on its own: {error:#}");
        Engine::new(language().allocation_strategy(InstanceAllocationStrategy::OnDemand))
    })
}

/// Makes an engine whose compiled code the other one takes, without a pool.
pub(crate) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&language())
}

/// What our toolchains do not emit is off. Multi-memory stays on: wasmtime 48 needs it itself for components with inner
/// components, and panics without it.
fn language() -> Config {
    let mut config = Config::new();
    config
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_component_model(true)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        .generate_address_map(true)
        .memory_init_cow(true)
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_may_move(false)
        .max_wasm_stack(CORE_STACK)
        .async_stack_size(ASYNC_STACK)
        // Fuel is the only meter: exact, the same on every machine, and here no slower than epochs.
        .consume_fuel(true)
        .cranelift_nan_canonicalization(true);
    config
}

/// Pages that an instance touched stay resident for the next one: without it, giving them back to the kernel costs more
/// than the guest's work, and threads wait for each other.
fn pool() -> PoolingAllocationConfig {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(4 * SLOTS)
        .total_memories(2 * SLOTS)
        .total_tables(2 * SLOTS)
        .total_stacks(SLOTS)
        .max_core_instances_per_component(64)
        .max_memories_per_component(4)
        .max_tables_per_component(8)
        .max_memories_per_module(1)
        .max_tables_per_module(2)
        .max_memory_size(MEMORY_CEILING as usize)
        .table_elements(20_000)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(2 << 20)
        .linear_memory_keep_resident(4 << 20)
        .table_keep_resident(128 << 10)
        .async_stack_keep_resident(32 << 10)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(2 * cores)
        .decommit_batch_size(16);
    pool
}
