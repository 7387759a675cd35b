//! Telling citizens: the list, the calls, and how this machine sends.

use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{CaseEvent, ContactChanged},
    identity::phone,
    notice::{self, CallOutcome, Channel, Means, NoticeKind, NoticeTold, Step, Telling, Told},
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, MeansSet},
    verbs::{
        case::CaseView,
        notice::{
            ChannelState, NoticeCalled, NoticeConfigure, NoticeDone, NoticeLine, NoticeList,
            NoticeListAsk, NoticeSetup, NoticeSetupAnswer, NoticeTest, NoticeTested, SetContact,
        },
    },
};
use motcua_store::{
    Read, Write,
    table::notice::{NoticeRow, means_entity, notice_entity},
};
use uuid::Uuid;

use super::{case, case_acts, case_view};
use crate::{
    App, Result,
    notice_queue::{Trouble, deliver},
    notice_text::{Facts, NoticeTexts},
    registry::Ctx,
    view,
};

/// Open notices on a screen at once.
const MOST_OPEN: u32 = 500;
/// Told notices that stay on the screen.
const MOST_TOLD: u32 = 30;

/// Which ways the branch has: what its present hub said of itself. Another machine's word, from a
/// time when that one was the hub, does not count.
fn means(app: &App, read: &Read<'_>) -> Result<Means> {
    let link = app.link();
    if link.is_none() {
        return Ok(app.notice_setup.ways().means());
    }
    let hub = link.map(|link| link.hub());
    let said = read.notice_means()?;
    Ok(said
        .filter(|said| Some(said.device) == hub)
        .map(|said| said.means)
        .unwrap_or_default())
}

/// `notice.list`
pub(crate) fn list(app: &App, ctx: &Ctx, _args: NoticeListAsk) -> Result<NoticeList> {
    app.store.read(|read| lists(app, &ctx.branch, read))
}

fn lists(app: &App, branch: &Branch, read: &Read<'_>) -> Result<NoticeList> {
    let texts = app.assets.notice_texts(app.store.dir())?;
    let means = means(app, read)?;
    let moment = app.moment();
    let in_future = |trouble: &Trouble| {
        Time::from_ms(
            moment
                .wall_ms
                .saturating_add(trouble.left_ms(moment.mono_ms)),
        )
    };
    let channel = |channel, ready| {
        let trouble = app.notices.of_channel(channel).filter(|_| ready);
        ChannelState {
            channel,
            ready,
            next_try: trouble.as_ref().map(in_future),
            trouble: trouble.map(|t| t.words),
        }
    };
    let mut list = NoticeList {
        call: Vec::new(),
        waiting: Vec::new(),
        unreachable: Vec::new(),
        told: Vec::new(),
        channels: vec![
            channel(Channel::Email, means.email),
            channel(Channel::Sms, means.sms),
        ],
        sends_here: app.sends_notices(),
    };
    for row in read.open_notices(MOST_OPEN)? {
        let step = notice::next(row.live, &row.case.contact(), &row.tellings, means);
        let mut line = line(branch, texts, &row, step);
        if let Some(trouble) = app.notices.of_notice(row.id) {
            line.next_try = Some(in_future(&trouble));
            line.trouble = Some(trouble.words);
        }
        match step {
            Step::Call => list.call.push(line),
            Step::Email | Step::Sms => list.waiting.push(line),
            Step::Unreachable => list.unreachable.push(line),
            Step::Told | Step::Moot => {}
        }
    }
    for row in read.told_notices(MOST_TOLD)? {
        list.told.push(line(branch, texts, &row, Step::Told));
    }
    Ok(list)
}

fn line(branch: &Branch, texts: &NoticeTexts, row: &NoticeRow, step: Step) -> NoticeLine {
    let received = &row.case.received;
    // Whose it is, and what to say, only where a person has to speak to them.
    let spoken = matches!(step, Step::Call | Step::Unreachable);
    let facts = Facts::of(&row.case, row.date_ms);
    let mut history: Vec<NoticeDone> = row.tellings.iter().map(|t| done(branch, t)).collect();
    history.reverse();
    NoticeLine {
        id: row.id,
        case_id: row.case_id,
        case_code: row.case.code().to_owned(),
        kind: row.kind,
        since: Time::from_ms(row.at_ms),
        step,
        name: spoken.then(|| received.applicant.name.clone()),
        phone: (step == Step::Call)
            .then(|| row.case.contact().phone)
            .flatten(),
        say: spoken.then(|| texts.say(row.kind, branch, &facts)),
        history,
        trouble: None,
        next_try: None,
    }
}

/// What was done, in words.
fn done(branch: &Branch, telling: &Telling) -> NoticeDone {
    let way = |channel: Channel| match channel {
        Channel::Email => "thư điện tử",
        Channel::Sms => "tin nhắn",
    };
    let (text, bad) = match &telling.told {
        Told::Sent { channel } => (format!("Đã gửi {}.", way(*channel)), false),
        Told::Refused {
            channel, reason, ..
        } => (format!("Không gửi được {}: {reason}", way(*channel)), true),
        Told::Called { outcome, note, .. } => {
            let who = view::officer_name(branch, &telling.by);
            let what = match outcome {
                CallOutcome::Reached => "đã báo được",
                CallOutcome::NoAnswer => "không ai nghe máy",
                CallOutcome::WrongNumber => "số không đúng người",
            };
            let note = note
                .as_deref()
                .map_or_else(String::new, |n| format!(" {n}"));
            (
                format!("{who} gọi điện: {what}.{note}"),
                *outcome != CallOutcome::Reached,
            )
        }
    };
    NoticeDone {
        at: Time::from_ms(telling.at_ms),
        text,
        bad,
    }
}

/// What the citizen has heard of an act, in sentences.
pub(super) fn told_of(read: &Read<'_>, case: Uuid, act_ms: i64) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for kind in NoticeKind::ALL {
        let Some(row) = read.notice(notice_entity(case, kind, act_ms))? else {
            continue;
        };
        let what = match kind {
            NoticeKind::ResultReady => "đã có kết quả",
            NoticeKind::SupplementAsked => "cần bổ sung hồ sơ",
            NoticeKind::DatePostponed => "hẹn lại ngày trả",
        };
        for telling in &row.tellings {
            let how = match &telling.told {
                Told::Sent {
                    channel: Channel::Email,
                } => "bằng thư điện tử",
                Told::Sent {
                    channel: Channel::Sms,
                } => "bằng tin nhắn",
                Told::Called {
                    outcome: CallOutcome::Reached,
                    ..
                } => "qua điện thoại",
                Told::Called { .. } | Told::Refused { .. } => continue,
            };
            told.push(format!(
                "Đã báo người dân {how} lúc {}: {what}. Mời báo lại cho họ.",
                Time::from_ms(telling.at_ms).0.format("%H:%M ngày %d/%m/%Y")
            ));
        }
    }
    Ok(told)
}

fn find(read: &Read<'_>, id: Uuid) -> Result<NoticeRow> {
    read.notice(id)?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không có việc thông báo này. Mời xem lại danh sách.",
        )
        .at("id")
        .into()
    })
}

/// `notice.called`
pub(crate) fn called(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: NoticeCalled,
) -> Result<NoticeList> {
    let row = find(&tx.read(), args.id)?;
    let contact = row.case.contact();
    match notice::next(row.live, &contact, &row.tellings, Means::default()) {
        Step::Told => {
            return Err(Refusal::new(
                Code::NotAllowed,
                "Người dân đã được báo việc này rồi. Chưa ghi thêm gì.",
            )
            .at("id")
            .into());
        }
        Step::Moot => {
            return Err(Refusal::new(
                Code::NotAllowed,
                "Việc này không còn cần báo: hồ sơ đã sang bước khác, hoặc người dân không nhận tin. Chưa ghi gì.",
            )
            .at("id")
            .into());
        }
        _ => {}
    }
    let note = text::optional(args.note.as_deref(), limit::NOTE).map_err(|r| r.at("note"))?;
    let event = NoticeTold {
        case: row.case_id,
        notice: row.kind,
        notice_ms: row.at_ms,
        told: Told::Called {
            outcome: args.outcome,
            note,
            contact: contact.changes,
        },
    };
    let entity = notice_entity(row.case_id, row.kind, row.at_ms);
    tx.append(entity, &Body::Branch(BranchEvent::NoticeTold(event)))?;
    lists(app, &ctx.branch, &tx.read())
}

/// `case.set_contact`
pub(crate) fn set_contact(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: SetContact,
) -> Result<CaseView> {
    case_acts::looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let phone = text::optional(args.phone.as_deref(), limit::CODE).map_err(|r| r.at("phone"))?;
    let phone = phone
        .map(|raw| phone::parse(&raw).map(|p| p.value.as_str().to_owned()))
        .transpose()
        .map_err(|r| r.at("phone"))?;
    let email = motcua_domain::case::check_email(args.email.as_deref())?;
    let event = ContactChanged {
        consent: args.consent,
        phone,
        email,
    };
    tx.append(args.id, &Body::Case(CaseEvent::ContactChanged(event)))?;
    let read = tx.read();
    let row = case::find(&read, args.id)?;
    let now = Time::from_ms(tx.now_ms());
    case_view::view_of(app, ctx, &read, row, now)
}

fn shown(app: &App) -> NoticeSetupAnswer {
    let (mail, sms) = app.notice_setup.ways().shown();
    NoticeSetupAnswer {
        mail,
        sms,
        sends_here: app.sends_notices(),
    }
}

/// `notice.setup`
pub(crate) fn setup(app: &App, _ctx: &Ctx, _args: NoticeSetup) -> Result<NoticeSetupAnswer> {
    Ok(shown(app))
}

/// `notice.configure`
pub(crate) fn configure(
    app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: NoticeConfigure,
) -> Result<NoticeSetupAnswer> {
    let ways = app.notice_setup.ways().changed(args.mail, args.sms)?;
    let event = MeansSet {
        device: app.store.device(),
        means: ways.means(),
    };
    tx.append(
        means_entity(),
        &Body::Branch(BranchEvent::NoticeMeans(event)),
    )?;
    app.notice_setup.keep(ways)?;
    app.notices.forget();
    Ok(shown(app))
}

/// `notice.test`
pub(crate) fn test(app: &App, ctx: &Ctx, args: NoticeTest) -> Result<NoticeTested> {
    let to = match args.channel {
        Channel::Email => motcua_domain::case::check_email(Some(&args.to))?,
        Channel::Sms => {
            let number = text::optional(Some(&args.to), limit::CODE).map_err(|r| r.at("to"))?;
            number
                .map(|raw| phone::parse(&raw).map(|p| p.value.as_str().to_owned()))
                .transpose()?
        }
    };
    let to = to.ok_or_else(|| {
        Refusal::new(
            Code::FieldRequired,
            "Mời nhập địa chỉ nhận thử. Chưa gửi gì.",
        )
        .at("to")
    })?;
    let ways = app.notice_setup.ways();
    let texts = app.assets.notice_texts(app.store.dir())?;
    let message = (Uuid::now_v7(), to);
    let sent = deliver(
        args.channel,
        &ways,
        texts,
        &ctx.branch,
        None,
        &Facts::default(),
        message,
    );
    Ok(match sent {
        Ok(()) => NoticeTested {
            accepted: true,
            message: "Máy chủ đã nhận. Mời xem hộp thư hoặc điện thoại nhận thử.".to_owned(),
        },
        Err(failed) => NoticeTested {
            accepted: false,
            message: failed.words().to_owned(),
        },
    })
}
