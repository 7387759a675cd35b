//! One procedure in the field names of the national portal's `LayThuTuc` answer.

use serde_json::{Map, Value};

use super::reading::{self, Fault, Read, as_text, fault, field, numbers};
use super::{Channel, ChannelLimit, Fee, Paper, Procedure, ResultPaper, RowRefusal};
use crate::refusal::Code;
use crate::text;

/// Papers of one procedure; the longest known list has 111.
const MAX_PAPERS: usize = 2_000;

/// Reads one `LayThuTuc` object.
///
/// Numbers may be strings, members may be missing or null, the letter case of member names
/// does not matter. Unknown members are ignored.
///
/// # Errors
/// The first thing in the row that cannot be read, with the procedure's code if there is one.
pub fn from_lay_thu_tuc(json: &Value) -> Result<Procedure, RowRefusal> {
    let Value::Object(row) = json else {
        let reason = "Dòng này không phải là một thủ tục.".to_owned();
        return Err(RowRefusal {
            code: None,
            problem: Code::ProcedureInvalid,
            reason,
        });
    };
    let code = match code_of(row) {
        Ok(code) => code,
        Err(Fault { problem, reason }) => {
            return Err(RowRefusal {
                code: None,
                problem,
                reason,
            });
        }
    };
    procedure(row, code.clone()).map_err(|Fault { problem, reason }| RowRefusal {
        code: Some(code),
        problem,
        reason,
    })
}

fn code_of(row: &Map<String, Value>) -> Read<String> {
    let raw = field(row, "MATTHC");
    reading::code(
        &as_text(raw, "Mã thủ tục")?,
        raw.is_some_and(Value::is_number),
    )
}

fn procedure(row: &Map<String, Value>, code: String) -> Read<Procedure> {
    let name = reading::name(&string(row, "TENTTHC", "Tên thủ tục")?, "Tên thủ tục")?;
    if name.is_empty() {
        return fault(Code::ProcedureNameMissing, "Dòng này không có tên thủ tục.");
    }
    let optional = |key: &str, what: &str| reading::optional_name(&string(row, key, what)?, what);
    let (field_name, field_code) = fields(row)?;
    Ok(Procedure {
        code,
        name,
        level: optional("CAPTHUCHIEN", "Cấp thực hiện")?,
        decision: optional("SOQUYETDINH", "Số quyết định")?,
        field_name,
        field_code,
        agency: optional("COQUANTHUCHIEN", "Cơ quan thực hiện")?,
        subjects: subjects(field(row, "DOITUONGTHUCHIEN"))?,
        channels: channels(row)?,
        papers: papers(row)?,
        results: results(row)?,
        requirements: Some(reading::paragraphs(
            &string(row, "YEUCAU", "Yêu cầu, điều kiện")?,
            "Yêu cầu, điều kiện",
        )?)
        .filter(|t| !t.is_empty()),
        effective_from: reading::date(&string(row, "NGAYAPDUNG", "Ngày áp dụng")?)?,
        sample: false,
    })
}

fn string(row: &Map<String, Value>, key: &str, what: &str) -> Read<String> {
    as_text(field(row, key), what)
}

/// Members of a list; one object instead of a list counts as a list of one.
fn objects<'a>(
    row: &'a Map<String, Value>,
    key: &str,
    what: &str,
) -> Read<Vec<&'a Map<String, Value>>> {
    let wrong = || {
        fault(
            Code::ProcedureInvalid,
            format!("{what} ({key}) không đúng dạng danh sách."),
        )
    };
    match field(row, key) {
        None => Ok(Vec::new()),
        Some(Value::Object(one)) => Ok(vec![one]),
        Some(Value::String(s)) if s.trim().is_empty() => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            let mut out = Vec::with_capacity(list.len());
            for item in list.iter().filter(|v| !v.is_null()) {
                match item {
                    Value::Object(map) => out.push(map),
                    _ => return wrong(),
                }
            }
            Ok(out)
        }
        Some(_) => wrong(),
    }
}

fn fields(row: &Map<String, Value>) -> Read<(Option<String>, Option<String>)> {
    if let Some(Value::String(name)) = field(row, "LINHVUCTHUCHIEN") {
        return Ok((reading::optional_name(name, "Lĩnh vực")?, None));
    }
    let (mut names, mut codes) = (Vec::new(), Vec::new());
    for item in objects(row, "LINHVUCTHUCHIEN", "Lĩnh vực")? {
        names.extend(reading::optional_name(
            &string(item, "TENLINHVUC", "Lĩnh vực")?,
            "Lĩnh vực",
        )?);
        codes.extend(reading::optional_name(
            &string(item, "MALINHVUC", "Mã lĩnh vực")?,
            "Mã lĩnh vực",
        )?);
    }
    let joined = |list: Vec<String>| Some(list.join("; ")).filter(|t| !t.is_empty());
    Ok((joined(names), joined(codes)))
}

/// Commas separate subjects, but not within brackets: "Tổ chức (không bao gồm doanh nghiệp, HTX)".
pub(crate) fn split_subjects(raw: &str) -> Read<Vec<String>> {
    let mut depth = 0_i32;
    let mut out = Vec::new();
    let parts = raw.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ';' || (c == ',' && depth <= 0)
    });
    for part in parts.collect::<Vec<_>>() {
        out.extend(reading::optional_name(part, "Đối tượng thực hiện")?);
    }
    Ok(out)
}

fn subjects(value: Option<&Value>) -> Read<Vec<String>> {
    match value {
        Some(Value::Array(list)) => {
            let mut out = Vec::new();
            for item in list {
                out.extend(reading::optional_name(
                    &as_text(Some(item), "Đối tượng thực hiện")?,
                    "Đối tượng thực hiện",
                )?);
            }
            Ok(out)
        }
        other => split_subjects(&as_text(other, "Đối tượng thực hiện")?),
    }
}

/// The portal repeats a channel for each variant of the procedure; here each stands once.
fn channels(row: &Map<String, Value>) -> Read<Vec<Channel>> {
    let mut out: Vec<Channel> = Vec::new();
    for item in objects(row, "CACHTHUCTHUCHIEN", "Cách thức thực hiện")? {
        let kind = reading::channel(&string(item, "KENH", "Hình thức nộp")?)?;
        let mut limits = Vec::new();
        for time in objects(item, "THOIGIAN", "Thời gian giải quyết")? {
            limits.push(channel_limit(time)?);
        }
        match out.iter_mut().find(|c| c.kind == kind) {
            Some(channel) => channel.limits.extend(limits),
            None => out.push(Channel { kind, limits }),
        }
    }
    Ok(out)
}

fn channel_limit(time: &Map<String, Value>) -> Read<ChannelLimit> {
    let value = string(time, "THOIGIANGIAIQUYET", "Thời gian giải quyết")?;
    let unit = string(time, "DONVITINH", "Đơn vị thời hạn")?;
    let mut fees = Vec::new();
    for fee in objects(time, "PHILEPHI", "Phí, lệ phí")? {
        fees.push(read_fee(
            &string(fee, "SOTIEN", "Số tiền")?,
            &string(fee, "DONVI", "Đơn vị tiền")?,
            &string(fee, "MOTA", "Mô tả phí")?,
        )?);
    }
    Ok(ChannelLimit {
        limit: numbers::time_limit(&value, &unit)?,
        text: reading::paragraphs(&string(time, "MOTA", "Mô tả")?, "Mô tả")?,
        fees,
    })
}

/// An amount in another currency, or in words, is kept as text: it must never be taken for đồng.
pub(crate) fn read_fee(raw: &str, unit: &str, note: &str) -> Read<Fee> {
    let unit = reading::optional_name(unit, "Đơn vị tiền")?.unwrap_or_default();
    let note = reading::paragraphs(note, "Mô tả phí")?;
    let in_dong = matches!(
        text::fold(&unit).as_str(),
        "" | "vnd" | "dong" | "d" | "viet nam dong" | "dong viet nam"
    );
    let amount = if in_dong { numbers::money(raw)? } else { None };
    let mut words = Vec::new();
    if amount.is_none() && !raw.trim().is_empty() {
        words.push(reading::paragraphs(
            &format!("{raw} {unit}"),
            "Phí, lệ phí",
        )?);
    }
    words.extend(Some(note).filter(|n| !n.is_empty()));
    Ok(Fee {
        amount,
        unit,
        text: words.join("\n"),
    })
}

fn papers(row: &Map<String, Value>) -> Read<Vec<Paper>> {
    let mut out = Vec::new();
    for case in objects(row, "THANHPHANHOSO", "Thành phần hồ sơ")? {
        let group =
            reading::optional_name(&string(case, "TRUONGHOP", "Trường hợp")?, "Trường hợp")?;
        for item in objects(case, "GIAYTO", "Giấy tờ")? {
            out.extend(paper(item, group.clone())?);
            if out.len() > MAX_PAPERS {
                return fault(
                    Code::NumberOutOfRange,
                    format!("Thủ tục có hơn {MAX_PAPERS} giấy tờ."),
                );
            }
        }
    }
    Ok(out)
}

/// A line without a name is a leftover of the source's layout and asks for nothing.
fn paper(item: &Map<String, Value>, group: Option<String>) -> Read<Option<Paper>> {
    let name = reading::line(&string(item, "TENGIAYTO", "Tên giấy tờ")?, "Tên giấy tờ")?;
    if name.is_empty() {
        return Ok(None);
    }
    let printed = numbers::count(&string(item, "SOBANCHINH", "Số bản chính")?, "Số bản chính")?;
    let copies = numbers::count(&string(item, "SOBANSAO", "Số bản sao")?, "Số bản sao")?;
    // The portal's older answers have no numbers: a listed paper is then asked for once.
    let printed = printed.unwrap_or(u32::from(copies.is_none()));
    let glued = ran_into_name(&name, printed);
    let originals =
        numbers::within_count(if glued { printed % 10 } else { printed }, "Số bản chính")?;
    let copies = numbers::within_count(copies.unwrap_or(0), "Số bản sao")?;
    Ok(Some(Paper {
        required: reading::asked_of_everyone(&name, originals, copies),
        name,
        originals,
        copies,
        group,
        form_name: reading::optional_name(
            &string(item, "TENMAUDON", "Tên mẫu đơn")?,
            "Tên mẫu đơn",
        )?,
        code: reading::optional_name(&string(item, "MAGIAYTO", "Mã giấy tờ")?, "Mã giấy tờ")?,
        originals_printed: glued.then_some(printed),
    }))
}

/// Whether the number of originals begins with the end of the paper's name. Portal pages print
/// both without a blank between: "… theo Mẫu số 18" and 1 original become "… theo Mẫu số" and
/// 181; "… ngày 31/12/2025" and 1 become "… ngày 31/12/" and 20251. Only a name that breaks off
/// where a number must follow is taken so; any other impossible number is refused.
fn ran_into_name(name: &str, printed: u32) -> bool {
    if printed < 10 {
        return false;
    }
    // With diacritics: "hồ sơ" is no "số", and "theo quy định" breaks off nowhere.
    let lower = name.to_lowercase();
    let last = lower.rsplit(' ').next().unwrap_or_default();
    let breaks_off = lower.ends_with('/') || matches!(last, "số" | "mẫu" | "năm");
    let law = ["nghị định", "thông tư", "quyết định"]
        .iter()
        .any(|kind| lower.ends_with(kind));
    // Form numbers that go on with digits: "BM.NCC.20" | "31", "03-QĐ" | "6131".
    let has_digit = last.chars().any(|c| c.is_ascii_digit());
    let dotted = last.contains('.') && !last.ends_with('.') && has_digit;
    let hyphened = last.contains('-') && has_digit;
    breaks_off || dotted || (printed > numbers::MAX_COUNT && (law || hyphened))
}

fn results(row: &Map<String, Value>) -> Read<Vec<ResultPaper>> {
    let mut out = Vec::new();
    for item in objects(row, "KETQUATHUCHIEN", "Kết quả thực hiện")? {
        let code = reading::optional_name(&string(item, "MAKETQUA", "Mã kết quả")?, "Mã kết quả")?;
        let name = reading::line(&string(item, "TENKETQUA", "Tên kết quả")?, "Tên kết quả")?;
        // A code alone still tells which result it is.
        let name = if name.is_empty() {
            code.clone().unwrap_or_default()
        } else {
            name
        };
        if !name.is_empty() {
            out.push(ResultPaper { code, name });
        }
    }
    Ok(out)
}
