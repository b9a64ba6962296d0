//! What all modules share: test keys, a publisher that can be made to sign anything, and a receiver.
//!
//! The publisher builds its signing string itself and writes its `Signature` header itself, without the crate: it must be
//! able to sign what no honest publisher signs.

pub(crate) mod der;
mod forge;
#[cfg(feature = "axum")]
mod http_server;
pub(crate) mod keys;
#[cfg(feature = "axum")]
pub(crate) mod log;
mod receiver;

use std::future::Future;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(crate) use forge::{Forge, Message};
#[cfg(feature = "axum")]
pub(crate) use http_server::{Answer, HttpServer};
pub(crate) use receiver::{Published, Receiver};

/// The key's name that the publisher uses unless it is told otherwise.
pub(crate) const KEY_ID: &str = "2026-11._domainkey.copernica.com";
pub(crate) const ACCOUNT: u64 = 1234;
pub(crate) const HOST: &str = "hooks.example.com";
/// The `Date` of a request, and the same in seconds since 1970.
pub(crate) const DATE: &str = "Mon, 23 Nov 2026 08:15:00 GMT";
const DATE_SECONDS: u64 = 1_795_421_700;

/// The receiver's clock: two seconds after [`DATE`].
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(DATE_SECONDS + 2)
}

/// A `Date` that lies so many seconds from [`now`].
pub(crate) fn date_from_now(seconds: i64) -> String {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { now() - distance } else { now() + distance };
    callback_verifier::wire::format_date(time)
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

/// A generator of numbers that repeats itself from run to run (SplitMix64).
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Whether something happens that happens once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    /// Up to `longest` characters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, longest: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..self.below(longest + 1)).map(|_| *self.pick(&alphabet)).collect()
    }
}
