//! The national portal, in the generation of its services of 2019 to 2025: `DongBoHoSoMC` for a
//! case and `CapNhatTienDoHoSoMC` for its turns. docs/portal.md describes what goes over the wire,
//! where each field comes from, and what of it is not confirmed.
//!
//! What our records do not say is not sent. Nothing is made up to fill a field.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use motcua_domain::case::{CaseStatus, FeeMethod};
use motcua_protocol::course::Turn;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::Agent;

use super::{
    Facts, OFFICE_UNMAPPED, Outcome, Outside, System, Why,
    courier::Patience,
    http::{self, MOST, Record, at_most_50, known},
    portal_papers, settings,
};

const CASE: &str = "DongBoHoSoMC";
const PROGRESS: &str = "CapNhatTienDoHoSoMC";
const BUILT_IN: &str = include_str!("../../../../assets/portal/dvcqg.json");
/// The portal does not know who calls.
const LOGIN: &str = "PORTAL_LOGIN";

/// What is official about the portal and may change: `assets/portal/dvcqg.json`.
#[derive(Debug, Deserialize)]
struct Data {
    statuses: BTreeMap<u8, String>,
    finished: Vec<u8>,
    returned: Vec<u8>,
    refused: Vec<u8>,
    channel_at_the_desk: String,
    /// Handed in online and checked at the desk.
    #[serde(default)]
    channel_online: Option<String>,
    handed_in_at_agency: String,
    not_paid_online: String,
    party: BTreeMap<String, Option<String>>,
    id_number: BTreeMap<usize, String>,
    return_method: BTreeMap<String, Option<String>>,
    accepted: Vec<String>,
    exists: String,
    turns_at_once: usize,
}

/// The portal as this installation speaks to it.
pub(crate) struct Portal {
    agent: Agent,
    read: settings::Read,
    data: Data,
    session: Mutex<Option<String>>,
}

impl Portal {
    pub(crate) fn new(read: settings::Read) -> anyhow::Result<Self> {
        let data = serde_json::from_str(read.data.as_deref().unwrap_or(BUILT_IN))
            .context("data of the portal")?;
        let agent = http::agent(read.ca.as_deref(), read.patience.answer)?;
        Ok(Self {
            agent,
            read,
            data,
            session: Mutex::new(None),
        })
    }

    fn post(&self, url: &str, body: &Value) -> Result<Answer, Outcome> {
        let away = |why: &str| Outcome::Away(Why::new("PORTAL_AWAY", why));
        let answer = self
            .agent
            .post(url)
            .header("dstcode", &self.read.settings.dstcode)
            .send_json(body);
        // What the library says of a failure names addresses and no content.
        let mut answer = answer.map_err(|error| away(&error.to_string()))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
        let body = body.map_err(|error| away(&error.to_string()))?;
        let said = serde_json::from_slice::<Map<String, Value>>(&body).ok();
        let said = said.filter(|said| said.contains_key("error_code"));
        match (status, said) {
            (200, Some(said)) => Ok(Answer { said }),
            // A page of a firewall, or of a network that wants a login first.
            (200, None) => Err(Outcome::Away(Why::new("PORTAL_STRANGE", ""))),
            (400 | 413 | 422, _) => Err(Outcome::Refused(Why::new(
                "PORTAL_REFUSED",
                format!("HTTP {status}"),
            ))),
            (401 | 403, _) => Err(Outcome::Away(Why::new(LOGIN, format!("HTTP {status}")))),
            _ => Err(away(&format!("HTTP {status}"))),
        }
    }

    /// A session other than one that opened nothing any more, and whether it was opened just now.
    fn session(&self, stale: Option<&str>) -> Result<(String, bool), Outcome> {
        // One login for all that wait for it.
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = session.as_deref()
            && Some(open) != stale
        {
            return Ok((open.to_owned(), false));
        }
        *session = None;
        let settings = &self.read.settings;
        let ask = json!({"username": settings.username, "password": self.read.password});
        let refused = |why: &str| Outcome::Away(Why::new(LOGIN, why));
        let answer = match self.post(&settings.login_url, &ask) {
            Err(Outcome::Refused(why)) => return Err(refused(&why.detail)),
            answer => answer?,
        };
        if !self.data.accepted.contains(&answer.code()) {
            return Err(refused(&answer.detail()));
        }
        let opened = answer.said.get("session").and_then(Value::as_str);
        let opened = opened.ok_or_else(|| refused("session"))?.to_owned();
        *session = Some(opened.clone());
        Ok((opened, true))
    }

    /// Calls a service. Which code says that a session has run out is not known; so whatever is
    /// refused under an old session is asked once more under a new one, and only what that one
    /// refuses is refused.
    fn call(&self, office: &str, service: &str, updating: bool, data: Vec<Value>) -> Outcome {
        let Some(there) = self.read.settings.offices.get(office) else {
            return Outcome::Refused(Why::new(OFFICE_UNMAPPED, office));
        };
        let mut body = json!({
            "madonvi": there.madonvi,
            "service": service,
            "isUpdating": if updating { "True" } else { "False" },
            "data": data,
        });
        let mut stale = None;
        loop {
            let (session, fresh) = match self.session(stale.as_deref()) {
                Ok(session) => session,
                Err(outcome) => return outcome,
            };
            body["session"] = json!(session);
            let outcome = match self.post(&self.read.settings.service_url, &body) {
                Ok(answer) => self.judged(&answer),
                Err(outcome) => outcome,
            };
            let asks_again = match &outcome {
                Outcome::Refused(_) => true,
                Outcome::Away(why) => why.code == LOGIN,
                Outcome::Done | Outcome::Exists => false,
            };
            if !asks_again || fresh {
                return outcome;
            }
            stale = Some(session);
        }
    }

    fn judged(&self, answer: &Answer) -> Outcome {
        if self.data.accepted.contains(&answer.code()) {
            return Outcome::Done;
        }
        let exists = self.data.exists.to_lowercase();
        if answer.words().any(|w| w.to_lowercase().contains(&exists)) {
            return Outcome::Exists;
        }
        Outcome::Refused(Why::new("PORTAL_REFUSED", answer.detail()))
    }

    /// The portal's code of a status. One that its list does not have is not bent into another.
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

    fn turn_at(&self, facts: &Facts, codes: &[u8]) -> Option<i64> {
        let turn = |t: &&Turn| codes.contains(&t.status.portal_code());
        facts.turns.iter().find(turn).map(|t| t.at_ms)
    }

    fn case_record(&self, office: &str, facts: &Facts) -> Result<Value, Outcome> {
        let case = &facts.case.received;
        let mut record = Record::default();
        record.put("MaHoSo", &case.code);
        record.put("MaTTHC", &case.procedure.code);
        record.put("TenTTHC", &case.procedure.name);
        let channel = match (&case.online, &self.data.channel_online) {
            (Some(_), Some(online)) => online,
            _ => &self.data.channel_at_the_desk,
        };
        record.put("KenhThucHien", channel);
        record.put("NoiNopHoSo", &self.data.handed_in_at_agency);
        let there = self.read.settings.offices.get(office);
        record.put_some("DonViXuLy", there.map(|o| &o.name));
        record.put("ChuHoSo", &case.applicant.name);
        record.put_some(
            "LoaiDoiTuong",
            known(&self.data.party, &case.applicant.kind),
        );
        if let Some(number) = &case.applicant.id_number
            && let Some(kind) = self.id_kind(number)
        {
            record.put(
                "DinhDanhCHS",
                [json!({"LoaiDinhDanh": kind, "SoDinhDanh": number})],
            );
        }
        record.put_some("Email", case.applicant.email.as_ref());
        record.put_some("SoDienThoai", case.applicant.phone.as_ref());
        record.put_some("NgayNopHoSo", time(case.received_ms));
        record.put_some("NgayTiepNhan", time(case.received_ms));
        record.put_some("NgayHenTra", case.due_ms.and_then(time));
        for (field, codes) in [
            ("NgayKetThucXuLy", &self.data.finished),
            ("NgayTra", &self.data.returned),
            ("NgayTuChoi", &self.data.refused),
        ] {
            record.put_some(field, self.turn_at(facts, codes).and_then(time));
        }
        record.put(
            "TrangThaiHoSo",
            self.status(facts.case.status)?.0.to_string(),
        );
        record.put_some(
            "HinhThuc",
            known(&self.data.return_method, &case.return_method),
        );
        let money = facts.case.money();
        if money.charged > 0 {
            let price = json!({"Gia": money.charged.to_string()});
            record.put("DanhSachLePhi", [price]);
        }
        let mut standing = money.payments.iter().filter(|p| p.reversed.is_none());
        // Paid at the desk is not paid online, whatever that does to a figure. At which portal
        // something was paid online our records do not say.
        if money.paid > 0 && standing.all(|p| p.method != FeeMethod::Online) {
            record.put("DuocThanhToanTrucTuyen", &self.data.not_paid_online);
        }
        portal_papers::put(&mut record, facts);
        Ok(Value::Object(record.0))
    }

    /// The kind of an identity number, by its length and nothing else.
    fn id_kind(&self, number: &str) -> Option<&String> {
        let digits = number.chars().all(|c| c.is_ascii_digit());
        self.data.id_number.get(&number.len()).filter(|_| digits)
    }

    fn turn_record(&self, facts: &Facts, turn: &Turn) -> Result<Value, Outcome> {
        let case = &facts.case.received;
        let (code, name) = self.status(turn.status)?;
        let mut record = Record::default();
        record.put("MaHoSo", &case.code);
        let doer = facts.doer(turn);
        record.put_some("NguoiXuLy", doer.name.map(at_most_50));
        record.put_some("PhongBanXuLy", doer.department);
        // The time of the event, not of the telling: told again it is the same record.
        record.put_some("ThoiDiemXuLy", time(turn.at_ms));
        record.put("NoiDungXuLy", name);
        record.put("TrangThai", code.to_string());
        record.put_some("NgayBatDau", time(case.received_ms));
        record.put_some("NgayKetThucTheoQuyDinh", case.due_ms.and_then(time));
        Ok(Value::Object(record.0))
    }
}

impl Outside for Portal {
    fn system(&self) -> System {
        System::Portal
    }

    fn offices(&self) -> Vec<String> {
        self.read.settings.offices.keys().cloned().collect()
    }

    fn case(&self, office: &str, facts: &Facts, known: bool) -> Outcome {
        match self.case_record(office, facts) {
            Ok(record) => self.call(office, CASE, known, vec![record]),
            Err(outcome) => outcome,
        }
    }

    fn turns(&self, office: &str, facts: &Facts, turns: &[Turn]) -> Outcome {
        let records = turns.iter().map(|turn| self.turn_record(facts, turn));
        match records.collect() {
            Ok(records) => self.call(office, PROGRESS, false, records),
            Err(outcome) => outcome,
        }
    }

    fn patience(&self) -> Patience {
        self.read.patience
    }

    fn turns_at_once(&self) -> usize {
        self.data.turns_at_once
    }
}

/// An answer of the portal.
struct Answer {
    said: Map<String, Value>,
}

impl Answer {
    /// As a text or as a number: both are met.
    fn code(&self) -> String {
        match self.said.get("error_code") {
            Some(Value::String(code)) => code.trim().to_owned(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    /// Every text in it but the session: under which name it says what, is not confirmed.
    fn words(&self) -> impl Iterator<Item = &str> {
        let other = self.said.iter().filter(|(name, _)| *name != "session");
        other.filter_map(|(_, value)| value.as_str())
    }

    fn detail(&self) -> String {
        let code = self.code();
        let words: Vec<&str> = self.words().filter(|word| *word != code).collect();
        format!("{code}: {}", words.join("; "))
    }
}

/// `yyyyMMddHHmmss` by the clocks of Vietnam.
fn time(ms: i64) -> Option<String> {
    http::time(ms, "%Y%m%d%H%M%S")
}
