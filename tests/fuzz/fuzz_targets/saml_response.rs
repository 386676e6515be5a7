#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::saml_response::run(data);
});
