//! Which devices were heard, and whose lines stand. Known since the hub opened; what was before
//! stands in the logs.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use motcua_app::Contact;
use motcua_protocol::Time;
use uuid::Uuid;

use super::Hub;

/// A counter with an open line says something at least every thirty seconds. Who is silent for
/// longer than twice that hangs on a cable that was pulled.
const SILENCE: Duration = Duration::from_secs(75);
/// How often silence is looked for.
const LOOK: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
struct Known {
    seen_ms: i64,
    at: Instant,
    lines: usize,
}

impl Known {
    fn here(&self, now: Instant) -> bool {
        self.lines > 0 && now.duration_since(self.at) < SILENCE
    }
}

/// The devices that were heard.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<HashMap<Uuid, Known>>);

impl Contacts {
    fn known(&self) -> MutexGuard<'_, HashMap<Uuid, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device said something; whether it had been silent.
    pub(super) fn heard(&self, device: Uuid, wall_ms: i64, now: Instant) -> bool {
        let mut known = self.known();
        let first = !known.contains_key(&device);
        let one = known.entry(device).or_insert(Known {
            seen_ms: wall_ms,
            at: now,
            lines: 0,
        });
        let before = one.here(now);
        (one.seen_ms, one.at) = (wall_ms, now);
        first || one.here(now) != before
    }

    /// What is known of each.
    pub(crate) fn all(&self, now: Instant) -> HashMap<Uuid, Contact> {
        let contact = |known: &Known| Contact {
            seen: Time::from_ms(known.seen_ms),
            here: known.here(now),
        };
        self.known().iter().map(|(d, k)| (*d, contact(k))).collect()
    }

    fn here(&self, now: Instant) -> HashSet<Uuid> {
        let known = self.known();
        let here = known.iter().filter(|(_, k)| k.here(now));
        here.map(|(device, _)| *device).collect()
    }

    fn line(&self, device: Uuid, opened: bool) {
        if let Some(known) = self.known().get_mut(&device) {
            known.lines = match opened {
                true => known.lines + 1,
                false => known.lines.saturating_sub(1),
            };
        }
    }
}

/// An open line; the device is gone with its last one.
#[derive(Debug)]
pub(super) struct OpenLine {
    hub: Arc<Hub>,
    device: Uuid,
}

impl OpenLine {
    pub(super) fn of(hub: Arc<Hub>, device: Uuid) -> Self {
        hub.contacts.line(device, true);
        hub.app.link_changed();
        Self { hub, device }
    }
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        self.hub.contacts.line(self.device, false);
        self.hub.app.link_changed();
    }
}

/// Tells the screens when somebody has fallen silent without a word.
pub(super) async fn watch(hub: Weak<Hub>) {
    let mut before = HashSet::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(hub) = hub.upgrade() else { return };
        let here = hub.contacts.here(Instant::now());
        if here != before {
            before = here;
            hub.app.link_changed();
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_until_it_ends_or_falls_silent() {
        let (contacts, now, one) = (Contacts::default(), Instant::now(), Uuid::from_u128(1));
        let here = |at| contacts.all(at).get(&one).unwrap().here;
        assert!(contacts.all(now).is_empty());
        assert!(contacts.heard(one, 1_000, now), "the first word is news");
        assert!(!here(now), "one word is no line");
        contacts.line(one, true);
        assert!(here(now));
        assert!(!contacts.heard(one, 2_000, now), "nothing new");
        let late = now + SILENCE;
        assert!(!here(late), "a cable was pulled");
        assert_eq!(
            contacts.all(late).get(&one).unwrap().seen,
            Time::from_ms(2_000)
        );
        assert!(contacts.heard(one, 80_000, late), "and put back");
        contacts.line(one, false);
        assert!(!here(late));
    }
}
