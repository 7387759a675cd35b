//! A Tauri window with nothing in it: what the desktop program's start is compared with. It says
//! when its page has loaded, as the desktop program does.
#![expect(clippy::print_stdout, reason = "the line is what this program is for")]

use tauri::{WebviewUrl, WebviewWindowBuilder, test, webview::PageLoadEvent};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            let page = WebviewUrl::External("about:blank".parse()?);
            WebviewWindowBuilder::new(app, "empty", page)
                .inner_size(1366.0, 768.0)
                .on_page_load(|_, load| {
                    if load.event() == PageLoadEvent::Finished {
                        println!("{{\"usable\":true}}");
                    }
                })
                .build()?;
            Ok(())
        })
        .run(test::mock_context(test::noop_assets()))
}
