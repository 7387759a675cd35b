//! How this machine sends e-mail and SMS: a file of the data folder that only its owner may read.
//! Never in the log and never in an answer, because of the password and the key in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use motcua_domain::{Code, Refusal, notice::Means};
use motcua_notify::{BodyKind, MailServer, Secret, Security, SmsGateway};
use motcua_protocol::verbs::notice::{MailSecurity, MailSetup, SmsBody, SmsSetup};
use serde::{Deserialize, Serialize};

use crate::{Result, private};

const FILE: &str = "notices.json";
/// No field that a person types here is longer.
const MOST: usize = 20_000;

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ways {
    #[serde(default)]
    pub(crate) mail: Option<MailServer>,
    #[serde(default)]
    pub(crate) sms: Option<SmsGateway>,
}

impl Ways {
    pub(crate) fn means(&self) -> Means {
        Means {
            email: self.mail.is_some(),
            sms: self.sms.is_some(),
        }
    }

    /// As they may be shown: that there is a password, and not which.
    pub(crate) fn shown(&self) -> (Option<MailSetup>, Option<SmsSetup>) {
        let mail = self.mail.as_ref().map(|mail| MailSetup {
            host: mail.host.clone(),
            port: mail.port,
            security: match mail.security {
                Security::Tls => MailSecurity::Tls,
                Security::Starttls => MailSecurity::Starttls,
                Security::None => MailSecurity::None,
            },
            user: mail.user.clone(),
            password: None,
            has_password: mail.password.is_some(),
            from: mail.from.clone(),
            ca: mail.ca.clone(),
        });
        let sms = self.sms.as_ref().map(|sms| SmsSetup {
            url: sms.url.clone(),
            headers: sms.headers.clone(),
            kind: match sms.kind {
                BodyKind::Json => SmsBody::Json,
                BodyKind::Form => SmsBody::Form,
            },
            body: sms.body.clone(),
            key: None,
            has_key: sms.key.is_some(),
            accepted: sms.accepted.clone(),
            plain: sms.plain,
            ca: sms.ca.clone(),
        });
        (mail, sms)
    }

    /// These, changed as a supervisor says. A secret that is not said again stays only where it
    /// would go to the same place as before: else whoever may change the address could have it
    /// sent to a machine of their own.
    pub(crate) fn changed(
        &self,
        mail: Option<MailSetup>,
        sms: Option<SmsSetup>,
    ) -> Result<Self, Refusal> {
        let clean =
            |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let mail = mail
            .map(|said| {
                let user = clean(said.user);
                let host = said.host.trim().to_owned();
                let same = self
                    .mail
                    .as_ref()
                    .filter(|old| old.host == host && old.port == said.port && old.user == user);
                let password = match said.password.filter(|p| !p.is_empty()) {
                    Some(new) => Some(Secret::new(new)),
                    None => same.and_then(|old| old.password.clone()),
                };
                let server = MailServer {
                    host,
                    port: said.port,
                    security: match said.security {
                        MailSecurity::Tls => Security::Tls,
                        MailSecurity::Starttls => Security::Starttls,
                        MailSecurity::None => Security::None,
                    },
                    password: password.filter(|_| user.is_some()),
                    user,
                    from: said.from.trim().to_owned(),
                    from_name: String::new(),
                    ca: clean(said.ca),
                };
                let long = [&server.host, &server.from]
                    .into_iter()
                    .chain(&server.user)
                    .chain(&server.ca);
                not_long(long, "mail")?;
                server.check().map_err(|at| refuse(at, "mail"))?;
                Ok::<_, Refusal>(server)
            })
            .transpose()?;
        let sms = sms
            .map(|said| {
                let url = said.url.trim().to_owned();
                let same = self.sms.as_ref().filter(|old| old.url == url);
                let key = match said.key.filter(|k| !k.is_empty()) {
                    Some(new) => Some(Secret::new(new)),
                    None => same.and_then(|old| old.key.clone()),
                };
                let gateway = SmsGateway {
                    url,
                    headers: said.headers,
                    kind: match said.kind {
                        SmsBody::Json => BodyKind::Json,
                        SmsBody::Form => BodyKind::Form,
                    },
                    body: said.body,
                    key,
                    accepted: clean(said.accepted),
                    plain: said.plain,
                    ca: clean(said.ca),
                };
                let long = [&gateway.url, &gateway.body]
                    .into_iter()
                    .chain(gateway.headers.values())
                    .chain(&gateway.ca);
                not_long(long, "sms")?;
                gateway.check().map_err(|at| refuse(at, "sms"))?;
                Ok::<_, Refusal>(gateway)
            })
            .transpose()?;
        Ok(Self { mail, sms })
    }
}

fn refuse((field, why): (&'static str, &'static str), within: &str) -> Refusal {
    Refusal::new(Code::ArgumentInvalid, format!("{why} Chưa lưu gì."))
        .at(format!("{within}.{field}"))
}

fn not_long<'a>(mut fields: impl Iterator<Item = &'a String>, within: &str) -> Result<(), Refusal> {
    if fields.all(|field| field.len() <= MOST) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::FieldTooLong,
        "Có ô dài quá mức. Chưa lưu gì. Mời xem lại.",
    )
    .at(within))
}

/// The file, and what it holds.
#[derive(Debug)]
pub(crate) struct NoticeSetup {
    file: PathBuf,
    ways: Mutex<Ways>,
}

impl NoticeSetup {
    /// As the folder says. What cannot be read sends nothing, and people are called instead.
    pub(crate) fn of_folder(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let ways = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                // Where it stops is said, not what stands there.
                tracing::error!(line = error.line(), "file of notices damaged");
                Ways::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::error!(%error, "file of notices");
                }
                Ways::default()
            }
        };
        Self {
            file,
            ways: Mutex::new(ways),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ways(&self) -> Ways {
        self.locked().clone()
    }

    pub(crate) fn keep(&self, ways: Ways) -> Result<()> {
        let mut now = self.locked();
        private::keep(&self.file, &serde_json::to_vec(&ways)?)?;
        *now = ways;
        Ok(())
    }
}
