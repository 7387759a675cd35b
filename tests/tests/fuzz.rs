//! Whatever comes from outside, broken in the ways in which it breaks: it is read or refused, and
//! nothing panics, hangs or eats the memory. `make fuzz SECONDS=n`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected"
)]

use std::{cell::RefCell, fs, io::Write as _, sync::Arc};

use motcua_app::{App, catalogue_file, clock::ManualClock};
use motcua_domain::{
    Code,
    identity::{card, national_id::IdNumber, phone, scan, tax_code::TaxCode},
};
use motcua_protocol::{
    event::{Body, Header},
    sync::{Limits, Page, Sealed, decode_events, decode_page, encode_events, encode_page},
};
use motcua_testkit::{
    branch::{MORNING, OFFICER, SERVICE, TestBranch, caller, case, settings},
    fuzz::{self, Dice},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A branch with a little of everything in its log.
fn busy() -> TestBranch {
    let branch = TestBranch::demo();
    let party =
        json!({"kind": "individual", "name": "Đặng Thị Ý Nhi", "id_number": "001187004521"});
    for counter in 1..=3 {
        let given = branch.ok(
            OFFICER,
            "visit.register",
            json!({"service": SERVICE, "class": "elderly", "applicant": party}),
        );
        let args = json!({"visit_id": given["visit_id"], "counter": counter});
        branch.ok(OFFICER, "queue.call", args);
    }
    let visit = branch.serving(4);
    let mut received = case();
    received["visit_id"] = json!(visit);
    branch.ok(OFFICER, "case.receive", received);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.walk_in();
    branch
}

fn log(branch: &TestBranch) -> Vec<Sealed> {
    let store = branch.app().store();
    let all = store.events_after(store.device(), 1, 0, &Limits::default());
    all.unwrap()
}

#[test]
fn fuzz_batches_and_pages() {
    let events = log(&busy());
    let limits = Limits::default();
    let pieces = || events.chunks(3).take(12);
    let mut corpus: Vec<Vec<u8>> = pieces().map(encode_events).collect();
    corpus.push(encode_events(&events));
    fuzz::run("batch of events", 0.06, &corpus, |bytes| {
        if let Ok(events) = decode_events(bytes, &limits) {
            assert_eq!(encode_events(&events), bytes, "read and written again");
        }
    });
    let page = |events: &[Sealed]| {
        encode_page(&Page {
            events: events.to_vec(),
            next: 77,
            more: events.len() > 2,
        })
    };
    let mut corpus: Vec<Vec<u8>> = pieces().map(page).collect();
    corpus.push(page(&[]));
    fuzz::run("page of the feed", 0.06, &corpus, |bytes| {
        if let Ok(page) = decode_page(bytes, &limits) {
            assert_eq!(encode_page(&page), bytes, "read and written again");
        }
    });
}

/// A device of the branch that writes nonsense into a sound chain.
struct Liar {
    device: Uuid,
    seq: u64,
    prev: [u8; 32],
    dice: Dice,
    entities: Vec<Uuid>,
}

impl Liar {
    fn event(&mut self, kind: &str, body: &[u8]) -> Sealed {
        self.seq += 1;
        let header = Header {
            device: self.device,
            epoch: 1,
            seq: self.seq,
            event_id: Uuid::from_u128(u128::from(self.dice.roll())),
            entity: *self.dice.of(&self.entities),
            kind: kind.to_owned(),
            kind_v: 1,
            actor: OFFICER.to_owned(),
            command_id: Uuid::from_u128(u128::from(self.dice.roll())),
            business_date: chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(),
            wall_ms: match self.dice.below(8) {
                0 => self.dice.roll() as i64,
                _ => MORNING + self.dice.below(1 << 40) as i64 - (1 << 39),
            },
            boot: Uuid::nil(),
            mono_ms: self.dice.roll() as i64,
            skew_ms: 0,
            deps: Vec::new(),
        };
        let sealed = Sealed::new(header, vec![7; 16], body.to_vec(), self.prev);
        self.prev = sealed.hash;
        sealed
    }
}

#[test]
fn fuzz_bodies_of_events() {
    let branch = busy();
    let events = log(&branch);
    // Kind and body, as one example.
    let corpus: Vec<Vec<u8>> = (events.iter())
        .map(|e| [e.header.kind.as_bytes(), b"\n", &e.body].concat())
        .collect();
    let mut entities: Vec<Uuid> = events.iter().map(|e| e.header.entity).collect();
    entities.push(Uuid::from_u128(1));
    let liar = RefCell::new(Liar {
        device: Uuid::from_u128(0x11a6),
        seq: 0,
        prev: [0; 32],
        dice: Dice::new(1),
        entities,
    });
    let store = branch.app().store();
    fuzz::run("bodies of events into a store", 0.2, &corpus, |bytes| {
        let mut parts = bytes.splitn(2, |b| *b == b'\n');
        let kind = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let body = parts.next().unwrap_or_default();
        Body::read(&kind, body).ok();
        let event = liar.borrow_mut().event(&kind, body);
        // What a peer brings has been through its frame.
        let framed = encode_events(std::slice::from_ref(&event));
        match decode_events(&framed, &Limits::default()) {
            Ok(events) => assert_eq!(store.ingest(&events, MORNING).unwrap().stored, 1),
            Err(_) => {
                let mut liar = liar.borrow_mut();
                (liar.seq, liar.prev) = (event.header.seq - 1, event.prev_hash);
            }
        }
    });
    // The queue goes on, and everything still follows from the log.
    branch
        .app()
        .call(&caller(OFFICER), "queue.snapshot", json!({}))
        .unwrap();
    let before = branch.dump();
    branch.app().rebuild().unwrap();
    assert!(branch.dump() == before, "a rebuild comes to something else");
}

#[test]
fn fuzz_what_a_scanner_reads() {
    let corpus: Vec<Vec<u8>> = [
        "001187004521|012345678|Đặng Thị Ý Nhi|01021987|Nữ|Số 1, đường Mẫu, phường Bình Minh|11062021",
        "001090000001||Nguyen Van A|31121990|Nam|So 1, Ha Noi|01012022|01012032",
        "H99.12-261123-0001", "A-031", "2B-007", "IDVNM1870045217001187004521<<8",
        "001187004521", "0912345846", "0101234567-001", "https://dichvucong.gov.vn/x?ma=1",
        "DN4797915071234|4e677579", "+84 912 345 846", "Đ\u{301}a\u{302}\u{309}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    fuzz::run("cards, codes and numbers", 0.1, &corpus, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(card) = card::parse(&text, today) {
            // Whatever is understood of it once more is of the same person.
            if let Ok(again) = card::parse(&card.qr_text(), today) {
                assert_eq!(again.number, card.number);
            }
        }
        scan::recognise(&text);
        IdNumber::parse(&text).ok();
        TaxCode::parse(&text).ok();
        phone::parse(&text).ok();
    });
}

fn workbook() -> Vec<u8> {
    let cell =
        |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\">{}{}</row><row r=\"2\">{}{}</row></sheetData></worksheet>",
        cell("A1", "Mã thủ tục"),
        cell("B1", "Tên thủ tục"),
        cell("A2", "1.001193"),
        cell("B2", "Đăng ký khai sinh")
    );
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>",
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn fuzz_catalogue_files() {
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/catalogue");
    let mut json = fs::read(format!("{assets}/demo.json")).unwrap();
    let whole: Value = serde_json::from_slice(&json).unwrap();
    // A short one too, in which a change is more often one that matters.
    if let Some(first) = whole.as_array().and_then(|all| all.first()) {
        json = serde_json::to_vec(&json!([first])).unwrap();
    }
    let csv = fs::read(format!("{assets}/mau-danh-muc.csv")).unwrap();
    let wide: Vec<u8> = String::from_utf8_lossy(&csv)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let corpus = [json, csv, [&[0xff, 0xfe][..], &wide].concat(), workbook()];
    fuzz::run("catalogue files", 0.2, &corpus, |bytes| {
        if let Err(refused) = catalogue_file::read_bytes(bytes, "tep") {
            assert_eq!(refused.code, Code::CatalogueUnreadable);
        }
    });
}

#[test]
fn fuzz_backups() {
    let mut branch = busy();
    let copy = branch.beside("copy.db");
    branch.app().backup(&copy).unwrap();
    branch.close();
    let whole = fs::read(&copy).unwrap();
    // The header alone, and whatever lies behind it.
    let corpus = [whole.clone(), whole[..4_096.min(whole.len())].to_vec()];
    fuzz::run("backups", 0.2, &corpus, |bytes| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup.db");
        fs::write(&file, bytes).unwrap();
        let settings = settings(folder.path());
        let clock = ManualClock::at(MORNING);
        if App::restore(&settings, &file, &clock).is_ok() {
            let app = App::open(settings, Arc::new(clock)).expect("what was restored opens");
            assert!(app.verify().unwrap().findings.is_empty());
        } else {
            assert!(!settings.dir.join("motcua.db").exists(), "half a restore");
        }
    });
}

/// Arguments of every command and query that a screen or a counter may send.
#[test]
fn fuzz_arguments_of_commands() {
    let branch = busy();
    let queue = branch.ok(OFFICER, "queue.snapshot", json!({}));
    let visit = queue["waiting"][0]["visit_id"].clone();
    let mut examples: Vec<(String, Value)> = [
        ("visit.register", json!({"service": SERVICE, "class": "elderly", "party_size": 2,
            "applicant": {"kind": "individual", "name": "Lò Thị Mai", "phone": "0912345678"}})),
        ("queue.call_next", json!({"counter": 2})),
        ("queue.call", json!({"visit_id": visit, "counter": 3})),
        ("leg.hold", json!({"visit_id": visit, "reason": "chờ bản sao", "minutes": 10})),
        ("leg.transfer", json!({"visit_id": visit, "service": "noi-vu"})),
        ("case.receive", case()),
        ("case.search", json!({"text": "nguyen", "limit": 50})),
        ("identity.parse", json!({"raw": "001187004521||A B|01021987|Nữ|X|11062021"})),
        ("calendar.due", json!({"received_at": "2026-11-23T08:00:00+07:00", "limit": {"value": 5, "unit": "working_day"}})),
        ("branch.configure", json!({"branch": branch.ok(OFFICER, "branch.get", json!({}))["branch"]})),
    ]
    .map(|(name, args)| (name.to_owned(), args))
    .to_vec();
    for command in motcua_app::commands() {
        let name = command["name"].as_str().unwrap().to_owned();
        examples.push((name, json!({"visit_id": visit})));
    }
    let corpus: Vec<Vec<u8>> = (examples.iter())
        .map(|(name, args)| format!("{name}\n{args}").into_bytes())
        .collect();
    fuzz::run("arguments of commands", 0.18, &corpus, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (name, args) = text.split_once('\n').unwrap_or((&text, ""));
        let args = serde_json::from_str(args).unwrap_or(json!({}));
        for officer in [OFFICER, "lan"] {
            if let Err(refused) = branch.call(officer, name, Value::clone(&args)) {
                let fault = [Code::InternalFault, Code::StoreFault, Code::StoreDamaged];
                assert!(!fault.contains(&refused.code), "{name} {args}: {refused:?}");
            }
        }
    });
    branch.assert_sound();
}
