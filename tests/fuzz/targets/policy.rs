//! Policies: files as they are published, and those for access in Cedar, which are sound or told to be wrong.

#![no_main]

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::policy_published::Content;
use daicho::auth::access::CompiledPolicies;
use daicho::cli::policy::fuzzing::published;
use daicho::domain::access::AccessPolicy;

fn compile(cedar: &str) {
    let Ok(text) = AccessPolicy::parse(cedar) else {
        return;
    };
    match CompiledPolicies::read(&text) {
        Ok(policies) => {
            assert_eq!(policies.sha256(), text.sha256());
            assert!(policies.ids().iter().all(|id| !id.trim().is_empty()));
        }
        Err(faults) => {
            assert!((1..=CompiledPolicies::FAULTS_MAX).contains(&faults.len()));
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
        }
    }
}

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    match text.split_at_checked(1) {
        Some((kind @ ("j" | "t"), file)) => {
            if let Ok(Payload::PolicyPublished(policy)) = published(file, kind == "j")
                && let Some(Content::Access(access)) = policy.content
            {
                compile(&access.cedar);
            }
        }
        _ => compile(text),
    }
});
