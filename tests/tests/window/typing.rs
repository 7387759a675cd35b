//! Vietnamese names, however the letters come: whole, or as a base letter and its marks. What
//! this cannot show is an input method's own window; that its keys are left alone is proved in
//! the component tests.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::branch::{Branch, call_and_start, choose_procedure, complete_papers, field};

const NAME: &str = "Nguyễn Đỗ Ặệỗ Tuyết Hường";
/// The same as base letters and marks.
const PARTS: &str = "Nguye\u{302}\u{303}n Đo\u{302}\u{303} A\u{323}\u{306}e\u{323}\u{302}o\u{302}\u{303} Tuye\u{302}\u{301}t Hu\u{31b}o\u{31b}\u{300}ng";

#[test]
fn a_name_typed_in_parts_is_stored_composed_and_fast_typing_loses_no_letter() -> Result<()> {
    let branch = Branch::new()?;
    let window = branch.sign_in()?;
    let name = field("Họ và tên");

    // Reception, composed letters, faster than any hand: no scan, as no Enter ends it.
    window.press("Ctrl+2")?;
    window.wait_text("Việc cần làm")?;
    window.click("input[data-field=name]")?;
    window.burst(NAME)?;
    window.wait_until("every letter once", &format!("{name} === {}", json!(NAME)))?;
    window.press("Tab")?;
    window.wait_until("still", &format!("{name} === {}", json!(NAME)))?;
    window.press("Escape")?;
    window.wait_until("an empty form", &format!("{name} === ''"))?;

    // Desk, somebody unknown, marks apart, at the pace of a hand.
    branch.register(None)?;
    window.press("Ctrl+1")?;
    call_and_start(&window)?;
    window.click("[data-party] input")?;
    window.type_text(PARTS)?;
    window.wait_until("the whole name", &format!("{name} === {}", json!(NAME)))?;
    choose_procedure(&window)?;
    complete_papers(&window)?;
    window.press("F9")?;
    window.wait_text("an toàn trên máy")?;
    // Found without marks, stored with them, composed.
    let found = branch.call("case.search", &json!({"text": "nguyen do aeo"}))?;
    let case = branch.call("case.get", &json!({"id": found[0]["case_id"]}))?;
    let stored = case["case"]["applicant"]["name"]
        .as_str()
        .context("a name")?;
    ensure!(
        stored == NAME,
        "stored {:?}",
        stored.escape_unicode().to_string()
    );
    Ok(())
}
