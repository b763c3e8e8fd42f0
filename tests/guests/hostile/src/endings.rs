//! Calls that end without a verdict, or never.

use std::hint::black_box;

use karat_sdk::prelude::*;

use crate::scorer;

scorer!("panics", Panics {}, bool, |_, _| panic!("the answer was {}", black_box(42)));

scorer!("loops", Loops {}, bool, |_, _| loop {
    black_box(0);
});

scorer!("allocates", Allocates {}, bool, |_, _| {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 1 << 20]));
    }
});

scorer!("recurses", Recurses {}, bool, |_, _| Ok((descend(1) == 0).into()));

/// Each call keeps something on the stack until the call below it is back, so that none can be folded away.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn descend(depth: u64) -> u64 {
    let kept = black_box([depth; 16]);
    descend(depth + 1) + kept[0]
}

scorer!("sleeps", Sleeps {}, bool, |_, _| {
    std::thread::sleep(std::time::Duration::from_secs(3600));
    Ok(true.into())
});

scorer!("exits", Exits {}, bool, |_, _| std::process::exit(3));

scorer!("traps", Traps {}, bool, |_, _| {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
});

scorer!("fails", Fails {}, bool, |_, _| Err(Failure::bad_input("this row is not to its taste")));

scorer!("abstains", Abstains {}, bool, |_, _| Ok(Outcome::abstain("it could go either way")));
