//! What a branch is: its office, services, counters, officers, rules and targets.
//!
//! One document, versioned as a whole: every change is an event that carries the new document,
//! so the log always tells under which rules a visit was handled.

mod change;
mod check;
mod founding;
mod staff;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    calendar::{IssuingHours, SlotRules},
    case_code::CasePattern,
    refusal::{Code, Refusal, Result},
    text::{self, limit},
    transfer::Account,
    visit::Class,
};

pub use change::{InUse, Person, Seat};
pub use founding::{Foundation, plain_service, usual_targets};
pub use staff::StaffEntry;

/// A branch (điểm tiếp nhận): one room, one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Branch {
    /// The agency whose name stands on every paper.
    pub office: Office,
    /// What people may queue for.
    pub services: Vec<Service>,
    /// The desks.
    pub counters: Vec<Counter>,
    /// Who works here.
    pub officers: Vec<Officer>,
    /// How the queue behaves.
    #[serde(default)]
    pub queue: QueueRules,
    /// When services without hours of their own give numbers; at any hour unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<IssuingHours>,
    /// Waiting targets, oldest first.
    pub targets: Vec<Target>,
    /// When the supervisor is told.
    #[serde(default)]
    pub watch: WatchRules,
    /// Pattern of case codes (TT 01/2018/TT-VPCP Điều 19, agency-dependent): data, not code.
    pub case_pattern: String,
    /// Identifier of the form set in force (`tt-01-2018`).
    pub form_set: String,
    /// A branch for trying: its papers carry “MẪU”.
    #[serde(default)]
    pub demo: bool,
}

/// The agency (cơ quan) and its one-stop unit (bộ phận một cửa).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Office {
    /// Agency code as it stands in case codes, for example `H99.12`.
    pub code: String,
    /// Upper line of the head block, for example “ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH”.
    pub parent: String,
    /// Lower line, for example “BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ”.
    pub unit: String,
    /// Short name for tickets and screens.
    pub name: String,
    /// Place that stands before the date on papers.
    pub place: String,
    /// Postal address.
    #[serde(default)]
    pub address: String,
    /// Telephone for citizens.
    #[serde(default)]
    pub phone: String,
    /// Where the rules of procedures can be read, as it stands on Mẫu 02.
    #[serde(default)]
    pub website: String,
    /// Suffix of the receipt number, for example `BPTNTKQ`.
    #[serde(default)]
    pub number_suffix: String,
    /// Where citizens pay by phone, if they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

/// Something people queue for (lĩnh vực / nhóm thủ tục).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Service {
    /// Short stable code.
    pub code: String,
    /// First letter(s) of its tickets.
    pub prefix: String,
    /// Name on ticket, board and screen.
    pub name: String,
    /// One line that says what belongs here.
    #[serde(default)]
    pub hint: String,
    /// What people do there.
    #[serde(default)]
    pub kind: ServiceKind,
    /// Assumed minutes of service until enough visits were measured.
    pub minutes: u32,
    /// Tickets a day, where the room has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contingent: Option<u32>,
    /// When it gives numbers; the branch's hours unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<IssuingHours>,
    /// Its numbers are torn from a pre-printed roll, and no ticket is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll: Option<PaperRoll>,
    /// Appointments are given by slots; at any time of the hours unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<SlotRules>,
}

/// A roll of pre-printed numbers. Services that name the same series share one roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PaperRoll {
    /// The letters before its numbers, as on the paper or as agreed for a roll of bare numbers:
    /// the service's own prefix, or one that is nobody's.
    pub series: String,
}

/// What people do at a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// Hand in a case (nộp hồ sơ).
    #[default]
    Submit,
    /// Collect a result (nhận kết quả).
    Collect,
    /// Ask, be guided, use the public computer (hướng dẫn).
    Guide,
}

/// A desk (quầy).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Counter {
    /// Number that is called out.
    pub number: u16,
    /// Name on the desk.
    pub name: String,
    /// Services served here; empty means all.
    #[serde(default)]
    pub services: Vec<String>,
}

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Officer {
    /// Short stable name used by programs (`--as`).
    pub id: String,
    /// Full name as signed.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
}

/// What a person may do. Authorisation is decided from this in the application, never on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Counter officer (cán bộ quầy).
    Officer,
    /// Reception (tiếp đón).
    Reception,
    /// Shift supervisor (giám sát ca).
    Supervisor,
    /// Administrator of the branch (quản trị).
    Admin,
}

/// How the queue behaves. Seconds unless said; defaults are those of our model of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct QueueRules {
    /// How much earlier a priority person counts as having come.
    pub priority_boost_s: u32,
    /// Classes for which another time holds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<Class, u32>>", optional)]
    pub class_boost_s: BTreeMap<Class, u32>,
    /// A booked person who is on time ranks this long before the slot.
    pub appointment_boost_s: u32,
    /// Later than this after the slot, a booked person ranks by arrival.
    pub appointment_grace_s: u32,
    /// A missed person who is back ranks as if having come this long ago.
    pub return_credit_s: u32,
    /// Least time between two calls of one person.
    pub recall_gap_s: u32,
    /// Calls before the officer is asked to mark the person absent.
    pub recall_max: u32,
    /// How long a call may be undone.
    pub undo_call_s: u32,
    /// A missed person is not called again from the list before this has passed.
    pub missed_cooldown_s: u32,
    /// After this many misses a person may be closed as not having come.
    pub missed_max: u32,
    /// How long after the last miss that is possible.
    pub missed_wait_s: u32,
    /// How long an officer may void a ticket typed in error.
    pub void_s: u32,
    /// How long the same officer may reopen a finished visit.
    pub reopen_s: u32,
}

impl Default for QueueRules {
    fn default() -> Self {
        Self {
            priority_boost_s: 15 * 60,
            class_boost_s: BTreeMap::new(),
            appointment_boost_s: 5 * 60,
            appointment_grace_s: 15 * 60,
            return_credit_s: 5 * 60,
            recall_gap_s: 20,
            recall_max: 3,
            undo_call_s: 60,
            missed_cooldown_s: 5 * 60,
            missed_max: 3,
            missed_wait_s: 30 * 60,
            void_s: 5 * 60,
            reopen_s: 10 * 60,
        }
    }
}

/// The longest time by which anybody may count as having come earlier: the bound of how long
/// somebody without priority can be overtaken.
pub const MOST_BOOST_S: u32 = 30 * 60;

const HOUR_S: u32 = 3600;

impl QueueRules {
    /// How much earlier somebody of that class counts as having come.
    pub fn boost_s(&self, class: Class) -> u32 {
        match class {
            Class::Ordinary | Class::Appointment => 0,
            Class::Elderly | Class::Disabled | Class::Pregnant | Class::Merit => self
                .class_boost_s
                .get(&class)
                .copied()
                .unwrap_or(self.priority_boost_s),
        }
    }

    fn check(&self) -> Result<()> {
        for class in self.class_boost_s.keys() {
            if matches!(class, Class::Ordinary | Class::Appointment) {
                return Err(Refusal::new(
                    Code::ArgumentInvalid,
                    "Chỉ bốn lớp ưu tiên (cao tuổi, khuyết tật, mang thai, có công) có thời gian ưu tiên riêng.",
                )
                .at("class_boost_s"));
            }
        }
        let general = [("priority_boost_s", self.priority_boost_s)];
        let by_class = self.class_boost_s.values().map(|s| ("class_boost_s", *s));
        for (field, boost) in general.into_iter().chain(by_class) {
            if boost > MOST_BOOST_S {
                return Err(Refusal::new(
                    Code::NumberOutOfRange,
                    "Thời gian ưu tiên từ 0 đến 30 phút: lâu hơn thì người không ưu tiên bị vượt quá lâu.",
                )
                .at(field));
            }
        }
        // What brings somebody forward is bounded as priority is; the rest keeps a slip of the
        // hand (a zero too many) from blocking the desk.
        let others = [
            (
                "appointment_boost_s",
                self.appointment_boost_s,
                0,
                MOST_BOOST_S,
            ),
            ("return_credit_s", self.return_credit_s, 0, MOST_BOOST_S),
            (
                "appointment_grace_s",
                self.appointment_grace_s,
                0,
                2 * HOUR_S,
            ),
            ("recall_gap_s", self.recall_gap_s, 0, HOUR_S / 6),
            ("recall_max", self.recall_max, 1, 20),
            ("undo_call_s", self.undo_call_s, 0, HOUR_S),
            ("missed_cooldown_s", self.missed_cooldown_s, 0, 2 * HOUR_S),
            ("missed_max", self.missed_max, 1, 20),
            ("missed_wait_s", self.missed_wait_s, 0, 8 * HOUR_S),
            ("void_s", self.void_s, 0, 8 * HOUR_S),
            ("reopen_s", self.reopen_s, 0, 8 * HOUR_S),
        ];
        for (field, value, least, most) in others {
            if !(least..=most).contains(&value) {
                let range = if field.ends_with("_s") {
                    format!("từ {least} giây đến {} phút", most / 60)
                } else {
                    format!("từ {least} đến {most} lần")
                };
                return Err(Refusal::new(
                    Code::NumberOutOfRange,
                    format!("Mục này nhận {range}. Chưa đổi gì. Mời xem lại."),
                )
                .at(field));
            }
        }
        Ok(())
    }
}

/// When the supervisor is told that something needs a person. Seconds unless said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct WatchRules {
    /// Waits at which a person passes into the next band: soon too long, too long, far too long.
    pub wait_s: [u32; 3],
    /// A counter is free for so long while somebody waits whom it could serve.
    pub idle_s: u32,
    /// Called for so long, and neither there nor marked absent.
    pub called_s: u32,
    /// Put aside for so long without a time to look again.
    pub held_s: u32,
    /// Served so many times longer than usual …
    pub service_times: u32,
    /// … and at least for so long: perhaps nobody pressed the key that ends it.
    pub service_s: u32,
    /// Fewer promised waits than this share were kept, in per cent.
    pub promise_percent: u32,
}

impl Default for WatchRules {
    fn default() -> Self {
        Self {
            wait_s: [10 * 60, 15 * 60, 30 * 60],
            idle_s: 3 * 60,
            called_s: 2 * 60,
            held_s: 30 * 60,
            service_times: 3,
            service_s: 20 * 60,
            promise_percent: 60,
        }
    }
}

impl WatchRules {
    fn check(&self) -> Result<()> {
        let rising = self.wait_s.windows(2).all(|pair| pair[0] < pair[1]);
        let sane = |s: u32| (10..=24 * 3600).contains(&s);
        let (field, good) = [
            ("wait_s", rising && self.wait_s.iter().all(|s| sane(*s))),
            ("idle_s", sane(self.idle_s)),
            ("called_s", sane(self.called_s)),
            ("held_s", sane(self.held_s)),
            ("service_s", sane(self.service_s)),
            ("service_times", (1..=20).contains(&self.service_times)),
            ("promise_percent", self.promise_percent <= 100),
        ]
        .into_iter()
        .find(|(_, good)| !good)
        .unwrap_or(("", true));
        if good {
            return Ok(());
        }
        Err(Refusal::new(
            Code::NumberOutOfRange,
            "Ngưỡng nhắc giám sát từ 10 giây đến 24 giờ, mức sau lớn hơn mức trước. Chưa đổi gì. Mời xem lại.",
        )
        .at(format!("watch.{field}")))
    }
}

/// A waiting target per visit (QĐ 1979/QĐ-BKHCN 2021 IV.1: 30 minutes by 2022, 15 by 2025).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Target {
    /// Longest wait in minutes.
    pub minutes: u32,
    /// First year it holds.
    pub from_year: i32,
    /// Document it comes from.
    pub source: String,
}

impl Branch {
    /// The service of that code.
    ///
    /// # Errors
    /// `SERVICE_UNKNOWN`.
    pub fn service(&self, code: &str) -> Result<&Service> {
        self.services
            .iter()
            .find(|s| s.code == code)
            .ok_or_else(|| {
                Refusal::new(
                    Code::ServiceUnknown,
                    "Chi nhánh không có dịch vụ này. Mời chọn lại dịch vụ trong danh sách.",
                )
                .at("service")
            })
    }

    /// The counter of that number.
    ///
    /// # Errors
    /// `COUNTER_UNKNOWN`.
    pub fn counter(&self, number: u16) -> Result<&Counter> {
        self.counters
            .iter()
            .find(|c| c.number == number)
            .ok_or_else(|| {
                Refusal::new(
                    Code::CounterUnknown,
                    format!("Chi nhánh không có quầy {number}. Mời chọn lại quầy."),
                )
                .at("counter")
            })
    }

    /// The officer of that id.
    pub fn officer(&self, id: &str) -> Option<&Officer> {
        self.officers.iter().find(|o| o.id == id)
    }

    /// Checks the document against itself: limits, unique codes, services that exist, somebody who
    /// may change it again.
    ///
    /// # Errors
    /// The first field at fault, named.
    pub fn checked(mut self) -> Result<Self> {
        self.check_office()?;
        if self.services.is_empty() || self.counters.is_empty() || self.officers.is_empty() {
            return Err(Refusal::new(
                Code::FieldRequired,
                "Chi nhánh cần ít nhất một dịch vụ, một quầy và một cán bộ.",
            )
            .at(if self.services.is_empty() {
                "services"
            } else if self.counters.is_empty() {
                "counters"
            } else {
                "officers"
            }));
        }
        self.queue.check().map_err(|r| r.within("queue"))?;
        if let Some(hours) = &self.hours {
            hours.check().map_err(|r| r.within("hours"))?;
        }
        for (i, service) in self.services.iter_mut().enumerate() {
            service
                .check()
                .map_err(|r| r.within(&format!("services[{i}]")))?;
        }
        self.watch.check()?;
        for (i, target) in self.targets.iter_mut().enumerate() {
            target
                .check()
                .map_err(|r| r.within(&format!("targets[{i}]")))?;
        }
        self.check_unique()?;
        self.check_rolls()?;
        self.check_officers()?;
        for (i, counter) in self.counters.iter_mut().enumerate() {
            counter
                .check()
                .map_err(|r| r.within(&format!("counters[{i}]")))?;
        }
        for (i, counter) in self.counters.iter().enumerate() {
            for code in &counter.services {
                self.service(code)
                    .map_err(|r| r.at(format!("counters[{i}].services")))?;
            }
        }
        self.check_served()?;
        Ok(self)
    }

    fn check_office(&mut self) -> Result<()> {
        let office = &mut self.office;
        for (value, max, field) in [
            (&mut office.code, limit::CODE, "office.code"),
            (&mut office.parent, limit::NAME, "office.parent"),
            (&mut office.unit, limit::NAME, "office.unit"),
            (&mut office.name, limit::NAME, "office.name"),
            (&mut office.place, limit::NAME, "office.place"),
        ] {
            *value = text::required(value, max).map_err(|r| r.at(field))?;
        }
        for (value, max, field) in [
            (&mut office.address, limit::ADDRESS, "office.address"),
            (&mut office.phone, limit::CODE, "office.phone"),
            (&mut office.website, limit::ADDRESS, "office.website"),
            (
                &mut office.number_suffix,
                limit::CODE,
                "office.number_suffix",
            ),
        ] {
            *value = text::line(value, max).map_err(|r| r.at(field))?;
        }
        let site = &office.website;
        if !site.is_empty() && (site.contains(char::is_whitespace) || !site.contains('.')) {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Địa chỉ trang web không có khoảng trắng và có dấu chấm, ví dụ dichvucong.gov.vn. Chưa ghi gì. Mời xem lại.",
            )
            .at("office.website"));
        }
        office.account = match office.account.take() {
            Some(account) => account.checked().map_err(|r| r.within("office.account"))?,
            None => None,
        };
        let pattern = CasePattern::parse(&self.case_pattern).map_err(|r| r.at("case_pattern"))?;
        // A code that no case could carry would be found out by the first citizen.
        if let Some(day) = NaiveDate::from_ymd_opt(2026, 1, 1) {
            pattern
                .format(&self.office.code, day, 1)
                .map_err(|mut refusal| {
                    "Mã cơ quan chỉ gồm chữ không dấu, chữ số và dấu chấm, ví dụ H99.12. Mời xem lại."
                        .clone_into(&mut refusal.message);
                    refusal.at("office.code")
                })?;
        }
        Ok(())
    }

    fn check_unique(&self) -> Result<()> {
        let again = |message: String, field: String| {
            Err(Refusal::new(Code::ArgumentInvalid, message).at(field))
        };
        for (i, service) in self.services.iter().enumerate() {
            let before = &self.services[..i];
            if let Some(other) = before.iter().find(|s| s.code == service.code) {
                return again(
                    format!(
                        "Mã “{}” đã dùng cho “{}”. Mời chọn mã khác.",
                        other.code, other.name
                    ),
                    format!("services[{i}].code"),
                );
            }
            if let Some(other) = before.iter().find(|s| s.prefix == service.prefix) {
                return again(
                    format!(
                        "Chữ đầu “{}” đã dùng cho “{}”. Mời chọn chữ khác.",
                        other.prefix, other.name
                    ),
                    format!("services[{i}].prefix"),
                );
            }
        }
        for (i, counter) in self.counters.iter().enumerate() {
            if self.counters[..i]
                .iter()
                .any(|c| c.number == counter.number)
            {
                return again(
                    format!("Đã có quầy số {}. Mời chọn số khác.", counter.number),
                    format!("counters[{i}].number"),
                );
            }
        }
        for (i, officer) in self.officers.iter().enumerate() {
            if let Some(other) = self.officers[..i].iter().find(|o| o.id == officer.id) {
                return again(
                    format!(
                        "Tên đăng nhập “{}” đã dùng cho {}. Mời chọn tên khác.",
                        other.id, other.name
                    ),
                    format!("officers[{i}].id"),
                );
            }
        }
        Ok(())
    }

    fn check_officers(&mut self) -> Result<()> {
        for (i, officer) in self.officers.iter_mut().enumerate() {
            officer
                .check()
                .map_err(|r| r.within(&format!("officers[{i}]")))?;
        }
        if !self.officers.iter().any(|o| o.roles.contains(&Role::Admin)) {
            return Err(Refusal::new(
                Code::AdministratorMissing,
                "Chi nhánh cần ít nhất một quản trị, nếu không sẽ không ai đổi được thiết lập nữa. Chưa lưu gì. Mời giao vai trò Quản trị cho một cán bộ.",
            )
            .at("officers"));
        }
        Ok(())
    }

    /// Numbers of a service that no counter serves would never be called.
    fn check_served(&self) -> Result<()> {
        let unserved = self
            .services
            .iter()
            .find(|service| !self.counters.iter().any(|c| c.serves(&service.code)));
        match unserved {
            None => Ok(()),
            Some(service) => Err(Refusal::new(
                Code::ArgumentInvalid,
                format!(
                    "Chưa có quầy nào nhận “{}”, nên người lấy số việc này sẽ không được gọi. Chưa lưu gì. Mời chọn việc này cho ít nhất một quầy.",
                    service.name
                ),
            )
            .at("counters")),
        }
    }
}

impl Branch {
    /// When a service gives numbers; `None` at any hour.
    pub fn hours_of<'a>(&'a self, service: &'a Service) -> Option<&'a IssuingHours> {
        service.hours.as_ref().or(self.hours.as_ref())
    }

    /// A roll has letters of its own or those of the one service it is for: two ways of giving
    /// numbers in one series would give some twice.
    fn check_rolls(&self) -> Result<()> {
        for (i, service) in self.services.iter().enumerate() {
            let Some(roll) = &service.roll else {
                continue;
            };
            let at = format!("services[{i}].roll.series");
            check_series(&roll.series).map_err(|r| r.at(at.clone()))?;
            let others = |s: &&Service| s.code != service.code;
            if self
                .services
                .iter()
                .filter(others)
                .any(|s| s.prefix == roll.series)
            {
                return Err(Refusal::new(
                    Code::ArgumentInvalid,
                    "Chữ của cuộn số giấy trùng chữ đầu của dịch vụ khác. Mời chọn chữ khác.",
                )
                .at(at));
            }
            let shared = |s: &Service| s.roll.as_ref() == Some(roll);
            if service.contingent.is_some() && self.services.iter().filter(others).any(shared) {
                return Err(Refusal::new(
                    Code::ArgumentInvalid,
                    "Cuộn số giấy dùng chung cho nhiều dịch vụ thì không đặt giới hạn số cho riêng một dịch vụ.",
                )
                .at(format!("services[{i}].contingent")));
            }
        }
        Ok(())
    }
}

fn check_series(series: &str) -> Result<()> {
    if (1..=2).contains(&series.len()) && series.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::ArgumentInvalid,
        "Chữ đầu của số thứ tự là một hoặc hai chữ cái in hoa không dấu.",
    ))
}

impl Counter {
    fn check(&mut self) -> Result<()> {
        self.name = text::required(&self.name, limit::NAME).map_err(|r| r.at("name"))?;
        if !(1..=99).contains(&self.number) {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                "Số quầy từ 1 đến 99: là số được gọi lên và hiện trên bảng.",
            )
            .at("number"));
        }
        Ok(())
    }

    /// Whether people of that service are served here.
    pub fn serves(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|s| s == service)
    }
}
