//! This machine among the machines of the branch.

use motcua_domain::{Code, Refusal, text};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, DeviceIntroduced, DeviceRevoked},
    sync::Limits,
    verbs::machine::{
        BoardServe, BranchCreate, BranchDemo, BranchMade, Device, DeviceList, DeviceRevoke,
        DeviceRevokeAnswer, HubClose, HubFind, HubFollow, HubFound, HubJoin, HubJoined, HubOpen,
        HubPairCode, MachineAnswer, MachineGet, MachineRole, PairCodeAnswer, Qr, RatingServe,
        TabletStep,
    },
};
use motcua_store::{Read, Write, table::branch::device_entity};
use uuid::Uuid;

use crate::{App, HUB, Result, registry::Ctx};

/// Smaller ports belong to the system.
const FIRST_PORT: u16 = 1024;

/// A text as a QR code; `None` where it is too long for one.
pub(super) fn qr(text: String) -> Option<Qr> {
    let rows = motcua_documents::qr(&text)?;
    let row = |row: Vec<bool>| row.into_iter().map(|dark| if dark { '1' } else { '0' });
    Some(Qr {
        rows: rows.into_iter().map(|r| row(r).collect()).collect(),
        text,
    })
}

fn port(given: Option<u16>, usual: u16) -> Result<u16> {
    let port = given.unwrap_or(usual);
    if port < FIRST_PORT {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Cổng phải từ {FIRST_PORT} đến 65535. Chưa đổi gì. Mời chọn cổng khác."),
        )
        .at("port")
        .into());
    }
    Ok(port)
}

/// Machines whose access stands, beside this one.
fn others(app: &App, read: &Read<'_>) -> Result<u32> {
    let revoked = read.revoked_devices()?;
    let own = app.store.device();
    let devices = read.devices()?;
    let others = devices
        .iter()
        .filter(|d| d.device != own && !revoked.contains(&d.device));
    Ok(others.count() as u32)
}

fn look(app: &App, ctx: &Ctx) -> Result<MachineAnswer> {
    let mut state = app.machine()?.state();
    let own = app.store.device();
    let (devices, others) = app
        .store
        .read(|read| Ok((read.devices()?, others(app, read)?)))?;
    state.number = devices.iter().find(|d| d.device == own).map(|d| d.number);
    state.others = others;
    state.disk_encrypted = motcua_devices::disk::is_encrypted(app.store.dir());
    state.here = app.link().map(|link| link.state(app).here);
    state.board.qr = state.board.links.first().cloned().and_then(qr);
    for tablet in &mut state.rating.tablets {
        // Whoever has a link can rate: not for those who are rated.
        if !ctx.supervises() {
            tablet.links.clear();
        }
        tablet.qr = tablet.links.first().cloned().and_then(qr);
    }
    Ok(state)
}

/// `machine.get`
pub(crate) fn get(app: &App, ctx: &Ctx, _args: MachineGet) -> Result<MachineAnswer> {
    look(app, ctx)
}

/// `hub.open`
pub(crate) fn open_hub(app: &App, ctx: &Ctx, args: HubOpen) -> Result<MachineAnswer> {
    let machine = app.machine()?;
    let state = machine.state();
    if state.role == MachineRole::Counter {
        return Err(Refusal::new(
            Code::Unsupported,
            "Máy này đang là quầy của một máy chủ quầy khác. Chưa đổi gì. Mời bật máy chủ quầy trên máy đó, hoặc dùng thư mục dữ liệu mới.",
        )
        .into());
    }
    machine.open_hub(port(args.port, state.port)?)?;
    look(app, ctx)
}

/// `hub.close`
pub(crate) fn close_hub(app: &App, ctx: &Ctx, args: HubClose) -> Result<MachineAnswer> {
    let machine = app.machine()?;
    match machine.state().role {
        MachineRole::Own => {}
        MachineRole::Counter => {
            return Err(Refusal::new(
                Code::Unsupported,
                "Máy này là quầy, không làm máy chủ quầy. Chưa đổi gì.",
            )
            .into());
        }
        MachineRole::Hub => {
            let others = app.store.read(|read| others(app, read))?;
            if others > 0 && !args.confirmed {
                return Err(Refusal::new(
                    Code::HubHasCounters,
                    format!(
                        "Còn {others} máy quầy đang dùng máy chủ này. Tắt thì các quầy tự cấp số riêng, mọi bản ghi vẫn an toàn. Chưa đổi gì. Mời xác nhận nếu vẫn muốn tắt."
                    ),
                )
                .into());
            }
        }
    }
    machine.close_hub()?;
    look(app, ctx)
}

/// `hub.pair_code`
pub(crate) fn pair_code(app: &App, _ctx: &Ctx, _args: HubPairCode) -> Result<PairCodeAnswer> {
    let machine = app.machine()?;
    let (code, expires_at, invitation) = machine.pair_code()?;
    Ok(PairCodeAnswer {
        code,
        expires_at,
        now: Time::from_ms(app.clock.moment().wall_ms),
        addresses: machine.state().addresses,
        qr: invitation.and_then(qr),
    })
}

/// `hub.find`
pub(crate) fn find(app: &App, _ctx: &Ctx, _args: HubFind) -> Result<Vec<HubFound>> {
    Ok(app.machine()?.find())
}

/// `hub.follow`
pub(crate) fn follow(app: &App, ctx: &Ctx, args: HubFollow) -> Result<MachineAnswer> {
    let machine = app.machine()?;
    if machine.state().role != MachineRole::Counter {
        return Err(Refusal::new(
            Code::NotPaired,
            "Chỉ máy đang là quầy mới đổi sang máy chủ quầy khác được. Chưa đổi gì. Máy chủ quầy cũ tự nhường khi đọc được lời thay máy.",
        )
        .into());
    }
    let hub = text::required(&args.hub, text::limit::NAME).map_err(|r| r.within("hub"))?;
    machine.follow(&hub)?;
    look(app, ctx)
}

fn has_branch() -> motcua_store::Error {
    Refusal::new(
        Code::BranchExists,
        "Thư mục này đã có dữ liệu của một chi nhánh nên không ghép hay tạo mới trên nó được. Không ghi đè gì. Mời mở Một Cửa với thư mục dữ liệu trống.",
    )
    .into()
}

/// `hub.join`: only an empty folder can, and that has no application yet.
pub(crate) fn join(_app: &App, _ctx: &Ctx, _args: HubJoin) -> Result<HubJoined> {
    Err(has_branch())
}

/// `branch.create`: likewise.
pub(crate) fn create(_app: &App, _ctx: &Ctx, _args: BranchCreate) -> Result<BranchMade> {
    Err(has_branch())
}

/// `branch.demo`: likewise.
pub(crate) fn demo(_app: &App, _ctx: &Ctx, _args: BranchDemo) -> Result<BranchMade> {
    Err(has_branch())
}

/// `board.serve`
pub(crate) fn serve_board(app: &App, ctx: &Ctx, args: BoardServe) -> Result<MachineAnswer> {
    let machine = app.machine()?;
    let wanted = match args.on {
        true => Some(port(args.port, machine.state().board.port)?),
        false => None,
    };
    machine.serve_board(wanted)?;
    look(app, ctx)
}

/// `rating.serve`
pub(crate) fn serve_rating(app: &App, ctx: &Ctx, mut args: RatingServe) -> Result<MachineAnswer> {
    // A counter that the branch no longer has keeps no tablet, but its link can be taken back.
    if args.step != TabletStep::Off {
        ctx.branch.counter(args.counter)?;
    }
    let machine = app.machine()?;
    args.port = args
        .port
        .map(|given| port(Some(given), given))
        .transpose()?;
    machine.serve_rating(&args)?;
    look(app, ctx)
}

/// When the last record of a device that is here was written.
fn last_record(app: &App, device: Uuid) -> Result<Option<Time>> {
    let heads = app.store.heads(Some(device))?;
    let Some(last) = heads.iter().max_by_key(|h| h.head.epoch) else {
        return Ok(None);
    };
    let (epoch, before) = (last.head.epoch, last.head.seq.saturating_sub(1));
    let one = Limits {
        events: 1,
        ..Limits::default()
    };
    let events = app.store.events_after(device, epoch, before, &one)?;
    Ok(events.first().map(|e| Time::from_ms(e.header.wall_ms)))
}

/// `device.list`
pub(crate) fn devices(app: &App, _ctx: &Ctx, _args: DeviceList) -> Result<Vec<Device>> {
    let contacts = app.machine().ok().and_then(|machine| machine.contacts());
    let own = app.store.device();
    let link = app.link();
    let hub = link.as_ref().map_or(own, |link| link.hub());
    let (devices, revoked) = app
        .store
        .read(|read| Ok((read.devices()?, read.revoked_devices()?)))?;
    let device = |d: DeviceIntroduced| {
        let contact = contacts.as_ref().and_then(|c| c.get(&d.device));
        let this = d.device == own;
        Ok(Device {
            device: d.device,
            number: d.number,
            name: d.name,
            this,
            hub: d.device == hub,
            here: match (&contacts, &link) {
                _ if this => Some(true),
                (Some(_), _) => Some(contact.is_some_and(|c| c.here)),
                (None, Some(link)) if d.device == hub => Some(link.state(app).here),
                (None, _) => None,
            },
            last_seen: match contact {
                Some(contact) => Some(contact.seen),
                None => last_record(app, d.device)?,
            },
            waiting: match (this, &link) {
                (true, Some(_)) => app.unsent(HUB, false)?.0,
                (true, None) => 0,
                (false, _) => app.store.quarantined_of(d.device)?,
            },
            revoked: revoked.contains(&d.device),
        })
    };
    devices.into_iter().map(device).collect()
}

/// `device.revoke`
pub(crate) fn revoke(
    app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: DeviceRevoke,
) -> Result<DeviceRevokeAnswer> {
    let device = args.device;
    let known = tx.read().devices()?;
    let Some(known) = known.into_iter().find(|d| d.device == device) else {
        return Err(Refusal::new(
            Code::NotFound,
            "Chi nhánh không có máy này. Chưa đổi gì. Mời xem lại danh sách máy.",
        )
        .at("device")
        .into());
    };
    if device == app.store.device() {
        return Err(Refusal::new(
            Code::NotAllowed,
            "Không thu hồi được chính máy chủ quầy. Chưa đổi gì. Mời chọn máy khác.",
        )
        .at("device")
        .into());
    }
    if !tx.read().revoked_devices()?.contains(&device) {
        let event = DeviceRevoked { device };
        tx.append(
            device_entity(device),
            &Body::Branch(BranchEvent::Revoked(event)),
        )?;
    }
    Ok(DeviceRevokeAnswer {
        device,
        name: known.name,
    })
}
