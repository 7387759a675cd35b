//! Whether this machine is a self-service terminal, and the code with which it is left.
//!
//! A fact of the machine, like its printers, kept in a file of the data folder so that it
//! survives a restart: pulling the plug is not a way out. Of the code only an Argon2id hash lies
//! there. Wrong tries are counted in the same file before the code is looked at, and each five
//! of them cost a longer wait.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use motcua_domain::{Code, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Result, private};

/// Who acts at a terminal: no officer can have this id.
pub const KIOSK: &str = "@kiosk";

/// All that a terminal may ask. Whatever else its page asks for is refused, whoever wrote it.
pub const VERBS: &[&str] = &[
    "kiosk.get",
    "kiosk.greet",
    "kiosk.register",
    "kiosk.print",
    "kiosk.paper",
    "kiosk.leave",
];

const FILE: &str = "kiosk.json";
/// Memory in KiB and rounds of Argon2id: a tenth of a second on a small office machine.
const MEMORY_KIB: u32 = 32 * 1024;
const ROUNDS: u32 = 3;
/// Wrong codes until one has to wait.
const TRIES: u32 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 15 * 60_000;

/// What the file holds while the machine is a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    salt: Uuid,
    /// Argon2id of the code, hexadecimal.
    hash: String,
    /// Wrong codes since the last right one.
    #[serde(default)]
    wrong: u32,
    /// Before this nobody may try, UTC milliseconds.
    #[serde(default)]
    wait_until_ms: i64,
}

/// The machine's mode.
#[derive(Debug)]
pub(crate) struct Kiosk {
    file: PathBuf,
    kept: Mutex<Option<Kept>>,
}

impl Kiosk {
    /// As the folder says. A file that cannot be read still means a terminal: somebody at the
    /// screen must not get out by damaging it. A supervisor ends the mode from a command line.
    pub(crate) fn of_folder(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let kept = match fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(%error, "self-service file damaged");
                Kept {
                    salt: Uuid::nil(),
                    hash: String::new(),
                    wrong: 0,
                    wait_until_ms: 0,
                }
            })),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::error!(%error, "self-service file");
                }
                None
            }
        };
        Self {
            file,
            kept: Mutex::new(kept),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.kept().is_some()
    }

    /// From now on a terminal, left by that code.
    pub(crate) fn enter(&self, code: &str) -> Result<()> {
        if !(4..=8).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Mã thoát gồm 4 đến 8 chữ số. Chưa bật chế độ tự phục vụ.",
            )
            .at("code")
            .into());
        }
        let salt = Uuid::new_v4();
        let fresh = Kept {
            salt,
            hash: hash(code, salt)?,
            wrong: 0,
            wait_until_ms: 0,
        };
        let mut kept = self.kept();
        self.write(&fresh)?;
        *kept = Some(fresh);
        Ok(())
    }

    /// An end to the mode, by whoever needs no code for it.
    pub(crate) fn end(&self) -> Result<()> {
        let mut kept = self.kept();
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(motcua_store::Error::from(error))
            }
            _ => {
                *kept = None;
                Ok(())
            }
        }
    }

    /// An end to the mode, by the code.
    pub(crate) fn leave(&self, code: &str, now_ms: i64) -> Result<()> {
        let mut guard = self.kept();
        let Some(kept) = guard.as_mut() else {
            return Ok(());
        };
        // A clock that was set back must not shut the officers out for longer than any wait.
        let wait_ms = (kept.wait_until_ms - now_ms).min(LONGEST_WAIT_MS);
        if wait_ms > 0 {
            return Err(too_many(wait_ms));
        }
        // Counted before it is looked at: who pulls the plug meanwhile has had the try all the same.
        let mut tried = Kept {
            wrong: kept.wrong.saturating_add(1),
            ..kept.clone()
        };
        if tried.wrong.is_multiple_of(TRIES) {
            let longer = (tried.wrong / TRIES - 1).min(16);
            let wait_ms = (FIRST_WAIT_MS << longer).min(LONGEST_WAIT_MS);
            tried.wait_until_ms = now_ms + wait_ms;
        }
        self.write(&tried)?;
        let right = hash(code, kept.salt)? == kept.hash;
        if right {
            drop(guard);
            return self.end();
        }
        let wait_ms = tried.wait_until_ms - now_ms;
        let left = TRIES - tried.wrong % TRIES;
        *kept = tried;
        if wait_ms > 0 {
            return Err(too_many(wait_ms));
        }
        Err(Refusal::new(
            Code::KioskCodeWrong,
            format!("Mã thoát không đúng. Còn {left} lần thử. Mời hỏi giám sát."),
        )
        .at("code")
        .into())
    }

    /// For the owner's eyes only, whole or not at all.
    fn write(&self, kept: &Kept) -> Result<()> {
        Ok(private::keep(&self.file, &serde_json::to_vec(kept)?)?)
    }
}

fn too_many(wait_ms: i64) -> motcua_store::Error {
    let seconds = (wait_ms + 999) / 1000;
    Refusal::new(
        Code::KioskTooMany,
        format!(
            "Đã thử sai nhiều lần. Thử lại được sau {}:{:02}. Việc lấy số vẫn bình thường.",
            seconds / 60,
            seconds % 60
        ),
    )
    .at("code")
    .into()
}

fn hash(code: &str, salt: Uuid) -> Result<String> {
    let fault = |error: argon2::Error| {
        tracing::error!(%error, "hash of the code");
        Refusal::new(
            Code::InternalFault,
            "Chương trình gặp lỗi khi xét mã thoát. Số đã cấp vẫn an toàn. Mời thử lại.",
        )
    };
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, Some(32)).map_err(fault)?;
    let mut out = [0_u8; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(code.as_bytes(), salt.as_bytes(), &mut out)
        .map_err(fault)?;
    Ok(blake3::Hash::from_bytes(out).to_hex().to_string())
}
