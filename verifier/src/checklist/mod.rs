//! The checklist: the only code that says yes.
//!
//! A request is verified in stages, so that a forgery is refused before its body is read. The first stage needs the
//! head alone:
//!
//! 1. **Transport and method.** TLS where the policy wants it; the method is `POST`; at most 256 header lines.
//! 2. **One signature.** Exactly one `Signature` header and none in `Authorization`; at most 8 KiB; strict grammar.
//! 3. **Algorithm.** Absent or `rsa-sha256`. It is compared and never chooses code: the algorithm follows from the key.
//! 4. **Coverage.** Distinct names, at most 32, among them `(request-target)`, `host`, `date`, `x-copernica-id` and
//!    `digest`.
//! 5. **Covered headers.** Each is there; those with one meaning are there once; none holds a control character; the
//!    target is in origin form.
//! 6. **Date.** An IMF-fixdate inside the window.
//! 7. **Host.** One of those that this receiver is called by.
//! 8. **Account.** One of those whose callbacks this receiver takes.
//! 9. **Key.** Its name lies in an allowed zone; it is published, not revoked, large enough.
//! 10. **Signature.** Canonical base64, as long as the modulus, over the signing string.
//!
//! The second stage takes the body, whole or in parts:
//!
//! 11. **Body.** Within its limit, as long as `Content-Length` says, with the digest that was signed.
//!
//! The third stage needs a memory, so it is not done here but by the [replay guard](crate::replay):
//!
//! 12. **Replay.** `X-Nonce` is covered, 1 to 256 visible ASCII characters; the account has not sent it before.
//!
//! Steps are done in this order, except that whatever can be told from the head alone is told before the key is asked
//! for: a request whose `signature`, `Digest` or `Content-Length` is malformed causes no DNS query.
//!
//! Nothing here does I/O or reads a clock; the time and the keys are arguments.

mod body;
mod head;
mod signature;

pub use head::PendingHead;

/// How many steps there are.
pub const STEPS: u8 = 12;
