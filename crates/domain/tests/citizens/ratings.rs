//! Figures are of whole groups, and tell of nobody alone.

use motcua_domain::{
    rating::{
        ASK_FOR_MS, Ended, Figures, IndicatorPoints, LEAST_GROUP, Period, Rating, RatingGiven,
        SlipFigures, asked_until, check_grade, check_indicators,
    },
    visit::Outcome,
};
use proptest::prelude::*;
use uuid::Uuid;

fn given(grade: Option<u8>, indicators: Vec<IndicatorPoints>) -> RatingGiven {
    RatingGiven {
        visit: Uuid::nil(),
        leg: 0,
        date: "2026-11-23".parse().unwrap(),
        counter: 1,
        service: "ho-tich".to_owned(),
        grade,
        indicators,
        slip: None,
        corrects: false,
    }
}

proptest! {
    #[test]
    fn one_more_rating_changes_nothing_until_the_group_is_whole(grades in prop::collection::vec(1..=5_u8, 0..40)) {
        let ratings: Vec<RatingGiven> = grades.iter().map(|g| given(Some(*g), Vec::new())).collect();
        let of = |n: usize| Figures::of(&ratings[..n].iter().collect::<Vec<_>>());
        for n in 0..=ratings.len() {
            let whole = n / LEAST_GROUP * LEAST_GROUP;
            prop_assert_eq!(of(n), of(whole));
            prop_assert_eq!(of(n).is_none(), whole == 0);
            if let Some(figures) = of(n) {
                let counted = usize::try_from(figures.counted).unwrap();
                let sum: u32 = grades[..whole].iter().map(|g| u32::from(*g)).sum();
                prop_assert_eq!(counted, whole);
                prop_assert_eq!(figures.grades.iter().sum::<u32>(), figures.counted);
                prop_assert_eq!((figures.mean_hundredths * figures.counted + figures.counted / 2) / figures.counted, figures.mean_hundredths);
                prop_assert!((i64::from(figures.mean_hundredths) * whole as i64 - i64::from(sum) * 100).abs() <= whole as i64);
                let satisfied = grades[..whole].iter().filter(|g| **g >= 4).count();
                prop_assert!((i64::from(figures.satisfied_permille) * whole as i64 - satisfied as i64 * 1000).abs() <= whole as i64);
            }
        }
    }

    #[test]
    fn a_person_is_asked_once_while_they_are_there(after in -1_000..ASK_FOR_MS * 2, rated: bool, next_called: bool) {
        let ended = Ended { at_ms: 1_000_000, outcome: Outcome::Done, rated, next_called };
        let there = (0..ASK_FOR_MS).contains(&after) && !rated && !next_called;
        prop_assert_eq!(asked_until(ended, 1_000_000 + after).is_some(), there);
        let left = Ended { outcome: Outcome::Left, ..ended };
        prop_assert_eq!(asked_until(left, 1_000_000 + after), None);
    }
}

#[test]
fn the_first_grade_counts_and_indicators_may_follow_once() {
    let points = |points| {
        vec![IndicatorPoints {
            indicator: 7,
            points,
        }]
    };
    let events = [
        given(None, points(0)),
        given(Some(5), Vec::new()),
        given(Some(1), points(2)),
        given(None, points(1)),
    ];
    let rating = Rating::fold(&events).unwrap().given;
    assert_eq!((rating.grade, rating.indicators), (Some(5), points(2)));
    assert_eq!(Rating::fold(&events[..1]), None);
}

#[test]
fn slips_of_paper_have_no_grade_and_are_counted_by_groups_of_their_own() {
    let slip = |points| RatingGiven {
        slip: Some(Uuid::nil()),
        ..given(
            None,
            vec![IndicatorPoints {
                indicator: 7,
                points,
            }],
        )
    };
    assert!(Rating::fold([&slip(2)]).is_some());
    let slips: Vec<RatingGiven> = [2, 2, 1, 2, 1, 0].map(slip).into();
    let again = |day: u32, indicators| RatingGiven {
        corrects: true,
        date: format!("2026-11-{day:02}").parse().unwrap(),
        indicators,
        ..slip(0)
    };
    let typed = |day| RatingGiven {
        corrects: false,
        ..again(day, slip(2).indicators)
    };
    let fold = |events: &[RatingGiven]| Rating::fold(events).map(|r| r.given.indicators);
    let put_right = again(3, slip(1).indicators);
    assert_eq!(
        fold(&[typed(3), put_right.clone()]),
        Some(slip(1).indicators)
    );
    assert_eq!(
        fold(&[typed(2), put_right.clone()]),
        Some(slip(2).indicators),
        "a day that is over"
    );
    assert_eq!(
        fold(&[typed(3), again(3, Vec::new())]),
        None,
        "of another case"
    );
    assert_eq!(
        fold(&[typed(3), again(3, Vec::new()), typed(4)]),
        Some(slip(2).indicators)
    );
    assert_eq!(fold(&[put_right]), None);
    let of = |n: usize| SlipFigures::of(&slips[..n].iter().collect::<Vec<_>>());
    assert_eq!(of(4), None);
    let five = of(5).unwrap();
    assert_eq!((five.counted, five.indicators[6]), (5, Some(160)));
    assert_eq!(of(6), Some(five));
    assert_eq!(Figures::of(&slips.iter().collect::<Vec<_>>()), None);
}

#[test]
fn what_is_touched_is_checked() {
    assert!(check_grade(0).is_err() && check_grade(6).is_err() && check_grade(5).is_ok());
    let of = |indicator, points| IndicatorPoints { indicator, points };
    assert!(check_indicators(vec![of(1, 2), of(9, 0)]).is_ok());
    for wrong in [
        vec![of(0, 1)],
        vec![of(10, 1)],
        vec![of(1, 3)],
        vec![of(1, 1), of(1, 1)],
    ] {
        assert!(check_indicators(wrong).is_err());
    }
}

#[test]
fn periods_are_whole() {
    let day = "2026-11-23".parse().unwrap();
    let around = |period: Period| {
        let (from, after) = period.around(day);
        (from.to_string(), after.to_string())
    };
    assert_eq!(
        around(Period::Month),
        ("2026-11-01".into(), "2026-12-01".into())
    );
    assert_eq!(
        around(Period::Quarter),
        ("2026-10-01".into(), "2027-01-01".into())
    );
    assert_eq!(
        around(Period::Year),
        ("2026-01-01".into(), "2027-01-01".into())
    );
}
