//! The page: made whole here, without a script, so that it is the same in every browser and
//! nothing on it can be turned against whoever looks.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::{
    figures,
    lookups::Register,
    overview::{Agency, Held, Machine, Office, Onward, Overview, Reason},
    words::{ago, moment, number, status},
};

/// A machine that was heard within this time is at work; central hears a machine that has nothing
/// to say every half minute.
const AT_WORK_S: i64 = 300;

pub(super) fn whole(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Một Cửa trung tâm" }
                link rel="stylesheet" href="/van-hanh/trang.css";
            }
            body { (body) }
        }
    }
    .into_string()
}

/// Asks for a code.
pub(super) fn login(wrong: bool) -> String {
    let body = html! {
        main class="door" {
            h1 { "Vận hành trung tâm" }
            p { "Trang này dành cho người vận hành. Mã vào một lần lấy ở máy chủ bằng lệnh "
                code { "motcua-central operator-code" } ", có giá trị 10 phút." }
            form method="post" action="/van-hanh/vao" {
                label for="code" { "Mã vào" }
                @if wrong {
                    p id="wrong" class="fault" role="alert" {
                        "Mã không đúng, đã dùng hoặc đã hết hạn. Mời lấy mã mới."
                    }
                }
                input id="code" name="code" type="text" required autofocus autocomplete="off"
                    autocapitalize="characters" spellcheck="false" maxlength="40"
                    aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("wrong")];
                button type="submit" { "Vào" }
            }
        }
    };
    whole("Vào trang vận hành", &body)
}

/// How the installation stands.
pub(super) fn overview(overview: &Overview) -> String {
    let now = overview.at;
    let body = html! {
        header {
            h1 { "Vận hành trung tâm" }
            p class="made" { "Lúc " time datetime=(now.to_rfc3339()) { (moment(now)) } " (giờ Việt Nam)" }
            nav aria-label="Thao tác" {
                a class="button" href="/van-hanh" { "Tải lại" }
                form method="post" action="/van-hanh/ra" { button type="submit" { "Ra" } }
            }
        }
        main {
            (at_a_glance(overview))
            (offices(&overview.offices, now))
            (figures::today(&overview.today))
            (held(&overview.reasons, &overview.held, now))
            (agencies(&overview.agencies))
            (onward("portal", "Cổng Dịch vụ công quốc gia", &overview.portal, now))
            (onward("ministry", "Hệ thống giải quyết thủ tục hành chính của bộ (qua LGSP)", &overview.ministry, now))
            (lookups(&overview.lookups, now))
            (machines(&overview.machines, now))
            p class="small" {
                "Số liệu này cũng có dạng JSON tại " a href="/v1/operations" { "/v1/operations" }
                ", mô tả giao diện tại " a href="/openapi.json" { "/openapi.json" } "."
            }
        }
    };
    whole("Vận hành", &body)
}

/// A figure with its name, and what it means where it needs a person.
pub(super) fn figure(name: &str, value: &str, note: &str, mark: Option<&str>) -> Markup {
    html! {
        div class=(mark.map_or("figure", |_| "figure attention")) {
            dt { (name) }
            dd {
                strong { @if let Some(mark) = mark { span aria-hidden="true" { (mark) " " } } (value) }
                span { (note) }
            }
        }
    }
}

fn at_a_glance(overview: &Overview) -> Markup {
    let sum = |of: fn(&Office) -> u64| overview.offices.iter().map(of).sum::<u64>();
    let (parked, quarantined) = (sum(|o| o.parked), sum(|o| o.quarantined));
    let unsent = sum(|o| o.unsent.unwrap_or(0));
    let oldest = overview
        .offices
        .iter()
        .filter_map(|o| o.oldest_unsent)
        .min();
    let minute = overview.received.last_minute;
    html! {
        dl class="figures" {
            (figure("Đơn vị", &number(overview.offices.len() as u64),
                &format!("{} máy được phép gửi", number(sum(|o| o.machines))), None))
            (figure("Bản ghi nhận được trong 1 giờ", &number(overview.received.last_hour),
                &format!("{} trong phút vừa qua, {} trong 24 giờ", number(minute), number(overview.received.last_day)), None))
            (figure("Các máy báo còn chưa gửi", &number(unsent),
                &oldest.map_or_else(|| "không có bản ghi nào đang chờ gửi".to_owned(),
                    |at| format!("cũ nhất ghi lúc {}", moment(at))), None))
            (figure("Đang chờ để có hiệu lực", &number(parked), "đã lưu, tự có hiệu lực sau", None))
            (figure("Cần người xem", &number(quarantined), "đã lưu, không cản bản ghi khác",
                (quarantined > 0).then_some("◆")))
        }
    }
}

fn when(now: DateTime<Utc>, at: Option<DateTime<Utc>>) -> Markup {
    html! {
        @match at {
            Some(at) => time datetime=(at.to_rfc3339()) title=(moment(at)) { (ago(now, at)) },
            None => span class="none" { "chưa lần nào" },
        }
    }
}

/// A part of the page whose table may be wider than the window.
pub(super) fn part(id: &str, title: &str, inside: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            (inside)
        }
    }
}

pub(super) fn roll(id: &str, table: &Markup) -> Markup {
    html! { div class="roll" role="region" aria-labelledby=(id) tabindex="0" { (table) } }
}

fn unsent(now: DateTime<Utc>, count: Option<u64>, oldest: Option<DateTime<Utc>>) -> Markup {
    html! {
        @match (count, oldest) {
            (None, _) => span class="none" { "chưa báo" },
            (Some(0), _) => "0",
            (Some(n), None) => (number(n)),
            (Some(n), Some(at)) => { (number(n)) ", cũ nhất " (when(now, Some(at))) },
        }
    }
}

fn offices(offices: &[Office], now: DateTime<Utc>) -> Markup {
    part(
        "offices",
        "Đơn vị",
        &html! {
            @if offices.is_empty() {
                p { "Chưa có đơn vị nào. Lệnh " code { "motcua-central code --office MÃ" } " tạo đơn vị và mã kết nối đầu tiên." }
            } @else {
                (roll("offices", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Mã đơn vị" } th scope="col" class="n" { "Máy" }
                            th scope="col" { "Liên lạc gần nhất" } th scope="col" { "Chưa gửi (máy báo)" }
                            th scope="col" class="n" { "Nhận trong 1 giờ" } th scope="col" class="n" { "Đang chờ" }
                            th scope="col" class="n" { "Cần người xem" } th scope="col" class="n" { "Mã hồ sơ hôm nay" }
                        } }
                        tbody { @for office in offices { tr {
                            th scope="row" { (office.code) }
                            td class="n" { (number(office.machines)) }
                            td { (when(now, office.seen_at)) }
                            td { (unsent(now, office.unsent, office.oldest_unsent)) }
                            td class="n" { (number(office.last_hour)) }
                            td class="n" { (number(office.parked)) }
                            td class="n" {
                                @if office.quarantined > 0 { strong class="attention" { "◆ " (number(office.quarantined)) } }
                                @else { "0" }
                            }
                            td class="n" { (codes(office)) }
                        } } }
                    }
                }))
            }
        },
    )
}

/// How far the codes go that a branch was granted for today.
fn codes(office: &Office) -> Markup {
    html! {
        @if office.codes_clash { strong class="attention" { "◆ Trùng dải số" } " " }
        @match (office.codes, office.codes_left) {
            (Some(of), Some(left)) if left * 5 <= of => strong class="attention" { "◆ còn " (number(left)) "/" (number(of)) },
            (Some(of), Some(left)) => { "còn " (number(left)) "/" (number(of)) },
            _ => span class="none" { "không cấp từ trung tâm" },
        }
    }
}

fn agencies(agencies: &[Agency]) -> Markup {
    part(
        "codes",
        "Mã hồ sơ theo cơ quan",
        &html! {
            @if agencies.is_empty() {
                p { "Chưa có chi nhánh nào nhận mã hồ sơ từ trung tâm." }
            } @else {
                (roll("codes", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Mã cơ quan" } th scope="col" class="n" { "Chi nhánh" }
                            th scope="col" class="n" { "Đã chia hôm nay" } th scope="col" class="n" { "Còn hôm nay" }
                            th scope="col" { "Ngày còn ít nhất" }
                        } }
                        tbody { @for agency in agencies { tr {
                            th scope="row" { (agency.code) }
                            td class="n" { (number(agency.branches)) }
                            td class="n" { (number(agency.today)) }
                            td class="n" { (number(agency.rest)) }
                            td { @match (agency.tightest, agency.tightest_rest) {
                                (Some(date), Some(rest)) => {
                                    @if agency.low { strong class="attention" { "◆ " (date.format("%d/%m/%Y")) ": còn " (number(rest)) } }
                                    @else { (date.format("%d/%m/%Y")) ": còn " (number(rest)) }
                                },
                                _ => "–",
                            } }
                        } } }
                    }
                }))
            }
        },
    )
}

fn held(reasons: &[Reason], held: &[Held], now: DateTime<Utc>) -> Markup {
    part(
        "held",
        "Bản ghi chưa có hiệu lực",
        &html! {
            @if held.is_empty() {
                p { "Không có. Mọi bản ghi đã nhận đều có hiệu lực." }
            } @else {
                ul class="reasons" { @for reason in reasons { li {
                    strong { (number(reason.events)) " bản ghi · " (status(&reason.status)) }
                    " " (reason.text) " " span class="small" { code { (reason.code) } ", lâu nhất: " (when(now, Some(reason.oldest))) }
                } } }
                (roll("held", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Tình trạng" } th scope="col" { "Lý do" } th scope="col" { "Đơn vị" }
                            th scope="col" { "Máy ghi" } th scope="col" { "Loại bản ghi" } th scope="col" { "Từ khi" } th scope="col" { "Mã bản ghi" }
                        } }
                        tbody { @for one in held { tr {
                            td { @if one.status == "quarantined" { strong class="attention" { "◆ " (status(&one.status)) } } @else { "○ " (status(&one.status)) } }
                            td { code { (one.code) } }
                            td { (one.office) }
                            td { @match &one.machine { Some(name) => (name), None => code { (one.device) } } }
                            td { code { (one.kind.as_deref().unwrap_or("–")) } }
                            td { (when(now, Some(one.since))) }
                            td { code { (one.event) } }
                        } } }
                    }
                }))
            }
        },
    )
}

fn onward(id: &str, title: &str, portal: &Onward, now: DateTime<Utc>) -> Markup {
    let waits = html! {
        @match portal.oldest {
            None => "Không có hồ sơ nào chờ gửi.",
            Some(at) => { (number(portal.waiting)) " hồ sơ chờ gửi, lâu nhất: " (when(now, Some(at))) "." },
        }
    };
    part(
        id,
        title,
        &html! {
            p {
                @match &portal.line {
                    None => { span class="quiet" { "○ Chưa cấu hình." } " " (waits) " Cách cấu hình: docs/portal.md." },
                    Some(line) => {
                        @match line.away_since {
                            None => { span class="good" { "● Đang nối." } " Trả lời gần nhất: " (when(now, line.heard_at)) ". " (waits) },
                            Some(since) => {
                                strong class="attention" { "◆ Chưa gửi được từ " (moment(since)) "." }
                                " " (line.text.as_deref().unwrap_or_default()) " "
                                @if let Some(detail) = &line.detail { @if !detail.is_empty() { "(" (detail) ") " } }
                                @if let Some(next) = line.next_at { "Tự thử lại lúc " (moment(next)) ". " }
                                (waits)
                            },
                        }
                    },
                }
            }
            @if portal.line.is_some() && !portal.offices.is_empty() {
                p class="small" { "Dùng cho: " (portal.offices.join(", ")) "." }
            }
            @if portal.refused > 0 {
                p { strong class="attention" { "◆ " (number(portal.refused)) " hồ sơ chưa được nhận." }
                    " Hồ sơ khác vẫn gửi. Sau khi sửa, lệnh " code { "motcua-central portal-retry" } " gửi lại ngay." }
            }
            @if !portal.unmapped.is_empty() {
                ul class="reasons" { @for one in &portal.unmapped { li {
                    strong { (one.office) ": " (number(one.cases)) " hồ sơ chờ." } " " (one.text) " "
                    span class="small" { code { (one.code) } ", lâu nhất: " (when(now, Some(one.since))) }
                } } }
            }
            @if !portal.refusals.is_empty() {
                (roll(id, &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Đơn vị" } th scope="col" { "Mã hồ sơ" } th scope="col" { "Lý do" }
                            th scope="col" { "Trả lời" } th scope="col" class="n" { "Đã thử" } th scope="col" { "Chờ từ" } th scope="col" { "Thử lại lúc" }
                        } }
                        tbody { @for one in &portal.refusals { tr {
                            td { (one.office) }
                            th scope="row" { (one.case.as_deref().unwrap_or("–")) }
                            td { (one.text) " " code { (one.code) } }
                            td { (one.detail) }
                            td class="n" { (number(one.tries)) }
                            td { (when(now, Some(one.since))) }
                            td { (moment(one.next_at)) }
                        } } }
                    }
                }))
            }
        },
    )
}

fn lookups(registers: &[Register], now: DateTime<Utc>) -> Markup {
    part(
        "lookups",
        "Tra cứu dân cư và doanh nghiệp",
        &html! {
            @if registers.is_empty() {
                p { span class="quiet" { "○ Chưa cấu hình." } " Quầy vẫn làm việc, hồ sơ ghi “chưa tra cứu được”. Cách cấu hình: docs/lookups.md." }
            } @else {
                (roll("lookups", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Cơ sở dữ liệu" } th scope="col" { "Tình trạng" } th scope="col" { "Trả lời gần nhất" }
                            th scope="col" class="n" { "Lượt hỏi 24 giờ" } th scope="col" class="n" { "Không có dữ liệu" }
                            th scope="col" class="n" { "Không tra cứu được" } th scope="col" class="n" { "Hạn mức mỗi đơn vị mỗi ngày" }
                        } }
                        tbody { @for one in registers { tr {
                            th scope="row" { (one.title) }
                            td { @match one.away_since {
                                None if one.heard_at.is_none() => span class="quiet" { "○ Chưa hỏi lần nào" },
                                None => span class="good" { "● Đang nối" },
                                Some(since) => {
                                    strong class="attention" { "◆ Không trả lời từ " (moment(since)) "." }
                                    " " (one.text.unwrap_or_default())
                                },
                            } }
                            td { (when(now, one.heard_at)) }
                            td class="n" { (number(one.last_day)) }
                            td class="n" { (number(one.not_found)) }
                            td class="n" { (number(one.unavailable)) }
                            td class="n" { (number(one.per_day)) }
                        } } }
                    }
                }))
                p class="small" { "Ai hỏi, lúc nào, vì việc gì: lệnh " code { "motcua-central look-ups" } ". Nội dung trả lời không lưu ở trung tâm." }
            }
        },
    )
}

fn machines(machines: &[Machine], now: DateTime<Utc>) -> Markup {
    part(
        "machines",
        "Máy đã kết nối",
        &html! {
            @if machines.is_empty() {
                p { "Chưa có máy nào." }
            } @else {
                (roll("machines", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Đơn vị" } th scope="col" { "Máy" } th scope="col" { "Tình trạng" }
                            th scope="col" { "Liên lạc gần nhất" } th scope="col" { "Chưa gửi (máy báo)" }
                            th scope="col" { "Kết nối từ" } th scope="col" { "Mã máy" }
                        } }
                        tbody { @for machine in machines { tr class=[machine.revoked_at.map(|_| "revoked")] {
                            td { (machine.office) }
                            th scope="row" { (machine.name) }
                            td { (state(machine, now)) }
                            td { (when(now, machine.seen_at)) }
                            td { @if machine.revoked_at.is_some() { "–" } @else { (unsent(now, machine.unsent, machine.oldest_unsent)) } }
                            td { (moment(machine.enrolled_at)) }
                            td { code { (machine.device) } }
                        } } }
                    }
                }))
            }
        },
    )
}

fn state(machine: &Machine, now: DateTime<Utc>) -> Markup {
    let heard = |at: DateTime<Utc>| (now - at).num_seconds() <= AT_WORK_S;
    html! {
        @match (machine.revoked_at, machine.seen_at) {
            (Some(at), _) => span class="attention" { "✕ Đã thu quyền " (moment(at)) },
            (None, Some(at)) if heard(at) => span class="good" { "● Đang liên lạc" },
            // A desk is closed in the evening: silence by itself is no alarm.
            (None, _) => span class="quiet" { "○ Im lặng" },
        }
    }
}
