#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::federation_metadata::run(data);
});
