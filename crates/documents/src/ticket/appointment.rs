//! The slip that somebody takes home who is asked to come at a time.
//!
//! It is theirs to keep, so their name may stand on it; the square code holds the code of the
//! appointment only.

use chrono::{DateTime, Datelike, FixedOffset, Weekday};
use motcua_domain::refusal::Result;

use super::{Sheet, drawn};
use crate::{
    fonts::{Fonts, Weight},
    pdf::About,
    raster::Raster,
};

/// Everything printed on the slip of an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// First line: BỘ PHẬN MỘT CỬA.
    pub desk: String,
    /// Second line, bold: PHƯỜNG BÌNH MINH.
    pub office: String,
    /// By which it is found again, and all that the square code holds.
    pub code: String,
    /// Who is to come.
    pub name: Option<String>,
    /// For what.
    pub service: String,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Where; empty where it is not set up.
    pub address: String,
    /// Whom to call who cannot come; empty where it is not set up.
    pub phone: String,
    /// Later than this, the time of arrival decides.
    pub grace_minutes: u32,
    /// When it was agreed.
    pub booked_at: DateTime<FixedOffset>,
    /// Time of a reprint.
    pub reprinted_at: Option<DateTime<FixedOffset>>,
}

/// The words of the slip. No circular prescribes them.
mod words {
    pub(super) const TITLE: &str = "PHIẾU HẸN";
    pub(super) const REPRINT: &str = "BẢN IN LẠI, ";
    pub(super) const CODE: &str = "Mã lịch hẹn";
    pub(super) const BOOKED: &str = "Đặt lúc";
    pub(super) const BRING: &str =
        "Mang theo: thẻ Căn cước, phiếu này và giấy tờ của việc cần làm.";
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Thứ Hai",
        Weekday::Tue => "Thứ Ba",
        Weekday::Wed => "Thứ Tư",
        Weekday::Thu => "Thứ Năm",
        Weekday::Fri => "Thứ Sáu",
        Weekday::Sat => "Thứ Bảy",
        Weekday::Sun => "Chủ Nhật",
    }
}

/// Draws the slip for a printer of that width, as [`super::ticket_at`] draws a ticket.
///
/// # Errors
/// None today; a face that fails is refused when loaded.
pub fn appointment_at(data: &Appointment, width: usize, fonts: &Fonts) -> Result<Raster> {
    let about = About {
        title: format!("Phiếu hẹn {}", data.code),
        subject: data.code.clone(),
        created: data.booked_at,
        modified: data.reprinted_at.unwrap_or(data.booked_at),
    };
    Ok(drawn(width, about, fonts, |sheet| sheet.lay_slip(data)))
}

impl Sheet<'_> {
    fn lay_slip(&mut self, data: &Appointment) {
        self.y = 12.0;
        self.centred(&data.desk, Weight::Regular, 29.0, 1.4);
        self.centred(&data.office, Weight::Bold, 30.0, 1.4);
        if let Some(at) = data.reprinted_at {
            self.y += 12.0;
            self.band(&format!("{}{}", words::REPRINT, at.format("%H:%M")));
        }
        self.y += 10.0;
        self.centred(words::TITLE, Weight::Bold, 43.0, 1.3);
        self.number(&data.at.format("%H:%M").to_string());
        let day = format!(
            "{}, {}",
            weekday(data.at.weekday()),
            data.at.format("%d/%m/%Y")
        );
        self.centred(&day, Weight::Bold, 40.0, 1.35);
        self.centred(&data.service, Weight::SemiBold, 38.0, 1.3);
        if let Some(name) = &data.name {
            self.centred(name, Weight::Regular, 34.0, 1.4);
        }
        self.dashes();
        self.row(words::CODE, &data.code, 36.0);
        let booked = data.booked_at.format("%H:%M, %d/%m/%Y").to_string();
        self.row(words::BOOKED, &booked, 31.0);
        self.dashes();
        self.centred(words::BRING, Weight::SemiBold, 29.0, 1.4);
        if !data.address.is_empty() {
            self.centred(
                &format!("Tại: {}", data.address),
                Weight::Regular,
                27.0,
                1.4,
            );
        }
        self.y += 12.0;
        let call = if data.phone.is_empty() {
            "Nếu không đến được, mời báo trước tại quầy tiếp đón.".to_owned()
        } else {
            format!("Đổi hoặc hủy hẹn: gọi {}.", data.phone)
        };
        let note = format!(
            "Khi đến, mời đưa mã này cho quầy tiếp đón. Muộn quá {} phút thì xếp theo giờ đến. {call}",
            data.grace_minutes
        );
        self.code_beside(&data.code, &note);
        self.y += 10.0;
    }
}
