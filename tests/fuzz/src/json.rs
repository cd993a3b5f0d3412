//! Frames of the codec `json`.
#![no_main]

mod codec;

use libfuzzer_sys::fuzz_target;
use stratd_logging::Codec;

fuzz_target!(|bytes: &[u8]| codec::check(bytes, Codec::Json));
