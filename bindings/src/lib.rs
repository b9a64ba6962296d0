//! The native half of the Python package `callback_verifier`.
//!
//! It turns Python's arguments into a request ([`request`]) and a verifier ([`verifier`], [`arguments`]), has the library
//! verify while other Python threads run, and turns the outcome into objects ([`verified`]) and exceptions ([`refused`]).
//! What is verified, and how, stands in the library alone.

mod arguments;
mod dns;
mod refused;
mod request;
mod verified;
mod verifier;

#[pyo3::pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use crate::refused::Refused;
    #[pymodule_export]
    use crate::verified::PyVerified;
    #[pymodule_export]
    use crate::verifier::PyVerifier;
}
