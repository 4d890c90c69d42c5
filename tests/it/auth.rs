//! Callers who sign in, and those who do not: real servers, with authorities, certificates, keys and tokens made here.
//!
//! ```text
//! accesses      what access logs tell of both
//! authority     authorities, certificates and revocation lists
//! beginning     a ledger that is new, and who is let in there
//! issuer        whoever issues access tokens
//! world         a server that asks for both
//! certificates  services, by their certificates
//! tokens        people, by their tokens
//! renewal       files that are replaced while the server runs
//! connections   connections that are not what the server speaks
//! commands      the command line, signed in
//! logs          what is logged, and what never is
//! ```

use daicho::api::v1::ErrorReason;
use tonic::Code;

use crate::errors::{Seen, expect};
use world::World;

mod accesses;
pub(crate) mod authority;
mod beginning;
mod certificates;
mod commands;
mod connections;
pub(crate) mod issuer;
mod logs;
mod renewal;
mod tokens;
pub(crate) mod world;

/// Makes the reasons happen that come of signing in.
pub(crate) async fn all_happen(seen: &mut Seen) {
    let world = World::start().await;
    let status = world.stranger().caller().await.unwrap_err();
    expect(
        seen,
        &status,
        Code::Unauthenticated,
        ErrorReason::Unauthenticated,
        "サインインしてください",
    );
    let service = world.authority.client("spiffe://city.example/import");
    let claiming = world.caller(Some(&service)).claiming("市長");
    let status = claiming.caller().await.unwrap_err();
    let told = expect(
        seen,
        &status,
        Code::PermissionDenied,
        ErrorReason::ActorMismatch,
        "利用者名が違います",
    );
    assert_eq!(told.metadata["subject"], "spiffe://city.example/import");
}
