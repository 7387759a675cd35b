//! Which counters have a tablet for ratings on the network: a token for each, kept in the folder,
//! and one address for all of them, open while there is any.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use motcua_app::{App, Change};
use motcua_domain::{Code, Refusal};
use motcua_protocol::verbs::machine::{RatingServed, RatingTablet, TabletStep};
use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Handle,
    sync::{broadcast, watch},
};

use super::{
    Open, Screens,
    rating::{self, Standing},
};
use crate::{acts, endpoint::new_token, identity::write_private, network};

const NAME: &str = "tablets.json";
/// Where tablets look for their page, unless somebody chose otherwise: beside the board's.
const PORT: u16 = 7481;

/// A tablet at a counter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tablet {
    pub(crate) counter: u16,
    pub(crate) token: String,
}

impl std::fmt::Debug for Tablet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the token: this may come into a log.
        write!(f, "Tablet({})", self.counter)
    }
}

/// What the folder remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    listen: SocketAddr,
    tablets: Vec<Tablet>,
}

impl Remembered {
    fn of_folder(dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(dir.join(NAME)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, dir: &Path) -> io::Result<()> {
        write_private(dir, NAME, serde_json::to_string(self)?.as_bytes())
    }

    fn forget(dir: &Path) -> io::Result<()> {
        match fs::remove_file(dir.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Default)]
struct Now {
    /// Where it is to be open.
    listen: Option<SocketAddr>,
    open: Option<Open>,
    /// Why it is not open although it should be.
    trouble: Option<String>,
}

/// The tablets of a machine. Its methods wait for disk and network.
#[derive(Debug)]
pub(crate) struct Tablets {
    app: Arc<App>,
    dir: PathBuf,
    runtime: Handle,
    screens: Option<Arc<dyn Screens>>,
    changes: broadcast::Sender<Change>,
    standing: watch::Sender<Standing>,
    now: Mutex<Now>,
}

impl Tablets {
    pub(crate) fn new(
        app: Arc<App>,
        dir: &Path,
        runtime: Handle,
        screens: Option<Arc<dyn Screens>>,
        changes: broadcast::Sender<Change>,
    ) -> Self {
        Self {
            app,
            dir: dir.to_owned(),
            runtime,
            screens,
            changes,
            standing: watch::Sender::new(Arc::default()),
            now: Mutex::default(),
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a counter's tablet a link, another link, or takes it back. A token that was taken back
    /// opens nothing from then on, and its open lines end.
    pub(crate) fn serve(
        &self,
        counter: u16,
        step: TabletStep,
        port: Option<u16>,
    ) -> Result<(), Refusal> {
        let mut now = self.now();
        let mut tablets = self.standing.borrow().to_vec();
        let at = tablets.iter().position(|tablet| tablet.counter == counter);
        let fresh = || Tablet {
            counter,
            token: new_token(),
        };
        match (step, at) {
            (TabletStep::On, None) => tablets.push(fresh()),
            (TabletStep::Renew, Some(at)) => tablets[at] = fresh(),
            (TabletStep::Off, Some(at)) => drop(tablets.remove(at)),
            (TabletStep::On, Some(_)) | (TabletStep::Off, None) => {}
            (TabletStep::Renew, None) => {
                return Err(Refusal::new(
                    Code::NotFound,
                    "Quầy này chưa bật đánh giá trên máy tính bảng. Chưa đổi gì. Mời bật trước.",
                )
                .at("counter"));
            }
        }
        tablets.sort_by_key(|tablet| tablet.counter);
        if tablets.is_empty() {
            Remembered::forget(&self.dir).map_err(|error| acts::unwritten(&error))?;
            self.standing.send_replace(Arc::default());
            let old = std::mem::take(&mut *now);
            self.close(old.open);
        } else {
            // What is only taken back or changed does not wait for a port.
            let listen = match (step, now.listen) {
                (TabletStep::On, _) => self.open(&mut now, port)?,
                (_, Some(listen)) => listen,
                (_, None) => (Ipv4Addr::UNSPECIFIED, PORT).into(),
            };
            let remembered = Remembered { listen, tablets };
            if let Err(error) = remembered.keep(&self.dir) {
                if self.standing.borrow().is_empty() {
                    let new = std::mem::take(&mut *now);
                    self.close(new.open);
                }
                return Err(acts::unwritten(&error));
            }
            self.standing.send_replace(remembered.tablets.into());
        }
        drop(now);
        self.app.link_changed();
        Ok(())
    }

    /// Opens the address, or another one.
    fn open(&self, now: &mut Now, port: Option<u16>) -> Result<SocketAddr, Refusal> {
        let Some(screens) = self.screens.clone() else {
            return Err(Refusal::new(
                Code::Unsupported,
                "Chương trình đang chạy không kèm màn hình nên chưa mở được trang đánh giá cho máy tính bảng. Mời mở cửa sổ Một Cửa, hoặc chạy motcua serve với --ui.",
            ));
        };
        let usual = now.listen.map_or(PORT, |at| at.port());
        let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.unwrap_or(usual)));
        if let Some(open) = &now.open
            && open.address == at
        {
            return Ok(at);
        }
        let open = rating::open(
            Arc::clone(&self.app),
            screens,
            self.changes.clone(),
            self.standing.subscribe(),
            at,
        );
        let open = (self.runtime.block_on(open)).map_err(|error| acts::taken(at, &error))?;
        let address = open.address;
        let old = std::mem::replace(
            now,
            Now {
                listen: Some(address),
                open: Some(open),
                trouble: None,
            },
        );
        self.close(old.open);
        Ok(address)
    }

    fn close(&self, open: Option<Open>) {
        if let Some(open) = open {
            self.runtime.block_on(open.close());
        }
    }

    /// Opens what the folder remembers. What cannot be opened says why in the settings; nobody's
    /// work hangs on it.
    pub(crate) fn resume(&self) {
        let mut now = self.now();
        let opened = match Remembered::of_folder(&self.dir) {
            Ok(Some(Remembered { listen, tablets })) => {
                self.standing.send_replace(tablets.into());
                now.listen = Some(listen);
                self.open(&mut now, None).map(|_| ())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(acts::unwritten(&error)),
        };
        if let Err(refusal) = opened {
            tracing::warn!(%refusal, "rating page not shown");
            now.trouble = Some(refusal.message);
        }
    }

    /// Closes without waiting; what is remembered stays.
    pub(crate) fn stop(&self) {
        *self.now() = Now::default();
    }

    /// What is shown of it to a supervisor.
    pub(crate) fn state(&self) -> RatingServed {
        let now = self.now();
        let address = now.open.as_ref().map(|open| open.address);
        let reached = address.map(network::reached).unwrap_or_default();
        let links = |token: &str| {
            let short = rating::short(token);
            let link = |at: &String| format!("http://{at}/{short}");
            reached.iter().map(link).collect()
        };
        RatingServed {
            port: now.listen.map_or(PORT, |at| at.port()),
            tablets: (self.standing.borrow().iter())
                .map(|tablet| RatingTablet {
                    counter: tablet.counter,
                    links: links(&tablet.token),
                    qr: None,
                })
                .collect(),
            trouble: now.trouble.clone(),
        }
    }
}
