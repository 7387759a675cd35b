//! People: scanned cards, returning citizens, addresses.

use motcua_domain::{
    case::check_party,
    identity::card::{self, Card},
    text::{self, limit},
    visit::Party,
};
use motcua_protocol::{
    Time,
    verbs::citizen::{Check, Checked, Find, IdentityParse, Known, UnitHit, UnitsSearch},
};
use motcua_store::Read;
use uuid::Uuid;

use super::case;
use crate::{App, Result, registry::Ctx};

/// A party as it may be recorded: checked field by field, and of what the screen says it took over
/// only what was really recorded before. `except` is the visit they are served in, whose own record
/// is no earlier one.
pub(super) fn checked(
    read: &Read<'_>,
    party: Party,
    within: &str,
    except: Option<Uuid>,
) -> Result<Party> {
    let mut party = check_party(party).map_err(|r| r.within(within))?;
    if party.taken_over.is_empty() {
        return Ok(party);
    }
    let before = match party.id_number.as_deref() {
        Some(number) => read.remembered_party(number, except)?,
        None => None,
    };
    party.taken_over_from(before.as_ref());
    Ok(party)
}

/// `identity.parse`
pub(crate) fn parse_card(app: &App, _ctx: &Ctx, args: IdentityParse) -> Result<Card> {
    Ok(card::parse(&args.raw, motcua_store::today(app.now_ms()))?)
}

/// `citizen.find`
pub(crate) fn find(app: &App, _ctx: &Ctx, args: Find) -> Result<Vec<Known>> {
    let typed = text::line(&args.text, limit::SEARCH).map_err(|r| r.at("text"))?;
    let most = args.limit.unwrap_or(8).clamp(1, 50) as usize;
    let known = app.store.read(|read| read.known_parties(&typed, most))?;
    Ok(known
        .into_iter()
        .map(|k| Known {
            party: k.party,
            last_seen: Time::from_ms(k.at_ms),
            times: k.times,
        })
        .collect())
}

/// `citizen.check`
pub(crate) fn check(app: &App, _ctx: &Ctx, args: Check) -> Result<Checked> {
    let party = check_party(args.party).map_err(|r| r.within("party"))?;
    let warnings = case::warnings(&party, motcua_store::today(app.now_ms()));
    Ok(Checked { party, warnings })
}

/// `units.search`
pub(crate) fn units(app: &App, _ctx: &Ctx, args: UnitsSearch) -> Result<Vec<UnitHit>> {
    let typed = text::line(&args.text, limit::SEARCH).map_err(|r| r.at("text"))?;
    let most = args.limit.unwrap_or(8).clamp(1, 50) as usize;
    Ok(app
        .assets
        .units()?
        .search(&typed, most)
        .into_iter()
        .map(|hit| UnitHit {
            code: hit.commune.map_or(hit.province.code, |c| c.code),
            label: hit.label,
        })
        .collect())
}
