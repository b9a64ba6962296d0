use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::access_token::AccessToken;

/// How many sessions there are at most; the oldest one makes room.
const MAX_SESSIONS: usize = 1000;
/// How long a session lasts. Assumption: the platform does not document it.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
const COOKIE: &str = "soap_session";

/// Those who have logged in, and show a cookie instead of the access token. They are gone when the program ends.
#[derive(Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<VecDeque<Session>>>);

struct Session {
    /// Of what the cookie holds, so that the time it takes to find it tells nothing.
    digest: [u8; 32],
    begun: Instant,
}

impl Sessions {
    /// Begins a session; the value of `Set-Cookie`.
    pub(super) fn begin(&self, now: Instant) -> Result<String, getrandom::Error> {
        // A session is named as an access token is made: 192 random bits.
        let name = AccessToken::random()?;
        let session = Session { digest: Sha256::digest(name.as_str()).into(), begun: now };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() == MAX_SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(session);
        Ok(format!("{COOKIE}={}; Path=/soap; HttpOnly; SameSite=Strict", name.as_str()))
    }

    /// Whether a request shows the cookie of a session that lasts.
    pub(super) fn know(&self, headers: &HeaderMap, now: Instant) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut names = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name.trim() == COOKIE).then(|| value.trim())
        });
        let Some(name) = names.next() else { return false };
        let digest: [u8; 32] = Sha256::digest(name).into();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while sessions.front().is_some_and(|oldest| now.duration_since(oldest.begun) > LIFETIME) {
            sessions.pop_front();
        }
        sessions.iter().any(|session| session.digest == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn showing(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_session_is_known_by_its_cookie_until_too_many_came_after_it() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let set = sessions.begin(now).unwrap();
        let cookie = set.split(';').next().unwrap();
        assert!(sessions.know(&showing(&format!("a=b; {cookie}")), now));
        for stranger in ["", "soap_session=", "soap_session=x", &cookie.replace('=', "")] {
            assert!(!sessions.know(&showing(stranger), now), "{stranger}");
        }
        for _ in 0..MAX_SESSIONS {
            assert!(sessions.know(&showing(cookie), now));
            sessions.begin(now).unwrap();
        }
        assert!(!sessions.know(&showing(cookie), now));
        assert_eq!(sessions.0.lock().unwrap().len(), MAX_SESSIONS);
    }

    #[test]
    fn a_session_ends_after_its_time() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let set = sessions.begin(now).unwrap();
        let cookie = showing(set.split(';').next().unwrap());
        assert!(sessions.know(&cookie, now + LIFETIME));
        assert!(!sessions.know(&cookie, now + LIFETIME + Duration::from_secs(1)));
        assert!(sessions.0.lock().unwrap().is_empty());
    }
}
