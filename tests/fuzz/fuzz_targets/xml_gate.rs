#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::xml_gate::run(data);
});
