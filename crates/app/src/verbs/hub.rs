//! Another machine becomes the hub, by a person's word.

use std::net::SocketAddr;

use motcua_domain::{
    Code, Refusal,
    text::{self, limit},
};
use motcua_protocol::{
    event::{Body, BranchEvent, HubPromoted, HubRetired},
    verbs::hub::{Promote, Promoted, Retire, Retired},
};
use motcua_store::{
    Write,
    table::{branch::hub_entity, hub::HubTerm},
};

use crate::{App, Result, registry::Ctx};

/// The sentence of whoever decides: it is asked for, and kept.
fn reason(text: &str) -> Result<String> {
    let reason = text::line(text, limit::NOTE).map_err(|r| r.at("reason"))?;
    if reason.is_empty() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Mời ghi lý do, ví dụ “máy chủ quầy hỏng nguồn”. Chưa đổi gì.",
        )
        .at("reason")
        .into());
    }
    Ok(reason)
}

/// `hub.promote`
pub(crate) fn promote(
    app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Promote,
) -> Result<Promoted> {
    let reason = reason(&args.reason)?;
    let device = app.store.device();
    // The highest that was ever read of here, also if this log has gone back behind it.
    let hub = tx.read().hub()?.into_iter().chain(app.store.known_hub());
    let Some(hub) = hub.max_by_key(HubTerm::rank) else {
        return Err(Refusal::new(
            Code::NotPaired,
            "Máy này chưa ghép với máy nào nên không có máy chủ quầy để thay. Chưa đổi gì.",
        )
        .into());
    };
    if hub.device == device {
        return Err(Refusal::new(
            Code::Unsupported,
            "Máy này đang là máy chủ quầy rồi. Chưa đổi gì.",
        )
        .into());
    }
    let Some(number) = tx.read().device_number(device)? else {
        return Err(Refusal::new(
            Code::DeviceUnknown,
            "Chi nhánh chưa biết máy này nên máy này chưa làm máy chủ quầy được. Chưa đổi gì. Mời dùng một máy quầy đã ghép.",
        )
        .into());
    };
    let wrong = || {
        Refusal::new(
            Code::ArgumentInvalid,
            "Địa chỉ cần có dạng 192.168.1.20:7420, là địa chỉ của máy này trong mạng. Chưa đổi gì.",
        )
        .at("listen")
    };
    let listen = match args.listen {
        Some(listen) => listen.parse().map_err(|_| wrong())?,
        None => app
            .link()
            .and_then(|link| link.own_address())
            .ok_or_else(wrong)?,
    };
    let usable = |at: &SocketAddr| at.port() != 0 && !at.ip().is_unspecified();
    if !usable(&listen) {
        return Err(wrong().into());
    }
    let event = HubPromoted {
        term: hub.term + 1,
        device,
        reason,
        urls: vec![format!("https://{listen}")],
    };
    let term = event.term;
    tx.append(hub_entity(), &Body::Branch(BranchEvent::Promoted(event)))?;
    Ok(Promoted {
        term,
        device,
        number,
        url: format!("https://{listen}"),
    })
}

/// `hub.retire`
pub(crate) fn retire(_app: &App, _ctx: &Ctx, tx: &mut Write<'_>, args: Retire) -> Result<Retired> {
    let reason = reason(&args.reason)?;
    let read = tx.read();
    let hub = read.hub()?;
    let known = read.hubs()?;
    let (Some(hub), Some(_)) = (hub, known.get(&args.device)) else {
        return Err(Refusal::new(
            Code::DeviceUnknown,
            "Máy này chưa từng làm máy chủ quầy. Chưa ghi gì.",
        )
        .at("device")
        .into());
    };
    if hub.device == args.device {
        return Err(Refusal::new(
            Code::Unsupported,
            "Máy này đang là máy chủ quầy. Mời chọn một máy quầy làm máy chủ trước, rồi mới ghi máy này đã bỏ hẳn.",
        )
        .at("device")
        .into());
    }
    let event = HubRetired {
        device: args.device,
        term: hub.term,
        reason,
    };
    tx.append(hub_entity(), &Body::Branch(BranchEvent::Retired(event)))?;
    Ok(Retired {
        device: args.device,
        from: tx.date().succ_opt().unwrap_or_else(|| tx.date()),
    })
}
