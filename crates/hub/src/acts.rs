//! What the commands of the application ask of the machine.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use motcua_app::Contact;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError, Time,
    verbs::{
        central::{CentralEnrol, CentralEnrolled},
        machine::{BoardServed, HubFound, MachineAnswer, MachineRole, RatingServe},
        sync::{Carried, Carry, Export, Stick, StickMade},
    },
};
use uuid::Uuid;

use crate::{
    central, discovery, hall,
    invitation::Invitation,
    lan::Lan,
    machine::{Machine, Role},
    network,
    serve::ServeError,
};

/// Where counters look for a hub unless somebody chose otherwise.
pub(crate) const HUB_PORT: u16 = 7420;
/// Where televisions look for the board. Not beside the hub's: a browser's address on this machine
/// stands there.
pub(crate) const BOARD_PORT: u16 = 7480;
/// Hubs are listened for this long; whoever waits sees that something goes on.
pub(crate) const LISTEN: Duration = Duration::from_millis(2_500);

/// The sentence for an address that was not got.
pub(crate) fn taken(at: SocketAddr, error: &io::Error) -> Refusal {
    let port = at.port();
    let message = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "Cổng {port} trên máy này đang có chương trình khác dùng. Mời chọn cổng khác, hoặc đóng chương trình kia rồi làm lại."
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "Máy này không còn ở địa chỉ {}. Mời kiểm tra dây mạng, hoặc tắt rồi bật lại để dùng địa chỉ mới.",
            at.ip()
        ),
        _ => format!(
            "Không mở được cổng {port}: {error}. Mời chọn cổng khác, hoặc báo người quản trị."
        ),
    };
    Refusal::new(Code::AddressTaken, message).at("port")
}

fn unserved(error: ServeError) -> Refusal {
    match error {
        ServeError::Listen(at, error) => taken(at, &error),
        ServeError::Hub(error) => of_api(error),
        error @ ServeError::NotLoopback => Refusal::new(Code::AddressTaken, error.to_string()),
    }
}

fn of_api(error: ApiError) -> Refusal {
    let refusal = Refusal::new(error.code, error.message);
    match error.field {
        Some(field) => refusal.at(field),
        None => refusal,
    }
}

pub(crate) fn unwritten(error: &io::Error) -> Refusal {
    tracing::warn!(%error, "folder");
    Refusal::new(
        Code::ReadOnly,
        "Không ghi được vào thư mục dữ liệu. Chưa đổi gì, mọi bản ghi vẫn an toàn. Mời kiểm tra quyền ghi và chỗ trống của ổ đĩa.",
    )
}

fn everywhere(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

/// What announcements say, for people: one line for each place.
pub(crate) fn found(patience: Duration) -> Vec<HubFound> {
    discovery::hubs(patience)
        .into_iter()
        .map(|seen| HubFound {
            address: seen.at.to_string(),
            name: seen.said.name,
            fingerprint: seen.said.fingerprint.to_string().chars().take(8).collect(),
        })
        .collect()
}

/// What a person types may leave out what is the same everywhere.
pub(crate) fn address(typed: &str) -> String {
    let host = typed
        .trim()
        .trim_start_matches("https://")
        .trim_end_matches('/')
        .to_owned();
    match host.contains(':') {
        true => host,
        false => format!("{host}:{HUB_PORT}"),
    }
}

impl Machine {
    fn hub_state(&self, lan: &Lan, state: &mut MachineAnswer) {
        state.role = MachineRole::Hub;
        state.port = lan.address.port();
        state.addresses = network::reached(lan.address);
        state.fingerprint = Some(lan.fingerprint.clone());
    }

    fn board_state(&self) -> BoardServed {
        let (address, trouble) = self.board_now();
        let on = address.is_some() || trouble.is_some();
        let links = address.map(network::reached).unwrap_or_default();
        let short = hall::board::short(self.board_token());
        BoardServed {
            on,
            port: address.map_or(BOARD_PORT, |at| at.port()),
            links: links
                .into_iter()
                .map(|at| format!("http://{at}/{short}"))
                .collect(),
            qr: None,
            trouble,
        }
    }
}

impl motcua_app::Machine for Machine {
    fn state(&self) -> MachineAnswer {
        let mut state = MachineAnswer {
            role: MachineRole::Own,
            number: None,
            port: HUB_PORT,
            addresses: network::reached(everywhere(HUB_PORT)),
            fingerprint: None,
            hub: None,
            here: None,
            others: 0,
            trouble: None,
            board: self.board_state(),
            rating: self.tablets.state(),
            disk_encrypted: None,
        };
        match self.role() {
            Role::Own => {}
            Role::Hub(lan) => self.hub_state(&lan, &mut state),
            Role::Counter(paired) => {
                state.role = MachineRole::Counter;
                state.hub = Some(paired.url.trim_start_matches("https://").to_owned());
                state.fingerprint = Some(paired.fingerprint);
            }
        }
        if let Some((listen, why)) = self.trouble() {
            // It is the hub for everybody who works on it; only the others do not reach it.
            state.role = MachineRole::Hub;
            state.port = listen.port();
            state.trouble = Some(why);
        }
        state
    }

    fn open_hub(&self, port: u16) -> Result<(), Refusal> {
        self.be_hub(everywhere(port), true)
            .map(|_| ())
            .map_err(unserved)
    }

    fn close_hub(&self) -> Result<(), Refusal> {
        self.be_own().map_err(|error| unwritten(&error))
    }

    fn pair_code(&self) -> Result<(String, Time, Option<String>), Refusal> {
        let hub = self.hub().ok_or_else(|| {
            Refusal::new(
                Code::NotPaired,
                "Máy này không làm máy chủ quầy nên không cấp mã ghép được. Mời bật máy chủ quầy trên máy này, hoặc lấy mã trên máy chủ quầy.",
            )
        })?;
        let given = hub.pair_code().map_err(of_api)?;
        let addresses = match self.role() {
            Role::Hub(lan) => network::reached(lan.address),
            Role::Own | Role::Counter(_) => Vec::new(),
        };
        let invitation = Invitation::to(&addresses, hub.fingerprint, &given.code);
        let text = invitation.and_then(|invitation| invitation.text());
        Ok((given.code, given.expires_at, text))
    }

    fn contacts(&self) -> Option<HashMap<Uuid, Contact>> {
        self.hub().map(|hub| hub.contacts.all(Instant::now()))
    }

    fn find(&self) -> Vec<HubFound> {
        found(LISTEN)
    }

    fn follow(&self, hub: &str) -> Result<(), Refusal> {
        self.consider(&format!("https://{}", address(hub)))
            .map(|_| ())
            .map_err(of_api)
    }

    fn serve_board(&self, port: Option<u16>) -> Result<(), Refusal> {
        self.show_board(port.map(everywhere))
    }

    fn serve_rating(&self, ask: &RatingServe) -> Result<(), Refusal> {
        self.tablets.serve(ask.counter, ask.step, ask.port)
    }

    fn enrol(&self, ask: &CentralEnrol) -> Result<CentralEnrolled, Refusal> {
        self.join_central(ask).map_err(of_api)
    }

    fn stick(&self) -> Stick {
        central::known(self.dir())
    }

    fn export(&self, ask: &Export) -> Result<StickMade, Refusal> {
        central::export(self.app(), ask).map_err(of_api)
    }

    fn carry(&self, ask: &Carry) -> Result<Carried, Refusal> {
        central::carry(self.app(), ask, self.uplink().as_deref()).map_err(of_api)
    }
}
