//! Hubs that follow each other: people who promote a machine, rightly or not, and machines that
//! follow their logs.

use motcua_app::{Next, Standing};
use motcua_testkit::branch::SUPERVISOR;
use serde_json::json;
use uuid::Uuid;

use super::{
    broken::Broken,
    world::{Told, World},
};
use crate::{line::Paired, succession::paired_to};

impl World {
    /// Somebody says that this machine is the hub now, whether the other one is broken or not.
    pub(super) fn promote(&mut self, i: usize) {
        let device = self.machines[i].device;
        let copied = self.machines.iter().filter(|m| m.device == device).count() > 1;
        if copied || self.machines[i].paired.is_none() || self.outcome.promotions > 2 {
            return;
        }
        let id = self.id();
        self.issued.insert(id);
        let args =
            json!({"reason": "Máy chủ quầy hỏng", "listen": format!("127.0.0.1:{}", 7000 + i)});
        if let Told::Done(answer) = self.call(i, SUPERVISOR, "hub.promote", &args, Some(id)) {
            self.outcome.promotions += 1;
            self.tell(i, &format!("làm máy chủ, nhiệm kỳ {}", answer["term"]));
        }
    }

    /// Every machine becomes what its log says.
    pub(super) fn follow_the_log(&mut self) -> Result<(), String> {
        for i in 0..self.machines.len() {
            self.follow(i)?;
            if self.chance.percent(15) {
                self.call_on_former(i);
            }
            if self.chance.percent(6) {
                self.consider(i);
            }
        }
        Ok(())
    }

    fn follow(&mut self, i: usize) -> Result<(), String> {
        let machine = &self.machines[i];
        let Some(app) = machine.app.clone() else {
            return Ok(());
        };
        let revision = app.store().revision();
        if machine.settled == Some(revision) {
            return Ok(());
        }
        let standing = match &machine.paired {
            Some(paired) => Standing::CounterOf(paired.hub),
            None => Standing::Hub,
        };
        match app.next(standing).map_err(|e| e.to_string())? {
            Next::Stays => self.machines[i].settled = Some(revision),
            Next::BecomesHub => {
                let former = self.machines[i].paired.clone();
                drop(app);
                self.becomes(i, None);
                self.machines[i].former = former;
                if self.broken == Broken::PlainAfterPromotion {
                    self.claim_the_plain_numbers(i);
                }
            }
            Next::GivesWay(hub) => {
                if self.broken == Broken::LowerTermObeyed {
                    return Ok(());
                }
                let former = self.machines[i].former.clone();
                let former = former.filter(|former| former.hub == hub.device);
                let paired = paired_to(&app, &hub).map_err(|e| e.to_string())?;
                if let Some(paired) = paired.or(former) {
                    app.step_down().map_err(|e| e.to_string())?;
                    self.outcome.steps_down += 1;
                    drop(app);
                    self.tell(
                        i,
                        &format!("nhường cho máy {}", self.machine_of(hub.device)),
                    );
                    self.becomes(i, Some(paired));
                }
            }
            Next::Resumes(lost) => {
                app.resume(&lost).map_err(|e| e.to_string())?;
                self.outcome.resumed += 1;
                self.tell(i, &format!("vẫn là máy chủ, nhiệm kỳ {}", lost.term));
            }
            Next::Follows(hub) => {
                if self.broken == Broken::LowerTermObeyed {
                    return Ok(());
                }
                if let Some(paired) = paired_to(&app, &hub).map_err(|e| e.to_string())? {
                    drop(app);
                    self.tell(i, &format!("theo máy {}", self.machine_of(hub.device)));
                    self.becomes(i, Some(paired));
                }
            }
        }
        Ok(())
    }

    fn machine_of(&self, device: Uuid) -> usize {
        let at = self.machines.iter().position(|m| m.device == device);
        at.unwrap_or(usize::MAX)
    }

    /// A hub brings the one before it the word.
    pub(super) fn call_on_former(&mut self, i: usize) {
        let machine = &self.machines[i];
        let (None, Some(former), Some(app)) = (&machine.paired, &machine.former, &machine.app)
        else {
            return;
        };
        let own = app.store().device();
        let unsettled = app.store().read(|read| read.unsettled_hubs(own)).unwrap();
        if unsettled.contains(&former.hub) {
            let (app, line) = (app.clone(), self.line(i, former));
            self.speak(i, |_| line.sync(&app));
        }
    }

    /// A person types the address of another hub at a machine.
    pub(super) fn consider(&mut self, i: usize) {
        let hubs: Vec<Uuid> = (self.machines.iter())
            .filter(|m| m.answers.is_some() && m.paired.is_none())
            .map(|m| m.device)
            .collect();
        let Some(hub) = self.chance.of_list(&hubs).copied() else {
            return;
        };
        self.consider_this(i, hub);
    }

    pub(super) fn consider_this(&mut self, i: usize, hub: Uuid) {
        let machine = &self.machines[i];
        let Some(app) = &machine.app else { return };
        let own = machine.paired.as_ref().map_or(machine.device, |p| p.hub);
        if own == hub || machine.device == hub {
            return;
        }
        let other = Paired {
            url: "https://127.0.0.1:1".to_owned(),
            fingerprint: "hub".to_owned(),
            number: 1,
            device: machine.device,
            hub,
            branch: self.branch,
        };
        let (app, line) = (app.clone(), self.line(i, &other));
        self.speak(i, |_| line.sync(&app));
    }

    /// The defect: the new hub goes on with the numbers of the old one, which may be alive.
    fn claim_the_plain_numbers(&mut self, i: usize) {
        use motcua_protocol::event::{Body, BranchEvent, HubSteppedDown};
        use motcua_store::table::branch::hub_entity;
        let app = self.machines[i].app.clone().unwrap();
        let author = motcua_store::Author {
            actor: "system".to_owned(),
            command_id: self.id(),
            moment: app.moment(),
        };
        let hubs = app.store().read(|read| read.hubs()).unwrap();
        let done = app.store().write(&author, |tx| {
            for (device, term) in hubs {
                let event = HubSteppedDown {
                    device,
                    term,
                    forgot: false,
                };
                tx.append(hub_entity(), &Body::Branch(BranchEvent::SteppedDown(event)))?;
            }
            Ok(())
        });
        done.unwrap();
    }
}
