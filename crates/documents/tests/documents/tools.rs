//! Poppler and zbar as judges of what we print: a program that is not ours reads it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use motcua_documents::*;

pub(crate) static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load().unwrap());
pub(crate) static FORMS: LazyLock<FormSet> =
    LazyLock::new(|| FormSet::built_in().unwrap().remove(0));

pub(crate) fn pdf(data: &Receipt) -> Vec<u8> {
    receipt(data, &FORMS, &FONTS).unwrap()
}

/// A PDF on disk for the time of a test.
pub(crate) struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    pub(crate) fn new(bytes: &[u8], name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self {
            path,
            _folder: folder,
        }
    }

    /// Another file in the same folder.
    pub(crate) fn beside(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path.with_file_name(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What `tool args… FILE more…` prints.
    pub(crate) fn ask(&self, tool: &str, args: &[&str], more: &[&str]) -> String {
        let out = Command::new(tool)
            .args(args)
            .arg(&self.path)
            .args(more)
            .output();
        let out =
            out.unwrap_or_else(|e| panic!("{tool} is needed (poppler-utils, zbar-tools): {e}"));
        assert!(
            out.status.success(),
            "{tool}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap()
    }

    /// Text in content order (`-raw`) or as laid out (`-layout`).
    pub(crate) fn text(&self, mode: &str) -> String {
        self.ask("pdftotext", &[mode], &["-"])
    }

    /// Pages as greyscale PNG at this resolution, in a folder that lives as long as this.
    pub(crate) fn render(&self, dpi: u32) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap();
        let stem = folder.join("page");
        let dpi = dpi.to_string();
        self.ask(
            "pdftoppm",
            &["-r", &dpi, "-gray", "-png"],
            &[stem.to_str().unwrap()],
        );
        let mut pages: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "png"))
            .collect();
        pages.sort();
        pages
    }
}

/// Grey pixels of a PNG: width, height, bytes.
pub(crate) fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    bytes.truncate(info.buffer_size());
    (info.width, info.height, bytes)
}

/// Where goldens lie.
pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens")
        .join(name)
}

/// A page looks as it did when somebody looked at it; blessed anew where that is asked for.
pub(crate) fn compare(page: &Path, name: &str) {
    let golden = golden(name);
    if blessing() {
        std::fs::copy(page, &golden).unwrap();
    }
    let (want, have) = (pixels(&golden), pixels(page));
    assert_eq!((want.0, want.1), (have.0, have.1), "{name}: size");
    let differ = want
        .2
        .iter()
        .zip(&have.2)
        .filter(|(a, b)| a.abs_diff(**b) > 80)
        .count();
    // Renderers smooth letters differently; a moved line changes far more.
    let share = differ as f64 / want.2.len() as f64;
    assert!(
        share < 0.003,
        "{name}: {:.2} % of the page differs",
        share * 100.0
    );
}

/// Whether goldens are to be written anew (after looking at them).
pub(crate) fn blessing() -> bool {
    std::env::var_os("MOTCUA_BLESS").is_some()
}
