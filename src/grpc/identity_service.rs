//! Who calls.

use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::grpc::event::show_actor;
use crate::grpc::services::Services;

#[tonic::async_trait]
impl v1::identity_service_server::IdentityService for Services {
    async fn get_caller(
        &self,
        request: Request<v1::GetCallerRequest>,
    ) -> Result<Response<v1::GetCallerResponse>, Status> {
        self.unary(request, |call, _| async move {
            Ok(v1::GetCallerResponse {
                actor: Some(show_actor(&call.actor)),
            })
        })
        .await
    }
}
