//! The table and the file: figure, value, budget, what it is measured against.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::Path;

use serde::Serialize;

use crate::Setting;

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// `None` when it could not be measured.
    pub(crate) value: Option<f64>,
    pub(crate) unit: &'static str,
    /// In words; empty for figures that are only told.
    pub(crate) budget: String,
    /// What it is compared with, and whether that was measured here.
    pub(crate) against: String,
    /// Against that, where it was measured in this run; what it divides stands in `against`.
    pub(crate) ratio: Option<f64>,
    /// Whether the budget is held; `None` where there is none.
    pub(crate) ok: Option<bool>,
}

impl Figure {
    /// A figure that is only told.
    pub(crate) fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value: Some(value),
            unit,
            budget: String::new(),
            against: String::new(),
            ratio: None,
            ok: None,
        }
    }

    /// A figure that must not be larger than its budget.
    pub(crate) fn at_most(
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        most: f64,
    ) -> Self {
        Self {
            budget: format!("≤ {most}"),
            ok: Some(value <= most),
            ..Self::told(name, value, unit)
        }
    }

    /// What it is compared with, in words.
    pub(crate) fn against(mut self, what: impl Into<String>) -> Self {
        self.against = what.into();
        self
    }

    /// How many times the compared one this is, or the other way round, as `against` says.
    pub(crate) fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    pub(crate) fn add(&mut self, figure: Figure) {
        progress(&format!(
            "  {}: {} {}",
            figure.name,
            figure.value.map_or("not measured".to_owned(), shown),
            figure.unit
        ));
        self.0.push(figure);
    }

    pub(crate) fn not_measured(&mut self, name: &str, why: &str) {
        self.add(Figure {
            value: None,
            ok: Some(false),
            ..Figure::told(name, 0.0, "").against(format!("not measured: {why}"))
        });
    }

    pub(crate) fn complete(&self) -> bool {
        self.0.iter().all(|figure| figure.value.is_some())
    }

    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        Ok(std::fs::write(file, serde_json::to_vec_pretty(&self.0)?)?)
    }

    pub(crate) fn print(&self, setting: &Setting) {
        let head = [
            "figure", "value", "unit", "budget", "against", "ratio", "ok",
        ]
        .map(str::to_owned);
        let mut rows = vec![head];
        rows.extend(self.0.iter().map(|f| {
            [
                f.name.clone(),
                f.value.map_or("not measured".to_owned(), shown),
                f.unit.to_owned(),
                f.budget.clone(),
                f.against.clone(),
                f.ratio.map(|r| format!("{r:.2}")).unwrap_or_default(),
                match f.ok {
                    Some(true) => "yes".to_owned(),
                    Some(false) => "MISSED".to_owned(),
                    None => String::new(),
                },
            ]
        }));
        let mut widths = [0; 7];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        println!(
            "\n{} cases, {} events in the history{}",
            setting.rows,
            u64::from(setting.rows) * 5,
            if setting.quick {
                "; quick run: sizes too small to judge by"
            } else {
                ""
            }
        );
        for row in &rows {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            println!("{}", cells.join(" | ").trim_end());
        }
        let missed = self.0.iter().filter(|f| f.ok == Some(false)).count();
        let judged = self.0.iter().filter(|f| f.ok.is_some()).count();
        println!(
            "{} of {judged} budgets held, {missed} missed",
            judged - missed
        );
    }
}

fn shown(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// What is going on, while it goes on.
pub(crate) fn progress(line: &str) {
    println!("{line}");
}
