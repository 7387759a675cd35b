//! What each entry of the document must fulfil by itself.

use super::{Officer, Service, Target, check_series};
use crate::{
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

impl Service {
    pub(super) fn check(&mut self) -> Result<()> {
        self.code = text::required(&self.code, limit::CODE).map_err(|r| r.at("code"))?;
        self.name = text::required(&self.name, limit::NAME).map_err(|r| r.at("name"))?;
        self.hint = text::line(&self.hint, limit::NAME).map_err(|r| r.at("hint"))?;
        check_series(&self.prefix).map_err(|r| r.at("prefix"))?;
        if let Some(hours) = &self.hours {
            hours.check().map_err(|r| r.within("hours"))?;
        }
        if let Some(slots) = self.slots {
            slots.check().map_err(|r| r.within("slots"))?;
        }
        if !(1..=240).contains(&self.minutes) {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                "Thời gian phục vụ dự kiến từ 1 đến 240 phút.",
            )
            .at("minutes"));
        }
        if self
            .contingent
            .is_some_and(|most| !(1..=999).contains(&most))
        {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                "Giới hạn số mỗi ngày từ 1 đến 999; để trống là không giới hạn.",
            )
            .at("contingent"));
        }
        Ok(())
    }
}

impl Officer {
    pub(super) fn check(&mut self) -> Result<()> {
        self.id = text::required(&self.id, limit::CODE).map_err(|r| r.at("id"))?;
        self.name = text::required(&self.name, limit::NAME).map_err(|r| r.at("name"))?;
        // An id beginning with @ is what acts without being anybody, such as a self-service
        // terminal. Ids travel in HTTP headers, which hold no Vietnamese letters.
        if !self
            .id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Tên đăng nhập chỉ gồm chữ không dấu, chữ số và . - _, ví dụ: ha, van-anh.",
            )
            .at("id"));
        }
        if self.roles.is_empty() {
            return Err(Refusal::new(
                Code::FieldRequired,
                format!(
                    "{} chưa có vai trò nào. Mời chọn ít nhất một vai trò.",
                    self.name
                ),
            )
            .at("roles"));
        }
        Ok(())
    }
}

impl Target {
    pub(super) fn check(&mut self) -> Result<()> {
        self.source = text::line(&self.source, limit::NAME).map_err(|r| r.at("source"))?;
        let field = if !(1..=240).contains(&self.minutes) {
            "minutes"
        } else if !(2000..=2100).contains(&self.from_year) {
            "from_year"
        } else {
            return Ok(());
        };
        Err(Refusal::new(
            Code::NumberOutOfRange,
            "Mục tiêu chờ từ 1 đến 240 phút, áp dụng từ một năm trong khoảng 2000–2100.",
        )
        .at(field))
    }
}
