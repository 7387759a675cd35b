//! What can go wrong here, and what of it others are told.

/// A fault of central itself: nothing of the request was acknowledged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The database refused or is away.
    #[error("database: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// No connection to it.
    #[error("database connection: {0}")]
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
