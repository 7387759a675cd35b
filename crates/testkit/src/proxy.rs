//! A bad network between two programs: a TCP proxy that is slow, silent, deaf on one side, cuts in
//! the middle of a word, resets, or says everything twice, as it is told.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use socket2::SockRef;

/// How often a pump looks whether the weather has changed.
const LOOK: Duration = Duration::from_millis(10);

/// What happens to what goes through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weather {
    /// Everything arrives.
    #[default]
    Clear,
    /// Each piece takes that much longer.
    Slow(Duration),
    /// So many bytes a second and direction.
    Narrow(u32),
    /// Connections are taken and stay open, and nothing goes either way.
    Silent,
    /// Questions arrive and answers do not.
    Deaf,
    /// Whoever connects is reset.
    Reset,
    /// A connection ends after so many bytes of answers, in the middle of whatever it was.
    Truncate(u64),
    /// Each connection is opened twice, and what is said first is said on both.
    Twice,
}

#[derive(Debug)]
struct Shared {
    /// In turns; one that does not listen is passed over.
    targets: Vec<SocketAddr>,
    turn: AtomicU64,
    weather: Mutex<Weather>,
    /// Connections of an older time are reset.
    time: AtomicU64,
    ended: AtomicBool,
}

impl Shared {
    fn connect(&self) -> Option<TcpStream> {
        let many = self.targets.len();
        (0..many).find_map(|_| {
            let turn = self.turn.fetch_add(1, Ordering::AcqRel) as usize;
            TcpStream::connect(self.targets[turn % many]).ok()
        })
    }

    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stands(&self, since: u64) -> bool {
        !self.ended.load(Ordering::Acquire) && self.time.load(Ordering::Acquire) == since
    }
}

/// The proxy; everything it holds is reset when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Proxy {
    /// Listens on a free port of this machine and passes on to `target`.
    ///
    /// # Errors
    /// No port is free.
    pub fn before(target: SocketAddr) -> io::Result<Self> {
        Self::over(vec![target])
    }

    /// A simple balancer: each connection goes to the next of them that listens.
    ///
    /// # Errors
    /// No port is free.
    pub fn over(targets: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            targets,
            turn: AtomicU64::new(0),
            weather: Mutex::default(),
            time: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let taking = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if taking.ended.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&taking);
                thread::spawn(move || serve(&shared, stream));
            }
        });
        Ok(Self { shared, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The weather from now on, also for connections that are open.
    pub fn set(&self, weather: Weather) {
        *self
            .shared
            .weather
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// Resets every open connection.
    pub fn cut(&self) {
        self.shared.time.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes whoever waits for a connection.
        TcpStream::connect(self.address).ok();
    }
}

fn reset(stream: &TcpStream) {
    // Where the other side is gone already there is nothing to reset.
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
}

fn serve(shared: &Arc<Shared>, near: TcpStream) {
    let since = shared.time.load(Ordering::Acquire);
    let weather = shared.weather();
    if weather == Weather::Reset {
        reset(&near);
        return;
    }
    let Some(far) = shared.connect() else {
        // Nobody listens there: that is what the caller is to see.
        reset(&near);
        return;
    };
    let echo = (weather == Weather::Twice)
        .then(|| shared.connect())
        .flatten();
    for stream in [&near, &far] {
        stream.set_nodelay(true).ok();
        stream.set_read_timeout(Some(LOOK)).expect("a read timeout");
        stream
            .set_write_timeout(Some(Duration::from_secs(1)))
            .expect("a write timeout");
    }
    let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else {
        return;
    };
    let asking = {
        let shared = Arc::clone(shared);
        thread::spawn(move || pump(&shared, since, &near_too, &far_too, true, echo))
    };
    pump(shared, since, &far, &near, false, None);
    asking.join().ok();
}

fn holds_up(weather: Weather, questions: bool) -> bool {
    weather == Weather::Silent || weather == Weather::Deaf && !questions
}

/// Passes on in one direction until either side ends, is cut, or the weather ends it.
fn pump(
    shared: &Shared,
    since: u64,
    from: &TcpStream,
    to: &TcpStream,
    questions: bool,
    mut echo: Option<TcpStream>,
) {
    let (mut reader, mut writer) = (from, to);
    let mut piece = [0_u8; 16 << 10];
    let mut passed = 0_u64;
    let hang_up = || {
        for stream in [from, to] {
            reset(stream);
            stream.shutdown(std::net::Shutdown::Both).ok();
        }
    };
    loop {
        if !shared.stands(since) {
            return hang_up();
        }
        let weather = shared.weather();
        if holds_up(weather, questions) {
            thread::sleep(LOOK);
            continue;
        }
        let most = match weather {
            Weather::Narrow(rate) => (rate as usize / 100).clamp(1, piece.len()),
            _ => piece.len(),
        };
        let count = match reader.read(&mut piece[..most]) {
            Ok(0) => {
                to.shutdown(std::net::Shutdown::Write).ok();
                return;
            }
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => return hang_up(),
        };
        // As it is when the piece is there, not when the waiting for it began.
        let weather = loop {
            let weather = shared.weather();
            if !shared.stands(since) {
                return hang_up();
            }
            if !holds_up(weather, questions) {
                break weather;
            }
            thread::sleep(LOOK);
        };
        match weather {
            Weather::Slow(time) => thread::sleep(time),
            Weather::Narrow(_) => thread::sleep(LOOK),
            _ => {}
        }
        passed += count as u64;
        if let Weather::Truncate(after) = weather
            && !questions
            && passed >= after
        {
            writer.write_all(&piece[..count / 2]).ok();
            return hang_up();
        }
        if let Some(second) = &mut echo
            && second.write_all(&piece[..count]).is_err()
        {
            echo = None;
        }
        if writer.write_all(&piece[..count]).is_err() {
            return hang_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
        thread,
        time::{Duration, Instant},
    };

    use super::{Proxy, Weather};

    /// Says everything back.
    fn echo() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let proxy = Proxy::before(listener.local_addr().expect("an address")).expect("a proxy");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let (mut read, mut write) = (&stream, &stream);
                    std::io::copy(&mut read, &mut write).ok();
                });
            }
        });
        proxy
    }

    fn say(stream: &mut TcpStream, patience: Duration) -> std::io::Result<[u8; 5]> {
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"hello")?;
        let mut heard = [0; 5];
        stream.read_exact(&mut heard)?;
        Ok(heard)
    }

    #[test]
    fn each_weather_does_what_it_says() {
        const LONG: Duration = Duration::from_secs(10);
        const SHORT: Duration = Duration::from_millis(300);
        let proxy = echo();
        let connect = || TcpStream::connect(proxy.address()).expect("a connection");
        let mut open = connect();
        assert_eq!(say(&mut open, LONG).expect("clear"), *b"hello");

        proxy.set(Weather::Slow(Duration::from_millis(100)));
        let began = Instant::now();
        assert_eq!(say(&mut open, LONG).expect("slow"), *b"hello");
        assert!(began.elapsed() >= Duration::from_millis(200));

        proxy.set(Weather::Silent);
        assert!(say(&mut open, SHORT).is_err());
        proxy.set(Weather::Clear);
        let mut late = [0; 5];
        open.set_read_timeout(Some(LONG)).expect("a timeout");
        open.read_exact(&mut late).expect("what was held up comes");

        proxy.set(Weather::Truncate(3));
        assert!(say(&mut connect(), LONG).is_err());
        proxy.set(Weather::Reset);
        assert!(say(&mut connect(), LONG).is_err());
        proxy.set(Weather::Twice);
        assert_eq!(say(&mut connect(), LONG).expect("twice"), *b"hello");
        proxy.set(Weather::Narrow(200));
        assert_eq!(say(&mut connect(), LONG).expect("narrow"), *b"hello");

        proxy.set(Weather::Clear);
        let mut open = connect();
        assert_eq!(say(&mut open, LONG).expect("clear"), *b"hello");
        proxy.cut();
        assert!(say(&mut open, LONG).is_err());
    }
}
