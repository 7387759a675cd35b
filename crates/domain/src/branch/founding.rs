//! A new branch: what its founder says, and a sensible beginning for the rest.

use super::{
    Branch, Counter, Office, Officer, QueueRules, Role, Service, ServiceKind, Target, WatchRules,
};
use crate::{
    refusal::Result,
    text::{self, limit},
};

/// What has to be said of a new branch; everything else begins as usual and is changed later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foundation {
    /// Name of the office, “Phường Bình Minh”.
    pub name: String,
    /// Agency code, `H99.12`.
    pub code: String,
    /// Postal address, with ward and province.
    pub address: String,
    /// Full name of the first administrator.
    pub administrator: String,
}

/// Kinds of place whose office is a people's committee; the rest of the name is the place itself.
const COMMITTEES: [&str; 8] = [
    "phường ",
    "xã ",
    "đặc khu ",
    "thị trấn ",
    "quận ",
    "huyện ",
    "thành phố ",
    "tỉnh ",
];

/// Words before the name that the papers add by themselves.
const TITLES: [&str; 2] = ["ủy ban nhân dân ", "ubnd "];

fn after<'a>(name: &'a str, openings: &[&str]) -> Option<&'a str> {
    openings.iter().find_map(|opening| {
        let count = opening.chars().count();
        let head: String = name.chars().take(count).collect();
        (head.to_lowercase() == *opening)
            .then(|| &name[head.len()..])
            .filter(|rest| !rest.trim().is_empty())
    })
}

/// The officer id that a full name suggests: the given name, without marks.
fn id_of(name: &str) -> String {
    let given: String = text::fold(name)
        .split(' ')
        .next_back()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if given.is_empty() {
        "quan-tri".to_owned()
    } else {
        given
    }
}

impl Foundation {
    /// The branch document, checked.
    ///
    /// # Errors
    /// The field at fault, named as it stands here.
    pub fn branch(self) -> Result<Branch> {
        let name = text::required(&self.name, limit::NAME).map_err(|r| r.at("name"))?;
        let name = after(&name, &TITLES).unwrap_or(&name).to_owned();
        let code = text::required(&self.code, limit::CODE).map_err(|r| r.at("code"))?;
        let address = text::required(&self.address, limit::ADDRESS).map_err(|r| r.at("address"))?;
        let administrator =
            text::required(&self.administrator, limit::NAME).map_err(|r| r.at("administrator"))?;
        let place = after(&name, &COMMITTEES).map(str::trim);
        let parent = match place {
            Some(_) => format!("ỦY BAN NHÂN DÂN {}", name.to_uppercase()),
            None => name.to_uppercase(),
        };
        Branch {
            office: Office {
                code,
                parent,
                unit: "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ".to_owned(),
                place: place.unwrap_or(&name).to_owned(),
                name,
                address,
                phone: String::new(),
                website: String::new(),
                number_suffix: "BPTNTKQ".to_owned(),
                account: None,
            },
            services: usual_services(),
            counters: (1..=3)
                .map(|number| Counter {
                    number,
                    name: format!("Quầy {number}"),
                    services: Vec::new(),
                })
                .collect(),
            officers: vec![Officer {
                id: id_of(&administrator),
                name: administrator,
                // Until there are others, the first one does everything.
                roles: vec![
                    Role::Officer,
                    Role::Reception,
                    Role::Supervisor,
                    Role::Admin,
                ],
            }],
            queue: QueueRules::default(),
            hours: None,
            targets: usual_targets(),
            watch: WatchRules::default(),
            case_pattern: "{agency}-{yymmdd}-{4}".to_owned(),
            form_set: "tt-01-2018".to_owned(),
            demo: false,
        }
        .checked()
        .map_err(|mut refusal| {
            if refusal.field.as_deref() == Some("office.code") {
                refusal.field = Some("code".to_owned());
            }
            refusal
        })
    }
}

fn usual_services() -> Vec<Service> {
    [
        (
            "ho-tich",
            "A",
            "Hộ tịch, chứng thực",
            "Khai sinh, kết hôn, trích lục, bản sao",
            ServiceKind::Submit,
            12,
        ),
        (
            "dat-dai",
            "B",
            "Đất đai, xây dựng",
            "Sổ đỏ, biến động, cấp phép xây dựng",
            ServiceKind::Submit,
            20,
        ),
        (
            "xa-hoi",
            "C",
            "Nội vụ, bảo trợ xã hội",
            "Người có công, trợ cấp, y tế, giáo dục",
            ServiceKind::Submit,
            15,
        ),
        (
            "tra-ket-qua",
            "D",
            "Nhận kết quả",
            "Quét mã trên giấy hẹn để chọn nhanh",
            ServiceKind::Collect,
            5,
        ),
        (
            "huong-dan",
            "E",
            "Hướng dẫn, nộp trực tuyến",
            "Máy công cộng, tài khoản định danh",
            ServiceKind::Guide,
            8,
        ),
    ]
    .into_iter()
    .map(|(code, prefix, name, hint, kind, minutes)| {
        plain_service(code, prefix, name, hint, kind, minutes)
    })
    .collect()
}

/// A service without limits, hours or a roll of its own.
pub fn plain_service(
    code: &str,
    prefix: &str,
    name: &str,
    hint: &str,
    kind: ServiceKind,
    minutes: u32,
) -> Service {
    Service {
        code: code.to_owned(),
        prefix: prefix.to_owned(),
        name: name.to_owned(),
        hint: hint.to_owned(),
        kind,
        minutes,
        contingent: None,
        hours: None,
        roll: None,
        slots: None,
    }
}

/// The waiting targets in force for every branch.
pub fn usual_targets() -> Vec<Target> {
    [(30, 2022), (15, 2025)]
        .into_iter()
        .map(|(minutes, from_year)| Target {
            minutes,
            from_year,
            source: "QĐ 1979/QĐ-BKHCN ngày 26/7/2021, mục IV.1".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn said(name: &str) -> Foundation {
        Foundation {
            name: name.to_owned(),
            code: "H99.12".to_owned(),
            address: "Số 2, phường Bình Minh, tỉnh Mẫu".to_owned(),
            administrator: "Đỗ Văn Quản".to_owned(),
        }
    }

    #[rstest]
    #[case::ward("Phường Bình Minh", "ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH", "Bình Minh")]
    #[case::titled("UBND xã Ea Súp", "ỦY BAN NHÂN DÂN XÃ EA SÚP", "Ea Súp")]
    #[case::department("Sở Tư pháp", "SỞ TƯ PHÁP", "Sở Tư pháp")]
    #[case::only_the_kind("Xã", "XÃ", "Xã")]
    fn the_head_of_papers_follows_from_the_name(
        #[case] name: &str,
        #[case] parent: &str,
        #[case] place: &str,
    ) {
        let branch = said(name).branch().unwrap();
        assert_eq!(branch.office.parent, parent);
        assert_eq!(branch.office.place, place);
        assert!(!branch.demo, "papers of a real branch carry no MẪU");
        assert_eq!(branch.officers[0].id, "quan");
    }

    #[rstest]
    #[case::no_name(|f: &mut Foundation| f.name.clear(), "name")]
    #[case::no_address(|f: &mut Foundation| f.address = "  ".to_owned(), "address")]
    #[case::bad_code(|f: &mut Foundation| f.code = "mã của tôi".to_owned(), "code")]
    #[case::nobody(|f: &mut Foundation| f.administrator.clear(), "administrator")]
    fn what_is_missing_is_named(#[case] spoil: fn(&mut Foundation), #[case] field: &str) {
        let mut foundation = said("Phường Bình Minh");
        spoil(&mut foundation);
        let refusal = foundation.branch().unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{refusal:?}");
    }
}
