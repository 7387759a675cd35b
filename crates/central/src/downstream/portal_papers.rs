//! What the national portal is told of a case's papers: files of what was handed in, requests for
//! supplement, results. Fields and what of them is our assumption: docs/portal.md.
//!
//! Files themselves are not told: their fields want an address at which the portal fetches them,
//! and central has none to give.

use std::collections::BTreeMap;

use motcua_domain::case::{AttachedTo, Attachment, PaperOrigin, Supplement};
use serde_json::Value;

use super::{
    Facts,
    http::{Record, time},
};

/// `yyyyMMddHHmmss`
const TIME: &str = "%Y%m%d%H%M%S";
const YES: &str = "1";
const NO: &str = "0";

/// Everything there is to tell of papers.
pub(super) fn put(record: &mut Record, facts: &Facts) {
    let case = &facts.case;
    if let Some(procedure) = &facts.beside.procedure {
        record.put_some("MaLinhVuc", procedure.field_code.as_ref());
        record.put_some("TenLinhVuc", procedure.field_name.as_ref());
    }
    let gone = case.detached.iter().map(|d| (&d.attachment, true));
    let standing = || case.attachments.iter().map(|a| (a, false));
    let files: Vec<Value> = (standing().chain(gone))
        .filter_map(|(file, gone)| handed_in(facts, file, gone))
        .collect();
    put_list(record, "TaiLieuNop", files);
    put_list(record, "DanhSachTepDinhKemKhac", others(&case.attachments));
    record.put_some("HoSoCoThanhPhanSoHoa", digitised(&case.attachments));
    put_list(record, "DanhSachHoSoBoSung", {
        let asked = case.supplements().into_iter().enumerate();
        asked
            .map(|(nth, one)| supplement(facts, nth, one))
            .collect()
    });
    put_list(record, "DanhSachGiayToKetQua", results(facts));
}

/// An empty list would say that there is none of it, also where nobody recorded it.
fn put_list(record: &mut Record, field: &str, list: Vec<Value>) {
    if !list.is_empty() {
        record.put(field, list);
    }
}

/// A file of a paper in the procedure's list.
fn handed_in(facts: &Facts, file: &Attachment, gone: bool) -> Option<Value> {
    let AttachedTo::Paper { index } = file.file.paper else {
        return None;
    };
    let mut record = Record::default();
    record.put("TepDinhKemId", file.file.id);
    record.put("TenTepDinhKem", &file.file.name);
    record.put("IsDeleted", if gone { YES } else { NO });
    let paper = facts.paper(index);
    record.put_some("MaThanhPhanHoSo", paper.and_then(|p| p.code.as_ref()));
    match file.file.origin {
        PaperOrigin::Digitised => {
            record.put("DuocSoHoa", YES);
            record.put("DuocTaiSuDung", NO);
            record.put("DuocLayTuKhoDMQG", NO);
        }
        PaperOrigin::Original => {
            record.put("DuocSoHoa", NO);
            record.put("DuocTaiSuDung", NO);
        }
        // Whether it was scanned then, the earlier case knows and this one does not.
        PaperOrigin::Reused => {
            record.put("DuocTaiSuDung", YES);
            record.put("DuocLayTuKhoDMQG", NO);
        }
    }
    Some(Value::Object(record.0))
}

/// Papers outside the procedure's list, with how many files there are of each.
fn others(files: &[Attachment]) -> Vec<Value> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for file in files {
        if let AttachedTo::Other { name } = &file.file.paper {
            *counts.entry(name).or_default() += 1;
        }
    }
    let one = |(name, count): (&str, u32)| {
        let mut record = Record::default();
        record.put("TenGiayTo", name);
        record.put("SoLuong", count.to_string());
        Value::Object(record.0)
    };
    counts.into_iter().map(one).collect()
}

/// Whether a paper that was handed in was digitised. Where all there is was taken over from earlier
/// cases, ours do not say.
fn digitised(files: &[Attachment]) -> Option<&'static str> {
    let handed_in = || files.iter().filter(|f| f.file.paper != AttachedTo::Result);
    let any = |origin| handed_in().any(|f| f.file.origin == origin);
    if any(PaperOrigin::Digitised) {
        return Some(YES);
    }
    (!any(PaperOrigin::Reused)).then_some(NO)
}

fn supplement(facts: &Facts, nth: usize, one: Supplement<'_>) -> Value {
    let mut record = Record::default();
    record.put("HoSoBoSungId", (nth + 1).to_string());
    record.put_some("NguoiYeuCauBoSung", facts.officer(&one.asked.officer));
    let wanted: Vec<&str> = one.wanted.papers.iter().map(|p| p.name.as_str()).collect();
    let wanted = (!wanted.is_empty()).then(|| format!("Giấy tờ: {}", wanted.join("; ")));
    let reason = Some(format!("Lý do: {}", one.wanted.reason));
    let said = [one.wanted.content.clone(), wanted, reason];
    let said: Vec<String> = said.into_iter().flatten().collect();
    record.put("NoiDungBoSung", said.join("\n"));
    record.put_some("NgayBoSung", time(one.asked.at_ms, TIME));
    let at = |ms: Option<i64>| ms.and_then(|ms| time(ms, TIME));
    record.put_some("NgayHenTraTruoc", at(one.due_before_ms));
    if let Some((act, complete)) = one.completed {
        record.put_some("NguoiTiepNhanBoSung", facts.officer(&act.officer));
        record.put_some("NgayTiepNhanBoSung", time(act.at_ms, TIME));
        record.put_some("NgayHenTraMoi", at(complete.due_ms));
    }
    Value::Object(record.0)
}

/// Result papers: their files, and without any what was noted of the result when it came.
fn results(facts: &Facts) -> Vec<Value> {
    let case = &facts.case;
    let kind = case.result_note().and_then(|note| note.kind.as_ref());
    let files = case.attachments.iter();
    let files = files.filter(|f| f.file.paper == AttachedTo::Result);
    let mut told: Vec<Value> = files
        .map(|file| {
            let mut record = Record::default();
            record.put("TenGiayTo", kind.unwrap_or(&file.file.name));
            record.put("GiayToId", file.file.id);
            // A code that a desk makes for itself is no code of a paper elsewhere.
            let code = (!file.file.has_own_code()).then_some(&file.file.code);
            record.put_some("MaGiayToKetQua", code);
            Value::Object(record.0)
        })
        .collect();
    if told.is_empty()
        && let Some(kind) = kind
    {
        let mut record = Record::default();
        record.put("TenGiayTo", kind);
        told.push(Value::Object(record.0));
    }
    told
}
