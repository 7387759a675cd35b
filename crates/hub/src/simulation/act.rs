//! What officers press, and what they are told.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, SUPERVISOR, case};
use serde_json::{Value, json};

use super::{
    broken::Broken,
    world::{HeldBy, Told, World},
};

const SERVICES: [&str; 3] = ["ho-tich", "ho-tich", "noi-vu"];
const OFFICERS: [&str; 3] = ["lan", "ha", "lan"];

fn list<'a>(snapshot: &'a Value, name: &str) -> Vec<&'a Value> {
    snapshot[name]
        .as_array()
        .map_or_else(Vec::new, |rows| rows.iter().collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl World {
    /// Somebody presses something at one of the desks.
    pub(super) fn act(&mut self) -> Result<(), String> {
        let i = self.chance.below(self.machines.len() as u64) as usize;
        if self.machines[i].app.is_none() {
            return Ok(());
        }
        if self.chance.percent(7)
            && let Some((id, name, args, told)) = self.machines[i].last.clone()
        {
            return self.again(i, id, &name, &args, told);
        }
        let Told::Done(snapshot) = self.call(i, SUPERVISOR, "queue.snapshot", &json!({}), None)
        else {
            return Ok(());
        };
        self.days_go_on(i, &snapshot)?;
        let desk = i as u64 + 1;
        let here = |rows: Vec<&Value>| {
            let own = rows.into_iter().find(|row| row["counter"] == desk);
            own.map(|row| row["visit_id"].clone())
        };
        let called = here(list(&snapshot, "called"));
        let serving = here(list(&snapshot, "serving"));
        let any = |rows: Vec<&Value>, chance: &mut super::chance::Chance| {
            chance.of_list(&rows).map(|row| row["visit_id"].clone())
        };
        let roll = self.chance.below(100);
        let (name, args) = match (called, serving) {
            (Some(visit), _) => match roll {
                0..50 => ("leg.start", json!({"visit_id": visit})),
                50..65 => ("leg.miss", json!({"visit_id": visit})),
                65..82 => ("leg.undo_call", json!({"visit_id": visit})),
                82..88 => ("leg.recall", json!({"visit_id": visit})),
                88..92 => ("leg.leave", json!({"visit_id": visit})),
                _ => ("visit.register", self.newcomer()),
            },
            (None, Some(visit)) => match roll {
                0..35 => ("leg.finish", json!({"visit_id": visit})),
                35..50 => (
                    "leg.hold",
                    json!({"visit_id": visit, "reason": "Chờ giấy tờ"}),
                ),
                50..60 => (
                    "leg.transfer",
                    json!({"visit_id": visit, "service": "noi-vu"}),
                ),
                60..80 => ("case.receive", case()),
                80..84 => (
                    "leg.add_service",
                    json!({"visit_id": visit, "service": "khoa-hoc"}),
                ),
                _ => ("visit.register", self.newcomer()),
            },
            (None, None) => match roll {
                0..34 => ("visit.register", self.newcomer()),
                34..64 => ("queue.call_next", json!({"counter": desk})),
                64..98 => {
                    let waiting = any(list(&snapshot, "waiting"), &mut self.chance);
                    let missed = any(list(&snapshot, "missed"), &mut self.chance);
                    let held = any(list(&snapshot, "held"), &mut self.chance);
                    match (roll, waiting, missed, held) {
                        (64..70, Some(visit), ..) => {
                            ("queue.call", json!({"visit_id": visit, "counter": desk}))
                        }
                        (70..74, Some(visit), ..) => ("leg.leave", json!({"visit_id": visit})),
                        (74..78, Some(visit), ..) => {
                            ("leg.void", json!({"visit_id": visit, "reason": "In nhầm"}))
                        }
                        (78..82, Some(visit), ..) => (
                            "visit.classify",
                            json!({"visit_id": visit, "class": "elderly"}),
                        ),
                        (82..88, _, Some(visit), _) => ("leg.return", json!({"visit_id": visit})),
                        (88..90, _, Some(visit), _) => {
                            ("leg.return", json!({"visit_id": visit, "counter": desk}))
                        }
                        (90..92, _, Some(visit), _) => ("leg.no_show", json!({"visit_id": visit})),
                        (92..98, _, _, Some(visit)) => {
                            ("leg.resume", json!({"visit_id": visit, "counter": desk}))
                        }
                        _ => ("case.receive", case()),
                    }
                }
                98 => ("day.close", json!({})),
                _ => (
                    "queue.issuing",
                    json!({"service": "noi-vu", "open": roll.is_multiple_of(2)}),
                ),
            },
        };
        let wait = (name == "leg.undo_call").then(|| {
            let rows = list(&snapshot, "called");
            let row = rows
                .into_iter()
                .find(|row| row["visit_id"] == args["visit_id"]);
            row.map(|row| (row["queued_at"].clone(), row["ranked_as_at"].clone()))
        });
        let told = self.press(i, name, args.clone())?;
        match (wait.flatten(), &told) {
            (Some(before), Told::Done(_)) => self.kept_the_wait(i, &args["visit_id"], &before),
            _ => Ok(()),
        }
    }

    fn newcomer(&mut self) -> Value {
        let service = SERVICES[self.chance.below(SERVICES.len() as u64) as usize];
        if self.chance.percent(20) {
            json!({"service": service, "class": "elderly"})
        } else {
            json!({"service": service})
        }
    }

    /// A command, what is told of it, and what follows from that.
    fn press(&mut self, i: usize, name: &str, args: Value) -> Result<Told, String> {
        let id = self.id();
        self.issued.insert(id);
        if name == "leg.start" {
            self.started.insert(text(&args["visit_id"]));
        }
        let officer = match name {
            "day.close" | "queue.issuing" | "leg.void" => SUPERVISOR,
            _ => OFFICERS[self.chance.below(OFFICERS.len() as u64) as usize],
        };
        let heard = self.net.state().heard;
        let obeyed = self.obeyed(i)?;
        let told = self.call(i, officer, name, &args, Some(id));
        let through_hub = self.machines[i].paired.is_none() || self.net.state().heard > heard;
        // Asked which day it is, people take the machine's for right and go on.
        if matches!(&told, Told::Refused(error) if error.code == Code::ClockJumped)
            && let Told::Done(branch) = self.call(i, officer, "branch.get", &json!({}), None)
        {
            let args = json!({"date": branch["date"]});
            self.call(i, officer, "clock.confirm_date", &args, None);
        }
        if through_hub
            && let (Some(paired), Some(obeyed)) = (&self.machines[i].paired, obeyed)
            && paired.hub != obeyed
        {
            return Err(format!(
                "I12: machine {i} had its {name} done by a hub of a lower term"
            ));
        }
        let machine = &mut self.machines[i];
        if matches!(told, Told::Done(_)) && (machine.paired.is_none() || !through_hub) {
            machine.last_date.clone_from(&machine.shown_date);
        }
        let words = match &told {
            // Without ids, which are made anew each time: one seed tells one story.
            Told::Done(answer) => format!(
                "{name} → {}{}",
                text(&answer["ticket"]),
                text(&answer["case_code"]),
            ),
            Told::Refused(error) => format!("{name} ✗ {:?}", error.code),
            Told::Nothing => format!("{name} …"),
        };
        let how = if through_hub { "" } else { " (tại máy)" };
        self.tell(i, &format!("{words}{how}"));
        let answer = match &told {
            Told::Done(answer) => Some(answer.clone()),
            Told::Refused(_) => None,
            Told::Nothing => return Ok(told),
        };
        self.machines[i].last = Some((id, name.to_owned(), args.clone(), answer.clone()));
        if let Some(answer) = answer {
            self.outcome.done += 1;
            self.outcome.alone += u64::from(!through_hub);
            self.told(i, name, &args, &answer, through_hub)?;
        }
        if self.broken == Broken::UndoLosesWait && name == "leg.undo_call" {
            self.lose_the_wait(i, &args);
        }
        Ok(told)
    }

    /// Whom a machine obeys, by its own log.
    fn obeyed(&self, i: usize) -> Result<Option<uuid::Uuid>, String> {
        let Some(app) = &self.machines[i].app else {
            return Ok(None);
        };
        let hub = app.hub().map_err(|e| e.to_string())?;
        // A first hub whose history went back may be all that an older copy knows of.
        Ok(hub.filter(|hub| !hub.urls.is_empty()).map(|hub| hub.device))
    }

    /// What an officer heard is a fact.
    fn told(
        &mut self,
        i: usize,
        name: &str,
        args: &Value,
        answer: &Value,
        through_hub: bool,
    ) -> Result<(), String> {
        match name {
            "visit.register" => {
                let visit = text(&answer["visit_id"]);
                let date = self.date_of(i, &visit)?;
                self.given(format!("{date} {}", text(&answer["ticket"])), visit)
            }
            "case.receive" => self.given(text(&answer["case_code"]), text(&answer["case_id"])),
            "queue.call_next" | "queue.call" => {
                let visit = text(&answer["visit_id"]);
                if visit.is_empty() {
                    return Ok(());
                }
                let machine = &self.machines[i];
                let hub = machine.paired.as_ref().map_or(machine.device, |p| p.hub);
                let by = HeldBy {
                    machine: i,
                    granted_by: through_hub.then_some(hub),
                };
                let ended = self.ended_by_the_hub(hub, &visit);
                match self.held.insert(visit, by) {
                    Some(before)
                        if before.machine != i
                            && through_hub
                            && before.granted_by == by.granted_by
                            && !ended =>
                    {
                        Err(format!(
                            "{} was called by machine {i} while machine {} had called it, by the same hub",
                            text(&answer["ticket"]),
                            before.machine
                        ))
                    }
                    _ => Ok(()),
                }
            }
            "day.close" => {
                self.held.clear();
                Ok(())
            }
            "leg.start" | "leg.recall" | "leg.add_service" | "visit.classify" => Ok(()),
            _ => {
                self.held.remove(&text(&args["visit_id"]));
                Ok(())
            }
        }
    }

    /// Whether the hub itself took the call before the last one back, without anybody having asked:
    /// two hubs had called two people to one counter, and one of the two waits again.
    fn ended_by_the_hub(&self, hub: uuid::Uuid, visit: &str) -> bool {
        let mut hubs = self.machines.iter().filter(|m| m.device == hub);
        let app = hubs.find_map(|m| m.answers.as_ref().and(m.app.as_ref()));
        let (Some(app), Ok(visit)) = (app, visit.parse()) else {
            return false;
        };
        let events = app.store().read(|read| read.events_of(visit)).unwrap();
        let mut backwards = events.iter().map(|e| &e.header).rev();
        backwards.find(|header| header.kind == "leg.called");
        backwards
            .next()
            .is_some_and(|header| header.kind == "leg.call_undone" && header.actor == "system")
    }

    /// The day to which a number belongs: that of whoever gave it.
    fn date_of(&self, i: usize, visit: &str) -> Result<String, String> {
        let (Some(app), Ok(id)) = (&self.machines[i].app, visit.parse()) else {
            return Err(format!("no machine for {visit}"));
        };
        let found = app.store().read(|read| read.visit(id));
        match found.map_err(|e| e.to_string())? {
            Some(visit) => Ok(visit.date.to_string()),
            None => Err(format!("{visit} was told and is not here")),
        }
    }

    /// I6: no two people hold one number, no two cases one code, whatever any disk remembers.
    pub(super) fn given(&mut self, paper: String, whose: String) -> Result<(), String> {
        match self.papers.get(&paper) {
            Some(other) if *other != whose => Err(format!("I6: {paper} was given twice")),
            _ => {
                self.papers.insert(paper, whose);
                Ok(())
            }
        }
    }

    /// The same command once more: the same answer, or a refusal where there was none.
    fn again(
        &mut self,
        i: usize,
        id: uuid::Uuid,
        name: &str,
        args: &Value,
        before: Option<Value>,
    ) -> Result<(), String> {
        if name == "leg.start" {
            self.started.insert(text(&args["visit_id"]));
        }
        let officer = SUPERVISOR;
        let heard = self.net.state().heard;
        let told = self.call(i, officer, name, args, Some(id));
        let through_hub = self.machines[i].paired.is_none() || self.net.state().heard > heard;
        self.tell(i, &format!("{name} lần nữa"));
        match (before, told) {
            (Some(before), Told::Done(now)) if before != now => Err(format!(
                "{name} told once {before} and then, under the same id, {now}"
            )),
            (Some(_), Told::Refused(error)) => {
                Err(format!("{name} was done and is now refused: {error:?}"))
            }
            (None, Told::Done(now)) => {
                self.machines[i].last =
                    Some((id, name.to_owned(), args.clone(), Some(now.clone())));
                self.told(i, name, args, &now, through_hub)
            }
            _ => Ok(()),
        }
    }

    /// I15: a day on which a machine has written is not followed by an earlier one. A day that a
    /// wrong clock only showed is left again when the clock is set right.
    fn days_go_on(&mut self, i: usize, snapshot: &Value) -> Result<(), String> {
        let date = text(&snapshot["date"]);
        let before = &self.machines[i].last_date;
        if *before > date {
            return Err(format!(
                "I15: machine {i} went from {before} back to {date}"
            ));
        }
        self.machines[i].shown_date = date;
        Ok(())
    }

    /// An undone call leaves the person where they were.
    fn kept_the_wait(
        &mut self,
        i: usize,
        visit: &Value,
        before: &(Value, Value),
    ) -> Result<(), String> {
        let Told::Done(now) = self.call(i, SUPERVISOR, "queue.snapshot", &json!({}), None) else {
            return Ok(());
        };
        let rows = list(&now, "waiting");
        match rows.into_iter().find(|row| row["visit_id"] == *visit) {
            Some(row) if (&row["queued_at"], &row["ranked_as_at"]) != (&before.0, &before.1) => {
                Err(format!("undo moved {} in the queue", row["ticket"]))
            }
            _ => Ok(()),
        }
    }

    /// The defect, as other programs have it.
    fn lose_the_wait(&mut self, i: usize, args: &Value) {
        use motcua_domain::visit::{Class, VisitEvent};
        use motcua_protocol::event::Body;
        let Some(app) = self.machines[i].app.clone() else {
            return;
        };
        let author = motcua_store::Author {
            actor: SUPERVISOR.to_owned(),
            command_id: self.id(),
            moment: app.moment(),
        };
        self.issued.insert(author.command_id);
        let event = VisitEvent::Classified {
            class: Class::Ordinary,
            rank_ms: app.moment().wall_ms + MINUTE,
        };
        let visit = text(&args["visit_id"]).parse().unwrap();
        let done = app
            .store()
            .write(&author, |tx| tx.append(visit, &Body::Visit(event)));
        done.unwrap();
    }
}
