//! One thread, one seed: devices, the hub that they send to, and central above it, on a network that drops,
//! doubles, delays and reorders, with machines that crash, disks that lie, backups that are put
//! back and folders that are copied. After each step what must always hold is looked at; at the
//! end, with the faults over, everybody must have everything.
//!
//! `MOTCUA_SEEDS` and `MOTCUA_FROM` choose the seeds (`make sim SEEDS=3000 FROM=0`). A failure
//! names its seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells how much it did"
)]

mod acts;
mod disk;
mod named;
mod world;

use motcua_testkit::seeds;
use world::{Broken, Outcome, World};

fn run(seed: u64, broken: Broken) -> Result<Outcome, String> {
    seeds::world(|| World::new(seed, broken).run())
}

#[test]
fn nothing_is_lost_or_doubled_under_any_seed() {
    let played = seeds::play("replication", 100, |seed| run(seed, Broken::Nothing));
    let mut sum = Outcome::default();
    played.iter().for_each(|outcome| sum.add(outcome));
    println!("{sum:?}");
    if played.len() >= 100 {
        assert!(sum.is_varied(), "too tame a world: {sum:?}");
    }
}

/// How many of thirty seeds show that a broken build is broken.
fn caught(broken: Broken) -> usize {
    let seeds = (0..30).map(|n| match broken {
        // Only where both the hub and its machines go back.
        Broken::NothingAside => 6 * n + 4,
        _ => n,
    });
    seeds.filter(|seed| run(*seed, broken).is_err()).count()
}

macro_rules! fish {
    ($($name:ident: $broken:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let caught = caught(Broken::$broken);
                println!("{}: {caught} of 30 seeds", stringify!($broken));
                assert!(caught > 0, "the net has a hole: {:?}", Broken::$broken);
            }
        )*
    };
}

fish! {
    a_client_that_alone_remembers_what_was_acknowledged_is_caught: ClientCursor,
    a_server_that_compares_numbers_without_hashes_is_caught: NumbersOnly,
    a_server_that_applies_a_resent_event_again_is_caught: AppliesTwice,
    a_server_that_does_not_wait_for_what_was_seen_is_caught: IgnoresDeps,
    a_server_that_refuses_a_batch_for_one_bad_event_is_caught: PoisonRefused,
    a_server_that_acknowledges_before_the_disk_is_caught: AckBeforeCommit,
    a_client_whose_timers_are_forgotten_is_caught: NoTimers,
    a_central_that_says_yes_too_early_is_caught: CentralAcksEarly,
    a_central_that_refuses_a_batch_for_one_bad_event_is_caught: CentralRefusesPoison,
    a_hub_that_passes_over_what_central_has_of_others_is_caught: NothingAside,
    a_restored_device_that_goes_on_counting_is_repaired_only_with_hashes: ForkDropped,
}
