//! Figures of offices on the operators' page: today's of all of them, and a page for each.

use maud::{Markup, html};
use motcua_domain::visit::figures::TargetFigure;

use super::{
    page::{figure, part, roll, whole},
    words::{moment, number, wait},
};
use crate::figures::{Day, Figures, OfOffice, OfficeFigures};

/// Where an office's own figures are.
pub(super) const PAGE: &str = "/van-hanh/so-lieu";

/// A value that was measured.
fn measured(seconds: Option<u32>) -> Markup {
    html! {
        @match seconds {
            Some(s) => (wait(s)),
            None => span class="none" { "–" },
        }
    }
}

/// A target with its share; marked where the mean misses it.
fn target(target: &TargetFigure) -> Markup {
    let missed = target.mean_met == Some(false);
    html! {
        @if let Some(percent) = target.percent {
            span class=[missed.then_some("attention")] {
                @if missed { span aria-hidden="true" { "◆ " } }
                "≤ " (target.minutes) " phút: " (percent) "% (" (target.within) "/" (target.of) ")"
            }
        } @else {
            span class="none" { "≤ " (target.minutes) " phút: –" }
        }
    }
}

fn head(first: &str, overdue: bool) -> Markup {
    html! {
        thead { tr {
            th scope="col" { (first) }
            th scope="col" class="n" { "Lấy số" } th scope="col" class="n" { "Đã phục vụ" }
            th scope="col" class="n" { "Chờ trung bình" } th scope="col" class="n" { "Chờ lâu nhất" }
            th scope="col" { "Trong mục tiêu" }
            th scope="col" class="n" { "Đang chờ" } th scope="col" class="n" { "Bỏ về" }
            th scope="col" class="n" { "Gọi không đến" } th scope="col" class="n" { "Hết giờ" }
            th scope="col" class="n" { "Hồ sơ nhận" } th scope="col" class="n" { "Đã trả" }
            @if overdue { th scope="col" class="n" { "Quá hạn" } }
        } }
    }
}

fn cells(figures: &Figures) -> Markup {
    let waits = &figures.waits;
    let n = |n: u32| number(u64::from(n));
    html! {
        td class="n" { (n(figures.registered)) }
        td class="n" { (n(waits.served)) }
        td class="n" { (measured(waits.mean_s)) }
        td class="n" { (measured(waits.max_s)) }
        td { @for one in &waits.targets { div class="target" { (target(one)) } } }
        td class="n" { (n(waits.waiting_now)) }
        td class="n" { (n(waits.left_before_service)) }
        td class="n" { (n(waits.no_show)) }
        td class="n" { (n(waits.unserved_at_close)) }
        td class="n" { (number(figures.cases)) }
        td class="n" { (number(figures.returned)) }
    }
}

fn overdue(cases: u64) -> Markup {
    html! {
        @if cases > 0 { strong class="attention" { "◆ " (number(cases)) } }
        @else { "0" }
    }
}

/// Today, office by office.
pub(super) fn today(offices: &[OfOffice]) -> Markup {
    part(
        "today",
        "Số liệu hôm nay theo đơn vị",
        &html! {
            @if offices.is_empty() {
                p { "Chưa có đơn vị nào." }
            } @else {
                (roll("today", &html! {
                    table class="counts" {
                        (head("Đơn vị", true))
                        tbody { @for one in offices { tr {
                            th scope="row" {
                                a href=(format!("{PAGE}?{}", query(&one.office))) { (one.office) }
                                @if let Some(name) = &one.name { div class="small" { (name) } }
                            }
                            (cells(&one.figures))
                            td class="n" { (overdue(one.overdue)) }
                        } } }
                    }
                }))
                p class="small" { "Tính từ bản ghi đã nhận. Mã đơn vị dẫn tới số liệu từng ngày." }
            }
        },
    )
}

/// The question for an office. Codes from before they were checked may hold anything.
fn query(office: &str) -> String {
    let mut query = "office=".to_owned();
    for byte in office.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => {
                query.push(char::from(byte));
            }
            _ => query.push_str(&format!("%{byte:02X}")),
        }
    }
    query
}

/// What was asked, as it was typed.
pub(super) struct Typed<'a> {
    pub(super) office: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

fn question(typed: &Typed<'_>, wrong: Option<&str>) -> Markup {
    html! {
        form method="get" action=(PAGE) class="ask" {
            @if let Some(wrong) = wrong { p id="wrong" class="fault" role="alert" { (wrong) } }
            div { label for="office" { "Mã đơn vị" }
                input id="office" name="office" type="text" required maxlength="64" spellcheck="false" value=(typed.office)
                    aria-describedby=[wrong.map(|_| "wrong")]; }
            div { label for="from" { "Từ ngày" } input id="from" name="from" type="date" value=(typed.from); }
            div { label for="to" { "Đến ngày" } input id="to" name="to" type="date" value=(typed.to); }
            button type="submit" { "Xem" }
        }
    }
}

fn framed(title: &str, made: &Markup, inside: &Markup) -> String {
    let body = html! {
        header {
            h1 { (title) }
            p class="made" { (made) }
            nav aria-label="Thao tác" { a class="button" href="/van-hanh" { "Về trang vận hành" } }
        }
        main { (inside) }
    };
    whole(title, &body)
}

/// The question once more, with what is wrong about it.
pub(super) fn wrong(typed: &Typed<'_>, why: &str) -> String {
    framed("Số liệu của đơn vị", &html! {}, &question(typed, Some(why)))
}

/// The figures of an office.
pub(super) fn office(told: &OfficeFigures) -> String {
    let (from, to) = (told.from.to_string(), told.to.to_string());
    let typed = Typed {
        office: &told.office,
        from: &from,
        to: &to,
    };
    let made = html! {
        @if let Some(name) = &told.name { (name) " · " }
        "Lúc " time datetime=(told.at.to_rfc3339()) { (moment(told.at)) } " (giờ Việt Nam)"
    };
    let inside = html! {
        (question(&typed, None))
        @match told.unsent {
            Some(0) => {},
            Some(n) => p class="fault" { "◆ Các máy của đơn vị báo còn " (number(n)) " bản ghi chưa gửi, nên số liệu có thể chưa đủ." },
            None => p class="small" { "Chưa máy nào của đơn vị báo còn bao nhiêu bản ghi chưa gửi." },
        }
        (summary(told))
        (days(&told.days))
        p class="small" {
            "Số liệu này cũng có dạng JSON tại "
            a href=(format!("/v1/operations/figures?{}", query(&told.office))) { "/v1/operations/figures" }
            ", và bằng lệnh " code { "motcua-central figures" } "."
        }
    };
    framed(&format!("Số liệu của {}", told.office), &made, &inside)
}

fn summary(told: &OfficeFigures) -> Markup {
    let (all, waits) = (&told.all, &told.all.waits);
    let n = |n: u32| number(u64::from(n));
    let said = |s: Option<u32>| s.map_or_else(|| "–".to_owned(), wait);
    let share = |t: &TargetFigure| {
        t.percent
            .map_or_else(|| "–".to_owned(), |p| format!("{p}%"))
    };
    html! {
        dl class="figures" {
            (figure("Đã phục vụ", &n(waits.served), &format!("{} lượt lấy số, {} đang chờ", n(all.registered), n(waits.waiting_now)), None))
            (figure("Chờ trung bình", &said(waits.mean_s), &format!("lâu nhất {}, một nửa chờ không quá {}, chín phần mười không quá {}", said(waits.max_s), said(waits.median_s), said(waits.p90_s)), None))
            @for t in &waits.targets {
                (figure(&format!("Chờ không quá {} phút", t.minutes), &share(t), &format!("{} trong {} lượt", n(t.within), n(t.of)), (t.mean_met == Some(false)).then_some("◆")))
            }
            (figure("Không được phục vụ", &n(waits.left_before_service + waits.no_show + waits.unserved_at_close),
                &format!("{} bỏ về, {} gọi không đến, {} hết giờ", n(waits.left_before_service), n(waits.no_show), n(waits.unserved_at_close)), None))
            (figure("Hồ sơ nhận", &number(all.cases), &format!("{} đã trả kết quả", number(all.returned)), None))
            (figure("Hồ sơ quá hạn lúc này", &number(told.overdue), "nhận ngày nào cũng tính", (told.overdue > 0).then_some("◆")))
            @if waits.inaccurate > 0 {
                (figure("Không tính được", &n(waits.inaccurate), "lượt có giờ không đáng tin", None))
            }
        }
    }
}

fn days(days: &[Day]) -> Markup {
    part(
        "days",
        "Từng ngày",
        &html! {
            @if days.is_empty() {
                p { "Không có lượt giao dịch hay hồ sơ nào trong khoảng này." }
            } @else {
                (roll("days", &html! {
                    table class="counts" {
                        (head("Ngày", false))
                        tbody { @for day in days { tr {
                            th scope="row" { time datetime=(day.date) { (day.date.format("%d/%m/%Y")) } }
                            (cells(&day.figures))
                        } } }
                    }
                }))
            }
        },
    )
}
