//! The one engine: which WebAssembly is accepted, how it is metered, how instances are made cheap.

use std::num::NonZeroUsize;

use wasmtime::component::Component;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

/// The most instances that can be alive at once; callers wait for a free slot. One of a component with many memories or
/// tables takes several.
pub const MOST_SLOTS: u32 = 6000;

/// What the pool has beyond that: slots that were given back are cleaned some at a time.
const SPARE: u32 = 256;

const MEMORIES_PER_SLOT: u32 = 2;
const TABLES_PER_SLOT: u32 = 2;

/// Of one component; they take no room of the pool.
const CORE_INSTANCES: u32 = 64;

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
pub(crate) fn start(slots: u32) -> wasmtime::Result<Engine> {
    let mut config = language();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots + SPARE)));
    Engine::new(&config).or_else(|error| {
        tracing::warn!("no pool of instances, each one is allocated on its own: {error:#}");
        Engine::new(language().allocation_strategy(InstanceAllocationStrategy::OnDemand))
    })
}

/// Makes an engine whose compiled code the other one takes, without a pool.
pub(crate) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&language())
}

/// How many slots an instance of a component takes.
pub(crate) fn slots(component: &Component, most: u32) -> u32 {
    let needed = component.resources_required().map_or(1, |needed| {
        needed.num_memories.div_ceil(MEMORIES_PER_SLOT).max(needed.num_tables.div_ceil(TABLES_PER_SLOT))
    });
    needed.clamp(1, most)
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
        // Lines of a trap, for plugins that bring what they were compiled from.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
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
fn pool(slots: u32) -> PoolingAllocationConfig {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(CORE_INSTANCES * slots)
        .total_memories(MEMORIES_PER_SLOT * slots)
        .total_tables(TABLES_PER_SLOT * slots)
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES)
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
