//! Papers saved as files: where they go, and how the screen learns where they are.
//!
//! The page hands a file over as a download. A web view without a browser around it has no place
//! for one: it would vanish without a word. Here it gets a place, and the page is told of it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _, webview::DownloadEvent};

use crate::window;

/// What became of one file.
#[derive(Debug, Clone, Serialize)]
struct Saved {
    /// Address the page gave it, by which the page knows its own.
    url: String,
    /// Where it is; absent when it could not be written.
    path: Option<PathBuf>,
}

/// Gives a download its place, and tells the page how it ended.
pub(crate) fn follow(handle: &AppHandle, event: DownloadEvent<'_>) {
    match event {
        DownloadEvent::Requested { destination, .. } => {
            let folder = folder(handle);
            let name = destination.file_name().unwrap_or("giay.pdf".as_ref());
            // Where the folder cannot be made the download fails, and the page is told so.
            if let Err(error) = std::fs::create_dir_all(&folder) {
                tracing::warn!(%error, folder = %folder.display(), "no folder for saved papers");
            }
            *destination = free(&folder, Path::new(name));
        }
        DownloadEvent::Finished { url, path, success } => {
            let saved = Saved {
                url: url.into(),
                path: path.filter(|_| success).map(plain),
            };
            if let Err(error) = handle.emit_to(window::OFFICER, "saved", saved) {
                tracing::warn!(%error, "window not told of a saved paper");
            }
        }
        _ => {}
    }
}

/// Where this user keeps downloads; a fresh account may have no such folder yet.
fn folder(handle: &AppHandle) -> PathBuf {
    let paths = handle.path();
    paths
        .download_dir()
        .or_else(|_| paths.home_dir().map(|home| home.join("Downloads")))
        .unwrap_or_else(|_| std::env::temp_dir())
}

/// A name that is not taken: an earlier file is never written over.
fn free(folder: &Path, name: &Path) -> PathBuf {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let extension = name
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()))
        .unwrap_or_default();
    let mut path = folder.join(name);
    let mut n = 2;
    while path.exists() {
        path = folder.join(format!("{stem} ({n}){extension}"));
        n += 1;
    }
    path
}

/// Some web views tell the place as an address.
fn plain(path: PathBuf) -> PathBuf {
    path.to_str()
        .and_then(|text| tauri::Url::parse(text).ok())
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_file_is_never_written_over() {
        let folder = std::env::temp_dir().join(format!("motcua-saved-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{e}"));
        let name = Path::new("H01.01-261123-0001.pdf");
        let mut given = Vec::new();
        for _ in 0..3 {
            let path = free(&folder, name);
            std::fs::write(&path, b"").unwrap_or_else(|e| panic!("{e}"));
            given.push(path.file_name().map(|n| n.to_string_lossy().into_owned()));
        }
        let _ = std::fs::remove_dir_all(&folder);
        assert_eq!(
            given.into_iter().flatten().collect::<Vec<_>>(),
            [
                "H01.01-261123-0001.pdf",
                "H01.01-261123-0001 (2).pdf",
                "H01.01-261123-0001 (3).pdf"
            ]
        );
    }

    #[test]
    fn a_place_told_as_an_address_is_a_path() {
        assert_eq!(
            plain(PathBuf::from(
                "file:///ha/T%E1%BA%A3i%20xu%E1%BB%91ng/a.pdf"
            )),
            PathBuf::from("/ha/Tải xuống/a.pdf")
        );
        assert_eq!(
            plain(PathBuf::from("/ha/a.pdf")),
            PathBuf::from("/ha/a.pdf")
        );
    }
}
