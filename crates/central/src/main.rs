//! `motcua-central`: what branches send their records to.
//!
//! It owns the PostgreSQL database of all offices: their logs byte for byte, and what is read out
//! of them. It knows no rule of a desk: the order and the fold of events are the protocol's, what
//! to do with an event is [`motcua_sync`]'s. It must not use the store, the app or Tauri.

mod admission;
mod again;
mod auth;
mod blobs;
mod branch;
mod bundles;
mod connection;
mod database;
mod database_tls;
mod departments;
mod devices;
mod door;
mod downstream;
mod dump;
mod error;
mod figures;
mod health;
mod ingest;
mod leases;
mod logs;
mod lookup;
mod metrics;
mod openapi;
mod operations;
mod read_model;
mod routes;
mod stick;
#[cfg(test)]
mod tests;
mod tls;

use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::routes::Central;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(30);
/// How long requests in hand may take when the program is asked to end.
const GRACE: Duration = Duration::from_secs(20);

/// Một Cửa central: takes in the records of branches.
#[derive(Debug, Parser)]
#[command(name = "motcua-central", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Database {
    /// `postgres://…`; between two machines with `?sslmode=verify-full&sslrootcert=FILE`.
    #[arg(long, env = "DATABASE_URL")]
    database_url: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until stopped; prints one JSON line when ready.
    Serve {
        #[command(flatten)]
        database: Database,
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// Certificate in PEM.
        #[arg(long, requires = "tls_key")]
        tls_cert: Option<PathBuf>,
        /// Its key in PEM.
        #[arg(long, requires = "tls_cert")]
        tls_key: Option<PathBuf>,
        /// Makes authority and certificate in that folder: for trying, not for offices.
        #[arg(long, conflicts_with = "tls_cert")]
        dev_tls: Option<PathBuf>,
        /// Where the national portal is: a JSON file, see docs/portal.md. Without it cases wait.
        #[arg(long)]
        portal: Option<PathBuf>,
        /// Where a ministry's system is: a JSON file, see docs/portal.md.
        #[arg(long)]
        ministry: Option<PathBuf>,
        /// Where registers are looked up: a JSON file, see docs/lookups.md.
        #[arg(long)]
        lookups: Option<PathBuf>,
    },
    /// A one-use code with which a device of that office joins.
    Code {
        #[command(flatten)]
        database: Database,
        /// Agency code, as in case codes; a name of its own for a second branch of one agency.
        #[arg(long)]
        office: String,
        /// The agency for which the branch numbers, where that is not `--office`.
        #[arg(long)]
        agency: Option<String>,
        /// Writes a connection file there, which a branch only has to choose. It holds the code.
        #[arg(long, requires = "url", value_name = "FILE")]
        to: Option<PathBuf>,
        /// Where branches reach central, `https://HOST:PORT`, for the file.
        #[arg(long, requires = "to")]
        url: Option<String>,
        /// Authority of central's certificate in PEM, for the file; that of `--dev-tls` where left out.
        #[arg(long, requires = "to", value_name = "FILE")]
        ca: Option<PathBuf>,
    },
    /// The machines of an office: when each joined, was last heard and lost its access.
    Devices {
        #[command(flatten)]
        database: Database,
        /// Agency code.
        #[arg(long)]
        office: String,
    },
    /// Lets a department that settles cases of an office say how far they are; prints its token.
    Department {
        #[command(flatten)]
        database: Database,
        /// Agency code.
        #[arg(long)]
        office: String,
        /// The department, as it will stand in the history of cases.
        #[arg(long)]
        name: String,
        /// Takes its access away instead.
        #[arg(long)]
        revoke: bool,
    },
    /// Records what a department said of a case, as its own program would by `/v1/departments/reports`.
    Report {
        #[command(flatten)]
        database: Database,
        /// Agency code.
        #[arg(long)]
        office: String,
        /// The department.
        #[arg(long)]
        department: String,
        /// The report as JSON: `{report_id, case_code, step, by?, note?, result?}`.
        report: String,
    },
    /// Publishes a catalogue, a calendar or a list of officers: signed, for one office or all.
    Publish {
        #[command(flatten)]
        database: Database,
        /// `catalogue` (`LayThuTuc` JSON), `calendar` or `users`.
        #[arg(long)]
        kind: String,
        /// Agency code of the one office for which it is; every office where left out.
        #[arg(long)]
        office: Option<String>,
        /// From which day it holds; today where left out.
        #[arg(long)]
        valid_from: Option<chrono::NaiveDate>,
        /// The file.
        file: PathBuf,
    },
    /// Takes a machine's access away; what it brought stays.
    Revoke {
        #[command(flatten)]
        database: Database,
        /// The machine, as `devices` names it.
        #[arg(long)]
        device: uuid::Uuid,
    },
    /// A one-use code with which a person opens the operators' page (`/van-hanh`).
    OperatorCode {
        #[command(flatten)]
        database: Database,
    },
    /// What the operators' page shows, as JSON.
    Operations {
        #[command(flatten)]
        database: Database,
    },
    /// The figures of an office by day, as JSON: what its branch says of its day, from here.
    Figures {
        #[command(flatten)]
        database: Database,
        /// Agency code.
        #[arg(long)]
        office: String,
        /// The one day; today where nothing is said.
        #[arg(long, conflicts_with_all = ["from", "to"])]
        date: Option<chrono::NaiveDate>,
        /// First day.
        #[arg(long)]
        from: Option<chrono::NaiveDate>,
        /// Last day, a year later at most.
        #[arg(long)]
        to: Option<chrono::NaiveDate>,
    },
    /// Takes in a sealed file of records that somebody brought; the same file twice is once.
    Import {
        #[command(flatten)]
        database: Database,
        /// The file.
        file: PathBuf,
        /// Agency code whose file it has to be.
        #[arg(long)]
        office: Option<String>,
    },
    /// Every visit, leg and case of an office, as `motcua dump` prints them.
    Dump {
        #[command(flatten)]
        database: Database,
        /// Agency code.
        #[arg(long)]
        office: String,
    },
    /// Who looked people or enterprises up, when and why: a line for each, no content of any answer.
    LookUps {
        #[command(flatten)]
        database: Database,
        /// Agency code; every office where left out.
        #[arg(long)]
        office: Option<String>,
        /// Only those that asked for that number.
        #[arg(long)]
        number: Option<String>,
    },
    /// Has what the portal refused, or did not answer, told again at once.
    PortalRetry {
        #[command(flatten)]
        database: Database,
    },
    /// Says that the database was restored from a backup: devices then bring what is missing.
    Restored {
        #[command(flatten)]
        database: Database,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt()
        .json()
        .with_writer(io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new(
            std::env::var("MOTCUA_LOG")
                .unwrap_or_else(|_| "info,refinery_core=warn,tokio_postgres=warn".to_owned()),
        ))
        .init();
    let cli = Cli::parse();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(cli.command))
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve {
            database,
            listen,
            tls_cert,
            tls_key,
            dev_tls,
            portal,
            ministry,
            lookups,
        } => {
            // What is wrong with a file is said before anything is touched.
            let portal = portal.map(|file| downstream::settings::Settings::read(&file));
            let portal = portal.transpose()?.map(downstream::portal::Portal::new);
            let ministry = ministry.map(|file| downstream::ministry::Ministry::read(&file));
            let beyond = Beyond {
                portal: portal.transpose()?,
                ministry: ministry.transpose()?,
            };
            let registers = lookups.map(|file| lookup::settings::read(&file));
            let registers = registers.transpose()?;
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            let config = match (tls_cert, tls_key, dev_tls) {
                (Some(certificate), Some(key), None) => tls::of_files(&certificate, &key)?,
                (None, None, Some(dir)) => {
                    let (config, ca) = tls::of_folder(&dir)?;
                    let ca = ca.to_string_lossy().into_owned();
                    let client = pool.get().await?;
                    client
                        .execute("UPDATE installation SET ca_file = $1", &[&ca])
                        .await?;
                    config
                }
                _ => anyhow::bail!("either --tls-cert and --tls-key, or --dev-tls"),
            };
            let installation = database::installation(&pool).await?;
            let central = Central::new(pool, installation, registers);
            serve(listen, central, config, beyond).await?;
        }
        Command::Code {
            database,
            office,
            agency,
            to,
            url,
            ca,
        } => {
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            // Nothing is made before the file for it can be written.
            let file = match to.zip(url) {
                Some((to, url)) => {
                    let ca = ca.or(database::ca_file(&pool).await?);
                    Some(connection::Blank::at(&to, &url, ca.as_deref())?)
                }
                None => None,
            };
            // An office is there for good, so its code is looked at before there is one. One that
            // was made before codes were looked at goes on.
            let agency = agency.as_deref().map(motcua_domain::case_code::agency);
            let agency = match agency.transpose() {
                Ok(agency) => agency,
                Err(refusal) => return Ok(refused(refusal)),
            };
            let name = office.trim().to_owned();
            let office = match database::known_office(&pool, &name).await? {
                Some(known) => known,
                None => match motcua_domain::case_code::branch_name(&name) {
                    Ok(name) => database::office(&pool, &name).await?,
                    Err(refusal) => return Ok(refused(refusal)),
                },
            };
            if let Some(agency) = agency {
                database::numbers_for(&pool, office, &agency).await?;
            }
            let given = auth::code(&pool, office).await?;
            let mut code = json!(given);
            if let Some(file) = file {
                code["connection_file"] = json!(file.write(&name, &given)?);
            }
            // For a branch that has no line: with it, it writes files that only this central opens.
            let installation = database::installation(&pool).await?;
            let key = motcua_stick::OpenKey::of_secret(&installation.secret);
            code["seal_key"] = json!(key.seal_key().to_string());
            print(&code);
        }
        Command::Devices { database, office } => {
            let pool = database::pool(&database.database_url)?;
            for device in devices::of_office(&pool, &office).await? {
                print(&device);
            }
        }
        Command::Department {
            database,
            office,
            name,
            revoke,
        } => {
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            let name = motcua_domain::text::line(&name, motcua_domain::text::limit::NAME)?;
            let code = office.trim();
            let Some(office) = database::known_office(&pool, code).await? else {
                return Ok(refused(database::unknown_office(code)));
            };
            if revoke {
                let tokens = departments::revoke(&pool, office, &name).await?;
                print(&json!({"department": name, "revoked": tokens}));
            } else {
                let token = departments::token(&pool, office, &name).await?;
                print(&json!({"department": name, "token": token}));
            }
        }
        Command::Report {
            database,
            office,
            department,
            report,
        } => {
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            let report = serde_json::from_str(&report).context("the report")?;
            let code = office.trim();
            let Some(office) = database::known_office(&pool, code).await? else {
                return Ok(refused(database::unknown_office(code)));
            };
            let department = departments::Department {
                office,
                name: motcua_domain::text::line(&department, motcua_domain::text::limit::NAME)?,
            };
            let mut client = pool.get().await?;
            match departments::record(&mut client, &department, &report).await? {
                Ok(reported) => print(&json!(reported)),
                Err(refusal) => return Ok(refused(refusal)),
            }
        }
        Command::Publish {
            database,
            kind,
            office,
            valid_from,
            file,
        } => {
            let kind = motcua_protocol::bundle::Kind::of(&kind);
            let kind = kind.context("a kind is catalogue, calendar or users")?;
            let content = std::fs::read(&file).with_context(|| format!("{}", file.display()))?;
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            let installation = database::installation(&pool).await?;
            let office = office.as_deref().map(str::trim);
            let office = match office {
                Some(code) => match database::known_office(&pool, code).await? {
                    Some(known) => Some((known, code)),
                    None => return Ok(refused(database::unknown_office(code))),
                },
                None => None,
            };
            let what = bundles::Publish {
                kind,
                office,
                valid_from,
                content: &content,
            };
            match bundles::publish(&pool, &installation.secret, what).await? {
                Ok(published) => print(&json!(published)),
                Err(refusal) => return Ok(refused(refusal)),
            }
        }
        Command::Revoke { database, device } => {
            let pool = database::pool(&database.database_url)?;
            print(&devices::revoke(&pool, device).await?);
        }
        Command::OperatorCode { database } => {
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            print(&json!(operations::access::code(&pool).await?));
        }
        Command::Operations { database } => {
            let pool = database::pool(&database.database_url)?;
            print(&json!(operations::overview(&pool).await?));
        }
        Command::Figures {
            database,
            office,
            date,
            from,
            to,
        } => {
            let pool = database::pool(&database.database_url)?;
            let span = figures::Span::asked(from.or(date), to.or(date), figures::today());
            let office = office.trim();
            let told = match span {
                Ok(span) => figures::of_office(&pool, office, span).await?,
                Err(refusal) => return Ok(refused(refusal)),
            };
            match told {
                Some(told) => print(&json!(told)),
                None => return Ok(refused(database::unknown_office(office))),
            }
        }
        Command::Import {
            database,
            file,
            office,
        } => {
            let pool = database::pool(&database.database_url)?;
            database::migrate(&pool).await.context("database")?;
            return import(pool, file, office).await;
        }
        Command::Dump { database, office } => {
            let pool = database::pool(&database.database_url)?;
            dump::run(&pool, &office, io::BufWriter::new(io::stdout().lock())).await?;
        }
        Command::LookUps {
            database,
            office,
            number,
        } => {
            let pool = database::pool(&database.database_url)?;
            let installation = database::installation(&pool).await?;
            let number = number.map(|n| lookup::audit::trace(&installation.secret, n.trim()));
            for line in lookup::audit::list(&pool, office.as_deref(), number).await? {
                print(&line);
            }
        }
        Command::PortalRetry { database } => {
            let pool = database::pool(&database.database_url)?;
            let cases = downstream::queue::retry(&pool.get().await?).await?;
            print(&json!({"cases": cases}));
        }
        Command::Restored { database } => {
            let pool = database::pool(&database.database_url)?;
            let epoch = database::restored(&pool).await?;
            print(&json!({"server_epoch": epoch}));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A refusal is the answer too, in words for whoever brought the file.
async fn import(
    pool: deadpool_postgres::Pool,
    file: PathBuf,
    office: Option<String>,
) -> anyhow::Result<ExitCode> {
    let installation = database::installation(&pool).await?;
    let office = match office {
        Some(code) => match database::known_office(&pool, code.trim()).await? {
            Some(known) => Some(known),
            None => return Ok(refused(database::unknown_office(code.trim()))),
        },
        None => None,
    };
    let runtime = tokio::runtime::Handle::current();
    let beside = file.with_extension(motcua_stick::EXTENSION_ANSWER);
    let done = tokio::task::spawn_blocking(move || {
        let open = || std::fs::File::open(&file).map(io::BufReader::new);
        stick::take(&runtime, &pool, &installation, office, open)
    });
    match done.await? {
        Ok(stick::Taken { mut taken, answer }) => {
            // The records are in; a stick that cannot be written only tells the branch nothing.
            match answer.map(|sealed| stick::put(&beside, &sealed)) {
                Some(Ok(())) => taken.answer_file = Some(beside.to_string_lossy().into_owned()),
                Some(Err(error)) => tracing::warn!(%error, "no answer on the stick"),
                None => {}
            }
            print(&json!(taken));
            Ok(match taken.left {
                0 => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            })
        }
        Err(stick::No::Refused(error)) => {
            print(&json!(error));
            Ok(ExitCode::FAILURE)
        }
        Err(stick::No::Fault(error)) => Err(error.into()),
    }
}

/// A refusal is an answer too, in words for whoever asked.
fn refused(refusal: motcua_domain::Refusal) -> ExitCode {
    print(&json!(motcua_protocol::ApiError::from(refusal)));
    ExitCode::FAILURE
}

#[allow(clippy::print_stdout, reason = "the answer of a command line")]
fn print(value: &serde_json::Value) {
    println!("{value}");
}

/// Systems that are told of cases.
struct Beyond {
    portal: Option<downstream::portal::Portal>,
    ministry: Option<downstream::ministry::Ministry>,
}

async fn serve(
    listen: SocketAddr,
    central: std::sync::Arc<Central>,
    config: std::sync::Arc<rustls::ServerConfig>,
    beyond: Beyond,
) -> anyhow::Result<()> {
    let listener =
        std::net::TcpListener::bind(listen).with_context(|| format!("address {listen}"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stopped().await;
        tracing::info!("ending");
        ending.graceful_shutdown(Some(GRACE));
    });
    central.look_ups.opened(&central.pool).await?;
    let mut working = Vec::new();
    if let Some(portal) = beyond.portal {
        working.push(central.tells(portal).await?);
    }
    if let Some(ministry) = beyond.ministry {
        working.push(central.tells(ministry).await?);
    }
    print(
        &json!({"url": format!("https://{address}"), "server_epoch": central.installation.server_epoch}),
    );
    let mut server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(config))?;
    // A place at the door is not kept for somebody who says nothing.
    (server.http_builder().http1()).header_read_timeout(HEAD);
    server
        .handle(handle)
        .serve(routes::router(central).into_make_service())
        .await?;
    for working in working {
        tokio::task::spawn_blocking(|| working.stop(GRACE)).await?;
    }
    Ok(())
}

/// Ctrl+C, or the request to end that a service manager sends.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    tokio::signal::ctrl_c().await.ok();
}
