//! Fees at the counter.

use motcua_domain::{Code, Refusal, transfer};
use motcua_protocol::verbs::fee::{FeeQr, FeeQrAnswer};

use super::{leg, machine};
use crate::{App, Result, registry::Ctx};

/// `fee.qr`
pub(crate) fn qr(app: &App, _ctx: &Ctx, args: FeeQr) -> Result<FeeQrAnswer> {
    let branch = app.branch()?;
    let visit = app.store.read(|read| leg::find(read, args.visit_id))?;
    let account = branch.office.account.clone().ok_or_else(|| {
        Refusal::new(
            Code::FieldRequired,
            "Chi nhánh chưa khai tài khoản nhận phí nên chưa có mã chuyển khoản. Mời thu cách khác, hoặc người quản trị khai tài khoản trong Thiết lập chi nhánh.",
        )
        .at("office.account")
    })?;
    // Office, number and day find the visit again; a case has no code yet when its fee is taken.
    let purpose = transfer::purpose(&format!(
        "{} {} {}",
        branch.office.code,
        visit.label(),
        visit.date.format("%d%m%y")
    ));
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
