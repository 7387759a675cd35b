//! Chores of the workspace: `cargo xtask gen | tidy | fonts | mutants`.

mod fonts;
mod generate;
mod mutants;
mod tidy;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let task = args.next().unwrap_or_default();
    match task.as_str() {
        "gen" => generate::run(),
        "tidy" => tidy::run(),
        "fonts" => fonts::run(),
        "mutants" => mutants::run(&args.collect::<Vec<_>>()),
        other => anyhow::bail!("no task `{other}`; there are gen, tidy, fonts, mutants"),
    }
}

/// The workspace's root: that of the clone in which it was asked for, for clones may share a target
/// folder and with it this program.
fn root() -> std::path::PathBuf {
    let asked = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = asked.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    std::path::Path::new(&here)
        .parent()
        .map_or_else(|| ".".into(), std::path::Path::to_path_buf)
}
