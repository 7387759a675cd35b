//! What no compiler checks: who may use whom, stale generated files, size of files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// The table of ARCHITECTURE.md: which of our crates each crate may use, and which outside
/// crates it never may.
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    (
        "crates/domain",
        &[],
        &["tokio", "rusqlite", "tauri", "axum", "ureq"],
    ),
    (
        "crates/protocol",
        &["domain"],
        &["tokio", "rusqlite", "tauri", "axum", "ureq"],
    ),
    (
        "crates/store",
        &["domain", "protocol"],
        &["tokio", "tauri", "axum", "ureq"],
    ),
    (
        "crates/sync",
        &["domain", "protocol"],
        &["tokio", "rusqlite", "tauri", "axum", "ureq"],
    ),
    (
        "crates/stick",
        &["protocol", "sync"],
        &["tokio", "rusqlite", "tauri", "axum", "ureq"],
    ),
    (
        "crates/documents",
        &["domain"],
        &["tokio", "rusqlite", "tauri", "axum"],
    ),
    (
        "crates/devices",
        &["domain"],
        &["rusqlite", "tauri", "axum"],
    ),
    (
        "crates/app",
        &[
            "domain",
            "protocol",
            "store",
            "documents",
            "devices",
            "notify",
        ],
        &["tauri", "axum", "rusqlite"],
    ),
    (
        "crates/hub",
        &["app", "domain", "protocol", "stick", "store", "sync"],
        &["tauri", "rusqlite"],
    ),
    (
        "crates/central",
        &["domain", "protocol", "stick", "sync"],
        &["rusqlite", "tauri"],
    ),
    (
        "crates/cli",
        &["app", "hub", "domain", "protocol"],
        &["tauri", "rusqlite"],
    ),
    (
        "src-tauri",
        &["app", "hub", "domain", "protocol"],
        &["rusqlite"],
    ),
];

/// A hand-written source file longer than this has more than one reason to change.
const LONG: usize = 700;

pub(crate) fn run() -> anyhow::Result<()> {
    let root = crate::root();
    let mut faults = Vec::new();
    dependencies(&root, &mut faults)?;
    stale(&root, &mut faults)?;
    crate::mutants::stale(&root, &mut faults)?;
    long_files(&root, &mut faults)?;
    pure(&root, &mut faults)?;
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} faults:\n{}", faults.len(), faults.join("\n"))
}

fn dependencies(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for (dir, ours, never) in ALLOWED {
        let manifest = fs::read_to_string(root.join(dir).join("Cargo.toml"))
            .with_context(|| (*dir).to_owned())?;
        let section = manifest
            .split("[dependencies]")
            .nth(1)
            .unwrap_or_default()
            .split("\n[")
            .next()
            .unwrap_or_default();
        for line in section.lines() {
            let name = line
                .split(['.', ' ', '='])
                .next()
                .unwrap_or_default()
                .trim();
            if let Some(crate_name) = name.strip_prefix("motcua-")
                && !ours.contains(&crate_name)
            {
                faults.push(format!("{dir} may not use {name}"));
            }
            if never.contains(&name) {
                faults.push(format!("{dir} may never use {name}"));
            }
        }
    }
    Ok(())
}

/// Generated files must be what the generator writes today.
fn stale(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    let fresh = root.join("target/xtask-gen");
    let (types, schemas) = (fresh.join("gen"), fresh.join("schemas"));
    crate::generate::write(&types, &schemas)?;
    for (fresh, committed) in [
        (types, root.join("ui/src/lib/gen")),
        (schemas, root.join("docs/schemas")),
    ] {
        if read_all(&fresh)? != read_all(&committed)? {
            faults.push(format!(
                "{} is stale: run `cargo xtask gen`",
                committed.display()
            ));
        }
    }
    Ok(())
}

fn read_all(dir: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for path in walk(dir)? {
        files.insert(path.strip_prefix(dir)?.to_path_buf(), fs::read(&path)?);
    }
    Ok(files)
}

pub(crate) fn walk(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !dir.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(walk(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn sources(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = walk(&root.join("crates"))?;
    all.extend(walk(&root.join("src-tauri/src"))?);
    all.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    Ok(all)
}

fn long_files(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for path in sources(root)? {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LONG {
            faults.push(format!(
                "{}: {lines} lines, more than {LONG}",
                path.strip_prefix(root)?.display()
            ));
        }
    }
    Ok(())
}

/// The pure crates read no clock, no file, no network.
fn pure(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for dir in [
        "crates/domain/src",
        "crates/protocol/src",
        "crates/sync/src",
        "crates/documents/src",
    ] {
        for path in walk(&root.join(dir))? {
            let text = fs::read_to_string(&path)?;
            for banned in [
                "SystemTime",
                "Utc::now",
                "Local::now",
                "std::fs",
                "std::net",
                "std::process",
                "thread_rng",
                "now_v7",
                "new_v4",
            ] {
                if text.contains(banned) {
                    faults.push(format!(
                        "{}: pure crate uses {banned}",
                        path.strip_prefix(root)?.display()
                    ));
                }
            }
        }
    }
    Ok(())
}
