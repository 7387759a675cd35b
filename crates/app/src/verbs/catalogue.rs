//! The catalogue of procedures, and due times.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    calendar::{Limit, LimitUnit},
    catalogue::{ChannelKind, ParsedFile, Procedure, content_hash, fee_summary, primary_limit},
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, ProcedurePublished},
    verbs::case::{
        CalendarDue, CatalogueEntry, CatalogueGet, CatalogueHit, CatalogueImport,
        CatalogueImported, CatalogueSearch, DueAnswer, RejectedRow,
    },
};
use motcua_store::{
    Write,
    table::branch::{ProcedureRow, procedure_entity},
};

use crate::{App, Result, catalogue_file, registry::Ctx};

/// A limit in words.
pub(crate) fn limit_text(limit: Option<Limit>) -> String {
    match limit {
        None => "Không quy định thời hạn".to_owned(),
        Some(limit) if limit.value == 0 => "Trả ngay".to_owned(),
        Some(limit) => format!("{} {}", limit.value, unit_text(limit.unit)),
    }
}

/// A unit in words.
pub(crate) fn unit_text(unit: LimitUnit) -> &'static str {
    match unit {
        LimitUnit::WorkingDay => "ngày làm việc",
        LimitUnit::Day => "ngày",
        LimitUnit::WorkingHour => "giờ làm việc",
        LimitUnit::Hour => "giờ",
        LimitUnit::Month => "tháng",
    }
}

/// Whole đồng with dots between thousands.
pub(crate) fn dong(amount: u64) -> String {
    format!("{} đ", text::grouped(amount))
}

fn fee_text(procedure: &Procedure) -> (Option<u64>, String) {
    let summary = fee_summary(procedure, ChannelKind::Counter);
    if summary.free {
        return (Some(0), "Không thu phí".to_owned());
    }
    match summary.amounts.as_slice() {
        [amount] => (Some(*amount), dong(*amount)),
        [] if summary.note.is_empty() => (None, "Chưa có mức phí trong danh mục".to_owned()),
        [] => (None, "Theo quy định, xem ghi chú".to_owned()),
        // Several amounts: which one applies is the officer's to say.
        [least, ..] => (
            None,
            format!(
                "Từ {}, tùy trường hợp",
                dong(summary.amounts.iter().copied().min().unwrap_or(*least))
            ),
        ),
    }
}

/// The procedure in force on the day, or a refusal that names the field.
pub(crate) fn in_force(
    read: &motcua_store::Read<'_>,
    code: &str,
    on: NaiveDate,
) -> Result<ProcedureRow> {
    let code = text::required(code, limit::CODE).map_err(|r| r.at("procedure_code"))?;
    read.procedure(&code, on)?.ok_or_else(|| {
        Refusal::new(
            Code::ProcedureUnknown,
            format!("Danh mục không có thủ tục mã {code} đang áp dụng. Mời chọn lại thủ tục."),
        )
        .at("procedure_code")
        .into()
    })
}

fn entry(row: ProcedureRow) -> CatalogueEntry {
    let limit = primary_limit(&row.procedure, ChannelKind::Counter);
    let (fee, fee_text) = fee_text(&row.procedure);
    CatalogueEntry {
        limit_text: limit_text(limit),
        limit,
        fee,
        fee_text,
        version: row.version,
        procedure: row.procedure,
    }
}

/// `catalogue.get`
pub(crate) fn get(app: &App, _ctx: &Ctx, args: CatalogueGet) -> Result<CatalogueEntry> {
    let on = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    app.store
        .read(|read| in_force(read, &args.code, on))
        .map(entry)
        .map_err(|error| {
            let mut refusal = Refusal::from(error);
            if refusal.field.is_some() {
                refusal.field = Some("code".to_owned());
            }
            refusal.into()
        })
}

/// `catalogue.search`
pub(crate) fn search(app: &App, _ctx: &Ctx, args: CatalogueSearch) -> Result<Vec<CatalogueHit>> {
    let typed = text::line(&args.text, limit::SEARCH).map_err(|r| r.at("text"))?;
    let most = args.limit.unwrap_or(10).clamp(1, 100) as usize;
    let catalogue = app.catalogue(app.today()?)?;
    let hit = |procedure: &Procedure, matches: Vec<[u32; 2]>| CatalogueHit {
        code: procedure.code.clone(),
        name: procedure.name.clone(),
        field_name: procedure.field_name.clone(),
        matches,
        limit_text: limit_text(primary_limit(procedure, ChannelKind::Counter)),
        fee_text: fee_text(procedure).1,
        papers: procedure.papers.len() as u32,
        sample: procedure.sample,
    };
    if typed.is_empty() {
        let recent = app.store.read(|read| read.recent_procedures(most))?;
        return Ok(recent
            .iter()
            .filter_map(|code| {
                catalogue
                    .procedures
                    .iter()
                    .find(|p| p.procedure.code == *code)
            })
            .map(|p| hit(&p.procedure, Vec::new()))
            .collect());
    }
    Ok(catalogue
        .index
        .search(&typed, most)
        .into_iter()
        .map(|found| {
            hit(
                &catalogue.procedures[found.index].procedure,
                found.ranges.iter().map(|r| [r.start, r.end]).collect(),
            )
        })
        .collect())
}

/// `catalogue.import`
pub(crate) fn import(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CatalogueImport,
) -> Result<CatalogueImported> {
    let bytes = STANDARD
        .decode(args.content_base64.as_bytes())
        .map_err(|_| {
            Refusal::new(Code::ArgumentInvalid, "Nội dung tệp không phải base64.")
                .at("content_base64")
        })?;
    import_bytes(tx, &args.file_name, &bytes)
}

/// Takes in what can be read of a catalogue file; the other rows come back with their reasons.
pub(crate) fn import_bytes(
    tx: &mut Write<'_>,
    file_name: &str,
    bytes: &[u8],
) -> Result<CatalogueImported> {
    let file_name = text::required(file_name, limit::NAME).map_err(|r| r.at("file_name"))?;
    let parsed = catalogue_file::read_bytes(bytes, &file_name)?;
    publish(tx, &file_name, parsed, None)
}

/// Writes down each procedure that is not as it was; `from` says that none of it holds earlier.
pub(crate) fn publish(
    tx: &mut Write<'_>,
    source: &str,
    parsed: ParsedFile,
    from: Option<NaiveDate>,
) -> Result<CatalogueImported> {
    let mut report = CatalogueImported::default();
    for (_, procedure) in parsed.procedures {
        let version = content_hash(&procedure);
        match tx.read().latest_procedure_version(&procedure.code)? {
            Some(known) if known == version => {
                report.unchanged += 1;
                continue;
            }
            Some(_) => report.updated += 1,
            None => report.imported += 1,
        }
        let entity = procedure_entity(&procedure.code);
        let event = ProcedurePublished {
            procedure,
            version,
            source: source.to_owned(),
            from,
        };
        tx.append(
            entity,
            &Body::Branch(BranchEvent::Procedure(Box::new(event))),
        )?;
    }
    report.rejected = parsed
        .rejected
        .into_iter()
        .map(|r| RejectedRow {
            row: r.row as usize,
            code: r.code,
            reason: r.reason,
        })
        .collect();
    Ok(report)
}

/// `calendar.due`
pub(crate) fn due(app: &App, _ctx: &Ctx, args: CalendarDue) -> Result<DueAnswer> {
    let received = args
        .received_at
        .unwrap_or_else(|| Time::from_ms(app.now_ms()));
    let today = app.today()?;
    let calendar = app.store.read(|read| app.calendar(read, today))?;
    let due = calendar.due(received.0, args.limit)?;
    Ok(DueAnswer {
        due_at: due.due_at.map(Time),
        unconfirmed: due.days.iter().any(|d| d.unconfirmed),
        because: due.because.into_iter().map(|r| r.text).collect(),
        days: due.days,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn money_is_grouped_by_thousands() {
        assert_eq!(super::dong(0), "0 đ");
        assert_eq!(super::dong(8_000), "8.000 đ");
        assert_eq!(super::dong(1_250_000), "1.250.000 đ");
    }
}
