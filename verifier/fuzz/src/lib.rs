//! Fuzz targets for every parser of the verifier. See `CONTRIBUTING.md` for how to run them.

pub mod targets;
