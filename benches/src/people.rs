//! Invented people with names as frequent as in Vietnam (shares of family names after
//! Lê Trung Hoa, "Họ và tên người Việt Nam", 2005). No real person is meant.

use motcua_domain::visit::{Party, PartyKind};

/// A small generator (SplitMix64): the same seed gives the same people on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    pub(crate) fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Family names with their share in thousandths.
const FAMILIES: &[(&str, u64)] = &[
    ("Nguyễn", 384),
    ("Trần", 121),
    ("Lê", 95),
    ("Phạm", 70),
    ("Huỳnh", 26),
    ("Hoàng", 25),
    ("Phan", 45),
    ("Vũ", 20),
    ("Võ", 19),
    ("Đặng", 21),
    ("Bùi", 20),
    ("Đỗ", 14),
    ("Hồ", 13),
    ("Ngô", 13),
    ("Dương", 10),
    ("Lý", 5),
    ("Đinh", 11),
    ("Đoàn", 9),
    ("Mai", 8),
    ("Trịnh", 9),
    ("Lương", 8),
    ("Đào", 9),
    ("Hà", 7),
    ("Cao", 7),
    ("Tạ", 6),
    ("Kiều", 3),
    ("Y", 5),
    ("H'", 3),
    ("Thạch", 4),
    ("Quách", 3),
    ("Ưng", 1),
    ("Êban", 1),
    ("Ksor", 2),
    ("Lò", 3),
];
const MEN: &[&str] = &[
    "Văn", "Văn", "Văn", "Văn", "Đức", "Minh", "Hữu", "Quang", "Ngọc", "Tiến", "Xuân", "Công",
    "Bá", "Đình",
];
const WOMEN: &[&str] = &[
    "Thị",
    "Thị",
    "Thị",
    "Thị",
    "Thị Thanh",
    "Thị Ngọc",
    "Thị Thu",
    "Thị Kim",
    "Ngọc",
    "Thùy",
    "Phương",
    "Khánh",
];
const MEN_GIVEN: &[&str] = &[
    "Hùng",
    "Dũng",
    "Tuấn",
    "Cường",
    "Thắng",
    "Nam",
    "Hải",
    "Long",
    "Sơn",
    "Thành",
    "Khôi",
    "Bình",
    "Đạt",
    "Huy",
    "Khoa",
    "Phúc",
    "Quân",
    "Tùng",
    "Vinh",
    "Trung",
    "Kiên",
    "Lâm",
    "Nghĩa",
    "Phong",
    "Thịnh",
    "Toàn",
    "Trường",
    "Việt",
];
const WOMEN_GIVEN: &[&str] = &[
    "Hoa",
    "Lan",
    "Hương",
    "Hà",
    "Linh",
    "Trang",
    "Mai",
    "Nga",
    "Thảo",
    "Yến",
    "Hạnh",
    "Hằng",
    "Huyền",
    "Ngân",
    "Nhung",
    "Oanh",
    "Phượng",
    "Quyên",
    "Thủy",
    "Trâm",
    "Tuyết",
    "Uyên",
    "Vân",
    "Xuân",
    "Ánh",
    "Duyên",
    "Giang",
    "Lựu",
];
const STREETS: &[&str] = &[
    "Lê Lợi",
    "Trần Phú",
    "Nguyễn Trãi",
    "Hai Bà Trưng",
    "Lý Thường Kiệt",
    "Đặng Văn Ngữ",
    "Phan Chu Trinh",
    "Hùng Vương",
];
const PLACES: &[&str] = &[
    "phường Bình Minh, thành phố Hà Nội",
    "xã Hòa Lạc, thành phố Hà Nội",
    "phường Ba Đình, thành phố Hà Nội",
];
const MOBILE: &[&str] = &[
    "032", "033", "034", "035", "036", "037", "038", "039", "070", "079", "083", "086", "090",
    "091", "094", "096", "097", "098",
];

fn family(dice: &mut Dice) -> &'static str {
    let mut left = dice.below(FAMILIES.iter().map(|(_, share)| share).sum());
    for (name, share) in FAMILIES {
        if left < *share {
            return name;
        }
        left -= share;
    }
    FAMILIES[0].0
}

/// The person of that number: always the same one.
pub(crate) fn person(number: u64) -> Party {
    let mut dice = Dice::new(number.wrapping_mul(0x0005_deec_e66d).wrapping_add(11));
    let woman = dice.below(2) == 1;
    let (middle, given) = if woman {
        (WOMEN, WOMEN_GIVEN)
    } else {
        (MEN, MEN_GIVEN)
    };
    let name = format!(
        "{} {} {}",
        family(&mut dice),
        dice.of(middle),
        dice.of(given)
    );
    let year = 1940 + dice.below(68) as i32;
    let birth = chrono::NaiveDate::from_yo_opt(year, 1 + dice.below(365) as u32);
    let century = if year < 2000 { 0 } else { 2 } + u64::from(woman);
    Party {
        kind: PartyKind::Individual,
        name,
        id_number: Some(format!(
            "{:03}{century}{:02}{:06}",
            1 + dice.below(96),
            year % 100,
            dice.below(1_000_000)
        )),
        birth_date: birth,
        sex: Some(if woman { "Nữ" } else { "Nam" }.to_owned()),
        phone: Some(format!("{}{:07}", dice.of(MOBILE), dice.below(10_000_000))),
        email: None,
        address: Some(format!(
            "Số {}, phố {}, {}",
            1 + dice.below(200),
            dice.of(STREETS),
            dice.of(PLACES)
        )),
        representative: None,
        taken_over: Vec::new(),
    }
}
