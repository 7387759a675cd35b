//! Administrative units: the 34 provinces and 3,321 communes in force since 1 July 2025, found
//! as one types, and recognised at the end of an address in free text.
//!
//! The list itself is data (`assets/units/vn-34.json`), replaceable without a new build. Cards
//! issued before the merger still name the 63 old provinces: they lead to the new one through
//! Resolution 202/2025/QH15, but the commune is then never certain, as communes were merged and
//! renamed too.

mod free_text;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::catalogue::search::{Entry, Index, Span};
use crate::refusal::{Code, Refusal, Result};
use crate::text;

pub use free_text::Guess;

/// What a provincial unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProvinceKind {
    /// Thành phố trực thuộc trung ương.
    City,
    /// Tỉnh.
    Province,
}

/// What a commune-level unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CommuneKind {
    /// Phường.
    #[serde(alias = "p")]
    Ward,
    /// Xã.
    #[serde(alias = "x")]
    Commune,
    /// Đặc khu.
    #[serde(alias = "d")]
    SpecialZone,
}

/// A provincial unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Province {
    /// Two digits.
    pub code: String,
    /// Name without its kind: `Hà Nội`.
    pub name: String,
    /// City or province.
    pub kind: ProvinceKind,
    /// Provinces merged into it in 2025, and its own earlier name.
    pub former: Vec<String>,
}

/// A commune-level unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Commune {
    /// Five digits.
    pub code: String,
    /// Name without its kind: `Ba Đình`.
    pub name: String,
    /// Ward, commune or special zone.
    pub kind: CommuneKind,
    /// Code of its province.
    pub province: String,
}

impl Province {
    /// `Thành phố Hà Nội`, `Tỉnh Lào Cai`.
    pub fn full_name(&self) -> String {
        let kind = match self.kind {
            ProvinceKind::City => "Thành phố",
            ProvinceKind::Province => "Tỉnh",
        };
        format!("{kind} {}", self.name)
    }
}

impl Commune {
    /// `Phường Ba Đình`.
    pub fn full_name(&self) -> String {
        let kind = match self.kind {
            CommuneKind::Ward => "Phường",
            CommuneKind::Commune => "Xã",
            CommuneKind::SpecialZone => "Đặc khu",
        };
        format!("{kind} {}", self.name)
    }
}

/// A unit found while typing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct UnitHit {
    /// `Phường Ba Đình, Thành phố Hà Nội`, as it stands in an address.
    pub label: String,
    /// The province.
    pub province: Province,
    /// The commune; none where a province itself was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commune: Option<Commune>,
    /// What was matched in the label.
    pub ranges: Vec<Span>,
}

/// The units of one list.
#[derive(Debug)]
pub struct Units {
    /// All provincial units, by code.
    pub provinces: Vec<Province>,
    /// All commune-level units, province by province.
    pub communes: Vec<Commune>,
    /// First day on which the list is in force, as printed in the file.
    pub effective_from: String,
    /// Where the list comes from, for display.
    pub source: String,
    /// Provinces first, then communes, in that order.
    index: Index,
}

/// The file as it stands in assets/units.
#[derive(Deserialize)]
struct File {
    effective_from: String,
    source: String,
    provinces: Vec<FileProvince>,
}

#[derive(Deserialize)]
struct FileProvince {
    #[serde(flatten)]
    own: Province,
    communes: Vec<(String, String, CommuneKind)>,
}

impl Units {
    /// Reads the list.
    ///
    /// # Errors
    /// `ASSET_FAULT` where the file is damaged.
    pub fn from_json(json: &str) -> Result<Self> {
        let damaged = |_| {
            Refusal::new(
                Code::AssetFault,
                "Danh mục đơn vị hành chính bị hỏng. Hồ sơ đã nhận không bị ảnh hưởng; địa chỉ vẫn nhập tay được. \
                 Mời cài lại phần mềm hoặc nạp lại danh mục.",
            )
        };
        let file: File = serde_json::from_str(json).map_err(damaged)?;
        let mut provinces = Vec::with_capacity(file.provinces.len());
        let mut communes = Vec::new();
        for FileProvince {
            own,
            communes: listed,
        } in file.provinces
        {
            communes.extend(listed.into_iter().map(|(code, name, kind)| Commune {
                code,
                name: text::nfc(&name),
                kind,
                province: own.code.clone(),
            }));
            provinces.push(own);
        }
        let index = index(&provinces, &communes);
        Ok(Self {
            provinces,
            communes,
            effective_from: file.effective_from,
            source: file.source,
            index,
        })
    }

    /// A province by its two-digit code.
    pub fn province(&self, code: &str) -> Option<&Province> {
        self.provinces.iter().find(|p| p.code == code)
    }

    /// A commune by its five-digit code.
    pub fn commune(&self, code: &str) -> Option<&Commune> {
        self.communes.iter().find(|c| c.code == code)
    }

    /// The communes of a province.
    pub fn communes_of<'a>(&'a self, province: &'a str) -> impl Iterator<Item = &'a Commune> {
        self.communes.iter().filter(move |c| c.province == province)
    }

    /// Units for what is typed so far: "ba dinh ha noi", "p ba dinh", "tphcm", a code. A former
    /// province's name finds the units of the new one.
    pub fn search(&self, text: &str, limit: usize) -> Vec<UnitHit> {
        let typed = text::fold(text);
        let was = |p: &&Province| {
            typed.len() > 2 && p.former.iter().any(|f| text::fold(f).starts_with(&typed))
        };
        let merged = self
            .provinces
            .iter()
            .filter(was)
            .map(|p| (p, None, Vec::new()));
        let found = self.index.search(text, limit).into_iter();
        let found = found.filter_map(|hit| self.unit(hit.index).map(|(p, c)| (p, c, hit.ranges)));
        let mut hits: Vec<UnitHit> = Vec::new();
        for (province, commune, ranges) in merged.chain(found) {
            let label = label(province, commune);
            if hits.len() < limit && hits.iter().all(|h| h.label != label) {
                hits.push(UnitHit {
                    label,
                    province: province.clone(),
                    commune: commune.cloned(),
                    ranges,
                });
            }
        }
        hits
    }

    /// What the end of a free-text address most probably names; none where it names no province.
    pub fn parse_free(&self, text: &str) -> Option<Guess> {
        free_text::guess(self, text)
    }

    fn unit(&self, index: usize) -> Option<(&Province, Option<&Commune>)> {
        if let Some(province) = self.provinces.get(index) {
            return Some((province, None));
        }
        let commune = self.communes.get(index - self.provinces.len())?;
        Some((self.province(&commune.province)?, Some(commune)))
    }
}

fn label(province: &Province, commune: Option<&Commune>) -> String {
    match commune {
        Some(commune) => format!("{}, {}", commune.full_name(), province.full_name()),
        None => province.full_name(),
    }
}

fn index(provinces: &[Province], communes: &[Commune]) -> Index {
    let parent = |code: &str| provinces.iter().find(|p| p.code == code);
    let mut rows: Vec<(&str, String, String)> = provinces
        .iter()
        .map(|p| (p.code.as_str(), p.full_name(), p.former.join(" ")))
        .collect();
    for commune in communes {
        if let Some(province) = parent(&commune.province) {
            rows.push((
                &commune.code,
                label(province, Some(commune)),
                province.former.join(" "),
            ));
        }
    }
    Index::new(rows.iter().map(|(code, name, field)| Entry {
        code,
        name,
        field: Some(field),
    }))
}
