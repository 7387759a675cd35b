//! E-mail: one connection, one letter, every step judged by itself, so that a refused address is
//! told from a server that does not know us.

use lettre::{
    Address,
    message::{Mailbox, Message as Letter, header::ContentType},
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{Certificate, SmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use serde::{Deserialize, Serialize};

use crate::{Failed, Message, PATIENCE, Secret};

/// How the line to the server is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte (usually port 465).
    #[default]
    Tls,
    /// TLS after STARTTLS (usually port 587); never without it.
    Starttls,
    /// None: only for a server on this very machine or network that asks for no password.
    None,
}

/// A mail server as this office uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Host name; the certificate has to be for it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Privacy of the line.
    #[serde(default)]
    pub security: Security,
    /// Who we are there; none where no login is asked for.
    #[serde(default)]
    pub user: Option<String>,
    /// The password that goes with it.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The address letters come from.
    pub from: String,
    /// The name that stands before it.
    #[serde(default)]
    pub from_name: String,
    /// PEM of an authority of the office's own that vouches for the server.
    #[serde(default)]
    pub ca: Option<String>,
}

impl MailServer {
    /// Whether it could be used as it stands.
    ///
    /// # Errors
    /// The field at fault, and why, in words.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.host.trim().is_empty() || self.host.contains(char::is_whitespace) {
            return Err(("host", "Mời nhập tên máy chủ thư, ví dụ smtp.donvi.gov.vn."));
        }
        if self.port == 0 {
            return Err(("port", "Cổng của máy chủ thư từ 1 đến 65535."));
        }
        if self.from.parse::<Address>().is_err() {
            return Err((
                "from",
                "Địa chỉ gửi chưa đúng dạng tên@nơi.vn. Mời xem lại.",
            ));
        }
        if self.security == Security::None && self.user.is_some() {
            return Err((
                "security",
                "Không gửi mật khẩu qua đường truyền không mã hóa. Mời chọn TLS hoặc STARTTLS.",
            ));
        }
        if self.user.is_some() && self.password.is_none() {
            return Err(("password", "Đăng nhập máy chủ thư cần mật khẩu. Mời nhập."));
        }
        if let Some(ca) = &self.ca
            && Certificate::from_pem(ca.as_bytes()).is_err()
        {
            return Err(("ca", "Chứng thư của nơi cấp phải ở dạng PEM. Mời xem lại."));
        }
        Ok(())
    }

    fn tls(&self) -> Result<Option<TlsParameters>, SmtpError> {
        if self.security == Security::None {
            return Ok(None);
        }
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(ca) = &self.ca {
            builder = builder.add_root_certificate(Certificate::from_pem(ca.as_bytes())?);
        }
        builder.build_rustls().map(Some)
    }
}

fn code(error: &SmtpError) -> String {
    error
        .status()
        .map_or_else(String::new, |code| format!(" (mã {code})"))
}

/// What a server did not say: the line failed.
fn line(error: &SmtpError) -> Failed {
    Failed::Away(if error.is_tls() {
        "Chứng thư của máy chủ thư không đúng hoặc không tin được.".to_owned()
    } else if error.is_timeout() {
        "Máy chủ thư không trả lời.".to_owned()
    } else {
        "Chưa nối được máy chủ thư.".to_owned()
    })
}

/// What a server answered to us, whoever the letter is for.
fn of_us(error: &SmtpError, what: &str) -> Failed {
    if error.is_permanent() || error.is_client() {
        Failed::Setup(format!("{what}{}.", code(error)))
    } else if error.is_transient() {
        Failed::Away(format!("Máy chủ thư đang bận{}.", code(error)))
    } else {
        line(error)
    }
}

/// What a server answered to this letter.
fn of_letter(error: &SmtpError, what: &str) -> Failed {
    if error.is_permanent() {
        Failed::Refused(format!("{what}{}.", code(error)))
    } else if error.is_transient() {
        Failed::Later(format!("Máy chủ thư hẹn nhận sau{}.", code(error)))
    } else {
        line(error)
    }
}

/// Hands a letter to the server.
///
/// # Errors
/// Why it was not accepted.
pub fn send_mail(server: &MailServer, message: &Message) -> Result<(), Failed> {
    let setup = |_| Failed::Setup("Địa chỉ gửi của đơn vị chưa đúng.".to_owned());
    let from: Address = server.from.parse().map_err(setup)?;
    let to: Address = (message.to.parse())
        .map_err(|_| Failed::Refused("Địa chỉ thư không đúng dạng.".to_owned()))?;
    let name = Some(server.from_name.trim().to_owned()).filter(|name| !name.is_empty());
    let letter = Letter::builder()
        .from(Mailbox::new(name, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(&message.subject)
        // The same letter keeps its id: who gets it twice can know that it is one.
        .message_id(Some(format!("<{}@{}>", message.id, from.domain())))
        .header(ContentType::TEXT_PLAIN)
        .body(message.text.clone())
        .map_err(|_| Failed::Refused("Không dựng được thư này.".to_owned()))?;

    let us = ClientId::default();
    let tls = server.tls().map_err(|e| line(&e))?;
    let wrapped = tls.as_ref().filter(|_| server.security == Security::Tls);
    let address = (server.host.as_str(), server.port);
    let mut line_to = SmtpConnection::connect(address, Some(PATIENCE), &us, wrapped, None)
        .map_err(|e| of_us(&e, "Máy chủ thư không tiếp máy này"))?;
    if server.security == Security::Starttls
        && let Some(tls) = &tls
    {
        (line_to.starttls(tls, &us))
            .map_err(|e| of_us(&e, "Máy chủ thư không chuyển sang đường truyền mã hóa"))?;
    }
    if let (Some(user), Some(password)) = (&server.user, &server.password) {
        let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
        (line_to.auth(&[Mechanism::Plain, Mechanism::Login], &credentials))
            .map_err(|e| of_us(&e, "Máy chủ thư không nhận tên đăng nhập hoặc mật khẩu"))?;
    }
    (line_to.command(Mail::new(Some(from), vec![])))
        .map_err(|e| of_us(&e, "Máy chủ thư không cho gửi từ địa chỉ của đơn vị"))?;
    (line_to.command(Rcpt::new(to, vec![])))
        .map_err(|e| of_letter(&e, "Địa chỉ thư này không nhận được"))?;
    (line_to.command(Data))
        .and_then(|_| line_to.message(&letter.formatted()))
        .map_err(|e| of_letter(&e, "Máy chủ thư không nhận lá thư này"))?;
    // Accepted is accepted, whatever becomes of the farewell.
    line_to.quit().ok();
    Ok(())
}
