//! The desktop shell: it opens the folder, the window, one typed rpc, and pushes what changed.
//! No rules and no SQL: those are `motcua_app`'s.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod args;
mod board;
mod branch;
mod kiosk;
mod saved;
mod startup;
mod window;

use clap::Parser as _;
use tauri::Manager as _;

fn main() {
    startup::begin();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("MOTCUA_LOG")
                .unwrap_or_else(|_| "warn".into()),
        )
        .json()
        .init();
    let args = args::Args::parse();
    window::prepare();
    let started = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![
            branch::rpc,
            board::board_open,
            board::board_rpc,
            board::board_clip,
            kiosk::kiosk_rpc,
        ])
        .setup(move |app| {
            app.manage(branch::Branch::new(app.handle().clone(), &args));
            kiosk::first(app.handle(), args.demo)?;
            kiosk::SHOWN.call_once(|| ());
            Ok(())
        })
        .run(tauri::generate_context!());
    if let Err(error) = started {
        tracing::error!(%error, "window");
        std::process::exit(1);
    }
}
