//! The way to PostgreSQL, encrypted: a real server with a certificate made here.

use motcua_testkit::postgres::Postgres;
use tokio::runtime::Runtime;

use crate::database;

/// Whether a connection can be had, and whether it is encrypted.
fn tried(runtime: &Runtime, url: &str) -> Result<bool, String> {
    let pool = database::pool(url).map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let client = pool.get().await.map_err(|e| e.to_string())?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let row = client.query_one(sql, &[]).await;
        Ok(row.map_err(|e| e.to_string())?.get(0))
    })
}

#[test]
fn the_database_is_reached_encrypted_and_only_by_its_own_certificate() {
    let (postgres, tls) = Postgres::start_with_tls();
    let (_other, foreign) = Postgres::start_with_tls();
    let runtime = Runtime::new().unwrap();
    let at =
        |host: &str, rest: &str| format!("postgres://central@{host}:{}/postgres?{rest}", tls.port);
    let ca = tls.ca.display();
    let full = format!("sslmode=verify-full&sslrootcert={ca}");
    assert_eq!(tried(&runtime, &at("127.0.0.1", &full)), Ok(true));
    assert_eq!(
        tried(&runtime, &at("127.0.0.1", "sslmode=require")),
        Ok(true)
    );
    assert_eq!(
        tried(&runtime, &at("127.0.0.1", "sslmode=prefer")),
        Ok(true)
    );
    // The server does not talk in the clear; an authority that did not sign; a name that is not in
    // the certificate.
    assert!(tried(&runtime, &at("127.0.0.1", "sslmode=disable")).is_err());
    let stranger = format!("sslmode=verify-full&sslrootcert={}", foreign.ca.display());
    assert!(tried(&runtime, &at("127.0.0.1", &stranger)).is_err());
    let required = format!("sslmode=require&sslrootcert={}", foreign.ca.display());
    assert!(tried(&runtime, &at("127.0.0.1", &required)).is_err());
    assert!(tried(&runtime, &at("localhost", &full)).is_err());
    assert_eq!(
        tried(&runtime, &at("localhost", "sslmode=require")),
        Ok(true)
    );
    // All of central over it.
    let pool = database::pool(&at("127.0.0.1", &full)).unwrap();
    runtime.block_on(database::migrate(&pool)).unwrap();
    runtime.block_on(database::installation(&pool)).unwrap();
    assert_eq!(postgres.query("SELECT count(*) FROM installation"), "1");
}
