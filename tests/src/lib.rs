//! Nothing: the package is for the end-to-end tests in `e2e`.
