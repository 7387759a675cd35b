//! Papers become files: through SANE's own test device, through a watched folder, into a case, out
//! of a backup; and papers that are not asked for again.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lopdf::{Dictionary, Document, Object, Stream};
use motcua_app::{App, ScanTimes};
use motcua_devices::scanning::Sane;
use motcua_domain::Code;
use motcua_testkit::branch::{OFFICER, SUPERVISOR, TestBranch, case, id};
use rstest::rstest;
use serde_json::{Value, json};

use crate::tiffs::{Page, tiff};

/// A branch with SANE's test device as its scanner; `status` is what reading from it answers.
fn with_scanner(branch: &TestBranch, status: &str) {
    let config = branch.beside("sane.d");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("dll.conf"), "test\n").unwrap();
    fs::write(
        config.join("test.conf"),
        format!("number_of_devices 1\nmode Gray\ndepth 8\nresolution_min 1.0\nresolution_max 1200.0\nresolution_quant 1.0\nresolution 50.0\ntest-picture \"Color pattern\"\nenable-test-options true\nread-status-code \"{status}\"\ngeometry_min 0.0\ngeometry_max 300.0\ngeometry_quant 1.0\ntl_x 0.0\ntl_y 0.0\nbr_x 210.0\nbr_y 297.0\n"),
    )
    .unwrap();
    let sane = Sane::default().with_config(config);
    branch.app().use_document_scanner(Arc::new(sane));
    branch.ok(
        OFFICER,
        "scan.setup",
        json!({"device": "test:0", "device_name": "Máy quét thử", "resolution": 100}),
    );
}

struct Scans {
    branch: TestBranch,
    id: String,
}

impl Scans {
    fn new() -> Self {
        Self::of(TestBranch::demo())
    }

    fn of(branch: TestBranch) -> Self {
        let id = id(&branch.ok(OFFICER, "case.receive", case())["case_id"]);
        Self { branch, id }
    }

    fn tray(&self) -> Value {
        self.branch
            .ok(OFFICER, "scan.get", json!({"case_id": self.id}))
    }

    fn pages(&self) -> Vec<String> {
        let tray = self.tray();
        let pages = tray["pages"].as_array().unwrap();
        pages.iter().map(|page| id(&page["id"])).collect()
    }

    /// Scans, and waits for what the screen waits for: the word that the tray has changed.
    fn scan(&self, source: &str) -> Value {
        let news = self.branch.app().subscribe();
        self.branch.ok(
            OFFICER,
            "scan.start",
            json!({"case_id": self.id, "source": source}),
        );
        loop {
            let tray = self.tray();
            if tray.get("working").is_none() {
                return tray;
            }
            news.recv_timeout(Duration::from_secs(30)).unwrap();
        }
    }

    fn bind(&self, pages: &[String]) -> Value {
        let args = json!({"case_id": self.id, "pages": pages});
        self.branch.ok(OFFICER, "scan.bind", args)
    }

    fn attach(&self, paper: Value, blob: &Value) -> Value {
        self.branch.ok(
            OFFICER,
            "case.attach",
            json!({"id": self.id, "paper": paper, "blob": blob}),
        )
    }

    fn pdf(&self, attachment: &Value) -> Vec<u8> {
        let args = json!({"id": self.id, "attachment": attachment});
        let got = self.branch.ok(OFFICER, "case.attachment", args);
        STANDARD
            .decode(got["content_base64"].as_str().unwrap())
            .unwrap()
    }

    fn blob_path(&self, hash: &str) -> PathBuf {
        self.branch
            .dir()
            .join("blobs")
            .join(&hash[..2])
            .join(&hash[2..])
    }
}

fn rotations(pdf: &[u8]) -> Vec<i64> {
    let file = Document::load_mem(pdf).unwrap();
    let turn = |page| {
        let page = file.get_dictionary(page).unwrap();
        page.get(b"Rotate").and_then(Object::as_i64).unwrap_or(0)
    };
    file.get_pages().into_values().map(turn).collect()
}

/// A PDF of so many pages, each with its number as its width.
fn pdf(pages: i64, padding: usize) -> Vec<u8> {
    let mut file = Document::with_version("1.5");
    let tree = file.new_object_id();
    let kids: Vec<Object> = (0..pages)
        .map(|n| {
            let content = file.add_object(Stream::new(Dictionary::new(), vec![b' '; padding]));
            let page = Dictionary::from_iter([
                ("Type", Object::from("Page")),
                ("Parent", Object::from(tree)),
                ("Contents", Object::from(content)),
                (
                    "MediaBox",
                    Object::Array(vec![0.into(), 0.into(), (100 + n).into(), 200.into()]),
                ),
            ]);
            Object::Reference(file.add_object(page))
        })
        .collect();
    file.set_object(
        tree,
        Dictionary::from_iter([
            ("Type", Object::from("Pages")),
            ("Count", Object::from(pages)),
            ("Kids", Object::Array(kids)),
        ]),
    );
    let root = file.add_object(Dictionary::from_iter([
        ("Type", Object::from("Catalog")),
        ("Pages", Object::from(tree)),
    ]));
    file.trailer.set("Root", root);
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).unwrap();
    bytes
}

fn widths(pdf: &[u8]) -> Vec<i64> {
    let file = Document::load_mem(pdf).unwrap();
    let width = |page| {
        let page = file.get_dictionary(page).unwrap();
        // Whole numbers may be written as such or with a point.
        let width = page.get(b"MediaBox").unwrap().as_array().unwrap()[2].clone();
        width.as_float().unwrap().round() as i64
    };
    file.get_pages().into_values().map(width).collect()
}

#[test]
fn from_the_scanner_into_a_paper_of_the_case() {
    let scans = Scans::new();
    with_scanner(&scans.branch, "Default");
    assert_eq!(scans.scan("flatbed")["pages"].as_array().unwrap().len(), 1);
    let tray = scans.scan("feeder");
    // Ten are what SANE's test device has in its feeder.
    assert_eq!(tray["pages"].as_array().unwrap().len(), 11);
    assert!(tray.get("problem").is_none());

    let pages = scans.pages();
    let edit = |page: &str, change: Value| {
        let args = json!({"case_id": scans.id, "page": page, "change": change});
        scans.branch.ok(OFFICER, "scan.edit", args)
    };
    edit(&pages[1], json!({"what": "turn"}));
    edit(&pages[1], json!({"what": "move", "to": 0}));
    edit(&pages[10], json!({"what": "drop"}));
    let now = scans.pages();
    assert_eq!(now.len(), 10);
    assert_eq!(now[..2], [pages[1].clone(), pages[0].clone()]);
    let small = scans.branch.ok(OFFICER, "scan.page", json!({"id": now[0]}));
    let small = STANDARD
        .decode(small["content_base64"].as_str().unwrap())
        .unwrap();
    assert!(small.starts_with(&[0xff, 0xd8]) && small.len() < 40_000);

    let blob = scans.bind(&now[..3]);
    assert_eq!(blob["pages"], 3);
    let view = scans.attach(json!({"to": "paper", "index": 1}), &blob);
    let file = &view["case"]["attachments"][0];
    let twice = json!({"id": scans.id, "paper": {"to": "paper", "index": 1}, "blob": blob});
    let refused = scans.branch.refused(OFFICER, "case.attach", twice);
    assert_eq!(refused.field.as_deref(), Some("blob"));
    assert_eq!(file["origin"], "digitised");
    let code = view["case_code"].as_str().unwrap();
    assert_eq!(file["code"], format!("{code}.TP02"));
    let line = view["history"].as_array().unwrap().last().unwrap();
    assert_eq!(line["kind"], "case.paper_attached");
    // What is attached no longer waits.
    assert_eq!(scans.pages(), now[3..]);
    let read = scans.pdf(&file["id"]);
    assert_eq!(rotations(&read), [90, 0, 0]);
    assert_eq!(blake3::hash(&read).to_hex().as_str(), blob["hash"]);

    // A result paper, with the code that stands on it, once there is a result.
    let blob = scans.bind(&now[3..4]);
    let args =
        json!({"id": scans.id, "paper": {"to": "result"}, "code": "KQ.G15.000020", "blob": blob});
    let early = scans.branch.refused(OFFICER, "case.attach", args.clone());
    assert_eq!(
        (early.code, early.field.as_deref()),
        (Code::CaseStatus, Some("paper"))
    );
    let has = json!({"id": scans.id});
    scans.branch.ok(OFFICER, "case.receive_result", has);
    let view = scans.branch.ok(OFFICER, "case.attach", args.clone());
    assert_eq!(view["case"]["attachments"][1]["code"], "KQ.G15.000020");
    let refused = scans.branch.refused(OFFICER, "case.attach", args);
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (Code::PaperCodeTaken, Some("code"))
    );

    let args = json!({"id": scans.id, "attachment": file["id"], "reason": ""});
    let refused = scans.branch.refused(OFFICER, "case.detach", args);
    assert_eq!(refused.code, Code::FieldRequired);
    let args = json!({"id": scans.id, "attachment": file["id"], "reason": "Nhầm giấy tờ"});
    let view = scans.branch.ok(OFFICER, "case.detach", args);
    assert_eq!(view["case"]["attachments"].as_array().unwrap().len(), 1);
    assert!(scans.branch.app().verify().unwrap().findings.is_empty());
}

#[rstest]
#[case("SANE_STATUS_JAMMED", Code::ScannerJam)]
#[case("SANE_STATUS_NO_DOCS", Code::ScannerEmpty)]
#[case("SANE_STATUS_COVER_OPEN", Code::ScannerOpen)]
#[case("SANE_STATUS_IO_ERROR", Code::DocumentScannerFault)]
fn a_fault_of_the_scanner_is_told_and_loses_no_page(#[case] status: &str, #[case] code: Code) {
    let scans = Scans::new();
    with_scanner(&scans.branch, "Default");
    scans.scan("flatbed");
    with_scanner(&scans.branch, status);
    let tray = scans.scan("flatbed");
    assert_eq!(tray["problem"]["code"], serde_json::to_value(code).unwrap());
    assert_eq!(tray["pages"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_scanner_the_officer_is_told_what_to_do() {
    let scans = Scans::new();
    let start = json!({"case_id": scans.id});
    let refused = scans.branch.refused(OFFICER, "scan.start", start.clone());
    assert_eq!(refused.code, Code::ScannerMissing);
    with_scanner(&scans.branch, "Default");
    scans.branch.ok(
        OFFICER,
        "scan.setup",
        json!({"device": "genesys:libusb:001:009"}),
    );
    assert_eq!(scans.scan("flatbed")["problem"]["code"], "SCANNER_MISSING");
    for wrong in [json!({"resolution": 20}), json!({"device": "--help"})] {
        scans.branch.refused(OFFICER, "scan.setup", wrong);
    }
}

/// Opens the folder again with a watched folder that is looked at quickly.
fn watching(scans: &mut Scans) -> (Arc<App>, PathBuf) {
    scans.branch.close();
    let mut settings = scans.branch.settings();
    settings.printing = true;
    settings.scan_times = ScanTimes {
        look: Duration::from_millis(20),
        quiet: Duration::from_millis(60),
        give_up: Duration::from_millis(900),
    };
    let app = App::open(settings, Arc::clone(&scans.branch.clock)).unwrap();
    let folder = scans.branch.beside("quet");
    fs::create_dir_all(&folder).unwrap();
    let officer = |who: &str| motcua_app::Caller {
        officer: Some(who.to_owned()),
        command_id: None,
    };
    let path = json!({"path": folder});
    let refused = app
        .call(&officer(OFFICER), "scan.folder", path.clone())
        .unwrap_err();
    assert_eq!(refused.code, Code::NotAllowed);
    app.call(&officer(SUPERVISOR), "scan.folder", path).unwrap();
    (app, folder)
}

fn tray_of(app: &App, case: &str) -> Value {
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    app.call(&caller, "scan.get", json!({"case_id": case}))
        .unwrap()
}

/// Waits for what a screen is told of, until the tray is as it should be.
fn until(app: &App, case: &str, is: impl Fn(&Value) -> bool) -> Value {
    let news = app.subscribe();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let tray = tray_of(app, case);
        if is(&tray) {
            return tray;
        }
        assert!(Instant::now() < end, "never: {tray}");
        news.recv_timeout(Duration::from_millis(500)).ok();
    }
}

fn count(tray: &Value) -> usize {
    tray["pages"].as_array().unwrap().len()
}

#[test]
fn the_watched_folder_waits_for_half_a_file_and_sets_a_broken_one_aside() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    // Whole files, a PDF of three pages among them.
    fs::write(folder.join("a.pdf"), pdf(3, 10)).unwrap();
    let tray = until(&app, &scans.id, |tray| count(tray) == 3);
    assert_eq!(tray["pages"][2]["pdf_page"], 3);
    assert_eq!(tray["pages"][0]["file"], "a.pdf");
    until(&app, &scans.id, |_| !folder.join("a.pdf").exists());

    // Half a file is left where it is, and taken once it is whole.
    let whole = pdf(2, 4000);
    fs::write(folder.join("b.pdf"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.join("c.pdf"), pdf(1, 10)).unwrap();
    until(&app, &scans.id, |tray| count(tray) == 4);
    assert!(folder.join("b.pdf").exists());
    fs::write(folder.join("b.pdf"), &whole).unwrap();
    until(&app, &scans.id, |tray| count(tray) == 6);

    // Broken, locked by nobody, never to be whole: set aside, with a sentence, and still there.
    fs::write(folder.join("d.pdf"), b"%PDF-1.4 nothing more").unwrap();
    fs::write(folder.join("e.jpg"), b"not a picture").unwrap();
    let tray = until(&app, &scans.id, |tray| {
        tray["aside"].as_array().unwrap().len() == 2
    });
    assert_eq!(tray["aside"][0]["code"], "SCAN_FILE_BROKEN");
    assert!(folder.join("khong-doc-duoc/d.pdf").exists());
    assert!(folder.join("khong-doc-duoc/e.jpg").exists());
    assert_eq!(count(&tray), 6);

    // The folder goes and comes back.
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    let tray = until(&app, &scans.id, |tray| tray.get("folder_problem").is_some());
    assert_eq!(tray["folder_problem"]["code"], "SCAN_FOLDER_MISSING");
    fs::rename(&away, &folder).unwrap();
    until(&app, &scans.id, |tray| tray.get("folder_problem").is_none());
}

#[test]
fn pictures_of_each_kind_come_in_and_pages_of_pdfs_are_mixed_with_them() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    let page = image::RgbImage::from_fn(160, 230, |x, y| image::Rgb([x as u8, y as u8, 90]));
    for (n, name) in ["page.jpg", "page.png", "page.tif"].iter().enumerate() {
        page.save(folder.join(name)).unwrap();
        until(&app, &scans.id, |tray| count(tray) == n + 1);
    }
    fs::write(folder.join("z.pdf"), pdf(3, 10)).unwrap();
    let tray = until(&app, &scans.id, |tray| count(tray) == 6);
    let page = |n: usize| tray["pages"][n]["id"].clone();
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    let bind = |pages: Vec<Value>| {
        let args = json!({"case_id": scans.id, "pages": pages});
        app.call(&caller, "scan.bind", args).unwrap()
    };
    let mixed = bind(vec![page(5), page(0), page(3), page(1), page(2)]);
    let read = fs::read(scans.blob_path(mixed["hash"].as_str().unwrap())).unwrap();
    let found = widths(&read);
    assert_eq!((found[0], found[2]), (102, 100));
    assert_eq!(found.len(), 5);
    // A PDF that is taken whole keeps its bytes: a signature in it stays good.
    let whole = bind(vec![page(3), page(4), page(5)]);
    assert_eq!(whole["hash"], blake3::hash(&pdf(3, 10)).to_hex().as_str());
}

#[test]
fn five_hundred_pages_go_and_one_more_does_not() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    fs::write(folder.join("a.pdf"), pdf(500, 10)).unwrap();
    let tray = until(&app, &scans.id, |tray| count(tray) == 500);
    let all: Vec<Value> = (0..500).map(|n| tray["pages"][n]["id"].clone()).collect();
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    let args = json!({"case_id": scans.id, "pages": all});
    assert_eq!(app.call(&caller, "scan.bind", args).unwrap()["pages"], 500);
    fs::write(folder.join("b.pdf"), pdf(1, 10)).unwrap();
    let tray = until(&app, &scans.id, |tray| count(tray) == 501);
    let all: Vec<Value> = (0..501).map(|n| tray["pages"][n]["id"].clone()).collect();
    let args = json!({"case_id": scans.id, "pages": all});
    let refused = app.call(&caller, "scan.bind", args).unwrap_err();
    assert_eq!(refused.code, Code::ScanTooManyPages);
    assert!(refused.message.contains("501"), "{}", refused.message);
    assert_eq!(count(&tray_of(&app, &scans.id)), 501, "nothing is lost");
    // A single file of too many pages is set aside, and is still there.
    fs::write(folder.join("c.pdf"), pdf(501, 10)).unwrap();
    let tray = until(&app, &scans.id, |tray| {
        !tray["aside"].as_array().unwrap().is_empty()
    });
    assert_eq!(tray["aside"][0]["code"], "SCAN_TOO_MANY_PAGES");
}

#[test]
fn every_page_of_a_tiff_waits_in_its_order_with_a_small_picture() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    let levels = [15u8, 95, 175, 245];
    let pages = levels.map(Page::plain);
    fs::write(folder.join("a.tif"), tiff(&pages, false)).unwrap();
    let tray = until(&app, &scans.id, |tray| count(tray) == 4);
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    let ask = |verb: &str, args: Value| app.call(&caller, verb, args).unwrap();
    for (n, level) in levels.iter().enumerate() {
        let page = &tray["pages"][n];
        assert_eq!(page["file"], "a.tif", "{page}");
        let small = ask("scan.page", json!({"id": page["id"]}));
        let small = STANDARD.decode(id(&small["content_base64"])).unwrap();
        let small = image::load_from_memory(&small).unwrap().to_luma8();
        assert!(small.get_pixel(5, 5).0[0].abs_diff(*level) < 6, "page {n}");
    }
    // Turned round, the second and the first become a paper of two pages.
    let chosen = [&tray["pages"][1]["id"], &tray["pages"][0]["id"]];
    let args = json!({"case_id": scans.id, "pages": chosen});
    assert_eq!(ask("scan.bind", args)["pages"], 2);
    until(&app, &scans.id, |_| !folder.join("a.tif").exists());
    // A page that cannot be read keeps the file out, whole and named.
    let mut broken = pages.to_vec();
    broken[2].packing = 60_000;
    fs::write(folder.join("b.tif"), tiff(&broken, false)).unwrap();
    let tray = until(&app, &scans.id, |tray| {
        !tray["aside"].as_array().unwrap().is_empty()
    });
    assert_eq!(count(&tray), 4, "nothing of it: {tray}");
    assert_eq!(tray["aside"][0]["code"], "SCAN_FILE_BROKEN");
    assert!(
        id(&tray["aside"][0]["message"]).contains("Trang 3"),
        "{tray}"
    );
    assert!(folder.join("khong-doc-duoc/b.tif").exists());
}

#[test]
fn two_hundred_megabytes_are_the_end_of_a_paper() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    // Two files of 101 MB: each may come in, both together are no paper.
    for name in ["a.pdf", "b.pdf"] {
        fs::write(folder.join(name), pdf(1, 101_000_000)).unwrap();
    }
    let tray = until(&app, &scans.id, |tray| {
        count(tray) + tray["aside"].as_array().unwrap().len() == 2
    });
    assert_eq!(count(&tray), 2, "{tray}");
    let pages = json!([tray["pages"][0]["id"], tray["pages"][1]["id"]]);
    let args = json!({"case_id": scans.id, "pages": pages});
    let refused = app.call(&caller, "scan.bind", args).unwrap_err();
    assert_eq!(refused.code, Code::ScanTooLarge);
    assert_eq!(count(&tray_of(&app, &scans.id)), 2);
    // One file above the limit does not come in at all.
    let file = fs::File::create(folder.join("c.pdf")).unwrap();
    file.set_len(200_000_001).unwrap();
    let tray = until(&app, &scans.id, |tray| {
        !tray["aside"].as_array().unwrap().is_empty()
    });
    assert_eq!(tray["aside"][0]["code"], "SCAN_TOO_LARGE");
    assert!(
        id(&tray["aside"][0]["message"]).contains("200 MB"),
        "{tray}"
    );
    assert!(folder.join("khong-doc-duoc/c.pdf").exists());
}

#[test]
fn a_letter_in_the_folder_of_the_scanner_is_set_aside_with_a_sentence() {
    let mut scans = Scans::new();
    let (app, folder) = watching(&mut scans);
    fs::write(folder.join("don.docx"), b"PK").unwrap();
    let tray = until(&app, &scans.id, |tray| {
        !tray["aside"].as_array().unwrap().is_empty()
    });
    assert_eq!(tray["aside"][0]["name"], "don.docx");
    assert!(
        id(&tray["aside"][0]["message"]).contains("PDF, JPEG, PNG, TIFF"),
        "{tray}"
    );
    assert_eq!(count(&tray), 0);
    assert!(folder.join("khong-doc-duoc/don.docx").exists());
}

#[test]
fn pages_outlive_a_machine_that_dies_between_the_file_and_the_event() {
    let mut scans = Scans::new();
    with_scanner(&scans.branch, "Default");
    scans.scan("flatbed");
    let pages = scans.pages();
    let blob = scans.bind(&pages);
    // The file is there, and nobody names it: the machine goes.
    scans.branch.open().unwrap();
    assert_eq!(scans.pages(), pages, "the pages still wait");
    assert!(scans.branch.app().verify().unwrap().findings.is_empty());
    assert_eq!(scans.bind(&pages)["hash"], blob["hash"]);
    scans.attach(json!({"to": "other", "name": "Đơn đề nghị"}), &blob);
    assert!(scans.pages().is_empty());
    // The list of pages is lost: the files in the folder still are pages.
    with_scanner(&scans.branch, "Default");
    scans.scan("flatbed");
    scans.branch.close();
    fs::remove_file(scans.branch.dir().join("scan-tray/tray.json")).unwrap();
    scans.branch.open().unwrap();
    assert_eq!(scans.pages().len(), 1);
}

#[test]
fn a_file_that_is_gone_or_damaged_is_found_and_a_backup_brings_it_back() {
    let scans = Scans::new();
    with_scanner(&scans.branch, "Default");
    scans.scan("feeder");
    let blob = scans.bind(&scans.pages());
    let hash = blob["hash"].as_str().unwrap().to_owned();
    // What was never kept cannot be named.
    let mut other = blob.clone();
    other["hash"] = json!("0".repeat(64));
    let args = json!({"id": scans.id, "paper": {"to": "paper", "index": 0}, "blob": other});
    let refused = scans.branch.refused(OFFICER, "case.attach", args);
    assert_eq!(refused.code, Code::BlobMissing);

    let view = scans.attach(json!({"to": "paper", "index": 0}), &blob);
    let attachment = view["case"]["attachments"][0]["id"].clone();
    let backup = scans.branch.beside("sao-luu.db");
    let made = scans.branch.app().backup(&backup).unwrap();
    assert_eq!((made.blobs, made.blobs_missing), (1, 0));

    let path = scans.blob_path(&hash);
    let mut bytes = fs::read(&path).unwrap();
    let whole = bytes.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let findings = scans.branch.app().verify().unwrap().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind, "blob");
    let args = json!({"id": scans.id, "attachment": attachment});
    let refused = scans
        .branch
        .refused(OFFICER, "case.attachment", args.clone());
    assert_eq!(refused.code, Code::BlobDamaged);
    // A backup of a damaged folder says what it could not take.
    let second = scans
        .branch
        .app()
        .backup(&scans.branch.beside("hong.db"))
        .unwrap();
    assert_eq!((second.blobs, second.blobs_missing), (0, 1));
    fs::remove_file(&path).unwrap();
    assert_eq!(
        scans.branch.app().verify().unwrap().findings[0].kind,
        "blob"
    );
    let refused = scans
        .branch
        .refused(OFFICER, "case.attachment", args.clone());
    assert_eq!(refused.code, Code::BlobMissing);

    // The backup brings it back, into a folder that has nothing.
    let fresh = tempfile::tempdir().unwrap();
    let settings = motcua_app::Settings {
        dir: fresh.path().join("data"),
        state_dir: Some(fresh.path().join("state")),
        ..scans.branch.settings()
    };
    App::restore(&settings, &backup, &*scans.branch.clock).unwrap();
    let app = App::open(settings, Arc::clone(&scans.branch.clock)).unwrap();
    let verified = app.verify().unwrap();
    assert_eq!((verified.findings.as_slice(), verified.blobs), (&[][..], 1));
    let caller = motcua_app::Caller {
        officer: Some(OFFICER.to_owned()),
        command_id: None,
    };
    let got = app.call(&caller, "case.attachment", args).unwrap();
    assert_eq!(
        STANDARD
            .decode(got["content_base64"].as_str().unwrap())
            .unwrap(),
        whole
    );
}

#[test]
fn a_paper_given_before_is_not_asked_for_again() {
    let scans = Scans::new();
    let branch = &scans.branch;
    with_scanner(branch, "Default");
    scans.scan("flatbed");
    let blob = scans.bind(&scans.pages());
    let view = scans.attach(json!({"to": "paper", "index": 0}), &blob);
    let number = view["case"]["applicant"]["id_number"].as_str().unwrap();
    let procedure = view["case"]["procedure"]["code"].as_str().unwrap();
    let asked = json!({"id_number": number, "procedure_code": procedure});
    let offered = branch.ok(OFFICER, "case.reusable", asked);
    assert_eq!(offered.as_array().unwrap().len(), 1);
    assert_eq!(offered[0]["index"], 0);
    assert_eq!(offered[0]["case_code"], view["case_code"]);
    let nobody = json!({"id_number": "001190000099"});
    assert_eq!(branch.ok(OFFICER, "case.reusable", nobody), json!([]));

    let reuse = json!([{"index": 0, "case_id": offered[0]["case_id"], "attachment": offered[0]["attachment"]}]);
    // Not somebody else's.
    let mut other = case();
    other["applicant"]["id_number"] = json!("001190000099");
    other["reuse"] = reuse.clone();
    let refused = branch.refused(OFFICER, "case.receive", other);
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (Code::ReuseNotTheirs, Some("reuse[0]"))
    );

    // Not for another paper than it is.
    let mut wrong = case();
    wrong["papers"] = json!([{"index": 0, "originals": 1}]);
    wrong["missing_ground"] = json!("Công dân bổ sung sau");
    wrong["reuse"] = reuse.clone();
    wrong["reuse"][0]["index"] = json!(1);
    let refused = branch.refused(OFFICER, "case.receive", wrong);
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (Code::ReuseNotTheirs, Some("reuse[0]"))
    );

    let mut again = case();
    again["papers"] = json!([{"index": 1, "originals": 1}]);
    again["missing_ground"] = json!("Công dân bổ sung sau");
    again["reuse"] = reuse;
    let done = branch.ok(OFFICER, "case.receive", again);
    assert!(!done["missing"].as_array().unwrap().contains(&json!(0)));
    let second = branch.ok(OFFICER, "case.get", json!({"id": done["case_id"]}));
    let file = &second["case"]["attachments"][0];
    assert_eq!(file["origin"], "reused");
    assert_eq!(file["reused_from"]["case_code"], view["case_code"]);
    assert_eq!(file["blob"], view["case"]["attachments"][0]["blob"]);
    let figures = branch.ok(SUPERVISOR, "day.figures", json!({}));
    let first = view["case"]["papers"].as_array().unwrap().len();
    assert_eq!(
        figures["reuse"],
        json!({"papers": first + 2, "reused": 1, "cases": 2, "cases_reused": 1, "data": 6, "data_reused": 0})
    );
    // It stands on the receipt, and a client cannot say so by itself.
    branch.ok(
        OFFICER,
        "document.render",
        json!({"kind": "receipt", "id": done["case_id"]}),
    );
    let mut lie = case();
    lie["papers"] = json!([{"index": 0, "reused": true}]);
    lie["missing_ground"] = json!("Công dân bổ sung sau");
    let done = branch.ok(OFFICER, "case.receive", lie);
    assert!(done["missing"].as_array().unwrap().contains(&json!(0)));
    assert!(branch.app().verify().unwrap().findings.is_empty());
}
