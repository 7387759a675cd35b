//! A fuzzer that runs on any toolchain: real examples, changed in the ways in which files and
//! frames go wrong, as many as a time box allows. Where an answer panics, the input and the seed
//! that make it again are printed.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness tells what it found"
)]

use std::{
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// Growth of this process during one subject's runs that is taken for a leak or a bomb.
const MOST_GROWTH_KIB: u64 = 512 << 10;
/// Words at which readers branch.
const WORDS: &[&[u8]] = &[
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"|",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"18446744073709551616",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\x01",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"\x28\xb5\x2f\xfd",
    b"SQLite format 3\0",
    b"MCua",
    "đ".as_bytes(),
    "ế".as_bytes(),
    b"e\xcc\x81",
    b"..",
    b"/",
    b"%00",
];

/// SplitMix64: one seed, one run.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    /// One of them.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// How long all subjects together run: `MOTCUA_FUZZ_SECONDS`, or what CI has time for.
pub fn seconds() -> f64 {
    std::env::var("MOTCUA_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(20.0)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// One example, changed a few times.
fn change(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.of(corpus).clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let to = (at + dice.below(64)).min(bytes.len());
        match dice.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let word = *dice.of(WORDS);
                bytes.splice(at..at, word.iter().copied());
            }
            5 => {
                let word = *dice.of(WORDS);
                bytes.splice(at..to, word.iter().copied());
            }
            6 => {
                let piece = bytes[at..to].to_vec();
                for _ in 0..=dice.below(3) {
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
            // The head of one and the tail of another.
            7 => {
                let other = dice.of(corpus);
                let from = dice.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let deep = 1 << dice.below(12);
                let word = *dice.of(&[&b"["[..], b"{\"a\":", b"\xff", b"0", b"\xe1\xbb\x87"]);
                bytes.splice(at..at, word.iter().copied().cycle().take(deep));
            }
        }
        // What is larger is refused by its size before anybody reads it.
        bytes.truncate(4 << 20);
    }
    bytes
}

/// Runs `read` on changed examples for a share of the time box. `read` must not panic; whatever
/// else must hold, it asserts by itself.
///
/// # Panics
/// When `read` does, or the process grows out of all proportion.
pub fn run(name: &str, share: f64, corpus: &[Vec<u8>], read: impl Fn(&[u8])) {
    let seed = std::env::var("MOTCUA_FUZZ_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    for example in corpus {
        read(example);
    }
    let until = Instant::now() + Duration::from_secs_f64(seconds() * share);
    let before = resident_kib();
    let (mut runs, mut most) = (0_u64, 0);
    while runs < 100 || Instant::now() < until {
        let mut dice = Dice::new(seed.wrapping_add(runs));
        let input = change(&mut dice, corpus);
        let done = panic::catch_unwind(AssertUnwindSafe(|| read(&input)));
        if let Err(fault) = done {
            println!(
                "{name}: MOTCUA_FUZZ_SEED={} breaks it on the first run, by {} bytes that begin {}",
                seed.wrapping_add(runs),
                input.len(),
                input[..input.len().min(400)].escape_ascii()
            );
            panic::resume_unwind(fault);
        }
        runs += 1;
        if runs.is_multiple_of(64) {
            most = most.max(resident_kib().saturating_sub(before));
            assert!(
                most < MOST_GROWTH_KIB,
                "{name}: grew by {most} KiB within {runs} runs of seed {seed}"
            );
        }
    }
    println!(
        "{name}: {runs} inputs from seed {seed}, {} examples, grew {most} KiB",
        corpus.len()
    );
}
