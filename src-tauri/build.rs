fn main() {
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(
        tauri_build::AppManifest::new().commands(&[
            "rpc",
            "board_open",
            "board_rpc",
            "board_clip",
            "kiosk_rpc",
        ]),
    ))
    .unwrap_or_else(|error| {
        println!("cargo::error={error:#}");
        std::process::exit(1);
    });
}
