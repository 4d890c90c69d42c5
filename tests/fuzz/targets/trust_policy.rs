//! Trust policies. Comments and spaces are not kept, so what is printed is parsed again.

#![no_main]

use daicho_fuzz::merkle::TrustPolicy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = TrustPolicy::parse(bytes) {
        let again = TrustPolicy::parse(policy.to_string().as_bytes());
        assert_eq!(again, Ok(policy));
    }
});
