//! One IPP request to a CUPS server: made, sent, checked, and its answer taken apart.

use ipp::attribute::{IppAttribute, IppAttributeGroup, IppAttributes};
use ipp::model::{DelimiterTag, IppVersion, Operation, StatusCode};
use ipp::parser::{IppParseError, IppParser};
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

use super::{CupsServer, FaultKind, PrintFault, http};

/// Limit of the IPP type `name`, in bytes.
const NAME_BYTES: usize = 255;

/// One request to one server, about one queue or about all.
pub(super) struct Call<'a> {
    pub(super) server: &'a CupsServer,
    pub(super) printer: &'a str,
    pub(super) queue: Option<&'a str>,
}

/// A request being filled in.
pub(super) struct Request(IppRequestResponse);

impl Request {
    pub(super) fn operation(&mut self, name: &str, value: IppValue) {
        self.add(DelimiterTag::OperationAttributes, name, value);
    }

    pub(super) fn job(&mut self, name: &str, value: IppValue) {
        self.add(DelimiterTag::JobAttributes, name, value);
    }

    fn add(&mut self, group: DelimiterTag, name: &str, value: IppValue) {
        match IppAttribute::with_name(name, value) {
            Ok(attribute) => self.0.attributes_mut().add(group, attribute),
            Err(error) => tracing::error!(%name, %error, "IPP attribute name too long"),
        }
    }
}

impl Call<'_> {
    pub(super) fn request(
        &self,
        operation: Operation,
        fill: impl FnOnce(&mut Request) -> Result<(), IppParseError>,
    ) -> Result<IppRequestResponse, PrintFault> {
        let build = || -> Result<IppRequestResponse, IppParseError> {
            let mut request = Request(IppRequestResponse::new(
                IppVersion::v2_0(),
                operation,
                None,
            )?);
            if self.queue.is_some() {
                // The host within the URI means nothing to CUPS; the path names the queue.
                request.operation(
                    "printer-uri",
                    IppValue::new_uri(format!("ipp://localhost{}", self.path()))?,
                );
            }
            request.operation(
                "requesting-user-name",
                IppValue::new_name_without_language(name(&user()))?,
            );
            fill(&mut request)?;
            Ok(request.0)
        };
        // Only a queue name beyond any limit of CUPS can be too long for IPP.
        build().map_err(|error| self.fault(FaultKind::Unknown, error.to_string()))
    }

    pub(super) fn path(&self) -> String {
        format!(
            "/printers/{}",
            percent_encoded(self.queue.unwrap_or_default())
        )
    }

    /// Sends and insists on success.
    pub(super) fn send(
        &self,
        request: &IppRequestResponse,
        path: &str,
        document: &[u8],
    ) -> Result<IppAttributes, PrintFault> {
        let (status, attributes) = self.exchange(request, path, document)?;
        self.check(status)?;
        Ok(attributes)
    }

    pub(super) fn exchange(
        &self,
        request: &IppRequestResponse,
        path: &str,
        document: &[u8],
    ) -> Result<(StatusCode, IppAttributes), PrintFault> {
        let answer =
            http::post(self.server, path, &request.to_bytes(), document).map_err(|fault| {
                let kind = if fault.sent && !document.is_empty() {
                    FaultKind::Interrupted
                } else {
                    FaultKind::ServiceUnreachable
                };
                self.fault(kind, format!("{}: {}", self.server, fault.error))
            })?;
        match answer.status {
            200 => {}
            401 | 403 | 426 => {
                return Err(self.fault(FaultKind::Denied, format!("HTTP {}", answer.status)));
            }
            404 => return Err(self.fault(FaultKind::Unknown, "HTTP 404")),
            status => return Err(self.fault(FaultKind::Rejected, format!("HTTP {status}"))),
        }
        let (header, attributes, _) =
            IppParser::new(IppReader::new(std::io::Cursor::new(answer.body)))
                .parse_parts()
                .map_err(|error| {
                    self.fault(FaultKind::Rejected, format!("answer is not IPP: {error}"))
                })?;
        Ok((header.status_code(), attributes))
    }

    pub(super) fn check(&self, status: StatusCode) -> Result<(), PrintFault> {
        if status.is_success() {
            return Ok(());
        }
        let kind = match status {
            StatusCode::ClientErrorNotFound | StatusCode::ClientErrorGone => FaultKind::Unknown,
            StatusCode::ServerErrorNotAcceptingJobs => FaultKind::NotAccepting,
            StatusCode::ClientErrorDocumentFormatNotSupported
            | StatusCode::ClientErrorDocumentFormatError => FaultKind::FormatUnsupported,
            StatusCode::ClientErrorForbidden
            | StatusCode::ClientErrorNotAuthenticated
            | StatusCode::ClientErrorNotAuthorized => FaultKind::Denied,
            _ => FaultKind::Rejected,
        };
        Err(self.fault(kind, format!("IPP {status:?}")))
    }

    pub(super) fn fault(&self, kind: FaultKind, detail: impl Into<String>) -> PrintFault {
        let fault = PrintFault::new(kind, self.printer, detail);
        tracing::warn!(printer = self.printer, kind = ?fault.kind, detail = %fault.detail, "printing");
        fault
    }
}

/// The account of the desk's computer: CUPS lets only the owner of a job cancel it.
fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "motcua".to_owned())
}

/// A text as an IPP name: at most what IPP allows, never half a letter, on one line.
pub(super) fn name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > NAME_BYTES {
            break;
        }
        name.push(c);
    }
    name
}

fn percent_encoded(queue: &str) -> String {
    use std::fmt::Write;

    queue.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}

pub(super) fn keywords(names: &[&str]) -> Result<IppValue, IppParseError> {
    names
        .iter()
        .map(|name| IppValue::new_keyword(*name))
        .collect::<Result<Vec<_>, _>>()
        .map(IppValue::Array)
}

pub(super) fn integer(group: Option<&IppAttributeGroup>, name: &str) -> Option<i32> {
    match group?.get(name)?.value() {
        IppValue::Integer(value) | IppValue::Enum(value) => Some(*value),
        _ => None,
    }
}

pub(super) fn strings<'a>(group: Option<&'a IppAttributeGroup>, name: &str) -> Vec<&'a str> {
    let one = |value: &'a IppValue| match value {
        IppValue::Keyword(text) => Some(text.as_str()),
        IppValue::NameWithoutLanguage(text) | IppValue::NameWithLanguage { name: text, .. } => {
            Some(text.as_str())
        }
        IppValue::TextWithoutLanguage(text) | IppValue::TextWithLanguage { text, .. } => {
            Some(text.as_ref())
        }
        _ => None,
    };
    match group
        .and_then(|group| group.get(name))
        .map(IppAttribute::value)
    {
        Some(IppValue::Array(values)) => values.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}
