//! The branch document, the clock, and what waits to be sent.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::{Branch, InUse, Person, Seat},
    visit::State,
};
use motcua_protocol::{
    Time, canonical,
    event::{Body, BranchConfigured, BranchEvent, ClockConfirmed as Confirmed},
    verbs::{
        admin::{
            BranchAnswer, BranchConfigure, BranchGet, ClockConfirm, ClockConfirmDate,
            ClockConfirmed, FormerHub, HubStatus, Leads, SyncStatus, SyncStatusAnswer,
        },
        sync::Way,
    },
};
use motcua_store::{Read, Write, table::branch::branch_entity};
use uuid::Uuid;

use crate::{App, Result, doubt::Apart, registry::Ctx};

/// The system clock may be off this much before anybody is told.
const SKEW_MS: i64 = 120_000;

/// A span as people say it: the largest two units.
fn span(ms: i64) -> String {
    let minutes = ms.unsigned_abs() / 60_000;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, m) => format!("{m} phút"),
        (0, h, 0) => format!("{h} giờ"),
        (0, h, m) => format!("{h} giờ {m} phút"),
        (d, 0, _) => format!("{d} ngày"),
        (d, h, _) => format!("{d} ngày {h} giờ"),
    }
}

/// `branch.get`
pub(crate) fn get(app: &App, ctx: &Ctx, _args: BranchGet) -> Result<BranchAnswer> {
    let (now_ms, skew_ms) = app.store.now(app.clock.moment());
    let date = app.today()?;
    let (procedures, unclosed_date) = app.store.read(|read| {
        Ok((
            read.procedure_count()?,
            super::day::unclosed_day(read, date)?,
        ))
    })?;
    Ok(BranchAnswer {
        branch: Branch::clone(&ctx.branch),
        date,
        now: Time::from_ms(now_ms),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock_warning: (skew_ms.abs() > SKEW_MS).then(|| {
            format!(
                "Đồng hồ máy lệch {} so với lần ghi trước. Thời gian chờ vẫn được tính đúng. Mời giám sát chỉnh đồng hồ rồi xác nhận.",
                span(skew_ms)
            )
        }),
        clock_doubt: app.clock_doubt()?,
        disk_warning: app.store.short_of_room().then(|| {
            "Ổ đĩa gần đầy. Bản ghi đã có vẫn an toàn. Mời báo người quản trị giải phóng ổ đĩa.".to_owned()
        }),
        unclosed_date,
        procedures,
        revision: revision(&ctx.branch)?,
    })
}

/// What stands for a document: equal documents have the same, and no others do.
fn revision(branch: &Branch) -> Result<String> {
    let hash = blake3::hash(&canonical::bytes(&serde_json::to_value(branch)?));
    Ok(hash.to_hex().chars().take(32).collect())
}

/// `branch.configure`
pub(crate) fn configure(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: BranchConfigure,
) -> Result<BranchAnswer> {
    let branch = args.branch.checked().map_err(|r| r.within("branch"))?;
    // As it stands within this transaction, whatever was read before.
    if let Some(standing) = tx.read().branch()? {
        if let Some(expected) = args.expected
            && expected != revision(&standing)?
        {
            return Err(Refusal::new(
                Code::BranchChanged,
                "Thiết lập chi nhánh vừa được đổi ở nơi khác. Chưa lưu gì, phần anh/chị vừa sửa vẫn còn trên màn hình. Mời xem bản mới rồi lưu lại.",
            )
            .at("expected")
            .into());
        }
        standing
            .may_become(&branch, &in_use(&tx.read(), tx.date())?)
            .map_err(|r| r.within("branch"))?;
    }
    let event = BranchConfigured {
        branch: branch.clone(),
    };
    tx.append(
        branch_entity(),
        &Body::Branch(BranchEvent::Configured(Box::new(event))),
    )?;
    let procedures = tx.read().procedure_count()?;
    let revision = revision(&branch)?;
    Ok(BranchAnswer {
        branch,
        date: tx.date(),
        now: Time::from_ms(tx.now_ms()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock_warning: None,
        clock_doubt: None,
        disk_warning: None,
        unclosed_date: None,
        procedures,
        revision,
    })
}

/// Who depends on the branch as it is.
pub(crate) fn in_use(read: &Read<'_>, date: NaiveDate) -> Result<InUse> {
    let people = read
        .open_visits_from(date)?
        .into_iter()
        .map(|row| {
            let leg = row.visit.leg();
            let there = leg.counter_only || matches!(leg.state, State::Called | State::Serving);
            let planned = row.visit.planned.iter().map(|p| &p.service);
            Person {
                label: row.visit.label(),
                services: std::iter::once(&leg.service)
                    .chain(planned)
                    .cloned()
                    .collect(),
                counter: leg.counter.filter(|_| there),
            }
        })
        .collect();
    let seats = read
        .counter_days(date)?
        .into_iter()
        .filter_map(|day| {
            let officer = day.shift()?.officer.clone();
            Some(Seat {
                counter: day.counter,
                officer,
            })
        })
        .collect();
    Ok(InUse { people, seats })
}

/// `clock.confirm`
pub(crate) fn confirm_clock(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    _args: ClockConfirm,
) -> Result<ClockConfirmed> {
    let apart = app.apart_from(tx.now_ms()).map(Apart::after_set);
    trust(app, ctx, tx, apart)
}

/// `clock.confirm_date`
pub(crate) fn confirm_date(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: ClockConfirmDate,
) -> Result<ClockConfirmed> {
    let apart = app.apart_from(tx.now_ms());
    let (system_ms, _) = tx.system_clock();
    // Two clocks and a person agree: no supervisor is needed for it.
    if apart.is_some_and(Apart::was_set) && args.date == motcua_store::today(system_ms) {
        return trust(app, ctx, tx, apart.map(Apart::after_set));
    }
    if args.date != tx.date() {
        return Err(Refusal::new(
            Code::DateInvalid,
            format!(
                "Máy này đang ở ngày {}, không phải ngày vừa chọn. Chưa ghi gì. Mời chỉnh ngày giờ của máy, rồi xác nhận lại.",
                tx.date().format("%d/%m/%Y")
            ),
        )
        .at("date")
        .into());
    }
    confirmed(app, tx, apart)
}

fn confirmed(app: &App, tx: &mut Write<'_>, apart: Option<Apart>) -> Result<ClockConfirmed> {
    let event = Confirmed {
        system_ms: tx.system_clock().0,
        skew_ms: apart.and_then(Apart::kept),
    };
    tx.append(app.store.device(), &Body::Branch(BranchEvent::Clock(event)))?;
    Ok(ClockConfirmed {
        now: Time::from_ms(tx.now_ms()),
    })
}

/// Believes the system clock. Where that takes the date back, who waits under a day that has not
/// come would be called by nobody, and stand in the queue when that day comes: their turns end as
/// at the end of a day, which invents nothing.
fn trust(app: &App, ctx: &Ctx, tx: &mut Write<'_>, apart: Option<Apart>) -> Result<ClockConfirmed> {
    let was = tx.date();
    let (system_ms, _) = tx.system_clock();
    let first = motcua_store::today(system_ms).succ_opt();
    for date in first.into_iter().flat_map(|first| first.iter_days()) {
        // By the clock under which they came: their waits are as they were.
        if date > was {
            break;
        }
        super::day::end_false_day(&ctx.branch, tx, date)?;
    }
    tx.trust_clock();
    confirmed(app, tx, apart)
}

/// `sync.status`
pub(crate) fn sync_status(app: &App, ctx: &Ctx, _args: SyncStatus) -> Result<SyncStatusAnswer> {
    let link = app.link();
    // A counter speaks of its hub, which sends on for everybody.
    let (way, peer, state) = super::sync::way(app)?;
    let (unsent, oldest) = app.unsent(peer, way != Way::Hub)?;
    let leads = match link {
        Some(_) => None,
        None => leads(app)?,
    };
    Ok(SyncStatusAnswer {
        office: ctx.branch.office.code.clone(),
        unsent,
        oldest_unsent_at: oldest.map(Time::from_ms),
        last_error: state.last_error,
        next_try_at: state.next_try_ms.map(Time::from_ms),
        // What somebody has dealt with is shown on its own screen, and no longer in the top bar.
        quarantined: match state.quarantined {
            0 => 0,
            _ => super::sync::open_problems(app)?.into(),
        },
        enrolled: way == Way::Central,
        skew_ms: state.skew_ms,
        hub: link.map(|link| HubStatus {
            here: state.here,
            number: link.number(),
        }),
        leads,
    })
}

/// What a hub that took another's place still has to wait for.
fn leads(app: &App) -> Result<Option<Leads>> {
    let device = app.store.device();
    app.store.read(|read| {
        let former = read.unsettled_hubs(device)?;
        let hub = read.hub()?.filter(|hub| hub.device == device);
        let (Some(hub), false) = (hub, former.is_empty()) else {
            return Ok(None);
        };
        let devices = read.devices()?;
        let name = |of: Uuid| {
            devices
                .iter()
                .find(|d| d.device == of)
                .map(|d| d.name.clone())
        };
        Ok(Some(Leads {
            term: hub.term,
            number: read.device_number(device)?.unwrap_or_default(),
            former: former
                .into_iter()
                .map(|device| FormerHub {
                    device,
                    name: name(device).unwrap_or_default(),
                })
                .collect(),
        }))
    })
}
