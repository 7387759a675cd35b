//! Money of a case: what it costs, what came, what was taken back. Nothing is overwritten: a
//! mistake is put right by a record that takes the payment back, and by another payment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Act, BookEntry, Case, CaseEvent, FeeCharged, FeeMethod, FeePaid, FeeReversed, decide};
use crate::{
    money,
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

/// A payment that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Reversal {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// Why.
    pub reason: String,
}

/// Money that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Payment {
    /// Its place among the payments of the case, from 1.
    pub n: u32,
    /// Which; none is the one that came with the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Whole đồng.
    pub amount: u64,
    /// How.
    pub method: FeeMethod,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Who took it.
    pub officer: String,
    /// Who paid, by name.
    pub payer: String,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Number of the slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<BookEntry>,
    /// Taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed: Option<Reversal>,
}

/// How a case stands with its money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Money {
    /// What it costs.
    pub charged: u64,
    /// Ground of an exemption, or why the amount is another than it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Payments in their order, also those that were taken back.
    pub payments: Vec<Payment>,
    /// What came and was not taken back.
    pub paid: u64,
    /// What is still to come.
    pub due: u64,
}

impl Case {
    /// What the case costs and what came of it.
    pub fn money(&self) -> Money {
        self.money_of(&self.acts)
    }

    /// How it stood just after a payment: what its slip told of what was still to come.
    pub fn money_after(&self, payment: &Payment) -> Money {
        let is_it = |act: &Act| matches!(&act.event, CaseEvent::FeePaid(paid) if Some(paid.id) == payment.id);
        let acts = self.acts.iter().position(is_it).map_or(0, |at| at + 1);
        self.money_of(&self.acts[..acts])
    }

    fn money_of(&self, acts: &[Act]) -> Money {
        let received = &self.received;
        let payer = || received.submitter.as_ref().unwrap_or(&received.applicant);
        let mut money = Money::default();
        if let Some(fee) = &received.fee {
            if fee.method != FeeMethod::Exempt {
                money.charged = fee.amount;
            }
            money.ground.clone_from(&fee.ground);
            if fee.method.is_paid() && fee.amount > 0 {
                money.payments.push(Payment {
                    n: 1,
                    id: None,
                    amount: fee.amount,
                    method: fee.method,
                    at_ms: received.received_ms,
                    officer: self.officer.clone(),
                    payer: payer().name.clone(),
                    note: None,
                    slip: fee.slip,
                    reversed: None,
                });
            }
        }
        for act in acts {
            match &act.event {
                CaseEvent::FeeCharged(charged) => {
                    money.charged = charged.amount;
                    money.ground.clone_from(&charged.ground);
                }
                CaseEvent::FeePaid(paid) => money.payments.push(Payment {
                    n: u32::try_from(money.payments.len() + 1).unwrap_or(u32::MAX),
                    id: Some(paid.id),
                    amount: paid.amount,
                    method: paid.method,
                    at_ms: act.at_ms,
                    officer: act.officer.clone(),
                    payer: paid.payer.clone().unwrap_or_else(|| payer().name.clone()),
                    note: paid.note.clone(),
                    slip: paid.slip,
                    reversed: None,
                }),
                CaseEvent::FeeReversed(back) => {
                    let standing = money
                        .payments
                        .iter_mut()
                        .find(|p| p.id == back.payment && p.reversed.is_none());
                    if let Some(payment) = standing {
                        payment.reversed = Some(Reversal {
                            at_ms: act.at_ms,
                            officer: act.officer.clone(),
                            reason: back.reason.clone(),
                        });
                    }
                }
                _ => {}
            }
        }
        let standing = money.payments.iter().filter(|p| p.reversed.is_none());
        // Amounts of a made-up log may be anything.
        money.paid = standing.fold(0, |sum, p| sum.saturating_add(p.amount));
        money.due = money.charged.saturating_sub(money.paid);
        money
    }

    /// Whether a record about money has an effect now: a payment is known once and taken back once.
    pub(super) fn takes(&self, event: &CaseEvent) -> bool {
        let known = |id| self.money().payments.into_iter().find(|p| p.id == id);
        match event {
            CaseEvent::FeePaid(paid) => known(Some(paid.id)).is_none(),
            CaseEvent::FeeReversed(back) => {
                known(back.payment).is_some_and(|p| p.reversed.is_none())
            }
            _ => true,
        }
    }
}

/// No money is asked for once there is nothing to do for it.
fn still_charged(case: &Case) -> Result<()> {
    if case.status.ended_without_result() {
        return Err(Refusal::new(
            Code::CaseStatus,
            format!(
                "Hồ sơ này {} nên không thu phí được. Chưa ghi gì. Tiền đã thu thì ghi hủy khoản thu.",
                case.status.words()
            ),
        )
        .at("id"));
    }
    Ok(())
}

fn note(typed: Option<&str>, field: &str, most: usize) -> Result<Option<String>> {
    text::optional(typed, most).map_err(|r| r.at(field))
}

/// What the case costs from now on. Nought, or less than before, needs a ground; less than what has
/// come already needs the payment to be taken back first.
///
/// # Errors
/// `CASE_STATUS`; `NUMBER_OUT_OF_RANGE` at `amount`; `FIELD_REQUIRED` at `ground`.
pub fn charge(case: &Case, amount: i64, ground: Option<&str>) -> Result<CaseEvent> {
    still_charged(case)?;
    let amount = money::amount(amount).map_err(|r| r.at("amount"))?;
    let ground = note(ground, "ground", limit::NOTE)?;
    let money = case.money();
    if amount < money.paid {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!(
                "Đã thu {} đồng, nhiều hơn mức phí mới. Chưa ghi gì. Mời ghi hủy khoản đã thu trước.",
                text::grouped(money.paid)
            ),
        )
        .at("amount"));
    }
    if ground.is_none() && (amount == 0 || amount < money.charged) {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Miễn, giảm phí cần ghi căn cứ. Mời nhập căn cứ.",
        )
        .at("ground"));
    }
    Ok(CaseEvent::FeeCharged(FeeCharged { amount, ground }))
}

/// Money came: all that is due unless said.
///
/// # Errors
/// `CASE_STATUS`; `FEE_NOT_DUE` where nothing is; `NUMBER_OUT_OF_RANGE` at `amount` for nothing, for
/// less than nothing and for more than is due; `ARGUMENT_INVALID` at `method`.
pub fn pay(
    case: &Case,
    id: Uuid,
    amount: Option<i64>,
    method: FeeMethod,
    payer: Option<&str>,
    typed: Option<&str>,
) -> Result<CaseEvent> {
    still_charged(case)?;
    let amount = amount
        .map(money::amount)
        .transpose()
        .map_err(|r| r.at("amount"))?;
    let due = case.money().due;
    if due == 0 {
        return Err(Refusal::new(
            Code::FeeNotDue,
            "Hồ sơ này không còn khoản phải nộp. Chưa ghi gì. Nếu mức phí đã đổi, mời ghi mức phí trước.",
        )
        .at("amount"));
    }
    let amount = amount.unwrap_or(due);
    if amount == 0 || amount > due {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!(
                "Số tiền thu phải từ 1 đến {} đồng, là số còn phải nộp. Mời xem lại.",
                text::grouped(due)
            ),
        )
        .at("amount"));
    }
    if !method.is_paid() {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            "Tiền đã thu phải là tiền mặt, chuyển khoản hoặc thanh toán trực tuyến. Mời chọn lại.",
        )
        .at("method"));
    }
    Ok(CaseEvent::FeePaid(FeePaid {
        id,
        amount,
        method,
        payer: note(payer, "payer", limit::NAME)?,
        note: note(typed, "note", limit::NOTE)?,
        slip: None,
    }))
}

/// A payment is taken back, for a reason. Also of a case that was refused or withdrawn: money goes
/// back then.
///
/// # Errors
/// `NOT_FOUND`, `FEE_REVERSED_BEFORE` at `payment`; no reason.
pub fn reverse(case: &Case, n: u32, why: &str) -> Result<CaseEvent> {
    let payments = case.money().payments;
    let payment = payments.iter().find(|p| p.n == n).ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Hồ sơ này không có khoản thu đó. Mời xem lại danh sách khoản thu.",
        )
        .at("payment")
    })?;
    if payment.reversed.is_some() {
        return Err(Refusal::new(
            Code::FeeReversedBefore,
            "Khoản thu này đã ghi hủy rồi. Chưa ghi gì thêm.",
        )
        .at("payment"));
    }
    Ok(CaseEvent::FeeReversed(FeeReversed {
        payment: payment.id,
        reason: decide::reason(why)?,
    }))
}
