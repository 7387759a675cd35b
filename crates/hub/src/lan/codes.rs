//! Codes that wait to be used. They live in memory: a hub that starts anew knows none.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use motcua_domain::Code;
use motcua_protocol::ApiError;
use uuid::Uuid;

use crate::pairing::{self, Transcript};

/// How long a code may be used.
const LIFE: Duration = Duration::from_secs(300);
/// How long a session of a pairing may take between its two steps.
const SESSION: Duration = Duration::from_secs(30);
/// Codes that may wait at once.
const MOST_CODES: usize = 5;
/// Wrong tries of one address while codes wait; more of it are not looked at. So whoever is on the
/// network and guesses shuts out themselves, and not the officer's code.
const MOST_WRONG_OF_ONE: u8 = 3;
/// Wrong tries of all addresses together after which a code is burnt: with thirty to the power of
/// eight codes, who guesses has one chance in three thousand million.
const MOST_WRONG: u8 = 200;
/// Codes that are gone and still told apart from wrong ones.
const MOST_GONE: usize = 3;
/// Sessions between their two steps, of everybody and of one address.
const MOST_SESSIONS: usize = 64;
const MOST_SESSIONS_OF_ONE: usize = 4;

#[derive(Debug)]
struct Waiting {
    code: String,
    until: Instant,
    wrong: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Used,
    Expired,
}

#[derive(Debug)]
struct Session {
    id: Uuid,
    began: Instant,
    from: IpAddr,
    transcript: Transcript,
}

#[derive(Debug, Default)]
struct Book {
    waiting: Vec<Waiting>,
    gone: Vec<(String, Why)>,
    sessions: Vec<Session>,
    /// Wrong tries of each address, and until when they count.
    wrong: HashMap<IpAddr, (u8, Instant)>,
}

/// The codes of a hub.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    book: Mutex<Book>,
    /// One proof is checked at a time: each costs 32 MiB and a tenth of a second by design.
    checking: Mutex<()>,
}

fn refuse(code: Code, message: &str) -> ApiError {
    ApiError {
        code,
        message: message.to_owned(),
        field: Some("code".to_owned()),
    }
}

impl Book {
    fn tidy(&mut self, now: Instant) {
        let mut i = 0;
        while i < self.waiting.len() {
            if self.waiting[i].until <= now {
                let old = self.waiting.remove(i);
                self.forget(old.code, Why::Expired);
            } else {
                i += 1;
            }
        }
        self.sessions
            .retain(|session| now.duration_since(session.began) < SESSION);
        self.wrong.retain(|_, (_, until)| *until > now);
    }

    fn forget(&mut self, code: String, why: Why) {
        self.gone.push((code, why));
        if self.gone.len() > MOST_GONE {
            self.gone.remove(0);
        }
    }
}

impl Book {
    /// Whether an address may still try.
    fn may_try(&self, from: IpAddr) -> Result<(), ApiError> {
        match self.wrong.get(&from) {
            Some((wrong, _)) if *wrong >= MOST_WRONG_OF_ONE => Err(refuse(
                Code::PairTooMany,
                "Máy này đã nhập sai mã ghép nhiều lần. Chưa ghép gì. Mời đợi 5 phút, lấy mã mới trên máy chủ quầy rồi làm lại.",
            )),
            _ => Ok(()),
        }
    }
}

impl Codes {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new code, and how long it lives.
    pub(crate) fn open(&self, now: Instant) -> Result<(String, Duration), ApiError> {
        let mut book = self.book();
        book.tidy(now);
        if book.waiting.len() >= MOST_CODES {
            return Err(refuse(
                Code::PairTooMany,
                "Đang có nhiều mã ghép chưa dùng. Mời dùng các mã đó, hoặc đợi vài phút cho mã hết hạn.",
            ));
        }
        let code = pairing::fresh_code();
        book.waiting.push(Waiting {
            code: code.clone(),
            until: now + LIFE,
            wrong: 0,
        });
        Ok((code, LIFE))
    }

    /// The first step of a pairing.
    pub(crate) fn begin(
        &self,
        transcript: Transcript,
        from: IpAddr,
        now: Instant,
    ) -> Result<Uuid, ApiError> {
        let mut book = self.book();
        book.tidy(now);
        book.may_try(from)?;
        let of_one = book.sessions.iter().filter(|s| s.from == from).count();
        if book.sessions.len() >= MOST_SESSIONS || of_one >= MOST_SESSIONS_OF_ONE {
            return Err(refuse(
                Code::PairTooMany,
                "Máy chủ quầy đang bận ghép máy khác. Mời làm lại sau nửa phút.",
            ));
        }
        let id = Uuid::new_v4();
        book.sessions.push(Session {
            id,
            began: now,
            from,
            transcript,
        });
        Ok(id)
    }

    /// The second: whether the counter knows a code. The code is burnt before this answers; the
    /// answer is the hub's own proof and the transcript.
    pub(crate) fn finish(
        &self,
        session: Uuid,
        proof: &str,
        now: Instant,
    ) -> Result<(blake3::Hash, Transcript), ApiError> {
        let _one = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        let (transcript, from, waiting, gone) = {
            let mut book = self.book();
            book.tidy(now);
            let at = book.sessions.iter().position(|s| s.id == session);
            let Some(at) = at else {
                return Err(refuse(
                    Code::PairCodeExpired,
                    "Lần ghép này đã quá giờ hoặc đã xong. Mời làm lại từ đầu.",
                ));
            };
            // One try for a session, whatever comes of it.
            let Session {
                from, transcript, ..
            } = book.sessions.remove(at);
            // Before the proof is looked at: that costs a tenth of a second for each code.
            book.may_try(from)?;
            let waiting: Vec<String> = book.waiting.iter().map(|w| w.code.clone()).collect();
            (transcript, from, waiting, book.gone.clone())
        };
        let proof = pairing::digest(proof);
        let fits = |code: &str| -> Option<[u8; 32]> {
            let key = transcript.key(code)?;
            (proof == Some(transcript.by_counter(&key))).then_some(key)
        };
        for code in waiting {
            let Some(key) = fits(&code) else { continue };
            let mut book = self.book();
            let at = book.waiting.iter().position(|w| w.code == code);
            if let Some(at) = at {
                book.waiting.remove(at);
                book.forget(code, Why::Used);
                return Ok((transcript.by_hub(&key), transcript));
            }
        }
        for (code, why) in gone {
            if fits(&code).is_some() {
                return Err(match why {
                    Why::Used => refuse(
                        Code::PairCodeUsed,
                        "Mã ghép này đã dùng rồi. Mỗi mã chỉ ghép một máy. Mời lấy mã mới trên máy chủ quầy.",
                    ),
                    Why::Expired => refuse(
                        Code::PairCodeExpired,
                        "Mã ghép đã quá 5 phút. Mời lấy mã mới trên máy chủ quầy.",
                    ),
                });
            }
        }
        self.wrong(from, now);
        Err(refuse(
            Code::PairCodeWrong,
            "Mã ghép không đúng. Chưa ghép gì. Mời xem lại mã trên máy chủ quầy.",
        ))
    }

    /// A wrong try counts against every code that waits, for nobody can tell which was meant.
    fn wrong(&self, from: IpAddr, now: Instant) {
        let mut book = self.book();
        let of_one = book.wrong.entry(from).or_insert((0, now));
        *of_one = (of_one.0.saturating_add(1), now + LIFE);
        for waiting in &mut book.waiting {
            waiting.wrong += 1;
        }
        book.waiting.retain(|w| w.wrong < MOST_WRONG);
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]
mod tests {
    use super::*;
    use crate::identity::Fingerprint;

    fn transcript() -> Transcript {
        Transcript {
            counter_nonce: pairing::nonce(),
            hub_nonce: pairing::nonce(),
            counter: Fingerprint([1; 32]),
            hub: Fingerprint([2; 32]),
            device: Uuid::from_u128(7),
            name: "Quầy".to_owned(),
        }
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    fn try_code(codes: &Codes, code: &str, now: Instant) -> Result<blake3::Hash, Code> {
        try_from(codes, address(7), code, now)
    }

    fn try_from(
        codes: &Codes,
        from: IpAddr,
        code: &str,
        now: Instant,
    ) -> Result<blake3::Hash, Code> {
        let seen = transcript();
        let session = codes.begin(seen.clone(), from, now).map_err(|e| e.code)?;
        let proof = seen.by_counter(&seen.key(code).unwrap());
        let answer = codes.finish(session, &proof.to_hex(), now);
        answer.map(|(hub, _)| hub).map_err(|e| e.code)
    }

    #[test]
    fn a_code_works_once_and_for_five_minutes() {
        let (codes, now) = (Codes::default(), Instant::now());
        let (first, _) = codes.open(now).unwrap();
        let (second, _) = codes.open(now).unwrap();
        assert_ne!(first, second);
        assert!(try_code(&codes, &second, now).is_ok());
        assert_eq!(try_code(&codes, &second, now), Err(Code::PairCodeUsed));
        let late = now + LIFE;
        assert_eq!(try_code(&codes, &first, late), Err(Code::PairCodeExpired));
        assert_eq!(try_code(&codes, "22222222", late), Err(Code::PairCodeWrong));
    }

    #[test]
    fn who_guesses_shuts_out_themselves_only() {
        let (codes, now) = (Codes::default(), Instant::now());
        let (code, _) = codes.open(now).unwrap();
        let stranger = address(66);
        for _ in 0..MOST_WRONG_OF_ONE {
            let tried = try_from(&codes, stranger, "ZZZZZZZZ", now);
            assert_eq!(tried, Err(Code::PairCodeWrong));
        }
        // Not even the right one is looked at now, and trying on burns nothing.
        for _ in 0..50 {
            let tried = try_from(&codes, stranger, &code, now);
            assert_eq!(tried, Err(Code::PairTooMany));
        }
        assert!(try_code(&codes, &code, now).is_ok());
        // Five minutes later it is a machine like any other.
        let later = now + LIFE;
        let (code, _) = codes.open(later).unwrap();
        assert!(try_from(&codes, stranger, &code, later).is_ok());
    }

    #[test]
    fn guessing_from_everywhere_burns_a_code() {
        let (codes, now) = (Codes::default(), Instant::now());
        let (code, _) = codes.open(now).unwrap();
        for i in 0..MOST_WRONG {
            codes.wrong(address(i), now);
        }
        assert_eq!(
            try_from(&codes, address(250), &code, now),
            Err(Code::PairCodeWrong)
        );
    }

    #[test]
    fn a_proof_fits_its_own_connection_only() {
        let (codes, now) = (Codes::default(), Instant::now());
        let (code, _) = codes.open(now).unwrap();
        let at_hub = transcript();
        // What a counter proves to a machine in between, which shows it another certificate.
        let mut at_counter = at_hub.clone();
        at_counter.hub = Fingerprint([9; 32]);
        let proof = at_counter.by_counter(&at_counter.key(&code).unwrap());
        let session = codes.begin(at_hub.clone(), address(7), now).unwrap();
        let refused = codes.finish(session, &proof.to_hex(), now).unwrap_err();
        assert_eq!(refused.code, Code::PairCodeWrong);
        // And a session that was tried is gone.
        let right = at_hub.by_counter(&at_hub.key(&code).unwrap());
        let refused = codes.finish(session, &right.to_hex(), now).unwrap_err();
        assert_eq!(refused.code, Code::PairCodeExpired);
    }

    #[test]
    fn codes_and_sessions_are_bounded() {
        let (codes, now) = (Codes::default(), Instant::now());
        for _ in 0..MOST_CODES {
            codes.open(now).unwrap();
        }
        assert_eq!(codes.open(now).unwrap_err().code, Code::PairTooMany);
        assert!(codes.open(now + LIFE).is_ok());
        let begin = |from| codes.begin(transcript(), from, now + LIFE);
        for i in 0..MOST_SESSIONS {
            let one = address(u8::try_from(i / MOST_SESSIONS_OF_ONE).unwrap());
            begin(one).unwrap();
            let refused = (i % MOST_SESSIONS_OF_ONE == MOST_SESSIONS_OF_ONE - 1)
                .then(|| begin(one).unwrap_err().code);
            assert!(refused.is_none_or(|code| code == Code::PairTooMany));
        }
        assert_eq!(begin(address(99)).unwrap_err().code, Code::PairTooMany);
    }
}
