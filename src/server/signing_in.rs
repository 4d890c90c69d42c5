//! Certificates, keys and issuers while the server runs: read at the start, followed as they are replaced.
//!
//! What cannot be used is told in the log and by the health service under [`HEALTH`]; what was in force before stays.

use std::sync::Arc;

use tokio::task::JoinSet;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::auth::{Issuers, Refresh, Reload, SignIn, Tls};
use crate::config::Config;
use crate::server::ServeError;

/// The name under which the health service says whether the newest certificates, keys and revocation lists are in force.
const HEALTH: &str = "tls";

/// Reads what `config` names.
pub(super) async fn read(config: &Config) -> Result<SignIn, ServeError> {
    let (files, oidc) = (config.tls.clone(), config.oidc.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let tls = files.map(Tls::load).transpose()?;
        let issuers = (!oidc.is_empty()).then(|| Issuers::new(oidc)).transpose()?;
        Ok(SignIn {
            tls: tls.map(Arc::new),
            issuers: issuers.map(Arc::new),
        })
    });
    match reading.await {
        Ok(read) => read,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Follows what `sign_in` was read from, until the set is dropped.
pub(super) fn follow(sign_in: &SignIn, health: &HealthReporter) -> JoinSet<()> {
    let mut following = JoinSet::new();
    if let Some(tls) = sign_in.tls.clone() {
        let health = health.clone();
        following.spawn(async move {
            health.set_service_status(HEALTH, ServingStatus::Serving).await;
            loop {
                tokio::time::sleep(Tls::RELOAD_INTERVAL).await;
                let looking = tls.clone();
                let looked = tokio::task::spawn_blocking(move || looking.reload()).await;
                let status = match looked {
                    Ok(Reload::Unchanged) => continue,
                    Ok(Reload::Loaded) => {
                        tracing::info!("new certificates, keys or revocation lists are in force");
                        ServingStatus::Serving
                    }
                    Ok(Reload::Broken(fault)) => {
                        tracing::error!(
                            error = &fault as &dyn std::error::Error,
                            "new certificates, keys or revocation lists cannot be used; those from before stay in force"
                        );
                        ServingStatus::NotServing
                    }
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "certificates and keys were not looked at"
                        );
                        ServingStatus::NotServing
                    }
                };
                health.set_service_status(HEALTH, status).await;
            }
        });
    }
    if let Some(issuers) = sign_in.issuers.clone() {
        following.spawn(async move {
            issuers
                .follow(|issuer, refresh| match refresh {
                    Refresh::Unchanged => {}
                    Refresh::Loaded(keys) => {
                        tracing::info!(%issuer, keys, "an issuer's new keys are in force");
                    }
                    Refresh::Broken(fault) => {
                        tracing::error!(
                            %issuer,
                            error = fault as &dyn std::error::Error,
                            "an issuer's keys cannot be had or used; those from before stay in force"
                        );
                    }
                })
                .await;
        });
    }
    following
}
