//! What a counter's folder remembers of its hub.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity::write_private;

const NAME: &str = "hub.json";

/// The hub of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// Where it was last reached.
    pub url: String,
    /// SHA-256 of its certificate: it and no other.
    pub fingerprint: String,
    /// This counter's number in the branch.
    pub number: u16,
    /// This counter's device id.
    pub device: Uuid,
    /// The hub's device id.
    pub hub: Uuid,
    /// Names the branch.
    pub branch: Uuid,
}

impl Paired {
    /// The hub of a folder; `None` where the folder is no counter of any.
    ///
    /// # Errors
    /// There is something that cannot be read: taking the folder for a branch of its own would
    /// part it from the others.
    pub fn of_folder(dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(dir.join(NAME)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remembers it. Where the folder is a counter already, this is when it has another hub.
    pub(crate) fn keep(&self, dir: &Path) -> io::Result<()> {
        write_private(dir, NAME, serde_json::to_string(self)?.as_bytes())
    }
}
