//! What goes wrong.

use std::collections::{BTreeMap, BTreeSet};

use motcua_protocol::sync::{Place, Sealed};
use motcua_sync::{Answer, Ask, Request};

use super::{Broken, Disk, Event, Machine, World};

impl World {
    /// What nobody has any more was never ours to promise: it had not left the machine whose disk
    /// failed.
    pub(super) fn bury(&mut self) {
        let mut there = self.hub.ids();
        for machine in &self.machines {
            there.extend(machine.disk.ids());
        }
        there.extend(self.above.model.ids());
        self.promised.retain(|id| there.contains(id));
    }

    /// Whether everything that there is is with the hub, with whose it is, or at central. What is
    /// left only with another counter has lost all three at once, and that is more than is
    /// promised: counters do not answer for others' logs. It is asked by hash and not by id. An
    /// event may stand again elsewhere; but a counter that alone has the old place of it can never
    /// take what came to stand there instead, and nobody else knows that it would have to be
    /// written anew.
    pub(super) fn is_kept(&self) -> bool {
        let mut kept: BTreeSet<[u8; 32]> = self.hub.log.iter().map(|e| e.hash).collect();
        for machine in &self.machines {
            let own = |e: &&Sealed| e.header.device == machine.disk.device;
            kept.extend(machine.disk.log.iter().filter(own).map(|e| e.hash));
        }
        kept.extend(self.above.model.log.iter().map(|e| e.hash));
        let all = |m: &Machine| m.disk.log.iter().all(|e| kept.contains(&e.hash));
        self.machines.iter().all(all)
    }

    /// What is on the line goes down with the machines: else a page of a feed could be the only
    /// copy of something.
    pub(super) fn clear_the_line(&mut self) {
        for event in self.events.values_mut() {
            let page = match event {
                Event::ToDevice(.., answer) => {
                    matches!(**answer, Ok(Answer::Feed { .. } | Answer::Past(_)))
                }
                Event::ToUplink(.., answer) => {
                    matches!(**answer, Ok(Answer::Feed { .. } | Answer::Past(_)))
                }
                Event::ToHub(.., request) | Event::ToCentral(.., request) => {
                    matches!(request, Request::Push(_))
                }
                Event::Local(.., ask) | Event::UplinkLocal(.., ask) => {
                    matches!(
                        ask,
                        Ask::TakePage { .. } | Ask::TakePast(_) | Ask::Repair { .. }
                    )
                }
                _ => false,
            };
            if page {
                *event = Event::Nothing;
            }
        }
    }

    fn hub_becomes(&mut self, disk: Disk) -> bool {
        let stood = self.everything();
        let before = std::mem::replace(&mut self.hub, disk);
        let promised = self.promised.clone();
        self.bury();
        if self.devices_go_back && (!self.is_kept() || self.saw_what_is_lost(&stood)) {
            (self.hub, self.promised) = (before, promised);
            return false;
        }
        if self.devices_go_back {
            self.clear_the_line();
        }
        // Whoever puts a disk back stops the program first.
        self.uplink_starts();
        self.hub_looked = 0;
        self.accepted.clear();
        self.acked.clear();
        true
    }

    fn device_becomes(&mut self, i: usize, disk: Disk) -> bool {
        self.stop(i);
        let stood = self.everything();
        let before = std::mem::replace(&mut self.machines[i].disk, disk);
        let promised = self.promised.clone();
        self.bury();
        if self.hub_goes_back && (!self.is_kept() || self.saw_what_is_lost(&stood)) {
            (self.machines[i].disk, self.promised) = (before, promised);
            return false;
        }
        if self.hub_goes_back {
            self.clear_the_line();
        }
        true
    }

    /// Every event that stands anywhere.
    pub(super) fn everything(&self) -> BTreeMap<Place, [u8; 32]> {
        let disks = self.machines.iter().map(|m| &m.disk.log);
        let logs = disks.chain([&self.hub.log, &self.above.model.log]);
        logs.flatten().map(|e| (e.place(), e.hash)).collect()
    }

    /// Whether something had seen an event that stood somewhere and nobody has any more. It waits
    /// for it for ever, for all machines that held it were lost at once; the number of what is lost
    /// may by then be another event's.
    pub(super) fn saw_what_is_lost(&self, stood: &BTreeMap<Place, [u8; 32]>) -> bool {
        let left: BTreeSet<[u8; 32]> = self.everything().into_values().collect();
        let disks = self.machines.iter().map(|m| &m.disk.log);
        let logs = disks.chain([&self.hub.log, &self.above.model.log]);
        let mut seen = logs.flatten().flat_map(|e| &e.header.deps);
        seen.any(|dep| {
            let place = Place {
                device: dep.device,
                epoch: dep.epoch,
                seq: dep.seq,
            };
            stood.get(&place).is_some_and(|hash| !left.contains(hash))
        })
    }

    /// Somebody puts the image of some day back on every machine of the branch, and work goes on
    /// before central is heard.
    fn branch_goes_back(&mut self) {
        let Some((hub, counters)) = self.image.clone() else {
            return;
        };
        let promised = self.promised.clone();
        let stood = self.everything();
        let hub = std::mem::replace(&mut self.hub, hub);
        let mut before = Vec::new();
        for (i, disk) in counters.into_iter().enumerate() {
            self.stop(i);
            before.push(std::mem::replace(&mut self.machines[i].disk, disk));
        }
        self.bury();
        if !self.is_kept() || self.saw_what_is_lost(&stood) {
            (self.hub, self.promised) = (hub, promised);
            for (machine, disk) in self.machines.iter_mut().zip(before) {
                machine.disk = disk;
            }
            return;
        }
        self.clear_the_line();
        self.hub_looked = 0;
        self.accepted.clear();
        self.acked.clear();
        self.uplink_starts();
        self.above.apart_until = self.now + 30_000 + self.below(90_000);
        self.outcome.images += 1;
    }

    pub(super) fn fault(&mut self) {
        let i = self.below(self.machines.len() as u64) as usize;
        match self.below(19) {
            0 | 1 => self.stop(i),
            2 | 3 => {
                let until = self.now + self.below(90_000);
                self.machines[i].apart_until = until;
            }
            4 => {
                self.hub_up = false;
                self.uplink_starts();
                if self.broken == Broken::AckBeforeCommit {
                    let lost = (self.below(6) as usize).min(self.hub.log.len());
                    self.hub = self.hub.cut(lost);
                    self.bury();
                }
                let back = self.now + self.below(60_000);
                self.at(back, Event::HubUp);
            }
            5 if self.hub_goes_back => {
                let number = self.next_epoch();
                let mut disk = self.hub_backup.clone();
                disk.open_epoch(number);
                self.outcome.hub_restores += u64::from(self.hub_becomes(disk));
            }
            // The disk said that it had written, and had not. Nobody notices: its name stays.
            6 | 7 if self.hub_goes_back => {
                let lost = (self.below(12) as usize).min(self.hub.log.len());
                let disk = self.hub.cut(lost);
                let done = lost > 0 && self.hub_becomes(disk);
                self.outcome.hub_tails += u64::from(done);
            }
            8 | 9 if self.devices_go_back => {
                let lost = self.below(7) as usize;
                let disk = &self.machines[i].disk;
                let disk = disk.cut(lost.min(disk.log.len()));
                let done = self.device_becomes(i, disk) && lost > 0;
                self.outcome.lost_tails += u64::from(done);
            }
            10 | 11 if self.devices_go_back => {
                let mut disk = self.machines[i].backup.clone();
                if self.percent(70) {
                    let number = self.next_epoch();
                    disk.open_epoch(number);
                }
                self.outcome.restores += u64::from(self.device_becomes(i, disk));
            }
            // Not where hub and machines both go back: see decision 0020.
            12 if self.devices_go_back
                && !self.hub_goes_back
                && self.machines.len() < 6
                && self.outcome.clones == 0 =>
            {
                self.outcome.clones += 1;
                let mut disk = self.machines[i].disk.clone();
                if self.percent(50) {
                    let number = self.next_epoch();
                    disk.open_epoch(number);
                }
                self.add_machine(disk);
            }
            13 | 14 => self.central_fault(0),
            15 => self.central_fault(1),
            16 => self.central_fault(2),
            17 | 18 if self.hub_goes_back && self.devices_go_back => self.branch_goes_back(),
            _ => {}
        }
    }
}
