//! The Vietnamese sentences that explain a due time.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};

use super::days::{Calendar, DayNature};
use super::due::{DayMark, End, Limit, LimitUnit, Reason, ReasonKind};
use crate::refusal::Result;

pub(super) fn limit(limit: Limit) -> String {
    let unit = match limit.unit {
        LimitUnit::WorkingDay => "ngày làm việc",
        LimitUnit::Day => "ngày",
        LimitUnit::WorkingHour => "giờ làm việc",
        LimitUnit::Hour => "giờ",
        LimitUnit::Month => "tháng",
    };
    match limit {
        Limit {
            value: 0,
            unit: LimitUnit::Day | LimitUnit::WorkingDay,
        } => "trong ngày".to_owned(),
        Limit { value, .. } => format!("{value} {unit}"),
    }
}

pub(super) fn makes_up_for(instead_of: NaiveDate) -> String {
    format!("làm bù cho {}", short(instead_of))
}

fn weekday(date: NaiveDate) -> &'static str {
    match date.weekday() {
        Weekday::Mon => "thứ Hai",
        Weekday::Tue => "thứ Ba",
        Weekday::Wed => "thứ Tư",
        Weekday::Thu => "thứ Năm",
        Weekday::Fri => "thứ Sáu",
        Weekday::Sat => "thứ Bảy",
        Weekday::Sun => "Chủ nhật",
    }
}

/// `24/11`, as people say it.
fn short(date: NaiveDate) -> String {
    format!("{}/{}", date.day(), date.month())
}

/// With the year where the receipt is of another one.
fn dated(date: NaiveDate, received: NaiveDate) -> String {
    if date.year() == received.year() {
        short(date)
    } else {
        format!("{}/{}", short(date), date.year())
    }
}

fn clock(moment: NaiveDateTime) -> String {
    format!("{:02}:{:02}", moment.hour(), moment.minute())
}

/// All sentences, the summary first and the law last.
pub(super) fn because(
    calendar: &Calendar,
    received: NaiveDateTime,
    limit: Limit,
    end: &End,
    marks: &[DayMark],
) -> Result<Vec<Reason>> {
    let today = received.date();
    let mut reasons = Vec::new();
    let mut say = |kind, text| reasons.push(Reason { kind, text });

    say(
        ReasonKind::Summary,
        summary(calendar, today, limit, end, marks)?,
    );
    if end.after_fifteen {
        let hour = calendar.hours().same_day_until.format("%H:%M");
        say(
            ReasonKind::AfterFifteen,
            format!(
                "Nhận lúc {}, sau {hour}, nên hồ sơ được chuyển vào đầu ngày làm việc kế tiếp và tính từ đó.",
                clock(received)
            ),
        );
    }
    if end.received_closed {
        say(
            ReasonKind::ReceivedClosed,
            format!(
                "Nhận lúc {} {}, ngoài giờ làm việc, nên tính từ giờ làm việc kế tiếp.",
                clock(received),
                weekday(today)
            ),
        );
    }
    if end.month_clamped {
        say(
            ReasonKind::MonthEnd,
            format!(
                "Tháng cuối không có ngày {}, nên lấy ngày cuối tháng.",
                today.day()
            ),
        );
    }
    if let Some(counted_to) = end.counted_to {
        say(
            ReasonKind::Shifted,
            shifted(calendar, counted_to, today, end)?,
        );
    }
    for mark in marks.iter().filter(|mark| mark.date > today) {
        if let DayNature::WorkedSwap { instead_of } = calendar.nature(mark.date)? {
            say(
                ReasonKind::WorkedSwap,
                format!(
                    "{} {} là ngày làm việc, làm bù cho {}.",
                    capital(weekday(mark.date)),
                    dated(mark.date, today),
                    dated(instead_of, today)
                ),
            );
        }
    }
    for mark in marks {
        if let Some(name) = calendar.undecided(mark.date) {
            say(
                ReasonKind::Unconfirmed,
                format!(
                    "Ngày {} có thể được nghỉ ({name}), chưa có quyết định; đang tính là ngày làm việc. \
                 Mời xem lại ngày hẹn khi có thông báo.",
                    dated(mark.date, today)
                ),
            );
        }
    }
    let mut years: Vec<i32> = marks.iter().map(|mark| mark.date.year()).collect();
    years.dedup();
    for year in years
        .into_iter()
        .filter(|year| calendar.is_year_unconfirmed(*year))
    {
        say(
            ReasonKind::Unconfirmed,
            format!(
                "Lịch nghỉ năm {year} mới tính theo luật, chưa có thông báo chính thức. \
             Mời xem lại ngày hẹn khi có thông báo."
            ),
        );
    }
    say(ReasonKind::Law, law(limit.unit).to_owned());
    Ok(reasons)
}

fn summary(
    calendar: &Calendar,
    today: NaiveDate,
    of: Limit,
    end: &End,
    marks: &[DayMark],
) -> Result<String> {
    let due = end.at.date();
    let day = format!("{} {}", weekday(due), dated(due, today));
    let limit = limit(of);
    Ok(match of.unit {
        _ if of.value == 0 => format!("Hẹn {} {day}: trả {limit}.", clock(end.at)),
        LimitUnit::Hour | LimitUnit::WorkingHour => {
            format!("Hẹn {} {day}: {limit}.", clock(end.at))
        }
        LimitUnit::WorkingDay => {
            let left_out = left_out(calendar, today, due, marks)?;
            if left_out.is_empty() {
                format!("Hẹn {day}: {limit}, không tính ngày nhận.")
            } else {
                format!("Hẹn {day}: {limit}, bỏ {left_out}.")
            }
        }
        LimitUnit::Day | LimitUnit::Month => {
            format!("Hẹn {day}: {limit}, không tính ngày nhận.")
        }
    })
}

/// `T7, CN và 24/11 (Ngày Văn hóa Việt Nam)`: what was skipped between receipt and due date.
fn left_out(
    calendar: &Calendar,
    today: NaiveDate,
    due: NaiveDate,
    marks: &[DayMark],
) -> Result<String> {
    let mut weekly: Vec<&str> = Vec::new();
    let mut holidays: Vec<(NaiveDate, NaiveDate, &str)> = Vec::new();
    for date in marks
        .iter()
        .map(|mark| mark.date)
        .filter(|date| *date > today && *date < due)
    {
        match calendar.nature(date)? {
            DayNature::Weekend => {
                let word = match date.weekday() {
                    Weekday::Sat => "T7",
                    Weekday::Sun => "CN",
                    _ => weekday(date),
                };
                if !weekly.contains(&word) {
                    weekly.push(word);
                }
            }
            DayNature::Holiday { name } => match holidays.last_mut() {
                Some((_, last, same)) if *same == name && last.succ_opt() == Some(date) => {
                    *last = date
                }
                _ => holidays.push((date, date, name)),
            },
            DayNature::Working | DayNature::WorkedSwap { .. } => {}
        }
    }
    weekly.sort_by_key(|word| *word == "CN");
    let mut parts: Vec<String> = weekly.into_iter().map(str::to_owned).collect();
    parts.extend(
        holidays
            .into_iter()
            .map(|(from, to, name)| match from == to {
                true => format!("{} ({name})", dated(from, today)),
                false => format!("{}–{} ({name})", short(from), dated(to, today)),
            }),
    );
    Ok(match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} và {last}", rest.join(", ")),
    })
}

fn shifted(
    calendar: &Calendar,
    counted_to: NaiveDate,
    today: NaiveDate,
    end: &End,
) -> Result<String> {
    let day = format!("{} {}", weekday(counted_to), dated(counted_to, today));
    let why = match calendar.nature(counted_to)? {
        DayNature::Holiday { name } => format!("là ngày nghỉ ({name})"),
        DayNature::Weekend => "là ngày nghỉ hằng tuần".to_owned(),
        DayNature::Working | DayNature::WorkedSwap { .. } => {
            return Ok(format!(
                "Hết hạn ngoài giờ làm việc {day}, nên lùi đến {} {} {}.",
                clock(end.at),
                weekday(end.at.date()),
                dated(end.at.date(), today)
            ));
        }
    };
    Ok(format!(
        "Ngày cuối, {day}, {why}, nên lùi sang ngày làm việc kế tiếp, {} {}.",
        weekday(end.at.date()),
        dated(end.at.date(), today)
    ))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// From where the way of counting is. The wording of the two articles was not at hand and is not
/// compared yet: a doubt of ours, which officers do not have to read.
fn law(unit: LimitUnit) -> &'static str {
    match unit {
        LimitUnit::Hour | LimitUnit::WorkingHour => {
            "Cách đếm (căn cứ Bộ luật Dân sự 2015 Điều 147): thời hạn bằng giờ tính từ lúc nhận đủ hồ sơ."
        }
        LimitUnit::WorkingDay | LimitUnit::Day | LimitUnit::Month => {
            "Cách đếm (căn cứ Bộ luật Dân sự 2015 Điều 147–148): không tính ngày nhận; ngày cuối là ngày nghỉ \
             thì hết hạn vào ngày làm việc kế tiếp."
        }
    }
}
