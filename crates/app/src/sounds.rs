//! The clips of the spoken call: the shipped samples, and those a branch puts in their place.

use std::{borrow::Cow, fs, path::Path};

use crate::App;

/// What a clip file may be called by; the board plays whatever its browser can.
const KINDS: [&str; 5] = ["wav", "ogg", "opus", "mp3", "m4a"];

/// Not spoken: a branch with its own voice may keep our chime.
const CHIME: &str = "chime";

macro_rules! shipped {
    ($($name:literal)*) => {
        &[$((
            $name,
            include_bytes!(concat!("../../../assets/sounds/", $name, ".wav")) as &[u8],
        )),*]
    };
}

const SHIPPED: &[(&str, &[u8])] = shipped! {
    "chime" "moi-so" "den-quay-so"
    "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "muoi" "mot" "tu" "lam" "tram" "linh"
    "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m"
    "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z"
};

/// The branch's own clip of that name.
fn own(dir: &Path, name: &str) -> Option<std::path::PathBuf> {
    let folder = dir.join("assets").join("sounds");
    KINDS
        .iter()
        .map(|kind| folder.join(format!("{name}.{kind}")))
        .find(|path| path.is_file())
}

/// Whether everything that is spoken was recorded by the branch.
pub(crate) fn recorded(dir: &Path) -> bool {
    SHIPPED
        .iter()
        .filter(|(name, _)| *name != CHIME)
        .all(|(name, _)| own(dir, name).is_some())
}

impl App {
    /// A clip by its name: the branch's own, else the shipped sample. Only names we know are
    /// looked for, so no name can lead out of the folder.
    pub fn sound(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        let (name, shipped) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        if let Some(path) = own(&self.settings.dir, name) {
            match fs::read(&path) {
                Ok(bytes) => return Some(Cow::Owned(bytes)),
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "clip not readable, sample taken");
                }
            }
        }
        Some(Cow::Borrowed(shipped))
    }
}
