//! Cuts the fonts in `assets/fonts` down from their published packages, so that anybody can
//! see where each byte came from.
//!
//! Needs `npm`, `tar` and `pyftsubset` (Debian: python3-fonttools). The results are committed;
//! this runs only when a version or a range below changes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// Official papers: Latin with every Vietnamese letter and those of the languages written with
/// Latin letters in Vietnam (Ê Đê, Jrai, Bahnar …, partly with combining marks), Greek and
/// Cyrillic for names and units, punctuation, currency, simple mathematics and shapes.
const PAPER: &str = "U+0020-007E,U+00A0-024F,U+0259,U+02BB,U+02BC,U+02C6-02DD,\
    U+0300-0304,U+0306-0309,U+030B,U+030C,U+0311,U+031B,U+0323,U+0324,U+0327,U+0328,U+032D,\
    U+032E,U+0330,U+0331,U+0370-03FF,U+0400-045F,U+1E00-1EFF,U+2000-200A,U+2010-2027,U+202F,\
    U+2030-203A,U+2044,U+2070-209F,U+20A0-20BF,U+2100-2122,U+2126,U+2150-215E,U+2190-2195,\
    U+2202,U+2206,U+220F,U+2211,U+2212,U+2215,U+2219,U+221A,U+221E,U+222B,U+2248,U+2260,\
    U+2264,U+2265,U+25A0,U+25A1,U+25AA,U+25AB,U+25B2,U+25BA,U+25BC,U+25C4,U+25CA,U+25CB,\
    U+25CF,U+FB01,U+FB02,U+FFFD";

/// Tickets: the same idea, for a face that has fewer letters.
const TICKET: &str = "U+0020-007E,U+00A0-024F,U+0300-0303,U+0306,U+0309,U+031B,U+0323,\
    U+1E00-1EFF,U+2010-2027,U+2030-203A,U+20AB,U+2190-2193,U+2212";

/// Ticks, boxes and bullets that text faces lack.
const SYMBOLS: &str = "U+2192,U+21D2,U+25A0-25AB,U+25B6,U+25BA,U+25C6,U+25C7,U+25CB,U+25CF,\
    U+25E6,U+2605,U+2606,U+2610-2612,U+2713-2718,U+2756,U+2794,U+27A2,U+27A4";

struct Source {
    package: &'static str,
    version: &'static str,
    licence: &'static str,
    /// (file inside the package, committed name, code points)
    faces: &'static [(&'static str, &'static str, &'static str)],
}

const SOURCES: &[Source] = &[
    Source {
        package: "@expo-google-fonts/tinos",
        version: "0.4.2",
        licence: "OFL-Tinos.txt",
        faces: &[
            (
                "400Regular/Tinos_400Regular.ttf",
                "Tinos-Regular.ttf",
                PAPER,
            ),
            ("700Bold/Tinos_700Bold.ttf", "Tinos-Bold.ttf", PAPER),
            (
                "400Regular_Italic/Tinos_400Regular_Italic.ttf",
                "Tinos-Italic.ttf",
                PAPER,
            ),
            (
                "700Bold_Italic/Tinos_700Bold_Italic.ttf",
                "Tinos-BoldItalic.ttf",
                PAPER,
            ),
        ],
    },
    Source {
        package: "@expo-google-fonts/be-vietnam-pro",
        version: "0.4.1",
        licence: "OFL-BeVietnamPro.txt",
        faces: &[
            (
                "400Regular/BeVietnamPro_400Regular.ttf",
                "BeVietnamPro-Regular.ttf",
                TICKET,
            ),
            (
                "600SemiBold/BeVietnamPro_600SemiBold.ttf",
                "BeVietnamPro-SemiBold.ttf",
                TICKET,
            ),
            (
                "700Bold/BeVietnamPro_700Bold.ttf",
                "BeVietnamPro-Bold.ttf",
                TICKET,
            ),
        ],
    },
    Source {
        package: "@expo-google-fonts/noto-sans-symbols-2",
        version: "0.4.1",
        licence: "OFL-NotoSansSymbols2.txt",
        faces: &[(
            "400Regular/NotoSansSymbols2_400Regular.ttf",
            "NotoSansSymbols2-Subset.ttf",
            SYMBOLS,
        )],
    },
];

/// Fetches each package and writes the cut-down faces and licence texts into `assets/fonts`.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = crate::root();
    let out = root.join("assets/fonts");
    let work = root.join("target/fonts");
    fs::create_dir_all(&out)?;
    for source in SOURCES {
        let package = fetch(source, &work)?;
        fs::copy(package.join("LICENSE_FONT"), out.join(source.licence))
            .with_context(|| format!("licence text of {}", source.package))?;
        for (file, name, unicodes) in source.faces {
            subset(&package.join(file), &out.join(name), unicodes)?;
        }
    }
    Ok(())
}

/// Downloads and unpacks one package through npm; answers its folder.
fn fetch(source: &Source, work: &Path) -> anyhow::Result<PathBuf> {
    let folder = work.join(source.package.rsplit('/').next().unwrap_or(source.package));
    fs::create_dir_all(&folder)?;
    let spec = format!("{}@{}", source.package, source.version);
    let answer = Command::new("npm")
        .args(["pack", "--silent", &spec])
        .current_dir(&folder)
        .output()
        .context("npm is needed to fetch the fonts")?;
    if !answer.status.success() {
        bail!(
            "npm pack {spec}: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
    }
    let archive = String::from_utf8(answer.stdout)?.trim().to_owned();
    done(
        Command::new("tar")
            .args(["xzf", &archive])
            .current_dir(&folder),
    )?;
    Ok(folder.join("package"))
}

/// One face, reduced to the code points we print. Hinting and layout tables go: paper needs no
/// hinting, and composed letters need no shaping.
fn subset(from: &Path, to: &Path, unicodes: &str) -> anyhow::Result<()> {
    done(
        Command::new("pyftsubset")
            .arg(from)
            .arg(format!("--output-file={}", to.display()))
            .arg(format!("--unicodes={unicodes}"))
            .args([
                "--layout-features=",
                "--no-hinting",
                "--notdef-outline",
                "--no-glyph-names",
            ])
            .args([
                "--name-IDs=0,1,2,3,4,5,6,13,14",
                "--drop-tables+=GPOS,GSUB,GDEF,DSIG,meta,STAT",
            ])
            // The time of the run must not change the bytes.
            .arg("--no-recalc-timestamp"),
    )
    .context("pyftsubset comes with python3-fonttools")
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
