//! What can go wrong here, and what of it others are told.

use std::{error::Error as _, fmt};

/// A fault of central itself: nothing of the request was acknowledged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The database refused or is away.
    #[error("database: {}", Told(.0))]
    Database(#[from] tokio_postgres::Error),
    /// No connection to it.
    #[error("database connection: {}", pool(.0))]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The migrations did not go through.
    #[error("migrations: {0}")]
    Migrations(#[from] refinery::Error),
    /// What the database holds is not what was written.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// A value that cannot be written as JSON.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// SQLSTATE, where the database said one.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Database(error) | Self::Pool(deadpool_postgres::PoolError::Backend(error)) => {
                error.code().map(tokio_postgres::error::SqlState::code)
            }
            _ => None,
        }
    }
}

/// Classes of SQLSTATE that speak of the server and not of a value: connections, transactions,
/// access, names of tables, its disk and memory, its operator, the system.
const OF_THE_SERVER: [&str; 10] = ["08", "25", "28", "3D", "42", "53", "55", "57", "58", "XX"];

/// What the database said, for a log: its SQLSTATE always, its words only where no value of a
/// record can stand among them.
struct Told<'a>(&'a tokio_postgres::Error);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(said) = self.0.as_db_error() else {
            // Of the line and of the library: no words of a server.
            write!(f, "{}", self.0)?;
            return match self.0.source() {
                Some(source) => write!(f, ": {source}"),
                None => Ok(()),
            };
        };
        let code = said.code().code();
        write!(f, "SQLSTATE {code}")?;
        if code.get(..2).is_some_and(|c| OF_THE_SERVER.contains(&c)) {
            write!(f, ": {}", said.message())?;
        }
        let names = [said.table(), said.column(), said.constraint()];
        for name in names.into_iter().flatten() {
            write!(f, ", {name}")?;
        }
        Ok(())
    }
}

fn pool(error: &deadpool_postgres::PoolError) -> String {
    match error {
        deadpool_postgres::PoolError::Backend(error) => Told(error).to_string(),
        other => other.to_string(),
    }
}
