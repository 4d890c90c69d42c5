//! A policy that cannot be asked without an error: refused, and whoever watches the server is told.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_gives_an_error_refuses_and_raises_an_alarm() {
    let city = City::new().await;
    let mut health = HealthClient::new(city.server.channel().await);
    let watched = HealthCheckRequest {
        service: "access-policy".to_owned(),
    };
    let mut told = health.watch(watched).await.unwrap().into_inner();
    let well = told.message().await.unwrap().unwrap();
    assert_eq!(well.status(), ServingStatus::Serving);

    // The product is no number that fits.
    let broken = "@id(\"broken\")\npermit (principal, action == Daicho::Action::\"ReadGoal\", resource)\n  \
                  when { context.today * 9223372036854775807 == 0 };";
    let policy = PolicyPublished {
        code: "access".to_owned(),
        version: 2,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(AccessPolicy {
            cedar: format!("{BUILT_IN}{broken}"),
        })),
    };
    let published = event(&city.today, Payload::PolicyPublished(policy));
    city.sends("企画", vec![published]).await.unwrap();
    assert!(city.goal("担当", "計画/1-1").await.is_err());
    let alarm = told.message().await.unwrap().unwrap();
    assert_eq!(alarm.status(), ServingStatus::NotServing);
    // What it was not asked about goes on.
    city.reports("担当").await.unwrap();
    city.server.stop().await;
}
