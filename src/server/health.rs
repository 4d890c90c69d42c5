//! The health service. Whoever watches is told that the server stops, and let go: a watch that lasted would hold up the end of it.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::{Health as Service, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};

pub(super) struct Health {
    statuses: HealthService,
    closing: watch::Receiver<bool>,
}

/// Serves what `reporter` reports, until `closing` is true.
pub(super) fn service(
    reporter: &HealthReporter,
    closing: watch::Receiver<bool>,
) -> HealthServer<Health> {
    HealthServer::new(Health {
        statuses: HealthService::from_health_reporter(reporter.clone()),
        closing,
    })
}

#[tonic::async_trait]
impl Service for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.statuses.check(request).await
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let statuses = self.statuses.watch(request).await?.into_inner();
        let until = (statuses, self.closing.clone());
        let told = stream::unfold(until, |(mut statuses, mut closing)| async move {
            let status = tokio::select! {
                // What is reported before the server closes is told before.
                biased;
                status = statuses.next() => status?,
                _ = closing.wait_for(|closing| *closing) => return None,
            };
            Some((status, (statuses, closing)))
        });
        Ok(Response::new(told.boxed()))
    }
}

#[cfg(test)]
mod tests {
    use tonic_health::ServingStatus;

    use super::*;

    #[tokio::test]
    async fn whoever_watches_is_told_the_last_status_and_let_go() {
        let reporter = HealthReporter::new();
        let (closes, closing) = watch::channel(false);
        let health = Health {
            statuses: HealthService::from_health_reporter(reporter.clone()),
            closing,
        };
        let watched = Request::new(HealthCheckRequest::default());
        let mut told = health.watch(watched).await.unwrap().into_inner();
        let mut next = async || told.next().await.map(|status| status.unwrap().status);
        assert_eq!(next().await, Some(ServingStatus::Serving as i32));
        let stops = ServingStatus::NotServing;
        reporter.set_service_status("", stops).await;
        closes.send_replace(true);
        assert_eq!(next().await, Some(stops as i32));
        assert_eq!(next().await, None);
    }
}
