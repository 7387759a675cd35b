//! The database: connections, migrations, and what this installation is.

use std::{path::PathBuf, time::Duration};

use deadpool_postgres::{
    Config, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime, SslMode, Timeouts,
};
use motcua_domain::{Code, Refusal};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_postgres::{NoTls, config::SslMode as Mode};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use crate::{
    database_tls::{Target, target},
    error::{Error, Result},
};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Connections at most. More of them make PostgreSQL slower, not faster, on a few cores.
const CONNECTIONS: usize = 8;
/// For a connection: whoever asks is rather told to come again than kept waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// Only one copy of the program migrates at a time.
const MIGRATION_LOCK: i64 = 0x6d63_7561;

/// What this installation is.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    /// Names its history.
    pub(crate) server_epoch: Uuid,
    /// Signs challenges and tokens.
    pub(crate) secret: [u8; 32],
}

/// A pool of connections, none of them opened yet.
pub(crate) fn pool(url: &str) -> anyhow::Result<Pool> {
    let Target { url, mode, tls } = target(url)?;
    let mut config = Config::new();
    config.url = Some(url);
    config.ssl_mode = Some(match mode {
        Mode::Require => SslMode::Require,
        Mode::Prefer => SslMode::Prefer,
        _ => SslMode::Disable,
    });
    // A connection that the server closed meanwhile is found out when it is handed out.
    config.manager = Some(ManagerConfig {
        recycling_method: RecyclingMethod::Verified,
    });
    config.pool = Some(PoolConfig {
        max_size: CONNECTIONS,
        timeouts: Timeouts {
            wait: Some(PATIENCE),
            create: Some(PATIENCE),
            recycle: Some(PATIENCE),
        },
        ..PoolConfig::default()
    });
    let runtime = Some(Runtime::Tokio1);
    Ok(match tls {
        Some(tls) => config.create_pool(runtime, MakeRustlsConnect::new(tls))?,
        None => config.create_pool(runtime, NoTls)?,
    })
}

/// Brings the schema up to date. Several copies may start at once.
pub(crate) async fn migrate(pool: &Pool) -> Result<()> {
    let mut connection = pool.get().await?;
    connection
        .execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await?;
    let client: &mut tokio_postgres::Client = &mut connection;
    let done = embedded::migrations::runner().run_async(client).await;
    connection
        .execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK])
        .await?;
    done?;
    let mut secret = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|_| Error::Damaged("the system gives no random bytes"))?;
    connection
        .execute(
            "INSERT INTO installation(secret) VALUES($1) ON CONFLICT DO NOTHING",
            &[&&secret[..]],
        )
        .await?;
    drop(connection);
    crate::branch::catch_up(pool).await
}

/// Reads what this installation is.
pub(crate) async fn installation(pool: &Pool) -> Result<Installation> {
    let row = pool
        .get()
        .await?
        .query_one("SELECT server_epoch, secret FROM installation", &[])
        .await?;
    let secret: &[u8] = row.get(1);
    Ok(Installation {
        server_epoch: row.get(0),
        secret: secret
            .try_into()
            .map_err(|_| Error::Damaged("secret of the installation"))?,
    })
}

/// Where the authority lies that `serve --dev-tls` made, if it did.
pub(crate) async fn ca_file(pool: &Pool) -> Result<Option<PathBuf>> {
    let client = pool.get().await?;
    let row = client.query_one("SELECT ca_file FROM installation", &[]);
    Ok(row.await?.get::<_, Option<String>>(0).map(PathBuf::from))
}

/// A new name for the history: after the database was restored from a backup.
pub(crate) async fn restored(pool: &Pool) -> Result<Uuid> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let row = tx
        .query_one(
            "UPDATE installation SET server_epoch = gen_random_uuid()
             RETURNING server_epoch, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date",
            &[],
        )
        .await?;
    // What was granted last may be forgotten: the next codes come from elsewhere.
    crate::leases::went_back(&tx, row.get(1)).await?;
    tx.commit().await?;
    Ok(row.get(0))
}

/// The office of a code, made where there is none yet.
pub(crate) async fn office(pool: &Pool, code: &str) -> Result<i32> {
    let row = pool
        .get()
        .await?
        .query_one(
            "INSERT INTO office(code) VALUES($1)
             ON CONFLICT(code) DO UPDATE SET code = excluded.code RETURNING office_id",
            &[&code],
        )
        .await?;
    Ok(row.get(0))
}

/// From now on the office numbers for that agency.
pub(crate) async fn numbers_for(pool: &Pool, office: i32, agency: &str) -> Result<()> {
    pool.get()
        .await?
        .execute(
            "UPDATE office SET agency = $2 WHERE office_id = $1",
            &[&office, &agency],
        )
        .await?;
    Ok(())
}

/// Nobody made an office of that code.
pub(crate) fn unknown_office(code: &str) -> Refusal {
    let code: String = code.chars().take(64).collect();
    Refusal::new(
        Code::NotFound,
        format!(
            "Trung tâm chưa có đơn vị nào mang mã “{code}”. Chưa làm gì. Mời xem lại mã ở trang vận hành, hoặc tạo đơn vị bằng lệnh motcua-central code."
        ),
    )
    .at("office")
}

/// The office of a code, if there is one.
pub(crate) async fn known_office(pool: &Pool, code: &str) -> Result<Option<i32>> {
    let row = pool
        .get()
        .await?
        .query_opt("SELECT office_id FROM office WHERE code = $1", &[&code])
        .await?;
    Ok(row.map(|row| row.get(0)))
}
