//! The queue itself under one seed and in one thread: real applications on real stores, the real
//! line of a counter and the real answering side of a hub; only the network, the clocks and the
//! people are played. Officers press what they may press, the network drops, doubles, delays and
//! cuts one way, machines die at any moment, go back to older copies and are copied; after each
//! step what must always hold is looked at, and at the end, with the faults over, everybody must
//! have everything alike.
//!
//! `MOTCUA_SEEDS` and `MOTCUA_FROM` choose the seeds (`make sim SEEDS=3000 FROM=0`). A failure
//! names its seed and tells what happened.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells how much it did"
)]

mod act;
mod broken;
mod central;
mod chance;
mod check;
mod faults;
mod morning;
mod net;
mod succession;
mod world;

use motcua_testkit::seeds;

use broken::Broken;
use world::{Outcome, World};

fn run(seed: u64, broken: Broken) -> Result<Outcome, String> {
    seeds::world(|| {
        let mut world = World::new(seed, broken);
        world
            .run()
            .map_err(|why| format!("{why}\n{}", world.story()))
    })
}

#[test]
fn the_queue_holds_under_any_seed() {
    let played = seeds::play("queue", 60, |seed| run(seed, Broken::Nothing));
    let mut sum = Outcome::default();
    played.iter().for_each(|outcome| sum.add(outcome));
    println!("{sum:?}");
    if played.len() >= 400 {
        assert!(sum.is_varied(), "too tame a world: {sum:?}");
    }
}

/// A seed that fails can be looked at again.
#[test]
fn one_seed_is_one_story() {
    let tell = |seed| {
        let mut world = World::new(seed, Broken::Nothing);
        world.run().map(|_| world.story())
    };
    for seed in [3, 8] {
        assert_eq!(tell(seed), tell(seed));
    }
}

/// The first seed that shows that a broken build is broken, and how.
fn caught(broken: Broken) -> Option<(u64, String)> {
    (0..60).find_map(|seed| {
        let why = run(seed, broken).err()?;
        Some((seed, why.lines().next().unwrap_or_default().to_owned()))
    })
}

macro_rules! fish {
    ($($name:ident: $broken:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let caught = caught(Broken::$broken);
                println!("{}: {caught:?}", stringify!($broken));
                assert!(caught.is_some(), "the net has a hole: {:?}", Broken::$broken);
            }
        )*
    };
}

fish! {
    numbers_counted_outside_the_transaction_are_caught: CountedOutside,
    calls_without_a_claim_are_caught: CalledWithoutClaim,
    an_undo_that_loses_the_wait_is_caught: UndoLosesWait,
    service_invented_at_day_end_is_caught: ServiceInvented,
    a_series_that_two_counters_share_is_caught: SeriesShared,
    a_command_done_again_when_its_answer_is_lost_is_caught: LostAnswerDoneTwice,
    a_lower_term_that_is_obeyed_is_caught: LowerTermObeyed,
    plain_numbers_of_two_hubs_are_caught: PlainAfterPromotion,
    a_history_that_goes_back_unnoticed_is_caught: RewindUnnoticed,
    codes_of_one_life_given_to_another_are_caught: LivesNotApart,
    a_central_that_forgets_what_it_granted_is_caught: CentralForgets,
    copies_of_central_that_do_not_wait_for_each_other_are_caught: CopiesUnlocked,
    a_branch_that_numbers_past_central_is_caught: WholeRangeWithCentral,
}
