//! The database file: its version and migrations, and the pragmas on which the promises rest.

use std::{path::Path, time::Duration};

use motcua_domain::{Code, case::Case, text::fold};
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{HookResult, M, Migrations};

use crate::{
    checkpoint,
    error::{Error, Result},
    ingest,
    open::Options,
    project,
    table::{self, meta},
    token,
};

/// Migrations are immutable once released; events are never migrated, readers cope with old ones.
pub(crate) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../migrations/0001_log_and_projections.sql")),
        M::up(include_str!("../migrations/0002_replication.sql")),
        M::up(include_str!("../migrations/0003_devices_and_leases.sql")),
        M::up(include_str!("../migrations/0004_desks.sql")),
        M::up_with_hook("", documents_beside_their_keys),
        M::up(include_str!("../migrations/0006_hubs.sql")),
        M::up(include_str!("../migrations/0007_revoked_devices.sql")),
        M::up(include_str!("../migrations/0008_counter_days.sql")),
        M::up(include_str!("../migrations/0009_reception.sql")),
        M::up(include_str!("../migrations/0010_promises.sql")),
        M::up(include_str!("../migrations/0011_grants.sql")),
        M::up(include_str!("../migrations/0012_attachments.sql")),
        M::up(include_str!("../migrations/0013_cash.sql")),
        M::up(include_str!("../migrations/0015_citizens.sql")),
        M::up(include_str!("../migrations/0016_aside.sql")),
        // Its words of cases are written by the next.
        M::up(include_str!("../migrations/0017_find_cases.sql")),
        M::up_with_hook(
            include_str!("../migrations/0018_days_of_cases.sql"),
            words_of_cases,
        ),
        M::up(include_str!("../migrations/0019_print_jobs.sql")),
        M::up(include_str!("../migrations/0020_print_unheard.sql")),
    ])
}

/// Tables whose rows are documents of a page and more get a key index of their own. In a table
/// `WITHOUT ROWID` the documents lie in the tree that is searched, and every step of a search
/// reads a whole one to compare its key.
fn documents_beside_their_keys(tx: &rusqlite::Transaction<'_>) -> HookResult {
    for table in ["visit", "case_file", "party"] {
        let made: Vec<(String, String)> = tx
            .prepare("SELECT type, sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC, rowid")?
            .query_map([table], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        tx.execute_batch(&format!("ALTER TABLE {table} RENAME TO {table}_before"))?;
        for (kind, sql) in made {
            if kind == "table" {
                let sql = sql
                    .replacen("PRIMARY KEY", "NOT NULL PRIMARY KEY", 1)
                    .replace("STRICT, WITHOUT ROWID", "STRICT");
                tx.execute_batch(&format!(
                    "{sql}; INSERT INTO {table} SELECT * FROM {table}_before ORDER BY entity; DROP TABLE {table}_before;"
                ))?;
            } else {
                tx.execute_batch(&sql)?;
            }
        }
    }
    Ok(())
}

/// The words by which cases are found, anew for all that are here.
fn words_of_cases(tx: &rusqlite::Transaction<'_>) -> HookResult {
    let mut cases = tx.prepare("SELECT row, doc FROM case_file ORDER BY row")?;
    let mut rows = cases.query([])?;
    let mut online = tx.prepare("UPDATE case_file SET portal = ?2, online = 1 WHERE row = ?1")?;
    let mut words = tx.prepare("INSERT INTO case_search(rowid, text) VALUES(?1, ?2)")?;
    while let Some(row) = rows.next()? {
        let (at, doc): (i64, String) = (row.get(0)?, row.get(1)?);
        let Ok(case) = serde_json::from_str::<Case>(&doc) else {
            // Such a case is on no list either; `rebuild` makes it from the log.
            tracing::error!(row = at, "a case that cannot be read");
            continue;
        };
        if let Some(dossier) = &case.received.online {
            online.execute(rusqlite::params![at, fold(&dossier.code)])?;
        }
        words.execute(rusqlite::params![at, table::search_text(&case)])?;
    }
    Ok(())
}

/// Version of the file this program writes.
pub const SCHEMA_VERSION: i64 = 19;
/// `PRAGMA application_id`: says that a file is ours ("MCua").
pub(crate) const APPLICATION_ID: i64 = 0x4d43_7561;

/// A connection with the pragmas on which the promises rest.
pub(crate) fn connect(file: &Path, options: &Options, writer: bool) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if writer {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(file, flags, vfs.as_str())?,
        None => Connection::open_with_flags(file, flags)?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    if writer {
        let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |r| r.get(0))?;
        if mode != "wal" {
            return Err(Error::new(
                Code::NetworkShare,
                "Ổ đĩa này không cho ghi an toàn khi mất điện (không dùng được WAL). Chưa ghi gì. Mời chọn thư mục trên ổ đĩa của máy này.",
            ));
        }
        // FULL is what makes “acknowledged” mean “on the disk”; NORMAL loses the last commits in
        // a power cut, silently.
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", checkpoint::AT_LATEST_PAGES)?;
    }
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;")?;
    // In KiB. There are several readers, and the system keeps the file's pages for all of them.
    connection.pragma_update(None, "cache_size", if writer { -8192 } else { -2048 })?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// What a database file that is there holds.
pub(crate) enum Stands {
    /// A branch.
    Branch,
    /// Nothing yet: making a branch was cut short before anything was in it.
    Draft,
}

/// Looks at the file without writing. SQLite takes an empty or zeroed file for a new database and
/// would begin a second history in the place of a lost one; the token beside it knows better.
pub(crate) fn look(file: &Path, dir: &Path) -> Result<Stands> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if version > SCHEMA_VERSION {
        return Err(newer());
    }
    if version > 0 {
        return Ok(Stands::Branch);
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if tables > 0 || token::lies(dir) {
        return Err(damaged());
    }
    Ok(Stands::Draft)
}

pub(crate) fn no_branch() -> Error {
    Error::new(
        Code::NoBranch,
        "Thư mục này chưa có dữ liệu chi nhánh. Mời tạo chi nhánh dùng thử hoặc chọn đúng thư mục.",
    )
}

fn newer() -> Error {
    Error::new(
        Code::StoreNewer,
        "Dữ liệu do bản Một Cửa mới hơn ghi. Dữ liệu an toàn, không sửa gì. Mời cập nhật chương trình rồi mở lại.",
    )
}

pub(crate) fn migrate(connection: &mut Connection, dir: &Path, create: bool) -> Result<()> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if version > SCHEMA_VERSION {
        return Err(newer());
    }
    let id: i64 = connection.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    if version > 0 && id != APPLICATION_ID {
        return Err(damaged());
    }
    if version == SCHEMA_VERSION {
        return Ok(());
    }
    if version > 0 {
        let copy = dir.join(format!("before-v{SCHEMA_VERSION}.db"));
        if !copy.exists() {
            connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
        }
    } else if !create {
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
        if tables > 0 {
            return Err(damaged());
        }
    }
    migrations()
        .to_latest(connection)
        .map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => Error::from(err),
            other => {
                tracing::error!(error = %other, "migration");
                Error::new(
                    Code::StoreFault,
                    "Chưa nâng cấp được dữ liệu; bản cũ còn nguyên. Mời báo người quản trị.",
                )
            }
        })?;
    Ok(())
}

/// Makes rows anew that an older program wrote: those of visits and of the branch where a migration
/// asked for it, and whatever is touched by events that only this program can read. The wish is
/// struck out with the rows: a machine that dies meanwhile does it at the next opening.
pub(crate) fn refold(connection: &mut Connection) -> Result<()> {
    let asked = meta::get(connection, meta::REFOLD)?.is_some();
    let readable = ingest::readable_now(connection)?;
    if !asked && readable.is_empty() {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if asked {
        project::refold(&tx)?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [meta::REFOLD])?;
    }
    ingest::reread(&tx, &readable)?;
    tx.commit()?;
    Ok(())
}

pub(crate) fn damaged() -> Error {
    Error::new(
        Code::StoreDamaged,
        "Tệp dữ liệu không phải của Một Cửa hoặc đã hỏng. Xin không xóa gì. Mời báo người quản trị khôi phục từ bản sao lưu.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound_and_counted() {
        migrations().validate().unwrap();
    }

    /// Money that came with a dossier before there was a table for it stands in that table after.
    #[test]
    fn money_of_an_older_folder_is_in_the_cash_report() {
        let mut connection = Connection::open_in_memory().unwrap();
        let migrations = migrations();
        assert_eq!(
            migrations.current_version(&connection).unwrap(),
            rusqlite_migration::SchemaVersion::NoneSet
        );
        migrations.to_version(&mut connection, 10).unwrap();
        let cases = [
            (
                1_u8,
                r#"{"officer":"ha","fee":{"amount":8000,"method":"cash"}}"#,
            ),
            (
                2,
                r#"{"officer":"ha","fee":{"amount":8000,"method":"unpaid"}}"#,
            ),
            (3, r#"{"officer":"ha"}"#),
            (
                4,
                r#"{"officer":"ha","fee":{"amount":0,"method":"transfer"}}"#,
            ),
        ];
        for (n, doc) in cases {
            connection
                .execute(
                    "INSERT INTO case_file(entity, row, code, procedure, date, received_ms, status, doc)
                     VALUES(?1, ?2, ?3, 'x', '2026-11-23', 1795395600000, 'received', ?4)",
                    rusqlite::params![[n; 16], n, format!("H-{n}"), doc],
                )
                .unwrap();
        }
        migrations.to_latest(&mut connection).unwrap();
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |r| r.get(0))
            .unwrap();
        assert_eq!(version, SCHEMA_VERSION, "the number follows the list");
        let rows: Vec<(Vec<u8>, i64, String, String, i64)> = connection
            .prepare("SELECT entity, n, date, method, amount FROM cash")
            .unwrap()
            .query_map([], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            })
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let want = (
            vec![1; 16],
            1,
            "2026-11-23".to_owned(),
            "cash".to_owned(),
            8_000,
        );
        assert_eq!(rows, [want]);
    }
}
