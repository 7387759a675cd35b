//! A Tauri window with nothing in it: what the desktop program's start is compared with. It says
//! when its page has loaded, as the desktop program does.
#![expect(clippy::print_stdout, reason = "the line is what this program is for")]

use tauri::{
    WebviewUrl, WebviewWindowBuilder,
    http::{Response, header::CONTENT_TYPE},
    test,
    webview::PageLoadEvent,
};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        // Out of the program itself, as the pages of the desktop program come; of `about:blank`
        // the web view never says that it has loaded.
        .register_uri_scheme_protocol("empty", |_, _| {
            let mut page = Response::new(b"<!doctype html><title>-</title>".as_slice());
            let html = tauri::http::HeaderValue::from_static("text/html");
            page.headers_mut().insert(CONTENT_TYPE, html);
            page
        })
        .setup(|app| {
            let page = WebviewUrl::CustomProtocol("empty://localhost/".parse()?);
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
