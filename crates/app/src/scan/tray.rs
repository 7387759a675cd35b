//! Pages that wait to become a paper. They lie in a folder of their own and outlive the program:
//! what was scanned is scanned once, whatever happens before it has found its case.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use motcua_documents::scans::{self, TakenIn, Unreadable};
use motcua_store::write_durably;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const LIST: &str = "tray.json";
/// Longer side of a small picture, in pixels.
const THUMB: u32 = 240;

/// A page that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) id: Uuid,
    /// The file it is in, within the folder.
    pub(super) file: String,
    /// Which page of a PDF, from 0; none for a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<u32>,
    #[serde(default)]
    pub(super) turn: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) case: Option<Uuid>,
    /// What the file was called where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) bytes: u64,
    /// Bound into this file for that case; gone once the case names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bound: Option<(Uuid, String)>,
}

/// All pages that wait on this machine, in their order.
#[derive(Debug)]
pub(super) struct Tray {
    dir: PathBuf,
    pub(super) pages: Vec<Waiting>,
}

impl Tray {
    /// What waits in a folder. A file that the list does not name came just before the machine
    /// died: it is at the end.
    pub(super) fn of_folder(dir: &Path) -> Self {
        let list = fs::read(dir.join(LIST)).ok();
        let mut tray = Self {
            dir: dir.to_owned(),
            pages: list
                .and_then(|json| serde_json::from_slice(&json).ok())
                .unwrap_or_default(),
        };
        let there = |page: &Waiting| dir.join(&page.file).is_file();
        tray.pages.retain(there);
        let mut names: Vec<String> = fs::read_dir(dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".jpg") || name.ends_with(".pdf"))
            .collect();
        // Made of a time, so this is the order in which they came.
        names.sort();
        let listed = tray.pages.len();
        for name in names {
            if tray.pages.iter().any(|page| page.file == name) {
                continue;
            }
            let read = fs::read(dir.join(&name)).map_err(|_| Unreadable::Broken);
            match read.and_then(|bytes| Ok((scans::take_in(&bytes)?, bytes.len() as u64))) {
                Ok((taken, bytes)) => tray.list(&taken, &name, bytes, None, None),
                Err(_) => tracing::warn!("a page that waits cannot be read"),
            }
        }
        // So that a page keeps its name over restarts.
        if tray.pages.len() != listed
            && let Err(error) = tray.save()
        {
            tracing::warn!(%error, "list of pages that wait");
        }
        tray
    }

    fn list(
        &mut self,
        taken: &TakenIn,
        file: &str,
        bytes: u64,
        case: Option<Uuid>,
        name: Option<&str>,
    ) {
        let pages = match taken {
            TakenIn::Picture { .. } => vec![None],
            TakenIn::Pdf { pages } | TakenIn::Bound { pages, .. } => {
                (0..*pages).map(Some).collect()
            }
        };
        self.pages.extend(pages.into_iter().map(|page| Waiting {
            id: Uuid::now_v7(),
            file: file.to_owned(),
            page,
            turn: 0,
            case,
            name: name.map(str::to_owned),
            bytes,
            bound: None,
        }));
    }

    /// Takes a file in: durable before this returns.
    pub(super) fn add(
        &mut self,
        taken: &TakenIn,
        original: &[u8],
        case: Option<Uuid>,
        name: Option<&str>,
    ) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let id = Uuid::now_v7().simple();
        let (file, bytes) = match taken {
            TakenIn::Picture { jpeg, .. } => (format!("{id}.jpg"), jpeg.as_slice()),
            TakenIn::Pdf { .. } => (format!("{id}.pdf"), original),
            // One file, so that a machine that dies has all of its pages or none.
            TakenIn::Bound { pdf, .. } => (format!("{id}.pdf"), pdf.as_slice()),
        };
        write_durably(&self.dir.join(&file), bytes)?;
        match taken {
            TakenIn::Picture { jpeg, .. } => self.keep_thumb(&file, 0, jpeg),
            TakenIn::Pdf { .. } | TakenIn::Bound { .. } => {
                for (page, jpeg) in scans::pdf_pictures(bytes).into_iter().enumerate() {
                    if let Some(jpeg) = jpeg {
                        self.keep_thumb(&file, page as u32, &jpeg);
                    }
                }
            }
        }
        self.list(taken, &file, bytes.len() as u64, case, name);
        self.save()
    }

    /// Small pictures only help to see; one that is not there is made good by a sign.
    fn keep_thumb(&self, file: &str, page: u32, jpeg: &[u8]) {
        if let Some(small) = scans::thumbnail(jpeg, THUMB) {
            fs::write(self.thumb_path(file, page), small).ok();
        }
    }

    fn thumb_path(&self, file: &str, page: u32) -> PathBuf {
        self.dir.join(format!("{file}.{page}.nho"))
    }

    pub(super) fn thumb(&self, page: &Waiting) -> PathBuf {
        self.thumb_path(&page.file, page.page.unwrap_or(0))
    }

    pub(super) fn path(&self, page: &Waiting) -> PathBuf {
        self.dir.join(&page.file)
    }

    pub(super) fn save(&self) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let json = serde_json::to_vec(&self.pages).map_err(io::Error::other)?;
        write_durably(&self.dir.join(LIST), &json)
    }

    /// Lets go of pages; a file goes with the last of its pages.
    pub(super) fn remove(&mut self, gone: impl Fn(&Waiting) -> bool) -> io::Result<()> {
        let (out, kept): (Vec<_>, Vec<_>) = self.pages.drain(..).partition(gone);
        self.pages = kept;
        if out.is_empty() {
            return Ok(());
        }
        // First the files: one that the list does not name any more would come back.
        for page in &out {
            if !self.pages.iter().any(|kept| kept.file == page.file) {
                fs::remove_file(self.path(page)).ok();
            }
            fs::remove_file(self.thumb(page)).ok();
        }
        self.save()
    }

    /// Pages that a case sees: its own, and those that are nobody's yet.
    pub(super) fn of_case(&self, case: Option<Uuid>) -> impl Iterator<Item = &Waiting> {
        self.pages
            .iter()
            .filter(move |page| page.case.is_none() || page.case == case)
    }
}
