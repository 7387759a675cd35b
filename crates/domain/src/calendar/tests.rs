use chrono::{DateTime, FixedOffset, NaiveDate};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::refusal::Code;

const DAYS: &str = include_str!("../../../../assets/calendar/vn-2025-2027.json");
const HOURS: &str = include_str!("../../../../assets/calendar/office-hours.json");

fn calendar() -> Calendar {
    Calendar::from_json(DAYS, HOURS).unwrap()
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+07:00")).unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn limit(text: &str) -> Limit {
    let (value, unit) = text.split_once(' ').unwrap();
    let unit = match unit {
        "wd" => LimitUnit::WorkingDay,
        "d" => LimitUnit::Day,
        "wh" => LimitUnit::WorkingHour,
        "h" => LimitUnit::Hour,
        "m" => LimitUnit::Month,
        other => panic!("{other}"),
    };
    Limit {
        value: value.parse().unwrap(),
        unit,
    }
}

fn due(received: &str, text: &str) -> Due {
    calendar().due(at(received), Some(limit(text))).unwrap()
}

fn texts(due: &Due) -> Vec<&str> {
    due.because
        .iter()
        .map(|reason| reason.text.as_str())
        .collect()
}

/// Made by hand with the yearly notices beside it.
#[rstest]
// working days
#[case::week("2026-03-09T09:15", "5 wd", "2026-03-16T17:00")]
#[case::tet_2026("2026-02-13T09:15", "1 wd", "2026-02-23T17:00")]
#[case::across_tet_2026("2026-02-12T09:15", "3 wd", "2026-02-24T17:00")]
#[case::tet_2025("2025-01-24T09:15", "1 wd", "2025-02-03T17:00")]
#[case::tet_2027("2027-02-04T09:15", "1 wd", "2027-02-11T17:00")]
#[case::worked_saturday("2026-01-09T09:15", "1 wd", "2026-01-10T17:00")]
#[case::worked_saturday_between("2026-01-05T09:15", "10 wd", "2026-01-16T17:00")]
#[case::worked_saturday_2025("2025-04-25T09:15", "1 wd", "2025-04-26T17:00")]
#[case::worked_saturday_2025_between("2025-04-25T09:15", "2 wd", "2025-04-28T17:00")]
#[case::worked_saturday_august("2026-08-21T09:15", "1 wd", "2026-08-22T17:00")]
#[case::received_on_worked_saturday("2026-01-10T09:15", "1 wd", "2026-01-12T17:00")]
#[case::may_2025("2025-04-29T09:15", "1 wd", "2025-05-05T17:00")]
#[case::may_2026("2026-04-29T09:15", "1 wd", "2026-05-04T17:00")]
#[case::may_2027("2027-04-29T09:15", "1 wd", "2027-05-04T17:00")]
#[case::hung_kings_2025("2025-04-04T09:15", "1 wd", "2025-04-08T17:00")]
#[case::national_day_2025("2025-08-28T09:15", "3 wd", "2025-09-04T17:00")]
#[case::national_day_2026("2026-08-28T09:15", "1 wd", "2026-09-03T17:00")]
#[case::national_day_2027("2027-09-01T09:15", "1 wd", "2027-09-03T17:00")]
#[case::culture_day("2026-11-18T09:15", "5 wd", "2026-11-26T17:00")]
#[case::culture_day_next("2026-11-23T09:15", "1 wd", "2026-11-25T17:00")]
#[case::undecided_is_worked("2026-11-20T09:15", "1 wd", "2026-11-23T17:00")]
#[case::new_year_2026("2025-12-31T09:15", "1 wd", "2026-01-05T17:00")]
#[case::new_year_2027("2026-12-31T09:15", "1 wd", "2027-01-04T17:00")]
#[case::after_fifteen_changes_no_days("2026-03-09T16:30", "5 wd", "2026-03-16T17:00")]
#[case::after_closing("2026-03-09T18:30", "1 wd", "2026-03-10T17:00")]
#[case::on_sunday("2026-03-08T10:00", "1 wd", "2026-03-09T17:00")]
#[case::on_saturday("2026-03-07T10:00", "1 wd", "2026-03-09T17:00")]
// within the day
#[case::same_day("2026-03-09T09:15", "0 d", "2026-03-09T17:00")]
#[case::same_day_hours("2026-03-09T09:15", "0 h", "2026-03-09T17:00")]
#[case::same_day_worked_saturday("2026-01-10T09:15", "0 wd", "2026-01-10T17:00")]
#[case::same_day_at_lunch("2026-03-09T12:10", "0 wd", "2026-03-09T17:00")]
#[case::same_day_before_opening("2026-03-09T06:00", "0 d", "2026-03-09T17:00")]
#[case::at_fifteen("2026-03-09T15:00", "0 d", "2026-03-09T17:00")]
#[case::after_fifteen("2026-03-09T15:01", "0 d", "2026-03-10T17:00")]
#[case::friday_after_fifteen("2026-03-13T16:00", "0 wd", "2026-03-16T17:00")]
#[case::before_tet_after_fifteen("2026-02-13T15:30", "0 wd", "2026-02-23T17:00")]
#[case::same_day_on_sunday("2026-03-08T09:00", "0 wd", "2026-03-09T17:00")]
// days
#[case::days("2026-03-09T09:15", "3 d", "2026-03-12T17:00")]
#[case::days_to_saturday("2026-03-09T09:15", "5 d", "2026-03-16T17:00")]
#[case::days_to_worked_saturday("2026-01-08T09:15", "2 d", "2026-01-10T17:00")]
#[case::days_to_hung_kings_sunday("2026-04-21T09:15", "5 d", "2026-04-28T17:00")]
#[case::days_to_tet("2026-02-10T09:15", "5 d", "2026-02-23T17:00")]
#[case::days_into_tet_2025("2025-01-20T09:15", "10 d", "2025-02-03T17:00")]
// months
#[case::month("2026-09-14T09:15", "1 m", "2026-10-14T17:00")]
#[case::month_clamped_to_saturday("2026-01-31T09:15", "1 m", "2026-03-02T17:00")]
#[case::month_clamped_to_holiday("2026-03-31T09:15", "1 m", "2026-05-04T17:00")]
#[case::month_to_sunday("2026-10-15T09:15", "1 m", "2026-11-16T17:00")]
#[case::months_into_2027("2026-11-30T09:15", "3 m", "2027-03-01T17:00")]
#[case::months_to_culture_day("2026-05-24T09:15", "6 m", "2026-11-25T17:00")]
#[case::months_across_the_year("2025-12-31T09:15", "2 m", "2026-03-02T17:00")]
// working hours
#[case::working_hours("2026-03-09T09:15", "2 wh", "2026-03-09T11:15")]
#[case::working_hours_to_lunch("2026-03-09T09:30", "2 wh", "2026-03-09T11:30")]
#[case::working_hours_over_lunch("2026-03-09T10:30", "2 wh", "2026-03-09T14:30")]
#[case::working_hours_from_lunch("2026-03-09T12:00", "1 wh", "2026-03-09T14:30")]
#[case::working_hours_over_night("2026-03-09T14:00", "4 wh", "2026-03-10T08:30")]
#[case::working_hours_before_opening("2026-03-09T06:00", "1 wh", "2026-03-09T08:30")]
#[case::working_hours_after_fifteen("2026-03-09T15:30", "2 wh", "2026-03-10T09:30")]
#[case::working_hours_friday_late("2026-03-13T16:00", "1 wh", "2026-03-16T08:30")]
#[case::working_hours_of_a_day("2026-03-09T09:15", "8 wh", "2026-03-10T09:45")]
#[case::working_hours_into_worked_saturday("2026-01-09T14:00", "4 wh", "2026-01-10T08:30")]
#[case::working_hours_from_sunday("2026-03-08T09:00", "4 wh", "2026-03-09T11:30")]
// hours by the clock
#[case::hours("2026-03-09T09:15", "2 h", "2026-03-09T11:15")]
#[case::hours_to_lunch("2026-03-09T10:30", "2 h", "2026-03-09T13:30")]
#[case::hours_to_evening("2026-03-09T14:30", "4 h", "2026-03-10T07:30")]
#[case::day_and_night("2026-03-09T09:15", "24 h", "2026-03-10T09:15")]
#[case::hours_to_saturday("2026-03-13T09:15", "24 h", "2026-03-16T07:30")]
#[case::hours_to_culture_day("2026-11-23T14:00", "24 h", "2026-11-25T07:30")]
#[case::hours_after_fifteen("2026-03-09T15:30", "1 h", "2026-03-10T08:30")]
#[case::day_and_night_after_fifteen("2026-03-09T15:30", "24 h", "2026-03-10T15:30")]
#[case::hours_before_opening("2026-03-09T06:00", "1 h", "2026-03-09T08:30")]
#[case::hours_from_lunch("2026-03-09T12:00", "1 h", "2026-03-09T14:30")]
#[case::hours_from_saturday("2026-03-14T09:00", "1 h", "2026-03-16T08:30")]
#[case::hours_after_closing("2026-03-09T20:00", "2 h", "2026-03-10T09:30")]
fn due_times(#[case] received: &str, #[case] limit: &str, #[case] want: &str) {
    assert_eq!(due(received, limit).due_at, Some(at(want)));
}

#[test]
fn the_offset_of_the_caller_does_not_matter() {
    let utc = DateTime::parse_from_rfc3339("2026-03-09T17:30:00Z").unwrap();
    let due = calendar().due(utc, Some(limit("1 wd"))).unwrap();
    assert_eq!(
        due.due_at.unwrap().to_rfc3339(),
        "2026-03-11T17:00:00+07:00",
        "00:30 on the 10th in Hà Nội"
    );
}

#[test]
fn the_desk_shows_the_strip_and_the_reasons() {
    let due = due("2026-11-18T09:15", "5 wd");
    let strip = due.days.iter().map(|day| {
        let n = day.n.map_or(String::new(), |n| format!(" {n}"));
        let name = day
            .name
            .as_deref()
            .map_or(String::new(), |name| format!(" ({name})"));
        let doubt = if day.unconfirmed { " ?" } else { "" };
        format!(
            "{} {:?}{n}{name}{doubt}",
            day.date.format("%d/%m"),
            day.kind
        )
    });
    insta::assert_snapshot!(strip.chain(texts(&due).into_iter().map(str::to_owned)).collect::<Vec<_>>().join("\n"), @"
    18/11 Received
    19/11 Counted 1
    20/11 Counted 2
    21/11 Weekend
    22/11 Weekend
    23/11 Counted 3 (chưa quyết định: nghỉ hoán đổi trước Ngày Văn hóa Việt Nam) ?
    24/11 Holiday (Ngày Văn hóa Việt Nam)
    25/11 Counted 4
    26/11 Due 5
    Hẹn thứ Năm 26/11: 5 ngày làm việc, bỏ T7, CN và 24/11 (Ngày Văn hóa Việt Nam).
    Ngày 23/11 có thể được nghỉ (nghỉ hoán đổi trước Ngày Văn hóa Việt Nam), chưa có quyết định; đang tính là ngày làm việc. Mời xem lại ngày hẹn khi có thông báo.
    Cách đếm (căn cứ Bộ luật Dân sự 2015 Điều 147–148): không tính ngày nhận; ngày cuối là ngày nghỉ thì hết hạn vào ngày làm việc kế tiếp.
    ");
}

#[rstest]
#[case::worked_saturday(
    "2026-01-09T09:15",
    "1 wd",
    ReasonKind::WorkedSwap,
    "Thứ Bảy 10/1 là ngày làm việc, làm bù cho 2/1."
)]
#[case::after_fifteen(
    "2026-03-09T15:30",
    "0 d",
    ReasonKind::AfterFifteen,
    "Nhận lúc 15:30, sau 15:00, nên hồ sơ được chuyển vào đầu ngày làm việc kế tiếp và tính từ đó."
)]
#[case::rest_day(
    "2026-04-21T09:15",
    "5 d",
    ReasonKind::Shifted,
    "Ngày cuối, Chủ nhật 26/4, là ngày nghỉ (Giỗ Tổ Hùng Vương), nên lùi sang ngày làm việc kế tiếp, thứ Ba 28/4."
)]
#[case::weekend(
    "2026-03-09T09:15",
    "5 d",
    ReasonKind::Shifted,
    "Ngày cuối, thứ Bảy 14/3, là ngày nghỉ hằng tuần, nên lùi sang ngày làm việc kế tiếp, thứ Hai 16/3."
)]
#[case::outside_hours(
    "2026-03-09T10:30",
    "2 h",
    ReasonKind::Shifted,
    "Hết hạn ngoài giờ làm việc thứ Hai 9/3, nên lùi đến 13:30 thứ Hai 9/3."
)]
#[case::on_sunday(
    "2026-03-08T09:00",
    "4 wh",
    ReasonKind::ReceivedClosed,
    "Nhận lúc 09:00 Chủ nhật, ngoài giờ làm việc, nên tính từ giờ làm việc kế tiếp."
)]
#[case::clamped(
    "2026-01-31T09:15",
    "1 m",
    ReasonKind::MonthEnd,
    "Tháng cuối không có ngày 31, nên lấy ngày cuối tháng."
)]
#[case::undecided(
    "2026-11-20T09:15",
    "1 wd",
    ReasonKind::Unconfirmed,
    "Ngày 23/11 có thể được nghỉ (nghỉ hoán đổi trước Ngày Văn hóa Việt Nam), chưa có quyết định; đang tính là ngày làm việc. Mời xem lại ngày hẹn khi có thông báo."
)]
#[case::computed_year(
    "2026-12-31T09:15",
    "1 wd",
    ReasonKind::Unconfirmed,
    "Lịch nghỉ năm 2027 mới tính theo luật, chưa có thông báo chính thức. Mời xem lại ngày hẹn khi có thông báo."
)]
#[case::summary_of_tet(
    "2026-02-13T09:15",
    "1 wd",
    ReasonKind::Summary,
    "Hẹn thứ Hai 23/2: 1 ngày làm việc, bỏ T7, CN và 16/2–20/2 (Tết Nguyên đán)."
)]
#[case::summary_next_year(
    "2026-12-31T09:15",
    "1 wd",
    ReasonKind::Summary,
    "Hẹn thứ Hai 4/1/2027: 1 ngày làm việc, bỏ T7, CN và 1/1/2027 (Tết Dương lịch)."
)]
#[case::summary_plain(
    "2026-03-09T09:15",
    "1 wd",
    ReasonKind::Summary,
    "Hẹn thứ Ba 10/3: 1 ngày làm việc, không tính ngày nhận."
)]
#[case::summary_same_day(
    "2026-03-09T09:15",
    "0 wd",
    ReasonKind::Summary,
    "Hẹn 17:00 thứ Hai 9/3: trả trong ngày."
)]
#[case::summary_hours(
    "2026-03-09T09:15",
    "2 wh",
    ReasonKind::Summary,
    "Hẹn 11:15 thứ Hai 9/3: 2 giờ làm việc."
)]
fn reasons(
    #[case] received: &str,
    #[case] limit: &str,
    #[case] kind: ReasonKind,
    #[case] want: &str,
) {
    let due = due(received, limit);
    let said = due
        .because
        .iter()
        .find(|reason| reason.kind == kind)
        .map(|reason| reason.text.as_str());
    assert_eq!(said, Some(want));
}

#[test]
fn nothing_is_said_that_does_not_matter() {
    let kinds: Vec<_> = due("2026-03-09T16:30", "1 wd")
        .because
        .iter()
        .map(|r| r.kind)
        .collect();
    assert_eq!(
        kinds,
        [ReasonKind::Summary, ReasonKind::Law],
        "15:00 changes no limit in days"
    );
}

#[test]
fn no_limit_gives_no_date() {
    let due = calendar().due(at("2026-03-09T09:15"), None).unwrap();
    assert_eq!(
        (due.due_at, due.because[0].kind, due.days.len()),
        (None, ReasonKind::NoLimit, 0)
    );
}

#[test]
fn long_strips_lose_their_middle() {
    let due = due("2026-03-09T09:15", "90 wd");
    assert_eq!(due.days.len(), 31);
    assert_eq!(
        (due.days[0].kind, due.days[30].kind),
        (DayKind::Received, DayKind::Due)
    );
    let span = due.days[30].date - due.days[0].date;
    assert_eq!(i64::from(due.days_left_out) + 31, span.num_days() + 1);
}

#[rstest]
#[case("2027-12-30T09:15", "5 wd", Code::CalendarUnknownYear)]
#[case("2024-12-31T09:15", "1 wd", Code::CalendarUnknownYear)]
#[case("2026-03-09T09:15", "36 m", Code::CalendarUnknownYear)]
#[case("2026-03-09T09:15", "3651 d", Code::LimitInvalid)]
#[case("2026-03-09T09:15", "2601 wd", Code::LimitInvalid)]
#[case("2026-03-09T09:15", "121 m", Code::LimitInvalid)]
#[case("2026-03-09T09:15", "4294967295 h", Code::LimitInvalid)]
fn refused(#[case] received: &str, #[case] text: &str, #[case] code: Code) {
    let refusal = calendar().due(at(received), Some(limit(text))).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.message);
}

#[test]
fn working_days_one_by_one() {
    let calendar = calendar();
    assert!(calendar.is_working(date("2026-01-10")).unwrap());
    assert!(!calendar.is_working(date("2026-11-24")).unwrap());
    assert_eq!(
        calendar.next_working(date("2026-02-13")).unwrap(),
        date("2026-02-23")
    );
    // 365 days, 104 on weekends, 2 of them worked; 14 weekdays off (1–2/1, Tết 5, 27/4, 30/4,
    // 1/5, 31/8–2/9, 24/11).
    let year = calendar
        .working_days_between(date("2026-01-01"), date("2026-12-31"))
        .unwrap();
    assert_eq!(year, 365 - 104 + 2 - 14);
    assert_eq!(
        calendar
            .working_days_between(date("2026-03-10"), date("2026-03-10"))
            .unwrap(),
        0
    );
    assert!(calendar.is_open(at("2026-01-10T11:30")).unwrap());
    assert!(!calendar.is_open(at("2026-01-10T12:00")).unwrap());
}

/// Each edit of the shipped files makes them contradict themselves.
#[rstest]
#[case::no_json(DAYS, "{", "dòng 1")]
#[case::unknown_field("\"years\"", "\"year_list\"", "không đọc được")]
#[case::no_such_day("2026-11-24", "2026-11-31", "không đọc được")]
#[case::other_year(
    "\"from\": \"2026-11-24\"",
    "\"from\": \"2027-12-24\"",
    "không thuộc năm 2026"
)]
#[case::twice("\"from\": \"2026-11-24\"", "\"from\": \"2026-09-02\"", "hai lần")]
#[case::backwards("\"to\": \"2026-02-20\"", "\"to\": \"2026-02-10\"", "ngược ngày")]
#[case::off_and_undecided(
    "\"date\": \"2026-11-23\"",
    "\"date\": \"2026-11-24\"",
    "chưa quyết định"
)]
#[case::worked_weekday(
    "\"date\": \"2026-08-22\"",
    "\"date\": \"2026-08-21\"",
    "vốn đã là ngày làm việc"
)]
#[case::swap_for_nothing("\"for\": \"2026-08-31\"", "\"for\": \"2026-08-28\"", "hoán đổi")]
#[case::year_twice("\"year\": 2027", "\"year\": 2026", "lặp lại")]
fn calendars_that_contradict_themselves(#[case] from: &str, #[case] to: &str, #[case] says: &str) {
    let broken = DAYS.replacen(from, to, 1);
    assert_ne!(broken, DAYS, "the edit applies");
    let refusal = Calendar::from_json(&broken, HOURS).unwrap_err();
    assert_eq!(refusal.code, Code::CalendarInvalid);
    assert!(refusal.message.contains(says), "{}", refusal.message);
}

#[rstest]
#[case::backwards(
    "\"from\": \"07:30\", \"to\": \"11:30\"",
    "\"from\": \"11:30\", \"to\": \"07:30\""
)]
#[case::overlapping("\"to\": \"11:30\"", "\"to\": \"14:00\"")]
#[case::no_such_time("\"15:00\"", "\"25:00\"")]
#[case::return_at_lunch("\"15:00\"", "\"15:00\", \"return_at\": \"12:00\"")]
fn hours_that_contradict_themselves(#[case] from: &str, #[case] to: &str) {
    let broken = HOURS.replacen(from, to, 1);
    assert_ne!(broken, HOURS, "the edit applies");
    assert_eq!(
        Calendar::from_json(DAYS, &broken).unwrap_err().code,
        Code::CalendarInvalid
    );
}

#[test]
fn an_office_may_hand_out_earlier_and_open_on_saturday_mornings() {
    let hours = HOURS.replace("\"15:00\"", "\"15:00\", \"return_at\": \"16:30\"");
    let early = Calendar::from_json(DAYS, &hours).unwrap();
    let due = early
        .due(at("2026-11-18T09:15"), Some(limit("5 wd")))
        .unwrap();
    assert_eq!(due.due_at, Some(at("2026-11-26T16:30")));

    // A file for such an office lists no Saturday as a swap: it works them anyway.
    let hours = HOURS.replace(
        "\"saturday\": []",
        "\"saturday\": [{ \"from\": \"08:00\", \"to\": \"11:30\" }]",
    );
    let mut days: CalendarFile = serde_json::from_str(DAYS).unwrap();
    days.years.iter_mut().for_each(|year| year.worked.clear());
    let saturdays = Calendar::new(&days, serde_json::from_str(&hours).unwrap()).unwrap();
    let due = saturdays
        .due(at("2026-03-13T09:15"), Some(limit("1 wd")))
        .unwrap();
    assert_eq!(due.due_at, Some(at("2026-03-14T11:30")));
}

#[test]
fn the_files_survive_a_round_trip() {
    let days: CalendarFile = serde_json::from_str(DAYS).unwrap();
    let hours: OfficeHours = serde_json::from_str(HOURS).unwrap();
    let again = (
        serde_json::from_str(&serde_json::to_string(&days).unwrap()).unwrap(),
        serde_json::from_str(&serde_json::to_string(&hours).unwrap()).unwrap(),
    );
    assert_eq!((days, hours), again);
}

fn moments() -> impl Strategy<Value = DateTime<FixedOffset>> {
    // 2025-01-01 to 2027-06-30, so that short limits stay inside the known years
    (0i64..910 * 24 * 60)
        .prop_map(|minutes| at("2025-01-01T00:00") + chrono::TimeDelta::minutes(minutes))
}

fn limits() -> impl Strategy<Value = Limit> {
    let unit = prop_oneof![
        Just((LimitUnit::WorkingDay, 60)),
        Just((LimitUnit::Day, 90)),
        Just((LimitUnit::WorkingHour, 200)),
        Just((LimitUnit::Hour, 500)),
        Just((LimitUnit::Month, 4)),
    ];
    unit.prop_flat_map(|(unit, most)| (0u32..=most).prop_map(move |value| Limit { value, unit }))
}

proptest! {
    #[test]
    fn due_is_later_and_while_the_office_is_open(received in moments(), limit in limits()) {
        let calendar = calendar();
        let due = calendar.due(received, Some(limit)).unwrap();
        let at = due.due_at.unwrap();
        prop_assert!(at >= received);
        prop_assert!(calendar.is_open(at).unwrap());
        prop_assert_eq!(due.because.first().map(|r| r.kind), Some(ReasonKind::Summary));
        prop_assert_eq!(due.days.last().map(|d| (d.date, d.kind)), Some((at.date_naive(), DayKind::Due)));
    }

    #[test]
    fn a_longer_limit_is_never_due_earlier(received in moments(), limit in limits()) {
        let calendar = calendar();
        // Zero hours mean the whole day, which is more than one hour.
        let limit = Limit { value: limit.value.max(1), ..limit };
        let longer = Limit { value: limit.value + 1, ..limit };
        let due = |limit| calendar.due(received, Some(limit)).unwrap().due_at;
        prop_assert!(due(limit) <= due(longer));
    }

    #[test]
    fn a_later_receipt_is_never_due_earlier(received in moments(), later in 0i64..3_000, limit in limits()) {
        let calendar = calendar();
        let due = |at| calendar.due(at, Some(limit)).unwrap().due_at;
        prop_assert!(due(received) <= due(received + chrono::TimeDelta::minutes(later)));
    }

    #[test]
    fn the_nth_working_day_is_n_working_days_away(received in moments(), n in 1u32..60) {
        let calendar = calendar();
        let due = calendar.due(received, Some(Limit { value: n, unit: LimitUnit::WorkingDay })).unwrap();
        let counted = calendar.working_days_between(received.date_naive(), due.due_at.unwrap().date_naive());
        prop_assert_eq!(counted.unwrap(), n);
        prop_assert_eq!(due.days.last().unwrap().n, Some(n));
    }
}
