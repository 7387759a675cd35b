//! Finding a case among all that were ever received, against SQLite's LIKE on the same rows.

use motcua_app::{App, clock::SystemClock};
use motcua_domain::text::fold;
use rusqlite::{Connection, OpenFlags, params};
use serde_json::{Value, json};

use crate::{
    Setting,
    durable::call,
    history::settings,
    people::{Dice, person},
    report::{Figure, Report},
    stats::{Times, repeat},
};

/// As many as a screen lists.
const FIRST: u32 = 50;
/// A prefix that half the country shares, with a word as frequent: the worst a name can be.
const COMMON: &[&str] = &[
    "nguyen thi",
    "nguyen van",
    "tran thi",
    "nguyen thi h",
    "le van",
    "ng th",
];

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let dir = setting.history()?;
    let app = App::open(settings(&dir), SystemClock::default())?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let bare = Connection::open_with_flags(dir.join(motcua_store::DATABASE), flags)?;
    bare.execute_batch("PRAGMA cache_size=-8192;")?;
    let people = u64::from(setting.rows) * 2 / 5 + 1;
    let mut dice = Dice::new(9);
    let count = setting.size(200, 20);
    let mut draw = |make: &dyn Fn(&mut Dice) -> String| -> Vec<String> {
        (0..count).map(|_| make(&mut dice)).collect()
    };

    let names = draw(&|dice| {
        // One person's last two words, the last unfinished: what an officer types first.
        let name = fold(&person(dice.below(people)).name);
        let words: Vec<&str> = name.split_whitespace().collect();
        let mut part = words[words.len().saturating_sub(2)..].join(" ");
        part.pop();
        part
    });
    let whole = draw(&|dice| fold(&person(dice.below(people)).name));
    let phones = draw(&|dice| person(dice.below(people)).phone.unwrap_or_default()[..7].to_owned());
    let common: Vec<String> = COMMON.iter().map(|c| (*c).to_owned()).collect();
    let codes = {
        let mut statement =
            bare.prepare("SELECT code FROM case_file WHERE row >= ?1 ORDER BY row LIMIT 1")?;
        let last: u64 = bare.query_row("SELECT max(row) FROM case_file", [], |r| r.get(0))?;
        (0..count)
            .map(|_| statement.query_row([dice.below(last)], |r| r.get(0)))
            .collect::<rusqlite::Result<Vec<String>>>()?
    };
    // A procedure is shared by more cases than any name, so words that narrow it are the worst.
    let (procedure, named, days, said) = {
        let mut statement = bare.prepare(
            "SELECT procedure, json_extract(doc, '$.procedure.name'), date FROM case_file
             WHERE row >= ?1 ORDER BY row LIMIT 1",
        )?;
        let last: u64 = bare.query_row("SELECT max(row) FROM case_file", [], |r| r.get(0))?;
        let drawn = (0..count)
            .map(|_| {
                statement.query_row([dice.below(last)], |r| {
                    Ok((
                        r.get::<_, String>(0)?,
                        r.get::<_, String>(1)?,
                        r.get::<_, String>(2)?,
                    ))
                })
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let of = |make: &dyn Fn(&(String, String, String)) -> String| -> Vec<String> {
            drawn.iter().map(make).collect()
        };
        (
            of(&|(code, ..)| code.clone()),
            of(&|(_, name, _)| fold(name).split(' ').take(4).collect::<Vec<_>>().join(" ")),
            of(&|(_, name, date)| {
                let words = fold(name).split(' ').take(2).collect::<Vec<_>>().join(" ");
                format!("{words} {date}")
            }),
            // LIKE knows no folding: it gets the words as they stand.
            of(&|(_, name, _)| name.split(' ').take(4).collect::<Vec<_>>().join(" ")),
        )
    };
    // Of the searched word, not of what happens to be in memory: all queries of a kind go round
    // once before they are timed, on either side.
    for (kind, typed, asked, column) in [
        ("part of a name", &names, &names, "p.name"),
        ("whole name", &whole, &whole, "p.name"),
        ("common name, two words", &common, &common, "p.name"),
        ("beginning of a phone number", &phones, &phones, "p.phone"),
        ("case code", &codes, &codes, "c.code"),
        ("procedure code", &procedure, &procedure, "c.procedure"),
        ("procedure by words", &named, &said, "c.doc"),
        ("procedure and day", &days, &said, "c.doc"),
    ] {
        let ours = times(typed, setting.size(2, 1), |text| {
            let found = call(&app, "case.search", json!({"text": text, "limit": FIRST}))?;
            Ok(found.as_array().map_or(0, Vec::len))
        })?;
        // LIKE takes seconds where little is found; a few are enough to know it.
        let some: Vec<String> = asked.iter().take(3).cloned().collect();
        let sql = format!(
            "SELECT c.entity, c.doc FROM case_file c JOIN party p ON p.entity = c.entity
             WHERE {column} LIKE ?1 ORDER BY c.row DESC LIMIT ?2"
        );
        let like = times(&some, 1, |text| {
            let mut statement = bare.prepare_cached(&sql)?;
            let found = statement.query_map(params![format!("%{text}%"), FIRST], |r| {
                r.get::<_, String>(1)
            })?;
            Ok(found.count())
        })?;
        report.add(
            Figure::at_most(
                format!("case search, {kind}: p99"),
                ours.percentile(0.99),
                "ms",
                20.0,
            )
            .against(format!(
                "SQLite LIKE p50 {:.1} ms, slowest {:.1} ms; ratio of medians, LIKE by ours",
                like.percentile(0.5),
                like.percentile(1.0)
            ))
            .ratio(like.percentile(0.5) / ours.percentile(0.5)),
        );
        report.add(Figure::told(
            format!("case search, {kind}: p50"),
            ours.percentile(0.5),
            "ms",
        ));
    }
    // Nothing of the kind may lie there: the walk through a whole index is then the worst.
    for (kind, args) in [
        (
            "procedure and status",
            json!({"text": "dang ky", "status": "refused", "limit": FIRST}),
        ),
        (
            "status",
            json!({"text": "", "status": "withdrawn", "limit": FIRST}),
        ),
        (
            "not closed",
            json!({"text": "", "open": true, "limit": FIRST}),
        ),
        (
            "online",
            json!({"text": "", "online": true, "limit": FIRST}),
        ),
    ] {
        let took = repeat(setting.size(50, 3), || {
            call(&app, "case.search", args.clone())
        })?;
        report.add(Figure::at_most(
            format!("case search, {kind}: p99"),
            took.percentile(0.99),
            "ms",
            20.0,
        ));
    }
    for text in ["", "nguyen thi"] {
        let first = call(&app, "case.search", json!({"text": text, "limit": FIRST}))?;
        let last = first.as_array().and_then(|rows| rows.last());
        let after = last.map_or(Value::Null, |row| row["case_id"].clone());
        let next = repeat(setting.size(50, 3), || {
            call(
                &app,
                "case.search",
                json!({"text": text, "limit": FIRST, "after": after}),
            )
        })?;
        report.add(Figure::at_most(
            format!("case search, the next page of “{text}”: p99"),
            next.percentile(0.99),
            "ms",
            20.0,
        ));
    }
    let newest = repeat(setting.size(50, 3), || {
        call(&app, "case.search", json!({"text": "", "limit": FIRST}))
    })?;
    report.add(Figure::at_most(
        "newest cases listed: p99",
        newest.percentile(0.99),
        "ms",
        20.0,
    ));
    Ok(())
}

fn times(
    typed: &[String],
    rounds: usize,
    mut search: impl FnMut(&str) -> anyhow::Result<usize>,
) -> anyhow::Result<Times> {
    let mut found = 0;
    for text in typed {
        found += search(text)?;
    }
    anyhow::ensure!(found > 0, "nothing was found by {typed:?}");
    let mut times = Times::default();
    for _ in 0..rounds {
        for text in typed {
            times.take(|| search(text))?;
        }
    }
    Ok(times)
}
