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
