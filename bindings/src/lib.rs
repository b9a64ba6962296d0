//! The native half of the Python package `callback_verifier`.
//!
//! It turns Python's arguments into a request ([`request`]) and a verifier ([`verifier`], [`arguments`]), has the library
//! verify while other Python threads run, and turns the outcome into objects ([`verified`], [`callback`], [`claim`]) and
//! exceptions ([`rejected`]). For tests it signs, too ([`sign`]), and it has the
//! program of the package `callback-verifier-cli` in it ([`command_line`]). What is verified, and how, stands in the library alone.

mod arguments;
mod callback;
mod claim;
mod command_line;
mod dns;
mod rejected;
mod request;
mod sign;
mod verified;
mod verifier;

#[pyo3::pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use crate::callback::PyCallback;
    #[pymodule_export]
    use crate::claim::PyClaim;
    #[pymodule_export]
    use crate::command_line::command_line;
    #[pymodule_export]
    use crate::rejected::{
        BodyTooLarge, KeyLookupError, Malformed, NotAuthentic, PayloadError, Rejected, Replayed, TryAgainLater,
    };
    #[pymodule_export]
    use crate::sign::PyPrivateKey;
    #[pymodule_export]
    use crate::verified::{PyAuthenticHead, PyBodyVerifier, PyVerified, PyVerifiedStream};
    #[pymodule_export]
    use crate::verifier::PyVerifier;
}
