//! One hub after another, on a running machine: its role follows what its log says.
//!
//! Nothing here decides who is the hub; a person does, once, on one machine (`hub.promote`). The
//! word travels with the log, by whatever way: through the new hub, through the old one when it
//! comes back, or through an address that a person typed ([`Machine::consider`]).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::{Arc, Weak, mpsc::RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use motcua_app::{App, Next, Standing, Topic};
use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use motcua_store::table::hub::HubTerm;
use uuid::Uuid;

use crate::{
    identity::{Fingerprint, Identity},
    line::{Http, Line, Lost, Paired, Send, host_of},
    machine::{Machine, Role},
    tls, wire,
};

/// A hub asks after a former one this often, to bring it the word.
const CALL_ON_FORMER: Duration = Duration::from_secs(5);
/// A hub that is to give way goes on answering questions for so long, and no commands: its counters
/// read in its log whom they are to turn to.
const FAREWELL: Duration = Duration::from_secs(2);
/// For the first word of a machine whose address a person typed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a counter keeps of the hub that its log names; `None` where that hub never said where it
/// is, or is not known.
///
/// # Errors
/// Those of the store.
pub(crate) fn paired_to(app: &App, hub: &HubTerm) -> motcua_store::Result<Option<Paired>> {
    let own = app.store().device();
    app.store().read(|read| {
        let devices = read.devices()?;
        let of = |device: Uuid| devices.iter().find(|d| d.device == device);
        let (Some(new), Some(me), Some(url)) = (of(hub.device), of(own), hub.urls.first()) else {
            return Ok(None);
        };
        let Some(branch) = read.branch_id()? else {
            return Ok(None);
        };
        Ok(Some(Paired {
            url: url.clone(),
            fingerprint: new.fingerprint.clone(),
            number: me.number,
            device: own,
            hub: hub.device,
            branch,
        }))
    })
}

/// Where a hub listens that is reached at that address: on every network of the machine, for the
/// address may change.
fn listens_at(url: &str) -> Option<SocketAddr> {
    let at: SocketAddr = host_of(url)?.parse().ok()?;
    let any = match at.ip() {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    Some(SocketAddr::new(any, at.port()))
}

/// Lets a machine follow its log for as long as it is there.
pub(crate) fn start(machine: &Arc<Machine>) {
    let changes = machine.app().subscribe();
    let weak = Arc::downgrade(machine);
    thread::spawn(move || {
        let mut called = Instant::now();
        attend(&weak);
        loop {
            match changes.recv_timeout(CALL_ON_FORMER) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(change) if !change.topics.contains(&Topic::Sync) => {}
                Ok(_) | Err(RecvTimeoutError::Timeout) => attend(&weak),
            }
            let Some(machine) = weak.upgrade() else {
                return;
            };
            if called.elapsed() >= CALL_ON_FORMER {
                machine.call_on_former();
                called = Instant::now();
            }
        }
    });
}

fn attend(machine: &Weak<Machine>) {
    let Some(machine) = machine.upgrade() else {
        return;
    };
    if let Err(error) = machine.attend() {
        tracing::warn!(%error, "role not changed");
    }
}

impl Machine {
    /// Becomes what its log says.
    fn attend(self: &Arc<Self>) -> io::Result<()> {
        let standing = match self.role() {
            Role::Counter(paired) => Standing::CounterOf(paired.hub),
            Role::Own | Role::Hub(_) => Standing::Hub,
        };
        let app = self.app();
        let fault = |error: motcua_store::Error| io::Error::other(error.to_string());
        match app.next(standing).map_err(fault)? {
            Next::Stays => Ok(()),
            Next::BecomesHub => {
                let hub = app.hub().map_err(fault)?;
                let at = hub.and_then(|hub| listens_at(hub.urls.first()?));
                match at {
                    Some(at) => self.be_hub_or_wait(at),
                    None => Ok(()),
                }
            }
            Next::GivesWay(hub) => match self.way_to(&hub).map_err(fault)? {
                Some(paired) => {
                    thread::sleep(FAREWELL);
                    self.be_counter(paired)
                }
                None => Ok(()),
            },
            // Told to everybody who waits for changes, so this machine looks again.
            Next::Resumes(lost) => app.resume(&lost).map_err(fault),
            Next::Follows(hub) => match self.way_to(&hub).map_err(fault)? {
                Some(paired) => self.be_counter(paired),
                None => Ok(()),
            },
        }
    }

    /// How a hub is reached: as its log says, or, for the first hub, which never had to say it, as
    /// this folder was paired with it.
    fn way_to(&self, hub: &HubTerm) -> motcua_store::Result<Option<Paired>> {
        let paired = || Paired::of_folder(self.dir()).ok().flatten();
        Ok(paired_to(self.app(), hub)?.or_else(|| paired().filter(|p| p.hub == hub.device)))
    }

    /// A hub that took another's place brings that one its log, in which the other reads that it
    /// is to give way, and fetches what the other has.
    fn call_on_former(&self) {
        if !matches!(self.role(), Role::Hub(_)) {
            return;
        }
        let app = self.app();
        let own = app.store().device();
        let unsettled = app.store().read(|read| read.unsettled_hubs(own));
        let former = Paired::of_folder(self.dir()).ok().flatten();
        let Some(former) = former.filter(|f| unsettled.is_ok_and(|u| u.contains(&f.hub))) else {
            return;
        };
        match Line::new(self.dir(), former, false) {
            Ok(line) => {
                line.sync(app);
            }
            Err(error) => tracing::warn!(%error, "former hub not asked"),
        }
    }

    /// Takes a machine at an address that a person typed for the hub, if it is one: a machine of
    /// this branch, by its certificate, of the highest term, by its log.
    ///
    /// # Errors
    /// Nobody answers there, or somebody who is not the hub; nothing has changed then.
    pub fn consider(&self, url: &str) -> Result<Paired, ApiError> {
        let paired = consider(self.app(), self.dir(), url, PATIENCE)?;
        self.be_counter(paired.clone()).map_err(|error| {
            tracing::error!(%error, "role");
            refuse(
                Code::StoreFault,
                "Chưa ghi được vào thư mục dữ liệu nên chưa đổi máy chủ quầy. Mọi bản ghi vẫn an toàn. Mời kiểm tra ổ đĩa.",
            )
        })?;
        Ok(paired)
    }
}

fn refuse(code: Code, message: &str) -> ApiError {
    Refusal::new(code, message).at("hub").into()
}

/// Looks at whoever answers at an address; what it brings is stored.
pub(crate) fn consider(
    app: &App,
    dir: &Path,
    url: &str,
    patience: Duration,
) -> Result<Paired, ApiError> {
    let store = |error: motcua_store::Error| ApiError::from(Refusal::from(error));
    let file = |error: io::Error| {
        tracing::warn!(%error, "folder");
        refuse(
            Code::ReadOnly,
            "Không đọc được khóa của máy này trong thư mục dữ liệu. Chưa đổi gì. Mời báo người quản trị.",
        )
    };
    let host = host_of(url).ok_or_else(|| {
        refuse(
            Code::ArgumentInvalid,
            "Địa chỉ máy chủ quầy có dạng https://TÊN-MÁY:CỔNG. Chưa đổi gì. Mời xem lại.",
        )
    })?;
    let away = || {
        refuse(
            Code::HubAway,
            "Không có máy nào trả lời ở địa chỉ này. Chưa đổi gì, mọi bản ghi vẫn an toàn. Mời xem lại địa chỉ và dây mạng.",
        )
    };
    let branch = app
        .store()
        .read(|read| read.branch_id())
        .map_err(store)?
        .ok_or_else(away)?;
    let identity = Identity::of_folder(dir).map_err(file)?;
    let tls = tls::client(&identity, None).map_err(|e| file(io::Error::other(e)))?;
    let http = Http::new(host.clone(), Some(branch.to_string()), tls).map_err(file)?;
    let (_, certificate): (_, Fingerprint) = http
        .send_known(Send::get(wire::HELLO), patience)
        .map_err(|_: Lost| away())?;
    let foreign = || {
        refuse(
            Code::HubForeign,
            "Máy ở địa chỉ này không thuộc chi nhánh nên không gửi gì cho nó. Chưa đổi gì. Mời báo người quản trị.",
        )
    };
    let (known, own) = app
        .store()
        .read(|read| {
            let known = read.device_by_fingerprint(&certificate.to_string())?;
            Ok((known, read.device_number(app.store().device())?))
        })
        .map_err(store)?;
    let (known, number) = known.zip(own).ok_or_else(foreign)?;
    let paired = Paired {
        url: format!("https://{host}"),
        fingerprint: known.fingerprint,
        number,
        device: app.store().device(),
        hub: known.device,
        branch,
    };
    // Its log says whether it is the hub; ours it may have as well, as any machine of the branch.
    let line = Line::new(dir, paired.clone(), false).map_err(file)?;
    line.sync(app);
    let hub = app.hub().map_err(store)?;
    if hub.is_some_and(|hub| hub.device == paired.hub) {
        Ok(paired)
    } else {
        Err(refuse(
            Code::HubForeign,
            "Máy ở địa chỉ này thuộc chi nhánh nhưng hiện không phải máy chủ quầy. Chưa đổi gì. Mời hỏi người phụ trách máy nào đang làm máy chủ.",
        ))
    }
}
