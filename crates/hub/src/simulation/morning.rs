//! How a branch begins its day. Founding one takes longer than a third of all that happens in it
//! afterwards, and every world with as many counters begins alike: so it is done once, and the
//! folders are laid out again for each world.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use motcua_app::clock::ManualClock;
use motcua_testkit::branch::MORNING;
use uuid::Uuid;

use super::{
    broken::Broken,
    world::{Machine, World},
};
use crate::line::Paired;

/// Stands for the world's own folder in the epoch tokens: a token that names another folder says
/// that this one is a copy.
const ROOT: &str = "{root}";

struct Morning {
    files: Vec<(PathBuf, Vec<u8>)>,
    machines: Vec<(Uuid, Option<Paired>)>,
}

fn root(world: &World) -> String {
    let root = world.root.path().canonicalize().unwrap();
    root.to_str().unwrap().to_owned()
}

fn swap(path: &Path, text: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    if path.extension().is_some_and(|e| e == "json") {
        String::from_utf8(text).unwrap().replace(from, to).into()
    } else {
        text
    }
}

fn read(root: &Path, dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            files.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

impl Morning {
    fn of(counters: usize) -> Arc<Self> {
        static MADE: Mutex<BTreeMap<usize, Arc<Morning>>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let morning = made.entry(counters);
        Arc::clone(morning.or_insert_with(|| Arc::new(Self::make(counters))))
    }

    fn make(counters: usize) -> Self {
        let mut world = World::empty(0, Broken::Nothing);
        world.found(counters);
        let machines = world.machines.iter();
        let machines = machines.map(|m| (m.device, m.paired.clone())).collect();
        world.machines.clear();
        let at = root(&world);
        let mut files = Vec::new();
        read(world.root.path(), world.root.path(), &mut files);
        let file = |path: PathBuf| {
            let text = fs::read(world.root.path().join(&path)).unwrap();
            let text = swap(&path, text, &at, ROOT);
            (path, text)
        };
        Self {
            files: files.into_iter().map(file).collect(),
            machines,
        }
    }
}

impl World {
    /// A hub and so many counters, which know each other.
    pub(super) fn begin(&mut self, counters: usize) {
        let morning = Morning::of(counters);
        let at = root(self);
        for (path, text) in &morning.files {
            let file = self.root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, swap(path, text.clone(), ROOT, &at)).unwrap();
        }
        for (i, (device, paired)) in morning.machines.iter().enumerate() {
            let clock = Arc::new(ManualClock::at(MORNING));
            self.machines
                .push(Machine::new(*device, clock, paired.clone()));
            self.start(i);
        }
    }
}
