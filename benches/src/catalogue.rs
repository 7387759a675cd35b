//! Finding a procedure while typing, among as many as a whole country has.

use anyhow::Context as _;
use motcua_domain::{
    catalogue::search::{Entry, Index},
    text::fold,
};
use serde_json::Value;

use crate::{
    Setting,
    people::Dice,
    report::{Figure, Report},
    stats::{Times, repeat},
};

const PROCEDURES: usize = 5_000;
const DEMO: &str = include_str!("../../assets/catalogue/demo.json");
/// What an officer might begin a search with; the rest is taken from names.
const TYPED: &[&str] = &[
    "khai sinh",
    "đkks",
    "kết hôn",
    "1.001",
    "cap phep",
    "h",
    "th",
    "thu tuc",
    "cấp lại giấy phép",
    "khai sihn",
];

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let names = names()?;
    let fields: Vec<String> = (0..120)
        .map(|i| format!("Lĩnh vực {}", names[i * 7 % names.len()].1))
        .collect();
    let build = || {
        Index::new(names.iter().enumerate().map(|(i, (code, name))| Entry {
            code,
            name,
            field: Some(&fields[i % fields.len()]),
        }))
    };
    let built = repeat(setting.size(10, 1), || Ok(build()))?;
    let index = build();
    let mut times = Times::default();
    let mut dice = Dice::new(5);
    let mut found = 0;
    for round in 0..setting.size(2_000, 100) {
        let typed = match round % 3 {
            0 => TYPED[dice.below(TYPED.len() as u64) as usize].to_owned(),
            // Words from anywhere in a name, without diacritics, the last unfinished.
            _ => {
                let folded = fold(&names[dice.below(names.len() as u64) as usize].1);
                let words: Vec<&str> = folded.split_whitespace().collect();
                let from = dice.below(words.len() as u64) as usize;
                let mut part: String = words[from..]
                    .iter()
                    .take(1 + round % 4)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(" ");
                if round % 2 == 0 {
                    part.pop();
                }
                part
            }
        };
        found += times.take(|| index.search(&typed, 20)).len();
    }
    anyhow::ensure!(found > 0, "nothing was found at all");
    report.add(Figure::at_most(
        "catalogue search, 5,000 procedures: p99",
        times.percentile(0.99),
        "ms",
        20.0,
    ));
    report.add(Figure::told(
        "catalogue search, 5,000 procedures: p50",
        times.percentile(0.5),
        "ms",
    ));
    report.add(Figure::told(
        "catalogue index built, 5,000 procedures",
        built.percentile(0.5),
        "ms",
    ));
    Ok(())
}

/// Names of the demo catalogue, and others woven of two of them, with codes of the same shape.
fn names() -> anyhow::Result<Vec<(String, String)>> {
    let file: Value = serde_json::from_str(DEMO)?;
    let real: Vec<String> = file["procedures"]
        .as_array()
        .context("the demo catalogue has no procedures")?
        .iter()
        .filter_map(|p| Some(p["TENTTHC"].as_str()?.to_owned()))
        .collect();
    let mut dice = Dice::new(4);
    Ok((0..PROCEDURES)
        .map(|i| {
            let name = if i < real.len() {
                real[i].clone()
            } else {
                let mut half = |skip: bool| -> String {
                    let name = &real[dice.below(real.len() as u64) as usize];
                    let words: Vec<&str> = name.split_whitespace().collect();
                    let middle = words.len() / 2;
                    if skip {
                        &words[middle..]
                    } else {
                        &words[..middle.max(1)]
                    }
                    .join(" ")
                };
                format!("{} {}", half(false), half(true))
            };
            (format!("{}.{:06}", 1 + i % 3, 1_000 + i * 37), name)
        })
        .collect())
}
