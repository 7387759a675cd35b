//! What goes wrong.

use std::{fs, path::Path, sync::Arc};

use motcua_app::{App, clock::ManualClock};

use super::{
    broken::Broken,
    net::Cut,
    world::{Machine, World},
};

const YEAR_MS: i64 = 365 * 86_400_000;

impl World {
    pub(super) fn fault(&mut self) {
        let i = self.chance.below(self.machines.len() as u64) as usize;
        match self.chance.below(17) {
            0..3 => self.lose_power(i),
            3..6 => {
                let cut = if self.chance.percent(60) {
                    Cut::Both
                } else {
                    Cut::Answers
                };
                self.outcome.cuts += 1;
                self.net.state().cuts.insert(i, cut);
                self.tell(i, &format!("đứt mạng {cut:?}"));
            }
            6..9 => {
                self.net.state().cuts.clear();
                self.tell(i, "mạng nối lại");
            }
            9 => self.take_backup(i),
            10 => self.take_backup(0),
            11 if self.history_goes_back => self.restore(i),
            12 if self.history_goes_back => self.restore(0),
            13 if self.history_goes_back => self.copy(i),
            11..14 => self.jump(i),
            _ => self.promote(i),
        }
    }

    fn lose_power(&mut self, i: usize) {
        if self.machines[i].app.is_none() {
            return;
        }
        let steps = 1 + self.chance.below(8);
        match self.machines[i].paired {
            None => self.outcome.hub_crashes += 1,
            Some(_) => self.outcome.crashes += 1,
        }
        self.crash(i, steps);
    }

    fn take_backup(&mut self, i: usize) {
        let Some(app) = self.machines[i].app.clone() else {
            return;
        };
        let file = self.root.path().join(format!("b{i}-{}.db", self.now));
        app.backup(&file).unwrap();
        self.machines[i].backup = Some(file);
        self.tell(i, "sao lưu");
    }

    /// Somebody sets the clock.
    fn jump(&mut self, i: usize) {
        let clock = &self.machines[i].clock;
        let now = motcua_app::clock::Clock::moment(&**clock).wall_ms;
        let by = match self.chance.below(4) {
            0 => YEAR_MS,
            1 => -YEAR_MS,
            2 => 3_600_000,
            _ => -3_600_000,
        };
        clock.set_wall(now + by);
        self.outcome.jumps += 1;
        self.tell(i, &format!("đồng hồ lệch {by} ms"));
    }

    /// An older copy is put back.
    fn restore(&mut self, i: usize) {
        // Whoever has no copy yet makes one, to go back to it another time.
        let Some(file) = self.machines[i].backup.clone() else {
            return self.take_backup(i);
        };
        if self.machines[i].app.is_some() {
            self.crash(i, 0);
        }
        let settings = self.settings(i);
        let clock = Arc::clone(&self.machines[i].clock);
        if self.broken == Broken::RewindUnnoticed {
            forget(&settings.dir, settings.state_dir.as_deref());
            fs::copy(&file, settings.dir.join("motcua.db")).unwrap();
        } else if self.chance.percent(50) {
            App::restore(&settings, &file, &*clock).unwrap();
        } else {
            // Put back by hand, behind the program's back.
            bare(&settings.dir);
            fs::copy(&file, settings.dir.join("motcua.db")).unwrap();
        }
        match self.machines[i].paired {
            None => self.outcome.hub_restores += 1,
            Some(_) => self.outcome.restores += 1,
        }
        self.tell(i, "trở về bản sao lưu");
        self.history_went_back(i);
        self.start(i);
    }

    /// The folder is copied to another computer, and both go on.
    fn copy(&mut self, i: usize) {
        let hubs = self.outcome.promotions > 0;
        if hubs || self.outcome.clones > 0 || self.machines[i].paired.is_none() {
            return;
        }
        if self.machines[i].app.is_some() {
            self.crash(i, 0);
        }
        let k = self.machines.len();
        let (from, to) = (self.settings(i).dir, self.settings(k).dir);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(&from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
        let original = &self.machines[i];
        let now = motcua_app::clock::Clock::moment(&*original.clock).wall_ms;
        let (device, paired) = (original.device, original.paired.clone());
        self.outcome.clones += 1;
        let clock = Arc::new(ManualClock::at(now));
        self.machines.push(Machine::new(device, clock, paired));
        self.tell(i, &format!("chép sang máy {k}"));
        self.start(i);
        self.start(k);
    }

    /// What only that disk knew is gone, and nobody is promised it any more.
    fn history_went_back(&mut self, i: usize) {
        self.machines[i].last = None;
        self.machines[i].last_date = String::new();
        self.lossy = true;
        if self.machines[i].paired.is_none() {
            self.held.clear();
        }
    }
}

/// Takes the database away and leaves what tells of it.
fn bare(dir: &Path) {
    for name in ["motcua.db", "motcua.db-wal", "motcua.db-shm"] {
        let file = dir.join(name);
        if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }
}

/// And that too.
fn forget(dir: &Path, state: Option<&Path>) {
    bare(dir);
    fs::remove_file(dir.join("device.json")).ok();
    if let Some(state) = state {
        fs::remove_dir_all(state).ok();
    }
}
