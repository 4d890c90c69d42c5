//! Tells whoever watches the server that an access policy cannot be asked without an error.

use std::time::Duration;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// The name under which the health service says whether access policies answer.
const HEALTH: &str = "access-policy";
/// How long no question may have failed until all is said to be well again: longer than whoever watches looks away.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// Says NOT_SERVING from the first question that fails until none has failed for an hour. Ends with the sender of `failures`.
pub(super) async fn follow(failures: watch::Receiver<u64>, health: HealthReporter) {
    tell(failures, health, || tokio::time::sleep(QUIET)).await;
}

async fn tell<Q: Future<Output = ()>>(
    mut failures: watch::Receiver<u64>,
    health: HealthReporter,
    quiet: impl Fn() -> Q,
) {
    let say = |status| health.set_service_status(HEALTH, status);
    say(ServingStatus::Serving).await;
    while failures.changed().await.is_ok() {
        say(ServingStatus::NotServing).await;
        loop {
            tokio::select! {
                another = failures.changed() => {
                    if another.is_err() {
                        return;
                    }
                }
                () = quiet() => break,
            }
        }
        say(ServingStatus::Serving).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::{Stream, StreamExt as _};
    use tokio::sync::Notify;
    use tonic_health::pb::health_server::Health as _;
    use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
    use tonic_health::server::HealthService;

    use super::*;

    /// The next status that is another than `last`.
    async fn next(
        told: &mut (impl Stream<Item = Result<HealthCheckResponse, tonic::Status>> + Unpin),
        last: i32,
    ) -> i32 {
        loop {
            let status = told.next().await.unwrap().unwrap().status;
            if status != last {
                return status;
            }
        }
    }

    #[tokio::test]
    async fn a_failure_is_told_until_it_has_been_quiet() {
        let (well, alarm) = (
            ServingStatus::Serving as i32,
            ServingStatus::NotServing as i32,
        );
        let (reporter, _server) = tonic_health::server::health_reporter();
        reporter
            .set_service_status(HEALTH, ServingStatus::Serving)
            .await;
        let service = HealthService::from_health_reporter(reporter.clone());
        let watched = HealthCheckRequest {
            service: HEALTH.to_owned(),
        };
        let told = service.watch(tonic::Request::new(watched)).await.unwrap();
        let mut told = told.into_inner();
        let (failures, failed) = watch::channel(0_u64);
        let passed = Arc::new(Notify::new());
        let quiet = {
            let passed = passed.clone();
            move || passed.clone().notified_owned()
        };
        let following = tokio::spawn(tell(failed, reporter, quiet));
        for _ in 0..2 {
            failures.send_modify(|failures| *failures += 1);
            assert_eq!(next(&mut told, well).await, alarm);
            passed.notify_one();
            assert_eq!(next(&mut told, alarm).await, well);
        }
        drop(failures);
        following.await.unwrap();
    }
}
