//! Setting up the first user: a token that is printed where the server was started, works once
//! and for a day, and only while there is no user.

use crate::secret::Secret;
use parking_lot::Mutex;
use vedette_event::Time;

/// 24 hours, in microseconds.
const LIFE: i64 = 24 * 3600 * 1_000_000;

pub struct Setup(Mutex<Option<Token>>);

struct Token {
    secret: Secret,
    expires_at: Time,
}

impl Setup {
    /// With a fresh token when it is needed.
    pub fn new(needed: bool, now: Time) -> Setup {
        Setup(Mutex::new(needed.then(|| Token { secret: Secret::random(), expires_at: now.plus(LIFE) })))
    }

    /// The token for the link that is printed.
    pub fn token(&self) -> Option<Secret> {
        self.0.lock().as_ref().map(|token| token.secret.clone())
    }

    pub fn expires_at(&self) -> Option<Time> {
        self.0.lock().as_ref().map(|token| token.expires_at)
    }

    pub fn accepts(&self, given: &str, now: Time) -> bool {
        self.0.lock().as_ref().is_some_and(|token| now < token.expires_at && token.secret.matches(given))
    }

    /// The first user exists: the token is spent.
    pub fn done(&self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_once_and_for_a_day() {
        let setup = Setup::new(true, Time(0));
        let token = setup.token().map(|token| token.reveal().to_owned()).unwrap_or_default();
        assert!(setup.accepts(&token, Time(LIFE - 1)));
        assert!(!setup.accepts(&token, Time(LIFE)) && !setup.accepts("", Time(1)));
        setup.done();
        assert!(!setup.accepts(&token, Time(1)) && setup.token().is_none());
        assert!(!Setup::new(false, Time(0)).accepts("", Time(1)));
    }
}
