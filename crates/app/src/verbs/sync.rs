//! The line in plain words: what waits and why, what the other side holds back, and the way on
//! foot.

use std::collections::BTreeMap;

use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{CaseEvent, check_party},
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    amend::{self, RecordAmended},
    entity,
    event::{Body, BranchEvent, RecordResolved, Resolution},
    sync::held as why,
    verbs::{
        admin::HubStatus,
        central::{CentralEnrol, CentralEnrolled},
        sync::{
            Carried, Carry, Export, Now, Overview, OverviewAnswer, Parted, Problem, Problems,
            Resolve, Resolved, Stick, StickMade, WaitingDay, WaitingScans, Way,
        },
    },
};
use motcua_store::{HeldRecord, Read, Write};
use serde_json::Value;
use uuid::Uuid;

use crate::{App, CENTRAL, HUB, LinkState, Result, registry::Ctx, say, view};

/// Of each log so many records are looked at one by one; a machine that was never connected may
/// hold years of them.
const MOST: u64 = 50_000;

/// To whom this machine sends, under which name the store knows it, and the line to it. Without a
/// line central may still have answered to a stick.
pub(crate) fn way(app: &App) -> Result<(Way, &'static str, LinkState)> {
    Ok(match (app.link(), app.central()) {
        (Some(link), _) => (Way::Hub, HUB, link.state(app)),
        (None, Some(central)) => (Way::Central, CENTRAL, central.state(app)),
        (None, None) => {
            let on_foot = LinkState {
                quarantined: app.store.peer(CENTRAL)?.quarantined,
                ..LinkState::default()
            };
            (Way::Nobody, CENTRAL, on_foot)
        }
    })
}

/// `sync.overview`
pub(crate) fn overview(app: &App, ctx: &Ctx, _args: Overview) -> Result<OverviewAnswer> {
    let (way, peer, state) = way(app)?;
    let all = way != Way::Hub;
    let now_ms = app.now_ms();
    let mut days = BTreeMap::default();
    let (mut unsent, mut looked_at) = (0, 0);
    let mut parted = Vec::new();
    for owed in app.owed(Some(peer), all)? {
        unsent += owed.events;
        if owed.parted {
            parted.push(Parted {
                machine: name_of(app, owed.log.device)?,
                records: owed.events,
            });
        }
        app.store
            .waiting_of(&owed.log, owed.there, MOST, owed.again, &mut days)?;
    }
    let days: Vec<WaitingDay> = days
        .into_iter()
        .rev()
        .map(|(date, day)| {
            looked_at += day.events;
            WaitingDay {
                date,
                visits: day.visits.len() as u32,
                cases: day.cases.len() as u32,
                other: day.other,
                records: day.events,
            }
        })
        .collect();
    let (_, oldest) = app.unsent(peer, all)?;
    let link = app.link();
    let hub_name = match &link {
        Some(link) => name_of(app, link.hub())?,
        None => None,
    };
    // What the engine says it will do is on the machine's clock; the screen counts by ours.
    let wall_ms = app.moment().wall_ms;
    let (code, message) = match state.last_error {
        Some(message) => (state.code.map(str::to_owned), Some(message)),
        None => (None, None),
    };
    Ok(OverviewAnswer {
        now: Time::from_ms(now_ms),
        way,
        address: state.address,
        hub: link.map(|link| HubStatus {
            here: state.here,
            number: link.number(),
        }),
        hub_name,
        busy: state.busy,
        code,
        message,
        last_done_at: app.store.done_with(peer)?.map(Time::from_ms),
        next_try_at: state
            .next_try_ms
            .map(|at| Time::from_ms(now_ms + at - wall_ms)),
        skew_ms: state.skew_ms,
        unsent,
        oldest_unsent_at: oldest.map(Time::from_ms),
        days,
        earlier: unsent.saturating_sub(looked_at),
        parted,
        problems: open_problems(app)?,
        stick: stick(app, ctx)?,
        scans: scans(app, peer)?,
        codes: {
            let today = app.today()?;
            app.store.read(|read| app.codes_left(read, today))?
        },
        bundles: app.bundle_lines()?,
    })
}

fn name_of(app: &App, device: Uuid) -> Result<Option<String>> {
    let devices = app.store.read(|read| read.devices())?;
    let found = devices.into_iter().find(|d| d.device == device);
    Ok(found.map(|d| d.name))
}

/// Files that the other side, in the history that it named last, does not have. One that was
/// never connected has none.
fn scans(app: &App, peer: &str) -> Result<WaitingScans> {
    let history = app.store.peer(peer)?.server_epoch.unwrap_or_default();
    let waiting = app.store.read(|read| read.blobs_waiting(&history))?;
    Ok(WaitingScans {
        files: waiting.files,
        bytes: waiting.bytes,
        failed: waiting.failed,
    })
}

fn stick(app: &App, ctx: &Ctx) -> Result<Stick> {
    let mut stick = match app.machine() {
        Ok(machine) => machine.stick(),
        Err(_) => Stick::default(),
    };
    stick.name = format!("motcua-{}-{}.motcua", ctx.branch.office.code, app.today()?);
    Ok(stick)
}

/// Records that the other side holds back, each with what was done about it.
fn held(app: &App) -> Result<Vec<(HeldRecord, Option<Resolved>)>> {
    let (_, peer, _) = way(app)?;
    let held = app.store.held_by(peer)?;
    let branch = app.branch()?;
    app.store.read(|read| {
        held.into_iter()
            .map(|record| {
                let done = resolved(read, &branch, record.header.event_id)?;
                Ok((record, done))
            })
            .collect()
    })
}

fn resolved(read: &Read<'_>, branch: &Branch, event_id: Uuid) -> Result<Option<Resolved>> {
    let events = read.events_of(entity::held(event_id))?;
    let last =
        events.iter().rev().find_map(
            |event| match Body::decode(&event.header.kind, &event.body) {
                Some(Body::Branch(BranchEvent::Resolved(done))) if done.event_id == event_id => {
                    Some((&event.header, done))
                }
                _ => None,
            },
        );
    Ok(last.map(|(header, done)| Resolved {
        how: done.how,
        at: Time::from_ms(header.wall_ms),
        by: view::officer_name(branch, &header.actor).to_owned(),
        note: done.note,
    }))
}

/// Whether a person still has to look: what waits for other records comes by itself. What somebody
/// has put right or asked about is open until the other side lifts it: only then is it in effect
/// there.
fn is_open(record: &HeldRecord, done: Option<&Resolved>) -> bool {
    record.quarantined && done.is_none_or(|done| done.how != Resolution::Acknowledged)
}

/// How many records wait for a person.
pub(crate) fn open_problems(app: &App) -> Result<u32> {
    let held = held(app)?;
    let open = held.iter().filter(|(r, done)| is_open(r, done.as_ref()));
    Ok(open.count() as u32)
}

/// `sync.problems`
pub(crate) fn problems(app: &App, ctx: &Ctx, _args: Problems) -> Result<Vec<Problem>> {
    let held = held(app)?;
    let (way, _, _) = way(app)?;
    let own = app.store.device();
    let devices = app.store.read(|read| read.devices())?;
    app.store.read(|read| {
        held.into_iter()
            .map(|(record, resolved)| {
                let header = &record.header;
                let (subject, what, case_code) = words(read, &ctx.branch, &record)?;
                let machine = (header.device != own)
                    .then(|| devices.iter().find(|d| d.device == header.device))
                    .flatten();
                let (reason, advice) = explain(&record.code);
                let way = match record.above {
                    true => Way::Central,
                    false => way,
                };
                Ok(Problem {
                    event_id: header.event_id,
                    quarantined: record.quarantined,
                    subject,
                    what,
                    at: Time::from_ms(header.wall_ms),
                    by: view::officer_name(&ctx.branch, &header.actor).to_owned(),
                    machine: machine.map(|d| d.name.clone()),
                    since: Time::from_ms(record.since_ms),
                    reason: whose(way, reason),
                    advice: whose(way, advice),
                    old_value: record.field.as_deref().and_then(|f| value(&record.body, f)),
                    field: record.field,
                    code: record.code,
                    case_code,
                    resolved,
                })
            })
            .collect()
    })
}

/// What a code of central means, and what to do.
fn explain(code: &str) -> (&'static str, &'static str) {
    match code {
        why::DEPS => (
            "Trung tâm đã cất bản ghi này nhưng chưa tính, vì bản ghi này viết tiếp một bản ghi của máy khác mà trung tâm chưa có.",
            "Không cần làm gì. Khi máy kia gửi xong, trung tâm tự tính bản ghi này. Nếu để lâu, mời bật máy kia và kiểm tra đường mạng.",
        ),
        why::UPGRADE => (
            "Trung tâm đã cất bản ghi này nhưng chưa hiểu, vì chương trình ở trung tâm cũ hơn chương trình trên máy đã ghi.",
            "Mời báo đơn vị quản trị trung tâm cập nhật chương trình, rồi bấm “Đề nghị trung tâm xem lại”.",
        ),
        why::BODY_UNREADABLE => (
            "Trung tâm đã cất bản ghi này nhưng không đọc được một ô trong đó nên chưa tính.",
            "Nếu ô đó sai, mời bấm “Sửa ô này” và ghi lại cho đúng: trung tâm sẽ đọc bản ghi theo ô mới, bản gốc vẫn giữ nguyên. Nếu ô đó đã đúng, mời báo đơn vị quản trị trung tâm rồi bấm “Đề nghị trung tâm xem lại”.",
        ),
        why::RULE => (
            "Trung tâm đã cất bản ghi này nhưng không ghép được với các bản ghi khác của cùng lượt hoặc hồ sơ.",
            "Mời báo đơn vị quản trị trung tâm và cho biết số hoặc mã ở trên. Khi trung tâm báo đã sửa, bấm “Đề nghị trung tâm xem lại”.",
        ),
        _ => (
            "Trung tâm đã cất bản ghi này nhưng chưa tính, vì một lý do mà bản chương trình này chưa biết.",
            "Mời báo đơn vị quản trị trung tâm, hoặc cập nhật chương trình trên máy này.",
        ),
    }
}

/// The sentences speak of central; at a counter it is the hub that holds a record back.
fn whose(way: Way, sentence: &str) -> String {
    match way {
        Way::Hub => sentence
            .replace("đơn vị quản trị trung tâm", "người quản trị")
            .replace("Trung tâm", "Máy chủ quầy")
            .replace("ở trung tâm", "ở máy chủ quầy")
            .replace("khi trung tâm", "khi máy chủ quầy")
            .replace(", trung tâm", ", máy chủ quầy")
            .replace("mà trung tâm", "mà máy chủ quầy"),
        Way::Central | Way::Nobody => sentence.to_owned(),
    }
}

/// What stands in a body at a field, as text.
fn value(body: &[u8], field: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(match amend::at(&body, field)? {
        Value::String(text) => text.clone(),
        other => other.to_string().chars().take(200).collect(),
    })
}

/// What a record is about and says, and the code of its case.
fn words(
    read: &Read<'_>,
    branch: &Branch,
    record: &HeldRecord,
) -> Result<(String, String, Option<String>)> {
    let header = &record.header;
    let body = Body::decode(&header.kind, &record.body);
    let visit = |id: Uuid| -> Result<Option<String>> {
        Ok(read.visit(id)?.map(|v| format!("Lượt {}", v.label())))
    };
    Ok(match body {
        Some(Body::Visit(event)) => (
            visit(header.entity)?.unwrap_or_else(|| "Lượt".to_owned()),
            say::visit_event(branch, &event),
            None,
        ),
        Some(Body::Case(event)) => {
            let code = match read.case(header.entity)? {
                Some(row) => Some(row.case.code().to_owned()),
                None => match &event {
                    CaseEvent::Received(received) => Some(received.code.clone()),
                    _ => None,
                },
            };
            let what = match header.kind.as_str() {
                "case.received" => "Tiếp nhận hồ sơ.",
                "case.document_printed" => "In giấy tờ của hồ sơ.",
                _ => "Một bước xử lý hồ sơ.",
            };
            let subject = code
                .as_ref()
                .map_or_else(|| "Hồ sơ".to_owned(), |code| format!("Hồ sơ {code}"));
            (subject, what.to_owned(), code)
        }
        Some(Body::Counter(event)) => {
            let (_, number) = event.place();
            let what = match header.kind.as_str() {
                "counter.opened" => "Mở quầy.",
                "counter.taken_over" => "Nhận quầy của người khác.",
                "counter.closed" => "Đóng quầy.",
                _ => "Rời quầy hoặc trở lại quầy.",
            };
            (format!("Quầy {number}"), what.to_owned(), None)
        }
        Some(Body::Branch(_)) => {
            let what = match header.kind.as_str() {
                "branch.configured" => "Đổi thiết lập chi nhánh.",
                "procedure.published" => "Đưa một thủ tục vào danh mục.",
                "day.closed" => "Đóng ngày làm việc.",
                "numbers.leased" => "Cấp một khối số cho máy.",
                "bundle.taken" | "bundle.refused" => "Nhận gói của trung tâm.",
                "calendar.published" => "Nhận lịch làm việc của trung tâm.",
                "sync.resolved" => "Ghi việc đã xem một bản ghi.",
                "sync.amended" => "Sửa một ô của một bản ghi.",
                _ => "Việc chung của chi nhánh.",
            };
            ("Chi nhánh".to_owned(), what.to_owned(), None)
        }
        None => (
            "Bản ghi".to_owned(),
            "Máy này cũng chưa đọc được nội dung.".to_owned(),
            None,
        ),
    })
}

/// `sync.resolve`
pub(crate) fn resolve(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Resolve) -> Result<Resolved> {
    let note = text::line(args.note.as_deref().unwrap_or_default(), limit::NOTE)
        .map_err(|r| r.at("note"))?;
    let needs_note = matches!(args.how, Resolution::Acknowledged | Resolution::Corrected);
    if note.is_empty() && needs_note {
        let message = match args.how {
            Resolution::Corrected => {
                "Mời ghi đã sửa gì, ví dụ “đã ghi lại lệ phí 8.000 đồng”. Chưa ghi gì."
            }
            _ => "Mời ghi vì sao để nguyên, ví dụ “đã báo trung tâm, phiếu số 12”. Chưa ghi gì.",
        };
        return Err(Refusal::new(Code::FieldRequired, message).at("note").into());
    }
    let (_, peer, _) = way(app)?;
    let held = app.store.held_by(peer)?;
    let Some(record) = held.iter().find(|r| r.header.event_id == args.event_id) else {
        return Err(Refusal::new(
            Code::NotFound,
            "Trung tâm không còn giữ lại bản ghi này. Chưa ghi gì. Mời xem lại danh sách.",
        )
        .at("event_id")
        .into());
    };
    if args.how == Resolution::Amended {
        let value = args.value.as_deref().unwrap_or_default();
        let amended = amend(record, value)?;
        let body = Body::Branch(BranchEvent::Amended(amended));
        tx.append(record.header.entity, &body)?;
    }
    let done = RecordResolved {
        event_id: args.event_id,
        how: args.how,
        note: (!note.is_empty()).then_some(note),
    };
    let answer = Resolved {
        how: done.how,
        at: Time::from_ms(tx.now_ms()),
        by: view::officer_name(&ctx.branch, &ctx.officer).to_owned(),
        note: done.note.clone(),
    };
    tx.append(
        entity::held(args.event_id),
        &Body::Branch(BranchEvent::Resolved(done)),
    )?;
    Ok(answer)
}

/// The field that the other side cannot read, said anew: what the record then says has to be as
/// right as if it were said for the first time.
fn amend(record: &HeldRecord, typed: &str) -> Result<RecordAmended> {
    let Some(field) = record.field.clone() else {
        return Err(Refusal::new(
            Code::Unsupported,
            "Bên kia không cho biết ô nào không đọc được nên chưa sửa ô được. Chưa ghi gì. Mời ghi lại việc cho đúng rồi bấm “Đã sửa”.",
        )
        .at("event_id")
        .into());
    };
    let typed = text::required(typed, limit::NOTE).map_err(|r| r.at("value"))?;
    let wrong = || {
        Refusal::new(
            Code::ArgumentInvalid,
            "Nội dung mới không đúng dạng của ô này. Chưa ghi gì. Mời xem lại.",
        )
        .at("value")
    };
    let body: Value = serde_json::from_slice(&record.body).map_err(|_| wrong())?;
    let is_text = amend::at(&body, &field).is_none_or(|old| old.is_string() || old.is_null());
    let text = Value::String(typed.clone());
    let other = serde_json::from_str::<Value>(&typed).ok();
    // A number stays a number; where nothing stood, whichever can be read.
    let tried = match is_text {
        true => [Some(text), other],
        false => [other, Some(text)],
    };
    let kind = &record.header.kind;
    let read = |value: &Value| {
        let body = amend::amended(&record.body, &field, value)?;
        Body::decode(kind, &body)
    };
    let (value, read) = (tried.into_iter().flatten())
        .find_map(|value| read(&value).map(|read| (value, read)))
        .ok_or_else(wrong)?;
    let party = match read {
        Body::Case(CaseEvent::Received(received)) => Some(received.applicant),
        _ => None,
    };
    // A telephone number is kept as it is dialled, whoever writes it.
    let value = match party {
        Some(party) if field.starts_with("applicant.") => {
            let party = check_party(party).map_err(|r| {
                let here = (r.field.as_ref()).is_some_and(|at| field == format!("applicant.{at}"));
                r.at(if here { "value" } else { "event_id" })
            })?;
            let kept = serde_json::to_value(&party).map_err(|_| wrong())?;
            let at = field.trim_start_matches("applicant.");
            amend::at(&kept, at).cloned().unwrap_or(value)
        }
        _ => value,
    };
    Ok(RecordAmended {
        event_id: record.header.event_id,
        field,
        value,
    })
}

/// `sync.now`
pub(crate) fn now(app: &App, ctx: &Ctx, _args: Now) -> Result<OverviewAnswer> {
    match (app.link(), app.central()) {
        (Some(link), _) => link.send_now(app),
        (None, Some(central)) => central.send_now(app),
        (None, None) => {
            return Err(Refusal::new(
                Code::NotPaired,
                "Máy này chưa kết nối trung tâm nên chưa có nơi gửi. Mọi bản ghi vẫn an toàn trên máy. Mời bấm “Kết nối trung tâm” với tệp kết nối hoặc mã do trung tâm cấp, hoặc chép ra USB.",
            )
            .into());
        }
    }
    overview(app, ctx, Overview {})
}

/// `central.enrol`
pub(crate) fn enrol(app: &App, _ctx: &Ctx, args: CentralEnrol) -> Result<CentralEnrolled> {
    Ok(app.machine()?.enrol(&args)?)
}

/// `sync.export`
pub(crate) fn export(app: &App, _ctx: &Ctx, args: Export) -> Result<StickMade> {
    Ok(app.machine()?.export(&args)?)
}

/// `sync.carry`
pub(crate) fn carry(app: &App, _ctx: &Ctx, args: Carry) -> Result<Carried> {
    Ok(app.machine()?.carry(&args)?)
}
