//! How long the window takes to come up, told when somebody measures.

use std::{
    io::Write as _,
    sync::{Once, OnceLock},
    time::Instant,
};

const SWITCH: &str = "MOTCUA_STARTUP_TRACE";

static BEGAN: OnceLock<Instant> = OnceLock::new();
static TOLD: Once = Once::new();

/// The program began. Loading it from the disk came before and is not counted.
pub(crate) fn begin() {
    BEGAN.get_or_init(Instant::now);
}

/// The page has its first screen: with `MOTCUA_STARTUP_TRACE` set, one line says so.
///
/// The page names itself after the branch once the folder is open, its first answer has come
/// and the screen drawn from it is in place. What is left until eyes see it is one frame.
pub(crate) fn usable() {
    let Some(began) = BEGAN.get().filter(|_| std::env::var_os(SWITCH).is_some()) else {
        return;
    };
    TOLD.call_once(|| {
        let ms = began.elapsed().as_secs_f64() * 1_000.0;
        let line =
            serde_json::json!({"startup": "usable", "usable_ms": (ms * 10.0).round() / 10.0});
        if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
            tracing::debug!(%error, "nobody reads the trace");
        }
    });
}
