//! Lines for the plugin's author: `log::info!("{} words", n)`. They never count as results.
//!
//! The host keeps the last 16 KiB of them and shows them with a failure. Natively, as in unit tests, they go nowhere.

pub use crate::bindings::karat::eval::log::Level;

/// Sends one line to the host.
pub fn emit(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    crate::bindings::karat::eval::log::emit(level, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = (level, message);
}

macro_rules! levels {
    ($dollar:tt $($name:ident $exported:ident $level:ident,)+) => {$(
        #[doc = concat!("Logs a line, formatted as by `format!`, at level `", stringify!($name), "`.")]
        #[macro_export]
        #[doc(hidden)]
        macro_rules! $exported {
            ($dollar($dollar part:tt)+) => {
                $crate::log::emit($crate::log::Level::$level, &::std::format!($dollar($dollar part)+))
            };
        }
        #[doc(inline)]
        pub use $exported as $name;
    )+};
}

levels! { $
    trace __log_trace Trace,
    debug __log_debug Debug,
    info __log_info Info,
    warn __log_warn Warn,
    error __log_error Error,
}
