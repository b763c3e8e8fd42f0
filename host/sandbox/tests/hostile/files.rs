//! Threats F: files that are no plugins, or ones that are hard to compile.

use guests::wat::{Plugin, nested, raw};

use model::grant::Grant;
use model::limits::{CallLimits, Isolation};
use sandbox::{Options, Sandbox};

use crate::{Case, End, check_honest, outcomes};

pub(crate) fn cases() -> Vec<Case> {
    let honest = Plugin::default().bytes();
    let repeated = |times: usize, part: &str| raw(&format!("(component {})", part.repeat(times)));
    vec![
        Case::new("T73", "is an empty file", Vec::new(), End::Refused("an empty file")),
        Case::new("T73", "is text", b"(component)".to_vec(), End::Refused("something else")),
        Case::new("T73", "is a core module", raw("(module)"), End::Refused("a core module")),
        Case::new("T73", "is cut off", honest[..honest.len() / 2].to_vec(), End::Refused("not a valid component")),
        Case::new(
            "T74",
            "is larger than 64 MiB",
            [&honest[..8], &vec![0; 65 << 20]].concat(),
            End::Refused("larger than 64 MiB"),
        ),
        Case::new(
            "T74",
            "claims a section of 1 GiB",
            [&honest[..], &[0, 0x80, 0x80, 0x80, 0x80, 0x04]].concat(),
            End::Refused("not a valid component"),
        ),
        Case::new("T13", "nests 1,000 components", nested(1000), End::Refused("does not export")),
        Case::new(
            "T13",
            "instantiates 200 core modules",
            raw(&format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(200))),
            End::Refused("core module instances"),
        ),
        Case::new(
            "T13",
            "has 9 memories",
            raw(&format!("(component (core module $m (memory 1)) {})", "(core instance (instantiate $m))".repeat(9))),
            End::Refused("memories"),
        ),
        Case::new("T74", "has a million types", repeated(1_000_001, "(type u8)"), End::Refused("types count")),
        Case::new(
            "T75",
            "has one byte of data 60 MiB from the beginning",
            Plugin { memory: "961", more: r#"(data (i32.const 62914560) "x")"#.to_owned(), ..Plugin::default() }
                .bytes(),
            End::Scores,
        ),
    ]
}

/// Every component in the cases is small, so that a changed one is compiled and tried at once.
#[tokio::test]
async fn a_component_with_a_flipped_bit_is_refused_or_runs_within_its_limits() {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let honest = Plugin::default().bytes();
    let flips = std::env::var("KARAT_FLIPS").map_or(300, |number| number.parse().unwrap());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut refused = 0;
    for _ in 0..flips {
        // A linear congruence is chance enough.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bit = (random >> 16) as usize % (honest.len() * 8);
        let mut flipped = honest.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let limits = CallLimits { fuel: 1_000_000, ..CallLimits::default() };
        let ended = outcomes(&sandbox, Isolation::Thread, &flipped, "probe", limits, Grant::default(), 1).await;
        refused += u32::from(ended.is_err());
    }
    assert!(refused > flips / 10, "{refused} of {flips}");
    check_honest(&sandbox, Isolation::Thread, &honest, "flipped bits").await;
}
