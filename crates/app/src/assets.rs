//! The dated data that ships with the program: calendar, office hours, forms, units, the demo
//! catalogue. Each can be replaced by a file of the same name in the data folder.

use std::{
    borrow::Cow,
    fs,
    path::Path,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use motcua_documents::{FontFiles, Fonts, FormSet};
use motcua_domain::{
    Code, Refusal,
    calendar::{Calendar, CalendarFile},
    units::Units,
};
use motcua_protocol::bundle::CalendarPublished;

use crate::{Result, notice_text::NoticeTexts, rating_text::RatingTexts};

pub(crate) const CALENDAR: (&str, &str) = (
    "vn-2025-2027.json",
    include_str!("../../../assets/calendar/vn-2025-2027.json"),
);
pub(crate) const HOURS: (&str, &str) = (
    "office-hours.json",
    include_str!("../../../assets/calendar/office-hours.json"),
);
const NOTICES: (&str, &str) = (
    "notices-vi.json",
    include_str!("../../../assets/notices/notices-vi.json"),
);
const RATINGS: (&str, &str) = (
    "ratings-vi.json",
    include_str!("../../../assets/ratings/ratings-vi.json"),
);
const UNITS: &str = include_str!("../../../assets/units/vn-34.json");
pub(crate) const DEMO_CATALOGUE: &str = include_str!("../../../assets/catalogue/demo.json");

/// A shipped file, or the one that the branch put in its place.
fn text(dir: &Path, (name, shipped): (&str, &str)) -> Result<String> {
    match fs::read_to_string(dir.join("assets").join(name)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(shipped.to_owned()),
        Err(error) => {
            tracing::error!(%error, name, "replaced asset cannot be read");
            Err(Refusal::new(
                Code::AssetFault,
                format!("Không đọc được tệp {name} trong thư mục dữ liệu. Hồ sơ đã ghi vẫn an toàn. Mời báo người quản trị sửa hoặc bỏ tệp này."),
            )
            .into())
        }
    }
}

/// Loaded when first needed: a command line call that prints nothing needs no fonts.
#[derive(Debug, Default)]
pub(crate) struct Assets {
    /// With the calendars of central that are in force, by a hash of their records.
    calendar: RwLock<Option<([u8; 32], Arc<Calendar>)>>,
    units: OnceLock<Units>,
    forms: OnceLock<Vec<FormSet>>,
    fonts: OnceLock<Fonts>,
    notices: OnceLock<NoticeTexts>,
    ratings: OnceLock<RatingTexts>,
}

impl Assets {
    /// The calendar of this folder with the years that later ones name as those have them; `which`
    /// stands for just these.
    pub(crate) fn calendar(
        &self,
        dir: &Path,
        which: [u8; 32],
        later: impl FnOnce() -> Result<Vec<CalendarPublished>>,
    ) -> Result<Arc<Calendar>> {
        let kept = self.calendar.read();
        let kept = kept.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((known, calendar)) = kept
            && known == which
        {
            return Ok(calendar);
        }
        let calendar = Arc::new(Self::calendar_with(dir, later()?.iter().map(|c| &c.file))?);
        let mut kept = self
            .calendar
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some((which, Arc::clone(&calendar)));
        Ok(calendar)
    }

    /// The same, without keeping it.
    pub(crate) fn calendar_with<'a>(
        dir: &Path,
        later: impl IntoIterator<Item = &'a CalendarFile>,
    ) -> Result<Calendar> {
        let (days, hours) = (text(dir, CALENDAR)?, text(dir, HOURS)?);
        Ok(Calendar::from_json_and(&days, &hours, later)?)
    }

    pub(crate) fn units(&self) -> Result<&Units> {
        if let Some(units) = self.units.get() {
            return Ok(units);
        }
        let units = Units::from_json(UNITS)?;
        Ok(self.units.get_or_init(|| units))
    }

    /// The words in which citizens are told.
    pub(crate) fn notice_texts(&self, dir: &Path) -> Result<&NoticeTexts> {
        if let Some(texts) = self.notices.get() {
            return Ok(texts);
        }
        let texts = NoticeTexts::from_json(&text(dir, NOTICES)?)?;
        Ok(self.notices.get_or_init(|| texts))
    }

    /// The words of the rating screen.
    pub(crate) fn rating_texts(&self, dir: &Path) -> Result<&RatingTexts> {
        if let Some(texts) = self.ratings.get() {
            return Ok(texts);
        }
        let texts = RatingTexts::from_json(&text(dir, RATINGS)?)?;
        Ok(self.ratings.get_or_init(|| texts))
    }

    /// The form set of that name: a case keeps the one in force when it was received.
    pub(crate) fn form_set(&self, dir: &Path, id: &str) -> Result<&FormSet> {
        let sets = match self.forms.get() {
            Some(sets) => sets,
            None => {
                let mut sets = FormSet::built_in()?;
                let folder = dir.join("assets").join("forms");
                if let Ok(entries) = fs::read_dir(&folder) {
                    for entry in entries.flatten() {
                        let set = FormSet::from_json(
                            &fs::read_to_string(entry.path()).map_err(motcua_store::Error::from)?,
                        )?;
                        sets.retain(|s| s.id != set.id);
                        sets.push(set);
                    }
                }
                self.forms.get_or_init(|| sets)
            }
        };
        sets.iter().find(|s| s.id == id).ok_or_else(|| {
            Refusal::new(
                Code::AssetFault,
                format!("Máy này không có bộ biểu mẫu {id}. Hồ sơ đã ghi vẫn an toàn. Mời báo người quản trị bổ sung bộ biểu mẫu."),
            )
            .into()
        })
    }

    pub(crate) fn fonts(&self, dir: &Path) -> Result<&Fonts> {
        if let Some(fonts) = self.fonts.get() {
            return Ok(fonts);
        }
        let fonts = Fonts::from_bytes(replaced_fonts(dir))?;
        Ok(self.fonts.get_or_init(|| fonts))
    }
}

/// The shipped faces; a branch may put another official face in place of one.
fn replaced_fonts(dir: &Path) -> FontFiles {
    let mut files = FontFiles::built_in();
    let folder = dir.join("assets").join("fonts");
    let replace = |face: &mut Cow<'static, [u8]>, name: &str| {
        if let Ok(bytes) = fs::read(folder.join(name)) {
            *face = Cow::Owned(bytes);
        }
    };
    replace(&mut files.regular, "Tinos-Regular.ttf");
    replace(&mut files.bold, "Tinos-Bold.ttf");
    replace(&mut files.italic, "Tinos-Italic.ttf");
    replace(&mut files.bold_italic, "Tinos-BoldItalic.ttf");
    files
}
