//! The whole life of five cases in the real window, by keys: handed out, supplemented and posted,
//! refused, put off and fetched by a proxy, withdrawn. What comes out of the real printing service
//! is read back.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::{cups::CupsHarness, webdriver::Window};
use serde_json::{Value, json};

use crate::branch::{Branch, PROCEDURE};

/// A case that was taken in, and the window on which it is worked.
struct Life<'a> {
    branch: &'a Branch,
    window: &'a Window,
    id: String,
    name: &'a str,
}

impl<'a> Life<'a> {
    /// Taken in by the window's own process; receiving by keys has a story of its own. Then the
    /// case is found by a part of its name without diacritics, and opened.
    fn begin(branch: &'a Branch, window: &'a Window, name: &'a str, typed: &str) -> Result<Self> {
        let hits = branch.call("catalogue.search", &json!({"text": PROCEDURE}))?;
        let received = branch.call(
            "case.receive",
            &json!({
                "procedure_code": hits[0]["code"],
                "applicant": {"kind": "individual", "name": name, "id_number": "001190000001"},
                "papers": [],
                "missing_ground": "Công dân bổ sung sau",
                "limit": {"value": 20, "unit": "working_day"},
            }),
        )?;
        let id = received["case_id"].as_str().context("an id")?.to_owned();
        window.press("Ctrl+F")?;
        window.type_text(typed)?;
        window.wait_until(
            "the case alone in the list",
            &format!(
                "document.querySelectorAll('.cases tbody tr').length === 1 && document.querySelector('.cases tbody tr').innerText.normalize().includes({})",
                json!(name)
            ),
        )?;
        window.press("Enter")?;
        window.wait_until(
            "its drawer",
            &format!(
                "document.querySelector('.drawer')?.innerText.normalize().includes({})",
                json!(name)
            ),
        )?;
        Ok(Self {
            branch,
            window,
            id,
            name,
        })
    }

    /// Opens the dialog of an act by its key, fills it and confirms; then the case has that status.
    fn act(&self, key: &str, title: &str, fields: &[(&str, &str)], status: &str) -> Result<()> {
        self.open(key, title)?;
        for (field, text) in fields {
            self.fill(field, text)?;
        }
        self.confirm(status)
    }

    fn open(&self, key: &str, title: &str) -> Result<()> {
        self.window.press(key)?;
        self.window.wait_until(
            &format!("the dialog of {key} for {}", self.name),
            &format!(
                "document.querySelector('dialog[open]')?.innerText.normalize().includes({})",
                json!(title)
            ),
        )?;
        Ok(())
    }

    fn fill(&self, field: &str, text: &str) -> Result<()> {
        self.window
            .click(&format!("dialog [data-field='{field}']"))?;
        self.window.type_text(text)
    }

    fn confirm(&self, status: &str) -> Result<()> {
        self.window.press("Enter")?;
        self.window.wait_until(
            &format!("{} done for {}", status, self.name),
            "document.querySelector('dialog[open]') === null",
        )?;
        let now = self.view()?["case"]["status"].clone();
        ensure!(now == status, "{}: {now} and not {status}", self.name);
        Ok(())
    }

    fn view(&self) -> Result<Value> {
        self.branch.call("case.get", &json!({"id": self.id}))
    }

    /// The drawer tells it in words; then it is closed, and the search has the keys again.
    fn ends(&self, words: &str) -> Result<()> {
        self.window.wait_until(
            words,
            &format!(
                "document.querySelector('.drawer')?.innerText.normalize().includes({})",
                json!(words)
            ),
        )?;
        self.window.press("Escape")?;
        self.window
            .wait_until("no drawer", "document.querySelector('.drawer') === null")?;
        Ok(())
    }
}

fn text_of(paper: &Path) -> Result<String> {
    let output = Command::new("pdftotext").arg(paper).arg("-").output()?;
    ensure!(output.status.success(), "pdftotext {}", paper.display());
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn five_cases_go_through_their_lives_by_keys() -> Result<()> {
    let cups = CupsHarness::start()?;
    let mut branch = Branch::new()?;
    branch.cups = cups.address();
    let window = branch.sign_in()?;
    branch.assign("receipt", &format!("cups:{}", cups.queue_pdf()))?;
    window.press("Ctrl+3")?;
    window.wait_until("the search", "document.activeElement?.id === 'case-search'")?;

    // One goes its way, and the owner fetches the result.
    let one = Life::begin(&branch, &window, "Lò Thị Mai", "lo thi mai")?;
    one.act(
        "F6",
        "Chuyển nơi giải quyết",
        &[("to", "Phòng Tư pháp")],
        "processing",
    )?;
    one.act(
        "F3",
        "Nhận kết quả",
        &[("result.number", "12/2026")],
        "done",
    )?;
    one.act("F2", "Trả kết quả", &[], "returned")?;
    one.ends("Trả kết quả cho chủ hồ sơ")?;

    // One lacks a paper, is complete, and goes home by post.
    let two = Life::begin(&branch, &window, "Giàng A Sử", "giang a su")?;
    let asked = [
        ("content", "Sửa ngày sinh ở mục 3"),
        ("reason", "Hồ sơ thiếu giấy chứng sinh"),
    ];
    two.act("F4", "Yêu cầu bổ sung", &asked, "supplement_requested")?;
    two.act("F4", "Đã bổ sung đủ", &[], "received")?;
    two.act(
        "F6",
        "Chuyển nơi giải quyết",
        &[("to", "Phòng Tư pháp")],
        "processing",
    )?;
    two.act(
        "F3",
        "Nhận kết quả",
        &[("result.number", "13/2026")],
        "done",
    )?;
    two.open("F2", "Trả kết quả")?;
    window.press("Down")?;
    window.press("Down")?;
    two.fill("recipient.waybill", "EB123456789VN")?;
    two.fill(
        "recipient.address",
        "Bản Pa Ham, xã Hừa Ngài, tỉnh Điện Biên",
    )?;
    two.confirm("returned")?;
    two.ends("EB123456789VN")?;

    // One is refused, not without a reason.
    let three = Life::begin(&branch, &window, "Hoàng Văn Ký", "hoang van ky")?;
    three.open("F7", "Từ chối")?;
    window.press("Enter")?;
    window.wait_until(
        "the field at fault",
        "document.querySelector('dialog .err')",
    )?;
    ensure!(
        three.view()?["case"]["status"] == "received",
        "nothing is written yet"
    );
    three.fill("reason", "Không thuộc thẩm quyền giải quyết")?;
    three.confirm("refused")?;
    three.ends("Không thuộc thẩm quyền giải quyết")?;

    // One is put off with an apology, comes back once, and is fetched by a proxy.
    let four = Life::begin(&branch, &window, "Đặng Thị Uyển", "dang thi uyen")?;
    let later = branch.call(
        "calendar.due",
        &json!({"limit": {"value": 25, "unit": "working_day"}}),
    )?;
    let later = later["due_at"].as_str().context("a date")?;
    let day = format!("{}/{}/{}", &later[8..10], &later[5..7], &later[..4]);
    let put_off = [
        ("date", day.as_str()),
        ("reason", "Cơ quan lưu trữ chưa gửi bản xác minh"),
    ];
    four.act("F5", "Xin lỗi, hẹn lại ngày", &put_off, "received")?;
    four.act(
        "F6",
        "Chuyển nơi giải quyết",
        &[("to", "Phòng Nội vụ")],
        "processing",
    )?;
    four.act(
        "F6",
        "Nhận lại hồ sơ",
        &[("reason", "Gửi nhầm phòng")],
        "received",
    )?;
    four.act(
        "F6",
        "Chuyển nơi giải quyết",
        &[("to", "Phòng Tư pháp")],
        "processing",
    )?;
    four.act(
        "F3",
        "Nhận kết quả",
        &[("result.number", "14/2026")],
        "done",
    )?;
    four.open("F2", "Trả kết quả")?;
    window.press("Down")?;
    four.fill("recipient.name", "Đặng Văn Phúc")?;
    window.press("Enter")?;
    window.wait_until(
        "not without an authorisation",
        "document.querySelector('dialog .err')",
    )?;
    ensure!(
        four.view()?["case"]["status"] == "done",
        "nothing is handed out yet"
    );
    four.fill("recipient.authorisation", "số 12/GUQ ngày 20/11/2026")?;
    four.confirm("returned")?;
    four.ends("Đặng Văn Phúc")?;

    // One is taken back by whoever brought it.
    let five = Life::begin(&branch, &window, "Mùa A Chu", "mua a chu")?;
    five.act(
        "F8",
        "Công dân rút hồ sơ",
        &[("reason", "Công dân đổi ý")],
        "withdrawn",
    )?;
    five.ends("Công dân đổi ý")?;

    // Every act had its paper, out of the real printing service.
    window.wait_until(
        "no paper waits",
        "!document.body.innerText.normalize().includes('Đang in')",
    )?;
    let papers = cups.outputs()?;
    let mut texts = Vec::new();
    for paper in &papers {
        texts.push(text_of(paper)?);
    }
    for (title, name) in [
        ("KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT", "LÒ THỊ MAI"),
        ("BỔ SUNG, HOÀN THIỆN HỒ SƠ", "GIÀNG A SỬ"),
        ("TỪ CHỐI TIẾP NHẬN", "HOÀNG VĂN KÝ"),
        ("XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", "ĐẶNG THỊ UYỂN"),
        ("TRẢ KẾT QUẢ", "ĐẶNG VĂN PHÚC"),
    ] {
        ensure!(
            texts.iter().any(|text| {
                let text = text.replace('\n', " ").to_uppercase();
                text.contains(title) && text.contains(name)
            }),
            "no paper {title} for {name} among {}: {texts:#?}",
            papers.len()
        );
    }
    for life in [&one, &two, &three, &four, &five] {
        let history = life.view()?["history"].as_array().map_or(0, Vec::len);
        ensure!(history >= 2, "{}: a history of {history}", life.name);
    }
    window.kill_nine()?;
    branch.verify()
}
