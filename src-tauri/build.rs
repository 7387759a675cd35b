fn main() {
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .app_manifest(tauri_build::AppManifest::new().commands(&["rpc"])),
    )
    .unwrap_or_else(|error| {
        println!("cargo::error={error:#}");
        std::process::exit(1);
    });
}
