//! A ministry's own system for settling procedures, in the generation of 2026, reached through
//! LGSP: `NoiHoSo` for a case, `CapNhatTienTrinh` and `CapNhatTrangThai` for each of its turns.
//! docs/portal.md describes what goes over the wire and what of it is not confirmed.
//!
//! Numbers are not asked of that system (`GetNextValue`): a case has its number when the citizen
//! stands at the desk, with or without a line. What our records do not say is not sent.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use motcua_domain::case::{AttachedTo, CaseStatus, PaperOrigin};
use motcua_protocol::course::Turn;
use serde::Deserialize;
use serde_json::{Map, Value};
use ureq::Agent;

use super::{
    Facts, OFFICE_UNMAPPED, Outcome, Outside, System, Why,
    courier::Patience,
    http::{self, MOST, Record, at_most_50, known, time},
    settings::{patience_s, retry_cap_s},
    token::{NoToken, Tokens},
};

const BUILT_IN: &str = include_str!("../../../../assets/portal/ministry-lgsp.json");
/// The system does not know who calls.
const LOGIN: &str = "PORTAL_LOGIN";
const AWAY: &str = "PORTAL_AWAY";
const REFUSED: &str = "PORTAL_REFUSED";

/// `--ministry FILE`; paths in it are beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where a token is given.
    token_url: String,
    /// What the names of the calls are put behind.
    base_url: String,
    client_id: String,
    /// A file with the secret and nothing else.
    client_secret_file: PathBuf,
    /// The one authority that may sign the certificate, in PEM. Needed with `https`.
    ca: Option<PathBuf>,
    /// How each office is known there (`MaDonViTiepNhan`), by its agency code.
    offices: BTreeMap<String, String>,
    /// Dated data in place of the built-in one.
    data: Option<PathBuf>,
    #[serde(default = "patience_s")]
    patience_s: u64,
    #[serde(default = "retry_cap_s")]
    retry_cap_s: u64,
}

#[derive(Debug, Deserialize)]
struct Calls {
    create: String,
    progress: String,
    status: String,
}

/// `LoaiBan`
#[derive(Debug, Deserialize)]
struct FormOfPaper {
    original: String,
    copy: String,
    file: String,
}

/// What is official about that system and may change: `assets/portal/ministry-lgsp.json`.
#[derive(Debug, Deserialize)]
struct Data {
    calls: Calls,
    statuses: BTreeMap<u8, String>,
    party: BTreeMap<String, Option<String>>,
    /// Without it papers are not told: a file from before they were.
    #[serde(default)]
    form_of_paper: Option<FormOfPaper>,
    time: String,
    date: String,
    accepted: Vec<String>,
    exists: String,
}

/// The system as this installation speaks to it.
pub(crate) struct Ministry {
    agent: Agent,
    tokens: Tokens,
    base_url: String,
    offices: BTreeMap<String, String>,
    data: Data,
    patience: Patience,
}

impl Ministry {
    /// As a file of the operators describes it.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let named = || file.display().to_string();
        let text = fs::read(file).with_context(named)?;
        let settings: Settings = serde_json::from_slice(&text).with_context(named)?;
        for url in [&settings.token_url, &settings.base_url] {
            http::checked(url, settings.ca.is_some()).with_context(named)?;
        }
        let content = |path: &Option<PathBuf>| {
            let content = path.as_deref().map(|p| http::beside(file, p));
            content.transpose()
        };
        let data = content(&settings.data)?;
        let data = data.as_deref().unwrap_or(BUILT_IN.as_bytes());
        let patience = Patience::of(settings.patience_s, settings.retry_cap_s)?;
        Ok(Self {
            agent: http::agent(content(&settings.ca)?.as_deref(), patience.answer)?,
            tokens: Tokens::new(
                settings.token_url,
                settings.client_id,
                http::secret(file, &settings.client_secret_file)?,
            ),
            base_url: settings.base_url.trim_end_matches('/').to_owned(),
            offices: settings.offices,
            data: serde_json::from_slice(data).context("data of the ministry's system")?,
            patience,
        })
    }

    fn post(&self, call: &str, token: &str, record: &Value) -> Outcome {
        let away = |why: &str| Outcome::Away(Why::new(AWAY, why));
        let sent = self
            .agent
            .post(format!("{}/{call}", self.base_url))
            .header("authorization", format!("Bearer {token}"))
            .send_json(record);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => return away(&error.to_string()),
        };
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
        let body = match body {
            Ok(body) => body,
            Err(error) => return away(&error.to_string()),
        };
        let said = serde_json::from_slice::<Map<String, Value>>(&body).ok();
        match (status, said) {
            (200, Some(said)) => self.judged(&said),
            // A page of a firewall, or of a network that wants a login first.
            (200, None) => Outcome::Away(Why::new("PORTAL_STRANGE", "")),
            // Theirs, and about this record: a wrong address has no such answer.
            (400 | 404 | 409 | 422, Some(said)) => self.refused(status, &said),
            (400 | 413 | 422, None) => {
                Outcome::Refused(Why::new(REFUSED, format!("HTTP {status}")))
            }
            (401 | 403, _) => Outcome::Away(Why::new(LOGIN, format!("HTTP {status}"))),
            _ => away(&format!("HTTP {status}")),
        }
    }

    /// A code of theirs other than success under HTTP 200 is a refusal; no code is success.
    fn judged(&self, said: &Map<String, Value>) -> Outcome {
        let code =
            ["error_code", "code", "status"]
                .iter()
                .find_map(|field| match said.get(*field)? {
                    Value::String(code) => Some(code.trim().to_owned()),
                    Value::Number(code) => Some(code.to_string()),
                    _ => None,
                });
        match code {
            Some(code) if !self.data.accepted.contains(&code) => self.refused(200, said),
            _ => Outcome::Done,
        }
    }

    fn refused(&self, status: u16, said: &Map<String, Value>) -> Outcome {
        let words: Vec<&str> = said.values().filter_map(Value::as_str).collect();
        let exists = self.data.exists.to_lowercase();
        if words.iter().any(|w| w.to_lowercase().contains(&exists)) {
            return Outcome::Exists;
        }
        let detail = format!("HTTP {status}: {}", words.join("; "));
        Outcome::Refused(Why::new(REFUSED, detail))
    }

    /// Calls with a token, and once more with a new one where it had run out.
    fn call(&self, call: &str, record: &Value) -> Outcome {
        let mut stale = None;
        loop {
            let (token, fresh) = match self.tokens.get(&self.agent, stale.as_deref()) {
                Ok(token) => token,
                Err(NoToken::Away(why)) => return Outcome::Away(Why::new(AWAY, why)),
                Err(NoToken::Refused(why)) => return Outcome::Away(Why::new(LOGIN, why)),
            };
            let outcome = self.post(call, &token, record);
            let ran_out = matches!(&outcome, Outcome::Away(why) if why.code == LOGIN);
            if !ran_out || fresh {
                return outcome;
            }
            stale = Some(token);
        }
    }

    /// Their code of a status. One that their list does not have is not bent into another.
    fn status(&self, status: CaseStatus) -> Result<(u8, &str), Outcome> {
        let code = status.portal_code();
        match self.data.statuses.get(&code) {
            Some(name) => Ok((code, name)),
            None => Err(Outcome::Refused(Why::new(
                "STATUS_UNMAPPED",
                code.to_string(),
            ))),
        }
    }

    fn time(&self, ms: i64) -> Option<String> {
        time(ms, &self.data.time)
    }

    fn case_record(&self, unit: &str, facts: &Facts) -> Value {
        let case = &facts.case.received;
        let mut record = Record::default();
        record.put("MaHoSo", &case.code);
        record.put("MaTTHC", &case.procedure.code);
        record.put("ChuHoSo", &case.applicant.name);
        record.put_some(
            "LoaiDoiTuong",
            known(&self.data.party, &case.applicant.kind),
        );
        record.put("MaDonViTiepNhan", unit);
        record.put_some("NgayNop", self.time(case.received_ms));
        record.put_some("NgayTiepNhan", self.time(case.received_ms));
        let handed_in = case.submitter.as_ref().unwrap_or(&case.applicant);
        let mut person = Record::default();
        person.put_some("SoDinhDanh", handed_in.id_number.as_ref());
        let born = handed_in.birth_date;
        person.put_some(
            "NgaySinh",
            born.map(|day| day.format(&self.data.date).to_string()),
        );
        person.put("TenChuHs", &case.applicant.name);
        person.put_some("SoDinhDanhChuHs", case.applicant.id_number.as_ref());
        record.put("ThongTinNguoiNop", Value::Object(person.0));
        let papers = self.papers(facts);
        if !papers.is_empty() {
            record.put("ThanhPhanHoSo", papers);
        }
        Value::Object(record.0)
    }

    /// The papers that were handed in, by name: so many on paper, so many as files. The files
    /// themselves are not told (docs/portal.md says why).
    fn papers(&self, facts: &Facts) -> Vec<Value> {
        let Some(forms) = &self.data.form_of_paper else {
            return Vec::new();
        };
        let case = &facts.case;
        let mut told = Vec::new();
        let mut put = |name: &str, code: Option<&String>, kind: &str, count: u32| {
            if count > 0 {
                let mut paper = Record::default();
                paper.put_some("MaThanhPhanHoSo", code);
                paper.put("TenThanhPhanHoSo", name);
                paper.put("SoLuong", count.to_string());
                paper.put("LoaiBan", kind);
                told.push(Value::Object(paper.0));
            }
        };
        let files = |paper: &AttachedTo| {
            let of = case.attachments.iter().filter(|f| f.file.paper == *paper);
            // What was scanned is the paper that was counted.
            let count = of
                .filter(|f| f.file.origin != PaperOrigin::Digitised)
                .count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        for paper in &case.received.papers {
            let to = AttachedTo::Paper { index: paper.index };
            let known = facts.paper(paper.index);
            let file = case.attachments.iter().find(|f| f.file.paper == to);
            let name = known.map(|p| &p.name).or(file.map(|f| &f.file.name));
            // Nobody can tell what a place in an unknown list is.
            let Some(name) = name else {
                continue;
            };
            let code = known.and_then(|p| p.code.as_ref());
            put(name, code, &forms.original, paper.originals);
            let copies = paper.certified.saturating_add(paper.copies);
            put(name, code, &forms.copy, copies);
            put(name, code, &forms.file, files(&to));
        }
        let mut others: Vec<&AttachedTo> = Vec::new();
        for file in &case.attachments {
            if let to @ AttachedTo::Other { name } = &file.file.paper
                && !others.contains(&to)
            {
                others.push(to);
                put(name, None, &forms.file, files(to));
            }
        }
        told
    }

    /// One turn: what was done, and where the case stands since.
    fn turn(&self, facts: &Facts, turn: &Turn) -> Outcome {
        let code = &facts.case.received.code;
        let (status, name) = match self.status(turn.status) {
            Ok(status) => status,
            Err(outcome) => return outcome,
        };
        // The time of the event, not of the telling: told again it is the same record.
        let at = self.time(turn.at_ms);
        let mut progress = Record::default();
        progress.put("MaHoSo", code);
        progress.put_some("NguoiXuLy", facts.doer(turn).name.map(at_most_50));
        progress.put_some("ThoiDiemXuLy", at.as_ref());
        progress.put("NoiDungXuLy", name);
        progress.put("TrangThai", status.to_string());
        let told = self.call(&self.data.calls.progress, &Value::Object(progress.0));
        if !matches!(told, Outcome::Done | Outcome::Exists) {
            return told;
        }
        let mut stands = Record::default();
        stands.put("MaHoSo", code);
        stands.put("TrangThai", status.to_string());
        stands.put_some("ThoiDiem", at);
        self.call(&self.data.calls.status, &Value::Object(stands.0))
    }
}

impl Outside for Ministry {
    fn system(&self) -> System {
        System::Ministry
    }

    fn offices(&self) -> Vec<String> {
        self.offices.keys().cloned().collect()
    }

    fn case(&self, office: &str, facts: &Facts, known: bool) -> Outcome {
        let Some(unit) = self.offices.get(office) else {
            return Outcome::Refused(Why::new(OFFICE_UNMAPPED, office));
        };
        // Of what may change in a case their description knows its turns only.
        if known {
            return Outcome::Done;
        }
        let record = self.case_record(unit, facts);
        self.call(&self.data.calls.create, &record)
    }

    fn turns(&self, _office: &str, facts: &Facts, turns: &[Turn]) -> Outcome {
        for turn in turns {
            let told = self.turn(facts, turn);
            if !matches!(told, Outcome::Done | Outcome::Exists) {
                return told;
            }
        }
        Outcome::Done
    }

    fn patience(&self) -> Patience {
        self.patience
    }

    fn turns_at_once(&self) -> usize {
        1
    }
}
