//! Fees at the counter: what a case costs, what came, what went back, and a day's cash.

use chrono::Datelike;
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{BookEntry, Case, CaseEvent, FeeMethod, fee},
    money, transfer,
};
use motcua_protocol::{
    Time,
    verbs::{
        case_acts::ActAnswer,
        fee::{
            CashDay, CashLine, CashOfficer, CashSums, Charge, Day, FeeQr, FeeQrAnswer, Pay, Reverse,
        },
    },
};
use motcua_store::{
    Read, Write,
    table::{cash::CashRow, lease::slip},
};
use uuid::Uuid;

use super::{
    case,
    case_acts::{done, looked_at},
    leg, machine,
};
use crate::{App, Result, registry::Ctx, replica, view};

/// What stands with a transfer: letters and digits by which it is found again.
pub(super) fn purpose_of_case(case: &Case) -> String {
    transfer::purpose(case.code())
}

/// `fee.qr`
pub(crate) fn qr(app: &App, _ctx: &Ctx, args: FeeQr) -> Result<FeeQrAnswer> {
    let branch = app.branch()?;
    let purpose = match (args.case_id, args.visit_id) {
        (Some(id), _) => {
            let row = app.store.read(|read| case::find(read, id))?;
            purpose_of_case(&row.case)
        }
        // Office, number and day find the visit again; a case has no code yet when its fee is taken.
        (None, Some(id)) => {
            let visit = app.store.read(|read| leg::find(read, id))?;
            transfer::purpose(&format!(
                "{} {} {}",
                branch.office.code,
                visit.label(),
                visit.date.format("%d%m%y")
            ))
        }
        (None, None) => {
            return Err(Refusal::new(
                Code::FieldRequired,
                "Mời cho biết lượt hoặc hồ sơ cần thu phí.",
            )
            .at("visit_id")
            .into());
        }
    };
    let account = branch.office.account.clone().ok_or_else(|| {
        Refusal::new(
            Code::FieldRequired,
            "Chi nhánh chưa khai tài khoản nhận phí nên chưa có mã chuyển khoản. Mời thu cách khác, hoặc người quản trị khai tài khoản trong Thiết lập chi nhánh.",
        )
        .at("office.account")
    })?;
    let text = transfer::vietqr(&account, args.amount, &purpose)?;
    let qr = machine::qr(text).ok_or_else(|| {
        Refusal::new(
            Code::ArgumentInvalid,
            "Không vẽ được mã chuyển khoản. Mời thu cách khác.",
        )
    })?;
    Ok(FeeQrAnswer {
        qr,
        account,
        purpose,
    })
}

/// The next running number of a kind of paper in this year; none while this machine has no numbers
/// left and nobody to ask: the paper then has room to write one.
pub(super) fn next_slip(app: &App, tx: &mut Write<'_>, series: &str) -> Result<Option<BookEntry>> {
    let date = tx.date();
    match app.next_of_block(tx, series, replica::year_of(date)) {
        Ok(number) => Ok(number.map(|number| BookEntry {
            year: date.year(),
            number,
        })),
        Err(error) if error.code() == Code::NumbersExhausted => Ok(None),
        Err(error) => Err(error),
    }
}

/// `fee.charge`
pub(crate) fn charge(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Charge) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let event = fee::charge(&case, args.amount, args.ground.as_deref())?;
    done(app, ctx, tx, args.id, event)
}

/// `fee.pay`
pub(crate) fn pay(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Pay) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let mut event = fee::pay(
        &case,
        Uuid::now_v7(),
        args.amount,
        args.method,
        args.payer.as_deref(),
        args.note.as_deref(),
    )?;
    if let CaseEvent::FeePaid(paid) = &mut event {
        paid.slip = next_slip(app, tx, slip::FEE)?;
    }
    done(app, ctx, tx, args.id, event)
}

/// `fee.reverse`
pub(crate) fn reverse(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Reverse,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let event = fee::reverse(&case, args.payment, &args.reason)?;
    let payments = case.money().payments;
    let own = payments.iter().any(|p| {
        p.n == args.payment
            && p.officer == ctx.officer
            && Time::from_ms(p.at_ms).date() == Time::from_ms(tx.now_ms()).date()
    });
    if !own && !ctx.supervises() {
        return Err(Refusal::new(
            Code::NotAllowed,
            "Khoản thu của người khác hoặc của ngày trước do giám sát hủy. Chưa ghi gì. Mời nhờ giám sát.",
        )
        .at("payment")
        .into());
    }
    done(app, ctx, tx, args.id, event)
}

/// `fee.day`
pub(crate) fn day(app: &App, ctx: &Ctx, args: Day) -> Result<CashDay> {
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    let officer = whose(ctx, args.officer)?;
    app.store
        .read(|read| cash_day(&ctx.branch, read, date, officer.as_deref()))
}

/// Whose cash may be looked at: one's own, or by a supervisor everybody's.
pub(super) fn whose(ctx: &Ctx, asked: Option<String>) -> Result<Option<String>> {
    if ctx.supervises() {
        return Ok(asked);
    }
    match asked {
        Some(other) if other != ctx.officer => Err(Refusal::new(
            Code::NotAllowed,
            "Báo cáo thu tiền của người khác do giám sát xem. Mời nhờ giám sát.",
        )
        .at("officer")
        .into()),
        _ => Ok(Some(ctx.officer.clone())),
    }
}

/// What was taken on a day, an officer each.
pub(super) fn cash_day(
    branch: &Branch,
    read: &Read<'_>,
    date: chrono::NaiveDate,
    officer: Option<&str>,
) -> Result<CashDay> {
    let mut officers: Vec<CashOfficer> = Vec::new();
    for row in read.cash_of(date, officer)? {
        let Some(line) = line(&row) else { continue };
        match officers.last_mut().filter(|o| o.officer == row.officer) {
            Some(officer) => officer.lines.push(line),
            None => officers.push(CashOfficer {
                name: view::officer_name(branch, &row.officer).to_owned(),
                officer: row.officer,
                lines: vec![line],
                sums: CashSums::default(),
            }),
        }
    }
    officers.sort_by(|a, b| (&a.name, &a.officer).cmp(&(&b.name, &b.officer)));
    for officer in &mut officers {
        officer.sums = sums(&officer.lines);
    }
    let all: Vec<CashLine> = officers.iter().flat_map(|o| o.lines.clone()).collect();
    Ok(CashDay {
        date,
        sums: sums(&all),
        officers,
    })
}

fn line(row: &CashRow) -> Option<CashLine> {
    let received = &row.case.case.received;
    let payments = row.case.case.money().payments;
    let payment = payments.into_iter().find(|p| p.n == row.payment)?;
    let amount = i64::try_from(payment.amount).unwrap_or(i64::MAX);
    let back = payment.reversed.filter(|_| row.back);
    Some(CashLine {
        at: Time::from_ms(back.as_ref().map_or(payment.at_ms, |back| back.at_ms)),
        case_id: row.case.id,
        case_code: row.case.case.code().to_owned(),
        procedure_name: received.procedure.name.clone(),
        payment: payment.n,
        payer: payment.payer,
        method: payment.method,
        amount: if row.back { -amount } else { amount },
        slip: payment.slip,
        of: row.back.then(|| Time::from_ms(payment.at_ms)),
        note: payment.note,
        reason: back.map(|back| back.reason),
    })
}

fn sums(lines: &[CashLine]) -> CashSums {
    let mut sums = CashSums::default();
    for line in lines {
        let sum = match line.method {
            FeeMethod::Transfer => &mut sums.transfer,
            FeeMethod::Online => &mut sums.online,
            _ => &mut sums.cash,
        };
        *sum = sum.saturating_add(line.amount);
        if line.of.is_some() {
            sums.reversals += 1;
        } else {
            sums.payments += 1;
        }
    }
    sums.total = sums
        .cash
        .saturating_add(sums.transfer)
        .saturating_add(sums.online);
    sums.cash_words = money::signed_dong(sums.cash);
    sums.total_words = money::signed_dong(sums.total);
    sums
}
