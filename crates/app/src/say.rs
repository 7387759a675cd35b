//! Events in words, for the history of a number: what a supervisor reads out to a citizen who
//! asks why they waited.

use motcua_domain::{
    branch::Branch,
    visit::{Cause, Class, HoldTo, Outcome, Quote, ReturnTo, Skipped, Ticket, VisitEvent},
};
use motcua_protocol::Time;

use crate::view::service_name;

/// A clock time for a sentence.
fn clock(ms: i64) -> String {
    Time::from_ms(ms).0.format("%H:%M").to_string()
}

/// `09:30 ngày 25/11/2026`.
fn moment(ms: i64) -> String {
    Time::from_ms(ms)
        .0
        .format("%H:%M ngày %d/%m/%Y")
        .to_string()
}

/// A class in words.
pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::Ordinary => "thường",
        Class::Elderly => "người cao tuổi",
        Class::Disabled => "khuyết tật, ốm nặng",
        Class::Pregnant => "mang thai, bế con nhỏ",
        Class::Merit => "người có công",
        Class::Appointment => "có lịch hẹn",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "Kết thúc, đã phục vụ xong",
        Outcome::Transferred => "Chuyển đi",
        Outcome::Left => "Người dân ra về",
        Outcome::NoShow => "Không đến sau khi được gọi",
        Outcome::Cancelled => "Hủy lịch hẹn",
        Outcome::Void => "Hủy số do cấp nhầm",
        Outcome::UnservedAtClose => "Hết giờ, chưa được phục vụ",
        Outcome::EndedByLogout => "Cán bộ thoát khi đang phục vụ",
        Outcome::EndedBySystem => "Máy đóng khi hết ngày, giờ kết thúc chưa chắc",
    }
}

fn with_note(text: String, note: Option<&str>) -> String {
    match note {
        Some(note) => format!("{text}: {note}."),
        None => format!("{text}."),
    }
}

/// Where a number comes from, where that is not the one line of the branch.
fn from_roll(ticket: Option<&Ticket>, alone: Option<u16>) -> String {
    let paper = if ticket.is_some_and(|t| t.paper) {
        " (phiếu giấy)"
    } else {
        ""
    };
    let alone = alone.map_or_else(String::new, |n| {
        format!(" tại máy quầy {n} khi không nối được máy chủ quầy")
    });
    format!("{paper}{alone}")
}

fn passed_over(skipped: Option<&Skipped>) -> String {
    match skipped {
        None => String::new(),
        Some(s) if s.from == s.to => format!(" Bỏ qua số {:03}: {}.", s.from, s.reason),
        Some(s) => format!(" Bỏ qua số {:03}–{:03}: {}.", s.from, s.to, s.reason),
    }
}

fn promised(quote: Option<Quote>) -> String {
    quote.map_or_else(String::new, |q| format!(", báo chờ {}–{} phút", q.lo, q.hi))
}

/// What happened, in one sentence.
pub(crate) fn visit_event(branch: &Branch, event: &VisitEvent) -> String {
    match event {
        VisitEvent::Registered(e) => {
            let number = e.ticket.as_ref().map_or_else(
                || match e.slot_ms {
                    Some(slot) => format!("Đặt hẹn {}", moment(slot)),
                    None => "Đặt hẹn".to_owned(),
                },
                |t| format!("Cấp số {}", t.label()),
            );
            let ranked = if e.class == Class::Ordinary || e.class == Class::Appointment {
                String::new()
            } else {
                format!(
                    ", ưu tiên {}, xếp như đã đến lúc {}",
                    class(e.class),
                    clock(e.rank_ms)
                )
            };
            let cases = match e.quantity {
                1 => String::new(),
                n => format!(", {n} hồ sơ"),
            };
            let despite = e
                .despite
                .as_ref()
                .map_or_else(String::new, |why| match e.ticket {
                    Some(_) => format!(", cấp ngoài giờ phát số: {why}"),
                    None => format!(", nhận thêm dù đã đủ người: {why}"),
                });
            format!(
                "{number}{}, {}{cases}{ranked}{despite}{}.{}",
                from_roll(e.ticket.as_ref(), e.alone),
                service_name(branch, &e.service),
                promised(e.quote),
                passed_over(e.skipped.as_ref())
            )
        }
        VisitEvent::CheckedIn {
            ticket,
            skipped,
            alone,
            quote,
            ..
        } => {
            format!(
                "Đã đến theo hẹn, cấp số {}{}{}.{}",
                Ticket::label(ticket),
                from_roll(Some(ticket), *alone),
                promised(*quote),
                passed_over(skipped.as_ref())
            )
        }
        VisitEvent::Moved {
            slot_ms,
            reason,
            despite,
            ..
        } => {
            let despite = despite.as_ref().map_or_else(String::new, |why| {
                format!(", nhận thêm dù đã đủ người ({why})")
            });
            with_note(
                format!("Đổi lịch hẹn sang {}{despite}", moment(*slot_ms)),
                reason.as_deref(),
            )
        }
        VisitEvent::AppointmentPrinted { .. } => "In phiếu hẹn.".to_owned(),
        VisitEvent::Identified { party } => format!("Ghi tên {}.", party.name),
        VisitEvent::Classified { class: c, rank_ms } => format!(
            "Đổi lớp thành {}, xếp như đã đến lúc {}.",
            class(*c),
            clock(*rank_ms)
        ),
        VisitEvent::Jumped { reason, .. } => format!("Giám sát cho vào trước: {reason}."),
        VisitEvent::Called { counter } => format!("Gọi đến quầy {counter}."),
        VisitEvent::Recalled {} => "Gọi lại.".to_owned(),
        VisitEvent::CallUndone {} => "Hoàn tác lần gọi, thời gian chờ giữ nguyên.".to_owned(),
        VisitEvent::Started {} => "Bắt đầu phục vụ.".to_owned(),
        VisitEvent::HeldAside(held) => {
            let who = match held.cause {
                Cause::Citizen => "theo yêu cầu của người dân, đồng hồ chờ dừng",
                Cause::Office => "do cơ quan, đồng hồ chờ vẫn chạy",
            };
            format!("Tạm giữ ({who}): {}.", held.reason)
        }
        VisitEvent::Resumed {
            to: HoldTo::Serving,
            ..
        } => "Phục vụ tiếp.".to_owned(),
        VisitEvent::Resumed {
            to: HoldTo::Waiting,
            quote,
            ..
        } => format!(
            "Trở lại hàng chờ, đứng đầu lớp của mình{}.",
            promised(*quote)
        ),
        VisitEvent::Missed {} => "Gọi nhưng vắng mặt, đồng hồ chờ dừng.".to_owned(),
        VisitEvent::Returned {
            to: ReturnTo::Waiting,
            rank_ms,
            quote,
        } => match rank_ms {
            Some(rank) => format!(
                "Đã quay lại, xếp như đã đến lúc {}{}.",
                clock(*rank),
                promised(*quote)
            ),
            None => "Đã quay lại.".to_owned(),
        },
        VisitEvent::Returned {
            to: ReturnTo::Called { counter },
            ..
        } => format!("Đã quay lại, gọi đến quầy {counter}."),
        VisitEvent::Transferred {
            service,
            counter,
            note,
            quote,
            ..
        } => {
            let to = counter.map_or_else(String::new, |c| format!(", quầy {c}"));
            with_note(
                format!(
                    "Chuyển sang {}{to}, giữ chỗ trong hàng{}",
                    service_name(branch, service),
                    promised(*quote)
                ),
                note.as_deref(),
            )
        }
        VisitEvent::ServiceAdded { service } => format!(
            "Thêm việc {} trong cùng lượt.",
            service_name(branch, service)
        ),
        VisitEvent::Ended {
            outcome: o,
            note,
            quote,
        } => {
            let next = quote.map_or_else(String::new, |_| {
                format!("; chờ việc tiếp theo{}", promised(*quote))
            });
            with_note(format!("{}{next}", outcome(*o)), note.as_deref())
        }
        VisitEvent::ClosedByDay { outcome: o } => {
            format!("Đóng ngày: {}.", outcome(*o).to_lowercase())
        }
        VisitEvent::Reopened {
            serving,
            reason,
            quote,
            ..
        } => {
            let to = if *serving {
                "tại quầy"
            } else {
                "vào hàng chờ"
            };
            with_note(
                format!("Mở lại {to}{}", promised(*quote)),
                reason.as_deref(),
            )
        }
        VisitEvent::TicketPrinted { .. } => "In phiếu số.".to_owned(),
        VisitEvent::DossierRefused(e) if e.wanted.is_some() => format!(
            "Chưa nhận hồ sơ {}, hướng dẫn bổ sung. Lý do: {}",
            e.procedure.name, e.reason
        ),
        VisitEvent::DossierRefused(e) => format!(
            "Từ chối tiếp nhận hồ sơ {}. Lý do: {}",
            e.procedure.name, e.reason
        ),
        VisitEvent::RefusalPrinted { .. } => "In phiếu cho hồ sơ không tiếp nhận.".to_owned(),
    }
}
