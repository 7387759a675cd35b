//! What a folder's machine is in its branch, remembered in the folder: on its own, the hub, or a
//! counter of one. One file says it, so that a change of role that is cut short is either the old
//! role or the new one.

use std::{fs, io, net::SocketAddr, path::Path};

use serde::{Deserialize, Serialize};

use crate::{identity::write_private, line::Paired};

const NAME: &str = "role.json";

/// The role that a folder remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Remembered {
    /// On its own.
    Own,
    /// The hub of the branch.
    Hub {
        /// Where counters reach it.
        listen: SocketAddr,
    },
    /// A counter of the hub that `hub.json` names.
    Counter,
}

impl Remembered {
    /// The role of a folder. Where nothing was ever said, it is a counter if it has a hub.
    ///
    /// # Errors
    /// There is something that cannot be read: taking the folder for another role would part it
    /// from the others.
    pub fn of_folder(dir: &Path) -> io::Result<Self> {
        match fs::read(dir.join(NAME)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(match Paired::of_folder(dir)? {
                    Some(_) => Self::Counter,
                    None => Self::Own,
                })
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn keep(self, dir: &Path) -> io::Result<()> {
        write_private(dir, NAME, serde_json::to_string(&self)?.as_bytes())
    }

    /// Where it is to be the hub, if it is one.
    pub fn listen(self) -> Option<SocketAddr> {
        match self {
            Self::Hub { listen } => Some(listen),
            Self::Own | Self::Counter => None,
        }
    }
}

const BOARD: &str = "board.json";

/// The board for televisions, which the folder shows wherever it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RememberedBoard {
    pub(crate) listen: SocketAddr,
}

impl RememberedBoard {
    pub(crate) fn of_folder(dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(dir.join(BOARD)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn keep(self, dir: &Path) -> io::Result<()> {
        write_private(dir, BOARD, serde_json::to_string(&self)?.as_bytes())
    }

    pub(crate) fn forget(dir: &Path) -> io::Result<()> {
        match fs::remove_file(dir.join(BOARD)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The hub of a folder that is a counter.
pub(crate) fn counter_of(dir: &Path) -> io::Result<Option<Paired>> {
    if Remembered::of_folder(dir)? != Remembered::Counter {
        return Ok(None);
    }
    let missing = || io::Error::new(io::ErrorKind::InvalidData, "hub.json");
    Paired::of_folder(dir)?.ok_or_else(missing).map(Some)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn paired() -> Paired {
        Paired {
            url: "https://10.0.0.1:7420".to_owned(),
            fingerprint: "0".repeat(64),
            number: 2,
            device: Uuid::from_u128(1),
            hub: Uuid::from_u128(2),
            branch: Uuid::from_u128(2),
        }
    }

    #[test]
    fn one_file_decides() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert_eq!(Remembered::of_folder(dir).unwrap(), Remembered::Own);
        // Folders from before the file: whoever has a hub is its counter.
        paired().keep(dir).unwrap();
        assert_eq!(Remembered::of_folder(dir).unwrap(), Remembered::Counter);
        assert_eq!(counter_of(dir).unwrap(), Some(paired()));
        // A hub that once was a counter is a hub.
        let listen = "0.0.0.0:7420".parse().unwrap();
        Remembered::Hub { listen }.keep(dir).unwrap();
        assert_eq!(counter_of(dir).unwrap(), None);
        assert_eq!(Remembered::of_folder(dir).unwrap().listen(), Some(listen));
        Remembered::Own.keep(dir).unwrap();
        assert_eq!(Remembered::of_folder(dir).unwrap(), Remembered::Own);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_another_role() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"role\":\"king\"}", "{\"role\":\"hub\"}"] {
            fs::write(folder.path().join(NAME), text).unwrap();
            assert!(Remembered::of_folder(folder.path()).is_err(), "{text}");
            assert!(counter_of(folder.path()).is_err(), "{text}");
        }
        // A counter that has lost its hub's name is not on its own.
        Remembered::Counter.keep(folder.path()).unwrap();
        assert!(counter_of(folder.path()).is_err());
    }
}
