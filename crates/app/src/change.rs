//! What changed, pushed to every screen after the commit. A screen looks anew; it never polls.

use std::sync::{Mutex, PoisonError, mpsc};

use serde::Serialize;

/// A part of what screens show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Visits, the queue, counters.
    Queue,
    /// Cases.
    Cases,
    /// The catalogue of procedures.
    Catalogue,
    /// The branch document.
    Branch,
    /// Print jobs and printers.
    Print,
    /// Day figures and day end.
    Day,
    /// What citizens are told.
    Notices,
    /// The machines of the branch and the lines between them.
    Sync,
    /// Pages that wait, the scanner, the watched folder.
    Scan,
}

/// A committed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Grows with every committed event.
    pub revision: u64,
    /// What to look at anew.
    pub topics: Vec<Topic>,
}

/// Those who want to be told.
#[derive(Debug)]
pub(crate) struct Listeners<T>(Mutex<Vec<mpsc::Sender<T>>>);

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Clone> Listeners<T> {
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<T> {
        let (sender, receiver) = mpsc::channel();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sender);
        receiver
    }

    pub(crate) fn tell(&self, told: &T) {
        // A listener that went away is forgotten.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|l| l.send(told.clone()).is_ok());
    }
}

/// What a command touches, by its name.
pub(crate) fn topics(name: &str) -> Vec<Topic> {
    match name.split('.').next().unwrap_or_default() {
        "visit" | "leg" | "queue" | "counter" => vec![Topic::Queue, Topic::Day],
        "day" | "clock" => vec![Topic::Queue, Topic::Day, Topic::Branch],
        "case" | "fee" => vec![Topic::Cases, Topic::Notices, Topic::Queue, Topic::Day],
        "notice" => vec![Topic::Notices],
        "rating" => vec![Topic::Queue, Topic::Day],
        "complaint" => vec![Topic::Day],
        "catalogue" => vec![Topic::Catalogue, Topic::Branch],
        "device" => vec![Topic::Sync, Topic::Branch],
        "kiosk" => vec![Topic::Branch, Topic::Queue, Topic::Print, Topic::Day],
        "branch" => vec![Topic::Branch, Topic::Queue],
        "hub" => vec![Topic::Branch, Topic::Sync],
        "sync" => vec![Topic::Sync],
        "print" | "printer" | "report" => vec![Topic::Print, Topic::Cases, Topic::Queue],
        _ => Vec::new(),
    }
}
