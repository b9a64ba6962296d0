#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| callback_verifier_fuzz::targets::signature_header(input));
