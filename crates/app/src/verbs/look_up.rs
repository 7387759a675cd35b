//! Looking up people and enterprises. The desk asks central, by way of its hub where it has one, and
//! never a register itself. Where nobody can be asked the desk goes on, and the record says so.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::Role,
    case::check_party,
    identity::look_up::{self as rule, LookUp, Outcome, Purpose, Register},
    visit::{Party, PartyKind},
};
use motcua_protocol::{
    Time, entity,
    event::{Body, BranchEvent, LookedUp},
    look_up::{self as wire, Ask, Told},
    verbs::look_up::{Citizen, Enterprise, LookedUp as Answer},
};
use motcua_store::{Author, Read};
use uuid::Uuid;

use crate::{App, Result, change::Topic, registry::Ctx};

/// `citizen.look_up`
pub(crate) fn citizen(app: &App, ctx: &Ctx, args: Citizen) -> Result<Answer> {
    let Citizen {
        party,
        purpose,
        visit_id,
    } = args;
    look_up(app, ctx, Register::Citizen, party, purpose, visit_id)
}

/// `enterprise.look_up`
pub(crate) fn enterprise(app: &App, ctx: &Ctx, args: Enterprise) -> Result<Answer> {
    let Enterprise {
        party,
        purpose,
        visit_id,
    } = args;
    look_up(app, ctx, Register::Enterprise, party, purpose, visit_id)
}

/// The register that knows a party of that kind; agencies are in neither.
fn register_of(kind: PartyKind) -> Option<Register> {
    match kind {
        PartyKind::Individual => Some(Register::Citizen),
        PartyKind::Enterprise | PartyKind::HouseholdBusiness => Some(Register::Enterprise),
        PartyKind::Agency => None,
    }
}

fn look_up(
    app: &App,
    ctx: &Ctx,
    register: Register,
    party: Party,
    purpose: Purpose,
    visit_id: Option<Uuid>,
) -> Result<Answer> {
    if register_of(party.kind) != Some(register) {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            match register {
                Register::Citizen => {
                    "Tra cứu dân cư dành cho cá nhân. Mời chọn lại loại chủ hồ sơ."
                }
                Register::Enterprise => {
                    "Tra cứu doanh nghiệp dành cho doanh nghiệp, hộ kinh doanh. Mời chọn lại loại chủ hồ sơ."
                }
            },
        )
        .at("party.kind")
        .into());
    }
    // A number is enough to ask; the form may be blank otherwise.
    let named = Party {
        name: Some(party.name.clone())
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| "x".to_owned()),
        ..party.clone()
    };
    let checked = check_party(named).map_err(|r| r.within("party"))?;
    let number = checked.id_number.clone().filter(|n| askable(register, n));
    let Some(number) = number else {
        return Err(Refusal::new(
            Code::FieldRequired,
            match register {
                Register::Citizen => "Tra cứu cần số định danh 12 chữ số. Mời nhập hoặc quét thẻ.",
                Register::Enterprise => "Tra cứu cần mã số thuế. Mời nhập mã số.",
            },
        )
        .at("party.id_number")
        .into());
    };
    let ask = Ask {
        register,
        number,
        officer: ctx.officer.clone(),
        purpose,
        visit_id,
    };
    let told = match (app.link(), app.central()) {
        (Some(link), _) => link.look_up(app, &ask),
        (None, Some(central)) => central.look_up(&ask),
        (None, None) => Told::unavailable(wire::NO_CENTRAL),
    };
    let event = LookedUp {
        register,
        purpose,
        outcome: told.outcome,
        code: told.code.clone(),
        visit_id,
    };
    let author = Author {
        actor: ctx.officer.clone(),
        command_id: Uuid::now_v7(),
        moment: app.moment(),
    };
    let at_ms = app.store.write(&author, |tx| {
        tx.append(
            entity::look_up(register, &ask.number),
            &Body::Branch(BranchEvent::LookedUp(event)),
        )?;
        Ok(tx.now_ms())
    })?;
    app.tell(vec![Topic::Sync]);
    if let Some(link) = app.link() {
        link.wrote(app);
    }
    let ours = Party {
        name: party.name.trim().to_owned(),
        ..checked
    };
    let theirs = told.party.filter(|_| told.outcome == Outcome::Found);
    let differences = theirs
        .as_ref()
        .map(|theirs| rule::differences(&ours, theirs))
        .unwrap_or_default();
    Ok(Answer {
        outcome: told.outcome,
        at: Time::from_ms(at_ms),
        message: sentence(
            register,
            told.outcome,
            told.code.as_deref(),
            differences.len(),
        ),
        code: told.code,
        filled: theirs.map(|theirs| filled(ours, theirs)),
        differences,
    })
}

/// What a register can be asked for: new identity numbers, tax codes of ten digits with or without
/// a branch's three.
fn askable(register: Register, number: &str) -> bool {
    match register {
        Register::Citizen => number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit()),
        Register::Enterprise => {
            (10..=14).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        }
    }
}

/// The form with what the register says; what it does not say stays.
fn filled(ours: Party, theirs: Party) -> Party {
    Party {
        name: Some(theirs.name)
            .filter(|n| !n.is_empty())
            .unwrap_or(ours.name),
        birth_date: theirs.birth_date.or(ours.birth_date),
        sex: theirs.sex.or(ours.sex),
        address: theirs.address.or(ours.address),
        representative: theirs.representative.or(ours.representative),
        ..ours
    }
}

fn sentence(
    register: Register,
    outcome: Outcome,
    code: Option<&str>,
    differences: usize,
) -> String {
    let what = match register {
        Register::Citizen => "dân cư",
        Register::Enterprise => "doanh nghiệp",
    };
    match outcome {
        Outcome::Found if differences == 0 => format!("Khớp với dữ liệu {what}."),
        Outcome::Found => format!(
            "Dữ liệu {what} khác {differences} mục so với phiếu. Mời đối chiếu giấy tờ rồi quyết định."
        ),
        Outcome::NotFound => format!(
            "Dữ liệu {what} không có số này. Mời xem lại số trên giấy tờ; vẫn tiếp nhận được."
        ),
        Outcome::Unavailable | Outcome::NotAsked => format!(
            "Chưa tra cứu được dữ liệu {what}: {}. Mời đối chiếu giấy tờ và làm tiếp.",
            why(code.unwrap_or_default())
        ),
    }
}

/// Why nobody could be asked.
pub(crate) fn why(code: &str) -> &'static str {
    match code {
        wire::NO_LINE => "chưa nối được trung tâm",
        wire::NO_CENTRAL => "chi nhánh chưa kết nối trung tâm",
        wire::TIMEOUT => "chờ quá lâu chưa có trả lời",
        wire::OFF => "trung tâm chưa mở tra cứu cho đơn vị này",
        wire::QUOTA => "đã hết lượt tra cứu hôm nay của đơn vị",
        wire::NOT_ALLOWED => "cán bộ này chưa có quyền tra cứu",
        "REGISTER_BUSY" => "cơ sở dữ liệu đang quá tải",
        _ => "cơ sở dữ liệu không trả lời",
    }
}

/// What the record of a case says of looking its owner up: the last time on that day.
pub(crate) fn of_party(read: &Read<'_>, party: &Party, day: NaiveDate) -> Result<Option<LookUp>> {
    let (Some(register), Some(number)) = (register_of(party.kind), &party.id_number) else {
        return Ok(None);
    };
    let events = read.events_of(entity::look_up(register, number))?;
    let last = events.iter().rev().find_map(|event| {
        let header = &event.header;
        match Body::decode(&header.kind, &event.body) {
            Some(Body::Branch(BranchEvent::LookedUp(done))) if header.business_date == day => {
                Some(LookUp {
                    outcome: done.outcome,
                    register: Some(done.register),
                    at_ms: Some(header.wall_ms),
                    by: Some(header.actor.clone()),
                    code: done.code,
                })
            }
            _ => None,
        }
    });
    Ok(Some(last.unwrap_or_else(LookUp::not_asked)))
}

impl App {
    /// At the hub, for a counter: whose word it is who asks, so the officer must exist and may do it.
    pub fn look_up_for(&self, ask: &Ask) -> Told {
        let may = self.branch().is_ok_and(|branch| {
            branch
                .officer(&ask.officer)
                .is_some_and(|officer| officer.roles.iter().any(|r| ROLES.contains(r)))
        });
        match self.central() {
            _ if !may => Told::unavailable(wire::NOT_ALLOWED),
            Some(central) => central.look_up(ask),
            None => Told::unavailable(wire::NO_CENTRAL),
        }
    }
}

const ROLES: [Role; 4] = [
    Role::Officer,
    Role::Reception,
    Role::Supervisor,
    Role::Admin,
];
