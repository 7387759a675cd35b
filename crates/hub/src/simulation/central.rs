//! Central as it parts case codes, with its ranges in memory and the one rule of the protocol; and
//! another branch of the same agency, the worst that there can be: whatever it is granted stands on
//! paper at once. Questions and answers are lost, doubled and late, and central itself goes back to
//! older copies.

use chrono::NaiveDate;
use motcua_domain::case_code::CasePattern;
use motcua_protocol::lease::{DateAsk, LeaseAnswer, LeaseAsk, Numbers, Whose, part};
use uuid::Uuid;

use super::{broken::Broken, chance::Chance, net::Died, world::World};
use crate::central::renew;

/// Whose papers the other branch's are.
pub(super) const RIVAL: &str = "rival";

/// Who holds a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Life(Uuid, u32),
    Given,
    Rival(u32),
}

#[derive(Debug, Clone, Default)]
struct Kept {
    rows: Vec<(NaiveDate, Numbers, Holder)>,
}

#[derive(Debug)]
pub(super) struct Central {
    chance: Chance,
    broken: Broken,
    kept: Kept,
    /// An older copy, and one that lags behind by a moment.
    backup: Option<Kept>,
    stale: Kept,
    went_back: u32,
    rival_life: u32,
    /// The branch has said what it gave out before. Until then it numbers as if it were alone, and
    /// another branch of the agency would meet it; that is told as a clash and cannot be undone.
    heard: bool,
    /// Answers that come late, with whose they are.
    late: Vec<(usize, LeaseAnswer)>,
    /// Nearly nothing is left of any day.
    scarce: bool,
    /// Everything arrives.
    calm: bool,
    pub(super) grants: u64,
    pub(super) lost: u64,
    pub(super) restores: u64,
}

impl Central {
    pub(super) fn of(seed: u64, broken: Broken) -> Option<Self> {
        let own = matches!(
            broken,
            Broken::LivesNotApart
                | Broken::CentralForgets
                | Broken::CopiesUnlocked
                | Broken::WholeRangeWithCentral
        );
        let mut chance = Chance::of(seed.rotate_left(29) ^ 0xC3);
        let scarce = chance.percent(20) && !own;
        (own || seed % 3 == 1).then(|| Self {
            chance,
            broken,
            kept: Kept::default(),
            // From before anything was granted.
            backup: Some(Kept::default()),
            stale: Kept::default(),
            went_back: 0,
            rival_life: 0,
            heard: false,
            late: Vec::new(),
            scarce,
            calm: false,
            grants: 0,
            lost: 0,
            restores: 0,
        })
    }

    /// How often its history may go back so that it can still go on from elsewhere: once a branch
    /// of many machines could not be sure what it gave out before, the day has no room for more.
    fn most_restores(&self) -> u32 {
        let crowded = |(_, n, holder): &(NaiveDate, Numbers, Holder)| {
            *holder == Holder::Given && n.to > 6_000
        };
        match self.kept.rows.iter().any(crowded) {
            true => 1,
            false => 3,
        }
    }

    /// What the real one does in a transaction.
    fn decide(&mut self, me: Holder, day: &DateAsk) -> motcua_protocol::lease::DateGrant {
        let kept = match self.broken {
            Broken::CopiesUnlocked => &self.stale,
            _ => &self.kept,
        };
        let branch = |holder: Holder| matches!(holder, Holder::Rival(_));
        let mut taken: Vec<(Numbers, Whose)> = (kept.rows.iter())
            .filter(|(date, ..)| *date == day.date)
            .map(|(_, numbers, holder)| {
                let same = match (self.broken, *holder, me) {
                    (Broken::LivesNotApart, Holder::Life(a, _), Holder::Life(b, _)) => a == b,
                    _ => *holder == me,
                };
                let whose = match () {
                    () if same => Whose::ThisLife,
                    () if branch(*holder) == branch(me) => Whose::ThisBranch,
                    () => Whose::Other,
                };
                (*numbers, whose)
            })
            .collect();
        if self.scarce {
            taken.push((
                Numbers {
                    from: 61,
                    to: 9_999,
                },
                Whose::Other,
            ));
        }
        let way = match self.broken {
            Broken::CentralForgets => 0,
            _ => self.went_back,
        };
        let parted = part(day, taken, way);
        for given in &parted.given {
            self.kept.rows.push((day.date, *given, Holder::Given));
        }
        for granted in &parted.granted {
            self.grants += 1;
            self.kept.rows.push((day.date, *granted, me));
        }
        if parted.forgot && self.went_back == 0 && self.broken != Broken::CentralForgets {
            self.went_back += 1;
        }
        parted.answer
    }

    fn answer(&mut self, device: Uuid, ask: &LeaseAsk) -> LeaseAnswer {
        self.heard |= !ask.dates.is_empty();
        LeaseAnswer {
            epoch: ask.epoch,
            agency: ask.agency.clone(),
            dates: (ask.dates.iter())
                .map(|day| self.decide(Holder::Life(device, ask.epoch), day))
                .collect(),
        }
    }

    /// A question over the network, and what comes back.
    fn hear(&mut self, machine: usize, device: Uuid, ask: &LeaseAsk) -> Option<LeaseAnswer> {
        let fate = match self.calm {
            true => 99,
            false => self.chance.below(100),
        };
        self.lost += u64::from(fate < 30);
        match fate {
            0..12 => None,
            12..24 => {
                self.answer(device, ask);
                None
            }
            24..30 => {
                let late = self.answer(device, ask);
                self.late.push((machine, late));
                None
            }
            30..36 => {
                self.answer(device, ask);
                Some(self.answer(device, ask))
            }
            36..38 => {
                self.answer(device, ask);
                std::panic::resume_unwind(Box::new(Died))
            }
            _ => Some(self.answer(device, ask)),
        }
    }
}

impl World {
    /// One step of everything that has to do with central.
    pub(super) fn part_codes(&mut self) -> Result<(), String> {
        let Some(mut central) = self.central.take() else {
            return Ok(());
        };
        let done = self.part_codes_with(&mut central);
        self.central = Some(central);
        done
    }

    fn part_codes_with(&mut self, central: &mut Central) -> Result<(), String> {
        if central.chance.percent(20) {
            central.stale = central.kept.clone();
        }
        if central.chance.percent(3) {
            central.backup = Some(central.kept.clone());
        }
        if central.chance.percent(3)
            && !central.scarce
            && central.restores < u64::from(central.most_restores())
            && central.heard
            && let Some(backup) = central.backup.clone()
        {
            central.kept = backup;
            central.went_back += 1;
            central.restores += 1;
            self.tell(0, "trung tâm trở về bản sao lưu");
        }
        for i in 0..self.machines.len() {
            if central.chance.percent(45) {
                self.renew_codes(i, central);
            }
        }
        if central.chance.percent(25) && !central.late.is_empty() {
            let (i, answer) = central.late.swap_remove(0);
            if let Some(app) = self.machines[i].app.clone() {
                app.take_leases(&answer).map_err(|e| e.to_string())?;
            }
        }
        let alone = central.broken == Broken::WholeRangeWithCentral;
        if central.chance.percent(25) && (central.heard || alone) {
            self.rival(central)?;
        }
        if central.chance.percent(20) {
            let i = central.chance.below(self.machines.len() as u64) as usize;
            self.codes_are_apart(i)?;
        }
        Ok(())
    }

    /// A hub asks for codes.
    fn renew_codes(&mut self, i: usize, central: &mut Central) {
        let machine = &self.machines[i];
        let (Some(app), None) = (machine.app.clone(), &machine.paired) else {
            return;
        };
        if central.broken == Broken::WholeRangeWithCentral {
            return;
        }
        let device = machine.device;
        let before = central.grants;
        self.speak(i, |_| {
            renew(&app, &mut |ask| central.hear(i, device, ask)).map_err(|e| e.to_string())
        });
        if central.grants > before {
            self.tell(i, "trung tâm cấp dải mã");
        }
    }

    /// The other branch takes codes of one of the days, and prints all of them.
    fn rival(&mut self, central: &mut Central) -> Result<(), String> {
        let Some(app) = self.machines.iter().find_map(|m| m.app.clone()) else {
            return Ok(());
        };
        let today = motcua_store::today(app.moment().wall_ms);
        let date = today + chrono::Days::new(central.chance.below(3));
        central.rival_life += u32::from(central.chance.percent(30));
        let me = Holder::Rival(central.rival_life);
        let taken = (central.kept.rows.iter())
            .filter(|(on, _, holder)| *on == date && *holder == me)
            .map(|(_, numbers, _)| numbers.count())
            .sum();
        let want = 1 + central.chance.below(120) as u32;
        let ask = DateAsk {
            date,
            want,
            taken,
            held: Vec::new(),
            given: Vec::new(),
        };
        let granted = central.decide(me, &ask);
        let pattern = CasePattern::parse("{agency}-{yymmdd}-{4}").map_err(|e| e.to_string())?;
        let agency = super::world::agency();
        for numbers in &granted.ranges {
            for number in numbers.from..=numbers.to {
                let code = pattern.format(agency, date, number);
                self.given(code.map_err(|e| e.to_string())?, RIVAL.to_owned())?;
            }
        }
        Ok(())
    }

    /// Every code that a machine knows of is one case's.
    pub(super) fn codes_are_apart(&mut self, i: usize) -> Result<(), String> {
        let Some(app) = self.machines[i].app.clone() else {
            return Ok(());
        };
        let mut codes = Vec::new();
        let read = app.store().read(|read| {
            read.all_cases(|id, case| {
                codes.push((case.received.code.clone(), id));
                let given = case.code_given.iter().map(|c| &c.given);
                codes.extend(given.chain(case.burnt()).map(|c| (c.code.clone(), id)));
                Ok(())
            })
        });
        read.map_err(|e| e.to_string())?;
        for (code, id) in codes {
            self.given(code, id.to_string())?;
        }
        Ok(())
    }

    /// The faults are over: whoever gives out numbers gets them.
    pub(super) fn settle_codes(&mut self) -> Result<(), String> {
        let Some(mut central) = self.central.take() else {
            return Ok(());
        };
        central.calm = true;
        for i in 0..self.machines.len() {
            self.renew_codes(i, &mut central);
        }
        self.central = Some(central);
        Ok(())
    }

    /// No case waits for its final code any more, where there are codes.
    pub(super) fn no_code_is_owed(&mut self, hub: usize) -> Result<(), String> {
        self.codes_are_apart(hub)?;
        let app = self.machines[hub].app.clone().ok_or("no hub")?;
        let waiting =
            (app.store().read(|read| read.cases_without_code(500))).map_err(|e| e.to_string())?;
        let mut given = 0;
        let read = app.store().read(|read| {
            read.all_cases(|_, case| {
                given += u64::from(case.code_given.is_some());
                self.outcome.provisional += u64::from(case.received.provisional);
                Ok(())
            })
        });
        read.map_err(|e| e.to_string())?;
        self.outcome.finals += given;
        if let Some(central) = &self.central {
            self.outcome.grants += central.grants;
            self.outcome.central_restores += central.restores;
        }
        // A hub on its own may have come to the end of its lane.
        let scarce = self.central.as_ref().is_none_or(|c| c.scarce);
        // What a machine took in that is gone for good waits for a person; a code of a day that
        // lies too far from the clocks of the others is not asked for.
        match waiting.first() {
            Some(row) if !scarce && self.outcome.jumps == 0 => Err(format!(
                "{} still waits for its final code",
                row.case.received.code
            )),
            _ => Ok(()),
        }
    }
}
