//! A counter's scans come to its hub: whole, once, and from nobody who is not introduced.

use super::*;

/// The smallest PDF that has a page.
fn pdf(width: usize) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} 100]>>"),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut at = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        at.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let xref = out.len();
    out.push_str("xref\n0 4\n0000000000 65535 f \n");
    for at in at {
        out.push_str(&format!("{at:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer<</Size 4/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n"
    ));
    out.into_bytes()
}

fn ok(app: &App, name: &str, args: Value) -> Value {
    app.call(&caller(OFFICER), name, args.clone())
        .unwrap_or_else(|e| panic!("{name} {args}: {e:?}"))
}

#[test]
fn a_counter_s_scan_comes_to_its_hub_behind_its_record() {
    let hub = hub();
    let folder = TempDir::new().unwrap();
    hub.join(folder.path());
    // A page that waits, as a machine that died would have left it.
    let tray = settings(folder.path()).dir.join("scan-tray");
    std::fs::create_dir_all(&tray).unwrap();
    std::fs::write(tray.join("0190a.pdf"), pdf(100)).unwrap();
    let (app, line) = counter(folder.path());
    let case_id = ok(&app, "case.receive", motcua_testkit::branch::case())["case_id"].clone();
    let page = ok(&app, "scan.get", json!({"case_id": case_id}))["pages"][0]["id"].clone();
    let blob = ok(
        &app,
        "scan.bind",
        json!({"case_id": case_id, "pages": [page]}),
    );
    let paper =
        json!({"id": case_id, "paper": {"to": "other", "name": "Giấy chứng sinh"}, "blob": blob});
    ok(&app, "case.attach", paper);
    let waiting = |app: &App| ok(app, "sync.overview", json!({}))["scans"]["files"].clone();
    assert_eq!(waiting(&app), 1);
    let synced = line.sync(&app);
    assert_eq!((synced.unsent, synced.last_error), (0, None));
    assert_eq!(waiting(&app), 0);
    let hash = blob["hash"].as_str().unwrap();
    let store = hub.branch.app().store();
    assert_eq!(store.blobs().read(hash).unwrap(), pdf(100));
    // It is the hub's to send on now, and to answer for.
    assert_eq!(waiting(hub.branch.app()), 1);
    hub.branch.assert_sound();
    let view = ok(hub.branch.app(), "case.get", json!({"id": case_id}));
    assert_eq!(view["case"]["attachments"][0]["blob"]["hash"], hash);

    // Another counter has the record, and fetches the file for whoever wants to read it.
    let second = TempDir::new().unwrap();
    hub.join(second.path());
    let (other, other_line) = counter(second.path());
    other_line.sync(&other);
    let attachment = view["case"]["attachments"][0]["id"].clone();
    let read = ok(
        &other,
        "case.attachment",
        json!({"id": case_id, "attachment": attachment}),
    );
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pdf(100));
    assert_eq!(read["content_base64"], expected);
    assert!(other.verify().unwrap().findings.is_empty());

    // Whoever is not introduced gets no word about files, and leaves none.
    let (_folder, http) = stranger(&hub, None);
    let stands = crate::line::Send::get(motcua_protocol::sync::stands_path(hash));
    let got = http.send(stands, PATIENCE);
    assert!(!got.as_ref().is_ok_and(|got| got.status < 400), "{got:?}");
    let path = motcua_protocol::sync::piece_path(&"a".repeat(64), 0, 10);
    let got = http.send(
        crate::line::Send::post(path, b"0123456789".to_vec()),
        PATIENCE,
    );
    assert!(!got.as_ref().is_ok_and(|got| got.status < 400), "{got:?}");
    assert_eq!(store.blobs().offset(&"a".repeat(64)).unwrap(), 0);
}
