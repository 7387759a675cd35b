//! Telling citizens: what waits, whom to call, and how the office's machine sends.

use std::collections::BTreeMap;

use motcua_domain::notice::{CallOutcome, Channel, Consent, NoticeKind, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::case::CaseView;
use crate::Time;

/// `notice.list`: what citizens are still to be told, and what they were told last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "NoticeListArgs")]
#[schemars(rename = "NoticeListArgs")]
pub struct NoticeListAsk {}

/// One notice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct NoticeLine {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// Its code.
    pub case_code: String,
    /// What there is to tell.
    pub kind: NoticeKind,
    /// Since when.
    pub since: Time,
    /// What is to be done now.
    pub step: Step,
    /// Whom: the owner's name. Only for those who are to be called or reached by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What to say, where a person says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// What was done so far, in words, the last first.
    pub history: Vec<NoticeDone>,
    /// A machine's present trouble with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The machine tries again then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Time>,
}

/// Something done about a notice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeDone {
    /// When.
    pub at: Time,
    /// In words.
    pub text: String,
    /// It was refused or failed.
    pub bad: bool,
}

/// How a way of telling does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ChannelState {
    /// Which.
    pub channel: Channel,
    /// It is set up.
    pub ready: bool,
    /// What is wrong with it just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// It is tried again then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Time>,
}

/// Answer of `notice.list`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeList {
    /// People to call, the longest waiting first.
    pub call: Vec<NoticeLine>,
    /// A machine sends these.
    pub waiting: Vec<NoticeLine>,
    /// Nobody gets through to these.
    pub unreachable: Vec<NoticeLine>,
    /// Told last.
    pub told: Vec<NoticeLine>,
    /// The two ways; their trouble is known on the machine that sends.
    pub channels: Vec<ChannelState>,
    /// This machine is the one that sends.
    pub sends_here: bool,
}

/// `notice.called`: a person called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct NoticeCalled {
    /// The notice.
    pub id: Uuid,
    /// What came of it.
    pub outcome: CallOutcome,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.set_contact`: how the citizen is reached from now on, and whether they want to be told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseSetContact", optional_fields)]
#[schemars(rename = "CaseSetContact")]
pub struct SetContact {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// What they said; where they were not asked, what they said before holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Telephone; none: no telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail; none: no e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Answer of `case.set_contact`.
pub type SetContactAnswer = CaseView;

/// `notice.setup`: how this machine sends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeSetup {}

/// Privacy of the line to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS.
    Starttls,
    /// None; only without a password.
    None,
}

/// A mail server. A password is taken and never given back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct MailSetup {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Privacy of the line.
    pub security: MailSecurity,
    /// Login; none where none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A new password; none keeps the one there is, if server and login stay what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// In answers: there is a password.
    #[serde(default)]
    pub has_password: bool,
    /// The address letters come from.
    pub from: String,
    /// PEM of an authority of the office's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// How the body of a request to an SMS gateway is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum SmsBody {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// An SMS gateway. A key is taken and never given back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct SmsSetup {
    /// Where to.
    pub url: String,
    /// Headers; `{key}` and the other marks are filled in.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Kind of body.
    pub kind: SmsBody,
    /// The body, with `{to}` or `{to84}`, `{text}`, and `{id}`, `{key}` where wanted.
    pub body: String,
    /// A new key; none keeps the one there is, if the address stays what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// In answers: there is a key.
    #[serde(default)]
    pub has_key: bool,
    /// What an answer has to contain to be a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Without diacritics.
    #[serde(default)]
    pub plain: bool,
    /// PEM of an authority of the gateway's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// How this machine sends: answer of `notice.setup` and `notice.configure`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct NoticeSetupAnswer {
    /// Mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSetup>,
    /// SMS gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsSetup>,
    /// This machine is the one that sends; only there it can be set up.
    pub sends_here: bool,
}

/// `notice.configure`: how this machine sends from now on; what is left out is not used.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct NoticeConfigure {
    /// Mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSetup>,
    /// SMS gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsSetup>,
}

/// `notice.test`: sends a text without any case to an address of the supervisor's own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeTest {
    /// Which way.
    pub channel: Channel,
    /// Where to.
    pub to: String,
}

/// Answer of `notice.test`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeTested {
    /// It was accepted.
    pub accepted: bool,
    /// What came of it, in words.
    pub message: String,
}

// What may hold a secret shows nothing of it.
impl std::fmt::Debug for MailSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailSetup({}:{})", self.host, self.port)
    }
}

impl std::fmt::Debug for SmsSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsSetup(…)")
    }
}
