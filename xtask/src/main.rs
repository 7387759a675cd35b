//! Chores of the workspace: `cargo xtask gen | tidy | fonts`.

mod fonts;
mod generate;
mod tidy;

fn main() -> anyhow::Result<()> {
    let task = std::env::args().nth(1).unwrap_or_default();
    match task.as_str() {
        "gen" => generate::run(),
        "tidy" => tidy::run(),
        "fonts" => fonts::run(),
        other => anyhow::bail!("no task `{other}`; there are gen, tidy, fonts"),
    }
}

/// The workspace's root.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| ".".into(), std::path::Path::to_path_buf)
}
