//! How things are measured.

use std::time::Instant;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use pkcs1::der::Decode;
use pkcs1::der::asn1::UintRef;

use crate::support::Callback;

/// The key of the bare verification, parsed once.
pub(crate) fn raw_key(callback: &Callback) -> ParsedPublicKey {
    let info = spki::SubjectPublicKeyInfoRef::try_from(callback.key.public_key_der()).expect("a key");
    let rsa = pkcs1::RsaPublicKey::<UintRef<'_>>::from_der(info.subject_public_key.raw_bytes()).expect("an RSA key");
    let components = PublicKeyComponents { n: rsa.modulus.as_bytes(), e: rsa.public_exponent.as_bytes() };
    components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).expect("a usable key")
}

pub(crate) fn seconds_each(count: u32, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..count).for_each(|_| work());
    begun.elapsed().as_secs_f64() / f64::from(count)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

pub(crate) fn microseconds(seconds: f64) -> f64 {
    rounded(seconds * 1e6, 3)
}

pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The peak memory of this process in KiB, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// How long this thread has run on a processor, in seconds.
///
/// Not from `/proc`, which knows it only as of the scheduler's last tick.
pub(crate) fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
