//! What must hold: now and then on one machine, and on all of them once the faults are over.

use std::collections::{BTreeMap, BTreeSet};

use motcua_app::App;
use motcua_domain::visit::{State, VisitEvent};
use motcua_protocol::event::Body;
use motcua_testkit::branch::dump;
use uuid::Uuid;

use super::{central::RIVAL, world::World};

/// Rounds in which everybody sends and fetches until nothing moves; two copies of one device
/// join each other's epochs in turns.
const ROUNDS: usize = 24;

impl World {
    /// I2, I3, I6: the machine's own verification finds nothing.
    pub(super) fn sound(&self, i: usize) -> Result<(), String> {
        let Some(app) = &self.machines[i].app else {
            return Ok(());
        };
        let found = app.verify().map_err(|e| format!("verify: {e}"))?.findings;
        if found.is_empty() {
            Ok(())
        } else {
            Err(format!("machine {i} is not sound: {found:?}"))
        }
    }

    /// The faults are over.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        {
            let mut state = self.net.state();
            state.cuts.clear();
        }
        while !self.net.state().late.is_empty() {
            self.net.deliver_late();
        }
        self.net.state().stormy = false;
        self.tell(0, "bão tan");
        for i in 0..self.machines.len() {
            if self.machines[i].app.is_none() {
                self.start(i);
            }
        }
        let mut last = Vec::new();
        for _ in 0..ROUNDS {
            last.clear();
            for machine in &self.machines {
                machine.clock.pass(5_000);
            }
            self.come_together()?;
            self.settle_codes()?;
            for (i, machine) in self.machines.iter().enumerate() {
                if let (Some(line), Some(app)) = (&machine.line, &machine.app) {
                    last.push((i, line.sync(app)));
                }
            }
            let still = |(_, s): &(usize, crate::Synced)| {
                s.last_error.is_none() && s.unsent == 0 && s.sent == 0 && s.received == 0
            };
            if self.hubs() == 1 && last.iter().all(still) {
                break;
            }
        }
        if self.hubs() != 1 {
            return Err(format!("I12: {} hubs at the end", self.hubs()));
        }
        for (i, synced) in &last {
            if synced.unsent > 0 || synced.last_error.is_some() {
                return Err(format!("I9: machine {i}: {synced:?}"));
            }
        }
        self.alike()?;
        // They are alike, so what is derived from the log is right on all if it is on one; another
        // is looked at for the sake of its own log.
        let hub = self.machines.iter().position(|m| m.answers.is_some());
        let hub = hub.unwrap();
        let other = self.chance.below(self.machines.len() as u64) as usize;
        for i in std::collections::BTreeSet::from([hub, other]) {
            self.sound(i)?;
        }
        self.no_code_is_owed(hub)?;
        let hub = self.machines[hub].app.clone().unwrap();
        self.nothing_invented(&hub)?;
        if !self.lossy {
            self.nothing_lost(&hub)?;
        }
        Ok(())
    }

    fn hubs(&self) -> usize {
        let hubs = self.machines.iter().filter(|m| m.answers.is_some());
        hubs.count()
    }

    /// People see to it that everybody has heard of the hub with the highest term.
    fn come_together(&mut self) -> Result<(), String> {
        let mut highest = None;
        for machine in &self.machines {
            let app = machine.app.as_ref().unwrap();
            let hub = app.hub().map_err(|e| e.to_string())?;
            let hub = hub.map(|hub| (hub.term, std::cmp::Reverse(hub.device)));
            highest = highest.max(hub);
        }
        let Some((_, std::cmp::Reverse(highest))) = highest else {
            return Ok(());
        };
        for i in 0..self.machines.len() {
            self.call_on_former(i);
            self.consider_this(i, highest);
        }
        self.follow_the_log()
    }

    /// I5.
    fn alike(&self) -> Result<(), String> {
        let dumps: Vec<String> = (self.machines.iter())
            .filter_map(|m| m.app.as_deref())
            .map(dump)
            .collect();
        for (i, other) in dumps.iter().enumerate() {
            if *other != dumps[0] {
                let hub: BTreeSet<&str> = dumps[0].lines().collect();
                let here: BTreeSet<&str> = other.lines().collect();
                let differs: Vec<_> = hub.symmetric_difference(&here).take(4).collect();
                return Err(format!("I5: machine {i} differs: {differs:#?}"));
            }
        }
        Ok(())
    }

    /// Nobody served whom nobody began to serve, nothing done that nobody asked for, one command
    /// done once, one person at a desk.
    fn nothing_invented(&self, hub: &App) -> Result<(), String> {
        let mut told: BTreeMap<Uuid, Uuid> = BTreeMap::new();
        let mut unseen = Vec::new();
        let mut at_desk: BTreeMap<(chrono::NaiveDate, u16), String> = BTreeMap::new();
        let mut visits = Vec::new();
        let read = hub.store().read(|read| {
            read.all_visits(|id, visit| {
                visits.push((id, visit));
                Ok(())
            })
        });
        read.unwrap();
        for (id, visit) in visits {
            let served = visit.legs.iter().any(|leg| leg.serve_ms.is_some());
            if served && !self.started.contains(&id.to_string()) {
                return Err(format!("{} was served by nobody", visit.label()));
            }
            let events = hub.store().read(|read| read.events_of(id)).unwrap();
            for event in &events {
                let header = &event.header;
                if header.actor != "system" && !self.issued.contains(&header.command_id) {
                    return Err(format!(
                        "I2: {} of {} was asked for by nobody",
                        header.kind,
                        visit.label()
                    ));
                }
            }
            if let Some(first) = events.first() {
                let body = Body::decode(&first.header.kind, &first.body);
                let for_counter =
                    matches!(body, Some(Body::Visit(VisitEvent::Registered(r))) if r.via.is_some());
                // One that was called to nobody, before its counter could say that it had gone on
                // alone, has stood on the board; it ends as one who did not come.
                let waits = visit.is_open() && visit.legs[0].first_call_ms.is_none();
                if !for_counter {
                    told.insert(first.header.command_id, id);
                } else if waits {
                    unseen.push((first.header.command_id, visit.label()));
                }
            }
            // Called by two machines that did not hear each other: that is told to the supervisor.
            let callers: BTreeSet<Uuid> = (events.iter())
                .filter(|e| e.header.kind == "leg.called")
                .map(|e| e.header.device)
                .collect();
            if !self.lossy
                && callers.len() < 2
                && matches!(visit.state(), State::Called | State::Serving)
                && let Some(desk) = visit.leg().counter
                && let Some(other) = at_desk.insert((visit.date, desk), visit.label())
            {
                return Err(format!("desk {desk} has {other} and {}", visit.label()));
            }
        }
        let ghost = unseen.iter().find_map(|(command, label)| {
            let own = told.get(command)?;
            Some(format!("I2: {label} still waits, whose command made {own}"))
        });
        ghost.map_or(Ok(()), Err)
    }

    /// I1: whoever was told a number or a code is in the log.
    fn nothing_lost(&self, hub: &App) -> Result<(), String> {
        let all = dump(hub);
        match self
            .papers
            .iter()
            .filter(|(_, id)| *id != RIVAL)
            .find(|(_, id)| !all.contains(id.as_str()))
        {
            Some((paper, _)) => Err(format!("I1: {paper} was told and is nowhere")),
            None => Ok(()),
        }
    }
}
