//! What access logs tell of callers who sign in, and of those who do not.

use daicho::api::v1::ListAccessRequest;

use super::world::World;
use crate::access_log::{access, line};
use crate::service::opening;

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_is_named_and_who_does_not_is_counted() {
    // Where callers sign in, that is so unless it is said otherwise.
    let world = World::start().await;
    let service = world.authority.client("spiffe://city.example/import");
    let caller = world.caller(Some(&service));
    caller.admin().open_ledger(opening("city")).await.unwrap();
    caller.caller().await.unwrap();
    for _ in 0..3 {
        world.stranger().caller().await.unwrap_err();
    }
    caller.clone().claiming("市長").caller().await.unwrap_err();
    let mut audit = caller.audit();
    let asked = audit.list_access(ListAccessRequest::default());
    let mut entries = asked.await.unwrap().into_inner().entries;
    let mut lines: Vec<String> = entries.iter().map(line).collect();
    lines.sort();
    // What is alike may have been written in two.
    lines.dedup();
    assert_eq!(
        lines,
        [
            "nobody known: SIGN_IN GetCaller REFUSED UNAUTHENTICATED",
            "spiffe://city.example/import: ADMINISTER OpenLedger city OK",
            "spiffe://city.example/import: SIGN_IN GetCaller OK",
            // It is known who that was, though not as whom they wanted to be known.
            "spiffe://city.example/import: SIGN_IN GetCaller REFUSED ACTOR_MISMATCH",
        ]
    );
    entries.retain(|entry| line(entry).ends_with("UNAUTHENTICATED"));
    let strangers: u64 = entries.iter().map(|entry| access(entry).count).sum();
    assert_eq!(strangers, 3);
}
