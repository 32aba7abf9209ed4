//! API keys as the Cortex API knows them.
//!
//! Standard: `x-xdr-auth-id` and the key itself as `Authorization`. Advanced: also `x-xdr-nonce` and
//! `x-xdr-timestamp` (milliseconds), and `Authorization` is the SHA-256, in hexadecimal, of key, nonce
//! and time stamp one after the other. The key is never on the wire, a time stamp is good for five
//! minutes, and what changes something is taken once under its nonce; reading may go on under it
//! (docs/adr/004-nonces-of-known-clients.md).

use super::error::ApiError;
use crate::access::{Identity, IdentityKind};
use crate::app::App;
use crate::secret::{Secret, digest, hex};
use crate::state::{KeySecret, SignedCall};
use axum::http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq;
use vedette_event::Time;

/// How far the clocks of client and server may differ, in microseconds.
const SKEW: i64 = 300 * 1_000_000;
const LONGEST_NONCE: usize = 512;

/// What a request says of its key.
pub struct Signed {
    id: i64,
    authorization: String,
    nonce: Option<String>,
    timestamp: Option<String>,
}

impl Signed {
    /// Whether it may be a hash over a nonce. A client may send nonce and time with a standard key
    /// too; they mean nothing then.
    pub fn is_hashed(&self) -> bool {
        self.nonce.is_some() && self.timestamp.is_some()
    }
}

/// The call that is made with the key.
pub struct Call {
    pub digest: [u8; 32],
    pub address: String,
    /// It changes nothing.
    pub reads: bool,
}

fn refused(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}

/// The key headers of a request; `None` when it has none.
pub fn of(headers: &HeaderMap) -> Result<Option<Signed>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(id) = headers.get("x-xdr-auth-id") else { return Ok(None) };
    let id = id.to_str().ok().and_then(|id| id.trim().parse().ok()).ok_or_else(|| {
        refused("invalid_key", "`x-xdr-auth-id` is the number of an API key, as the list of keys shows it.")
    })?;
    let authorization = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
    // Some clients put the scheme before it that other APIs want.
    let authorization = match authorization.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => authorization,
    };
    if authorization.is_empty() {
        return Err(refused("invalid_key", "The header `Authorization` is missing: it carries the API key."));
    }
    Ok(Some(Signed {
        id,
        authorization: authorization.to_owned(),
        nonce: text("x-xdr-nonce").filter(|nonce| !nonce.is_empty()).map(str::to_owned),
        timestamp: text("x-xdr-timestamp").filter(|time| !time.is_empty()).map(str::to_owned),
    }))
}

/// The identity behind a key, or why it is not taken.
pub async fn check(app: &App, signed: Signed, call: Call) -> Result<Identity, ApiError> {
    let sealer = app.sealer.clone();
    let checked = app
        .state(move |store, now| {
            let Some((key, secret)) = store.key_secret(&sealer, signed.id, now)? else {
                return Ok(Err(wrong_key(signed.id)));
            };
            let verdict = match secret {
                KeySecret::Standard(kept) if bool::from(kept.ct_eq(&digest(&signed.authorization))) => Ok(()),
                KeySecret::Standard(_) => Err(wrong_key(signed.id)),
                KeySecret::Advanced(secret) => match stamp(&signed, &secret) {
                    Ok((nonce, stamp)) => {
                        let call = SignedCall {
                            key_id: key.id,
                            nonce,
                            call: call.digest,
                            address: &call.address,
                            stamp,
                            reads: call.reads,
                        };
                        // A nonce that reads since it was fresh goes on reading.
                        if skewed(stamp, now).is_none() || store.goes_on(&call, now)? {
                            if store.note_call(&call, now)? { Ok(()) } else { Err(replayed()) }
                        } else {
                            Err(skewed(stamp, now).unwrap_or_else(replayed))
                        }
                    }
                    Err(error) => Err(error),
                },
            };
            if verdict.is_ok() {
                store.touch_key(&key, now)?;
            }
            Ok(verdict.map(|()| Identity {
                name: key.name,
                role: key.role,
                kind: IdentityKind::ApiKey,
                number: Some(key.id),
                expires_at: key.expires_at,
            }))
        })
        .await?;
    if let Err(error) = &checked {
        tracing::warn!(reason = error.message(), "an API key was refused");
    }
    checked
}

/// One message for all that must not be told apart: no such key, an expired one, a wrong secret.
fn wrong_key(id: i64) -> ApiError {
    refused(
        "invalid_key",
        format!("API key {id} does not exist, has expired, or the key sent is not its own."),
    )
}

fn replayed() -> ApiError {
    refused("replayed", "This call was made already with this nonce.")
        .help("Send a new `x-xdr-nonce` and `x-xdr-timestamp` with each call.")
}

/// Nonce and time of a hash that is right.
fn stamp<'a>(signed: &'a Signed, secret: &Secret) -> Result<(&'a str, Time), ApiError> {
    let (Some(nonce), Some(timestamp)) = (&signed.nonce, &signed.timestamp) else {
        let message = format!("API key {} is an advanced key.", signed.id);
        return Err(refused("invalid_key", message)
            .help("Send `x-xdr-nonce`, `x-xdr-timestamp` and the hash over key, nonce and time stamp."));
    };
    let expected = hex(&digest(&format!("{}{nonce}{timestamp}", secret.reveal())));
    let given = signed.authorization.to_ascii_lowercase();
    if nonce.len() > LONGEST_NONCE || !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(wrong_key(signed.id));
    }
    let milliseconds: i64 = timestamp
        .parse()
        .map_err(|_| refused("invalid_key", "`x-xdr-timestamp` is a number of milliseconds since 1970."))?;
    Ok((nonce, Time(milliseconds.saturating_mul(1000))))
}

/// What is wrong with a time that is too far from ours.
fn skewed(time: Time, now: Time) -> Option<ApiError> {
    let behind = now.since(time);
    if behind.saturating_abs() <= SKEW {
        return None;
    }
    let side = if behind > 0 { "behind" } else { "ahead of" };
    let seconds = behind.saturating_abs() / 1_000_000;
    let message = format!(
        "Clock skew: `x-xdr-timestamp` is {seconds} s {side} this server's clock, and at most {} s are taken.",
        SKEW / 1_000_000
    );
    let help =
        format!("It is {now} here: set the clock of the client or of the server, and sign each call anew.");
    Some(refused("clock_skew", message).help(help))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock;

    fn milliseconds(now: Time) -> String {
        (now.0 / 1000).to_string()
    }

    fn signed(secret: &Secret, nonce: &str, timestamp: &str) -> Signed {
        Signed {
            id: 7,
            authorization: hex(&digest(&format!("{}{nonce}{timestamp}", secret.reveal()))),
            nonce: Some(nonce.to_owned()),
            timestamp: Some(timestamp.to_owned()),
        }
    }

    #[test]
    fn a_hash_is_good_for_its_key_and_its_time() {
        let (secret, now) = (Secret::random_key(), clock::now());
        let nonce = "n".repeat(64);
        let fresh = signed(&secret, &nonce, &milliseconds(now));
        let (named, time) = stamp(&fresh, &secret).unwrap();
        assert_eq!(named, nonce);
        assert!(skewed(time, now.plus(SKEW - 1_000)).is_none());
        let late = skewed(time, now.plus(2 * SKEW)).unwrap();
        assert!(late.message().contains("600 s behind"), "{}", late.message());
        let early = skewed(time, now.plus(-2 * SKEW)).unwrap();
        assert!(early.message().contains("ahead of"), "{}", early.message());
        // Who has not the key learns nothing of clocks.
        let wrong = stamp(&signed(&secret, &nonce, "1"), &Secret::random_key()).unwrap_err();
        assert!(wrong.message().contains("not its own"), "{}", wrong.message());
        for timestamp in ["", "soon", "99999999999999999999"] {
            assert!(stamp(&signed(&secret, &nonce, timestamp), &secret).is_err(), "{timestamp}");
        }
        let early = stamp(&signed(&secret, &nonce, "-1"), &secret).unwrap().1;
        assert!(skewed(early, now).is_some());
        let mut loud = signed(&secret, &nonce, &milliseconds(now));
        loud.authorization = loud.authorization.to_uppercase();
        assert!(stamp(&loud, &secret).is_ok());
    }

    #[test]
    fn headers_that_are_no_key_are_told_from_none() {
        let mut headers = HeaderMap::new();
        assert!(of(&headers).unwrap().is_none());
        headers.insert("x-xdr-auth-id", "seven".parse().unwrap());
        assert!(of(&headers).is_err());
        headers.insert("x-xdr-auth-id", "7".parse().unwrap());
        assert!(of(&headers).is_err(), "no key");
        headers.insert("authorization", "Bearer abc".parse().unwrap());
        let signed = of(&headers).unwrap().unwrap();
        assert_eq!((signed.id, signed.authorization.as_str(), signed.is_hashed()), (7, "abc", false));
    }
}
