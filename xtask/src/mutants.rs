//! Shows that the net catches fish: builds the workspace with one known fault in it and wants the
//! test that is there for it to fail. The faults are `tests/mutants.json`, most of them those that
//! cost others their records; the table in `docs/named-tests.md` is written from it.
//!
//! The fault is put into a copy of the sources under `target/mutants`, never into the sources
//! themselves.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

const LIST: &str = "tests/mutants.json";
const TABLE: &str = "docs/named-tests.md";
const BEGIN: &str = "<!-- written by `cargo xtask gen` from tests/mutants.json -->";
/// Faults of the screens are tried with vitest.
const SCREENS: &str = "ui";
/// How nextest ends when tests ran and some failed.
const FAILED: i32 = 100;

const CAUGHT: &str = "caught";

/// How a test went.
enum Judged {
    Passed,
    Failed,
    Stuck(String),
}

/// One fault, and the test that has to notice it.
struct Mutant {
    name: String,
    bug: String,
    package: String,
    /// Which test binary: `lib`, `bin` or the name of an integration test.
    binary: String,
    test: String,
    programs: Vec<String>,
    file: String,
    find: String,
    put: String,
}

/// A row of the table without a fault that could be put into Rust.
struct Told {
    name: String,
    bug: String,
    why: String,
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let text = value[key].as_str();
    Ok(text
        .with_context(|| format!("no {key}: {value}"))?
        .to_owned())
}

fn read(root: &Path) -> anyhow::Result<(Vec<Mutant>, Vec<Told>)> {
    let file = root.join(LIST);
    let list: Value = serde_json::from_str(&fs::read_to_string(&file)?).context(LIST)?;
    let (mut mutants, mut told) = (Vec::new(), Vec::new());
    for one in list.as_array().context("no list")? {
        if one["elsewhere"].is_string() {
            told.push(Told {
                name: text(one, "name")?,
                bug: text(one, "bug")?,
                why: text(one, "elsewhere")?,
            });
            continue;
        }
        let programs = one["programs"].as_array().into_iter().flatten();
        mutants.push(Mutant {
            name: text(one, "name")?,
            bug: text(one, "bug")?,
            package: text(one, "package")?,
            binary: text(one, "binary")?,
            test: text(one, "test")?,
            programs: programs
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            file: text(one, "file")?,
            find: text(one, "find")?,
            put: text(one, "put")?,
        });
    }
    Ok((mutants, told))
}

/// Every row whose test or fault is no longer what is in the sources.
pub(crate) fn stale(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    let (mutants, told) = read(root)?;
    for mutant in &mutants {
        let source = fs::read_to_string(root.join(&mutant.file)).unwrap_or_default();
        match source.matches(&mutant.find).count() {
            1 => {}
            n => faults.push(format!(
                "{LIST}: {}: what is to be replaced stands {n} times in {}",
                mutant.name, mutant.file
            )),
        }
        let function = mutant.test.rsplit("::").next().unwrap_or_default();
        let there = match mutant.package.as_str() {
            SCREENS => fs::read_to_string(root.join(SCREENS).join(&mutant.binary))
                .is_ok_and(|text| text.contains(function)),
            _ => there(root, function)?,
        };
        if !there {
            faults.push(format!("{LIST}: {}: no test {function}", mutant.name));
        }
    }
    if fs::read_to_string(root.join(TABLE)).ok() != Some(table(root, &mutants, &told)?) {
        faults.push(format!("{TABLE} is stale: run `cargo xtask gen`"));
    }
    Ok(())
}

/// Whether a test of that name stands anywhere in the sources; tests made by macros are named in
/// their call.
fn there(root: &Path, function: &str) -> anyhow::Result<bool> {
    for dir in ["crates", "tests/tests"] {
        for path in crate::tidy::walk(&root.join(dir))? {
            if path.extension().is_some_and(|e| e == "rs")
                && fs::read_to_string(&path)?.contains(&format!("fn {function}("))
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Writes the table anew; what stands above it is kept.
pub(crate) fn write_table(root: &Path) -> anyhow::Result<()> {
    let (mutants, told) = read(root)?;
    fs::write(root.join(TABLE), table(root, &mutants, &told)?)?;
    Ok(())
}

fn table(root: &Path, mutants: &[Mutant], told: &[Told]) -> anyhow::Result<String> {
    let now = fs::read_to_string(root.join(TABLE)).context(TABLE)?;
    let head = now.split(BEGIN).next().unwrap_or_default();
    let mut out = format!(
        "{head}{BEGIN}\n| name | what others lost | test | the fault that makes it fail |\n|---|---|---|---|\n"
    );
    for m in mutants {
        writeln!(
            out,
            "| {} | {} | `{}` `{}` | `{}`: {} |",
            m.name,
            m.bug,
            m.package,
            m.test,
            m.file,
            told_change(m)
        )?;
    }
    for t in told {
        writeln!(out, "| {} | {} | {} | – |", t.name, t.bug, t.why)?;
    }
    Ok(out)
}

fn told_change(mutant: &Mutant) -> String {
    let short = |text: &str| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line.replace('|', "\\|");
        match line.char_indices().nth(90) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line,
        }
    };
    match mutant.put.trim() {
        "" => format!("`{}` taken out", short(&mutant.find)),
        put => format!("`{}` → `{}`", short(&mutant.find), short(put)),
    }
}

/// `cargo xtask mutants [NAME…]`: all, or those whose name begins so.
pub(crate) fn run(wanted: &[String]) -> anyhow::Result<()> {
    let root = crate::root();
    let (mutants, _) = read(&root)?;
    let chosen: Vec<&Mutant> = mutants
        .iter()
        .filter(|m| wanted.is_empty() || wanted.iter().any(|w| m.name.starts_with(w.as_str())))
        .collect();
    ensure!(!chosen.is_empty(), "no fault of that name in {LIST}");
    let place = Place::new(&root)?;
    let mut holes = Vec::new();
    for mutant in &chosen {
        let began = Instant::now();
        let outcome = place.with(mutant)?;
        tell(&format!(
            "{:<14} {outcome} ({:.0} s)",
            mutant.name,
            began.elapsed().as_secs_f64()
        ));
        if outcome != CAUGHT {
            holes.push(format!("{}: {outcome}", mutant.name));
        }
    }
    if holes.is_empty() {
        tell(&format!("{} faults, all caught", chosen.len()));
        return Ok(());
    }
    bail!("the net has holes:\n{}", holes.join("\n"))
}

#[allow(clippy::print_stdout, reason = "a chore tells how it went")]
fn tell(line: &str) {
    println!("{line}");
}

/// A copy of the sources, and where it is built.
struct Place {
    tree: PathBuf,
    build: PathBuf,
}

impl Place {
    /// Brings the copy up to date; files that are the same keep their time, so that little is
    /// built anew.
    fn new(root: &Path) -> anyhow::Result<Self> {
        let place = Self {
            tree: root.join("target/mutants/tree"),
            build: root.join("target/mutants/build"),
        };
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .context("git")?;
        ensure!(listed.status.success(), "git ls-files: {}", listed.status);
        let list = root.join("target/mutants/files");
        let before = fs::read_to_string(&list).unwrap_or_default();
        let mut kept = std::collections::BTreeSet::new();
        for name in String::from_utf8(listed.stdout)?.split('\0') {
            let (from, to) = (root.join(name), place.tree.join(name));
            if name.is_empty() || name.starts_with("docs/screenshots/") || !from.is_file() {
                continue;
            }
            let content = fs::read(&from)?;
            if fs::read(&to).ok().as_ref() != Some(&content) {
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&to, content)?;
            }
            kept.insert(name.to_owned());
        }
        // Only what was copied here before: other things may have been made beside it.
        for name in before.lines().filter(|n| !kept.contains(*n)) {
            fs::remove_file(place.tree.join(name)).ok();
        }
        fs::write(&list, kept.into_iter().collect::<Vec<_>>().join("\n"))?;
        // The screens are built into the programs; they are not under version control.
        fs::create_dir_all(place.tree.join("ui/dist"))?;
        Ok(place)
    }

    fn cargo(&self, args: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let output = Command::new("cargo")
            .args(args)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.build)
            .env("CARGO_TERM_COLOR", "never")
            .output()
            .context("cargo")?;
        let told = [&output.stdout[..], &output.stderr[..]].concat();
        Ok((
            output.status.code(),
            String::from_utf8_lossy(&told).into_owned(),
        ))
    }

    /// Puts the fault in, builds, runs its test, takes the fault out again.
    fn with(&self, mutant: &Mutant) -> anyhow::Result<String> {
        let file = self.tree.join(&mutant.file);
        let whole = fs::read_to_string(&file).with_context(|| mutant.file.clone())?;
        ensure!(
            whole.matches(&mutant.find).count() == 1,
            "{}: what is to be replaced does not stand in {} once",
            mutant.name,
            mutant.file
        );
        // A test that fails anyway catches nothing.
        match self.judge(mutant)? {
            Judged::Passed => {}
            Judged::Failed => return Ok("fails without the fault too".to_owned()),
            Judged::Stuck(why) => return Ok(why),
        }
        fs::write(&file, whole.replacen(&mutant.find, &mutant.put, 1))?;
        let judged = self.judge(mutant);
        fs::write(&file, whole)?;
        Ok(match judged? {
            Judged::Failed => CAUGHT.to_owned(),
            Judged::Passed => "NOT CAUGHT".to_owned(),
            Judged::Stuck(why) => why,
        })
    }

    fn judge(&self, mutant: &Mutant) -> anyhow::Result<Judged> {
        if mutant.package == SCREENS {
            return self.judge_screens(mutant);
        }
        for program in &mutant.programs {
            let (code, told) = self.cargo(&["build", "--quiet", "--package", program])?;
            if code != Some(0) {
                return Ok(Judged::Stuck(format!("does not build\n{told}")));
            }
        }
        let binary = match mutant.binary.as_str() {
            "lib" => vec!["--lib"],
            "bin" => vec!["--bins"],
            name => vec!["--test", name],
        };
        let expression = format!("test(={})", mutant.test);
        let mut args = vec!["nextest", "run", "--package", &mutant.package];
        args.extend(binary);
        args.extend(["-E", &expression]);
        let (code, told) = self.cargo(&args)?;
        Ok(match code {
            Some(FAILED) => Judged::Failed,
            Some(0) => Judged::Passed,
            _ => Judged::Stuck(format!("could not be tried\n{told}")),
        })
    }

    fn judge_screens(&self, mutant: &Mutant) -> anyhow::Result<Judged> {
        let dir = self.tree.join(SCREENS);
        let modules = crate::root().join(SCREENS).join("node_modules");
        // Linked file by file: what is behind a link of the whole folder lies outside for vite.
        if !dir.join("node_modules").exists() {
            let copied = Command::new("cp")
                .arg("-al")
                .arg(modules)
                .arg(&dir)
                .status();
            ensure!(copied.context("cp")?.success(), "node_modules not copied");
        }
        let output = Command::new("npx")
            .args(["vitest", "run", &mutant.binary, "-t", &mutant.test])
            .current_dir(&dir)
            .env("NO_COLOR", "1")
            .output()
            .context("npx")?;
        let told = [&output.stdout[..], &output.stderr[..]].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        Ok(match output.status.code() {
            Some(0) => Judged::Passed,
            // One that did not start says so otherwise.
            Some(1) if told.contains("Tests  1 failed") => Judged::Failed,
            _ => Judged::Stuck(format!("could not be tried\n{told}")),
        })
    }
}
