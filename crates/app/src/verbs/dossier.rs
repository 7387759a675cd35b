//! A dossier that is not taken in: no case comes of it, and its paper is the visit's.

use motcua_documents as documents;
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{ProcedureRef, Wanted, decide},
    visit::{TurnedAway, VisitEvent, turned_away},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        paper::{Format, PaperKind},
        visit::{DossierTurnedAway, RefuseDossier},
    },
};
use motcua_store::{Read, Write};

use super::{
    catalogue, leg,
    paper::{self, Paper, Which},
    slips,
};
use crate::{App, Result, registry::Ctx, say_case, view};

/// `visit.refuse_dossier`
pub(crate) fn refuse_dossier(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: RefuseDossier,
) -> Result<DossierTurnedAway> {
    let date = tx.date();
    let visit = leg::find(&tx.read(), args.visit_id)?;
    let row = catalogue::in_force(&tx.read(), &args.procedure_code, date)?;
    let procedure = ProcedureRef {
        code: row.procedure.code,
        version: row.version,
        name: row.procedure.name,
    };
    let papers = row.procedure.papers.len();
    let wanted = (args.wanted)
        .map(|wanted| -> Result<Wanted> {
            Ok(Wanted {
                papers: decide::wanted(wanted.papers, papers)?,
                ..wanted
            })
        })
        .transpose()?;
    let why = (wanted, args.reason.as_str());
    let refused = turned_away::refuse_dossier(&visit, procedure, args.applicant, why)?;
    tx.append(
        args.visit_id,
        &Body::Visit(VisitEvent::DossierRefused(Box::new(refused))),
    )?;
    let visit = leg::find(&tx.read(), args.visit_id)?;
    Ok(DossierTurnedAway {
        visit_id: args.visit_id,
        part: visit.turned_away.len() as u32,
    })
}

/// The dossier of a visit that is meant and has that paper: the last one unless said.
pub(super) fn turned_away(read: &Read<'_>, which: Which) -> Result<(u32, TurnedAway)> {
    let Which { kind, id, part } = which;
    let visit = leg::find(read, id)?;
    let part = part.unwrap_or(visit.turned_away.len() as u32);
    let refused = (part as usize)
        .checked_sub(1)
        .and_then(|i| visit.turned_away.get(i))
        .filter(|r| r.dossier.wanted.is_some() == (kind == PaperKind::DossierSupplement))
        .cloned()
        .ok_or_else(|| {
            Refusal::new(
                Code::DocumentUnknown,
                format!(
                    "Lượt này chưa có {}. Chưa in gì.",
                    say_case::paper_name(kind)
                ),
            )
            .at("part")
        })?;
    Ok((part, refused))
}

/// Mẫu 03 of a dossier that was not taken in, or Mẫu 02 of one that is to be completed first.
pub(super) fn dossier_paper(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    which: Which,
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let (part, refused) = turned_away(read, which)?;
    let label = leg::find(read, which.id)?.label();
    let dossier = &refused.dossier;
    let head = documents::CaseHead {
        agency: paper::agency(branch),
        unit: slips::unit(branch),
        desk_phone: slips::told(&branch.office.phone),
        website: slips::told(&branch.office.website),
        // There is none: nothing was received.
        case_code: String::new(),
        procedure_code: dossier.procedure.code.clone(),
        procedure_name: dossier.procedure.name.clone(),
        owner: paper::party(&dossier.applicant),
        officer: view::officer_name(branch, &refused.officer).to_owned(),
        number: None,
        made_at: Time::from_ms(refused.at_ms).0,
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    };
    let forms = app.assets.form_set(app.store.dir(), &branch.form_set)?;
    let fonts = app.assets.fonts(app.store.dir())?;
    let (bytes, named) = match &dossier.wanted {
        Some(wanted) => {
            let data = documents::Supplement {
                head,
                papers: wanted.papers.iter().map(slips::wanted_row).collect(),
                content: wanted.content.clone(),
                reason: dossier.reason.clone(),
            };
            (documents::supplement(&data, forms, fonts)?, "bo-sung")
        }
        None => {
            let data = documents::Refused {
                head,
                signer: dossier.applicant.signer().to_owned(),
                reason: dossier.reason.clone(),
            };
            (documents::refused(&data, forms, fonts)?, "tu-choi")
        }
    };
    Ok(Paper {
        title: format!("{label}-{named}-{part}"),
        bytes,
        format: Format::Pdf,
    })
}
