//! Texts about people: erasing them, and telling what is recorded of whom.

use crate::api::v1;
use crate::domain::id::{DataSubjectId, RequestId};
use crate::grpc::event::{At, Faults, data_subject, parse_reason, show_timestamp};
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::{AboutSubject, AppendError, EraseTexts, Reader};
use crate::log::LogFault;

/// Positions that are told of one person at most.
const POSITIONS_MAX: usize = 5_000;

pub(super) async fn erase(
    services: &Services,
    call: Call,
    request: v1::ErasePersonalDataRequest,
) -> Result<v1::ErasePersonalDataResponse, Refusal> {
    let reader = services.ledger(&request.ledger)?;
    let erase = parse(&reader, &request)?;
    let permitted = services.auth().permit(&call.actor, erase)?;
    // In a task of its own: what is recorded as erased must go, also when the caller has gone.
    let erasing = {
        let services = services.clone();
        tokio::spawn(async move { services.ledgers().erase(permitted, None).await })
    };
    let erased = erasing.await.unwrap_or_else(|_| {
        Err(AppendError::Unknown(LogFault::Storage(
            "the erasure broke off".to_owned(),
        )))
    })?;
    Ok(v1::ErasePersonalDataResponse {
        receipt: Some(show::receipt(&erased.receipt)),
        replayed: erased.replayed,
        positions: erased.positions.into_iter().take(POSITIONS_MAX).collect(),
        texts: erased.texts,
        destroyed: erased.destroyed,
    })
}

fn parse(reader: &Reader, request: &v1::ErasePersonalDataRequest) -> Result<EraseTexts, Refusal> {
    let mut faults = Faults::default();
    let request_id = faults.id::<RequestId>(&At::field("request_id"), &request.request_id);
    let subject = data_subject(&mut faults, &At::field("subject_ref"), &request.subject_ref);
    let legal_basis = faults.name(&At::field("legal_basis"), &request.legal_basis);
    let approved_by = faults.name(&At::field("approved_by"), &request.approved_by);
    let at = At::field("reason");
    let reason = match &request.reason {
        Some(reason) => parse_reason(&mut faults, &at, reason),
        None => faults.required(&at),
    };
    let erase = (|| {
        Some(EraseTexts {
            ledger: reader.id(),
            request_id: request_id?,
            subject: subject?,
            legal_basis: legal_basis?,
            approved_by: approved_by?,
            reason: reason?,
        })
    })();
    Ok(faults.into_result(erase)?)
}

pub(super) async fn list(
    services: &Services,
    call: Call,
    request: v1::ListPersonalDataRequest,
) -> Result<v1::ListPersonalDataResponse, Refusal> {
    let reader = services.ledger(&request.ledger)?;
    services.view(&reader, request.min_position).await;
    let mut faults = Faults::default();
    let asked = match &request.subject_ref {
        Some(text) => {
            let subject = data_subject(&mut faults, &At::field("subject_ref"), text);
            Some(faults.into_result(subject)?)
        }
        None => None,
    };
    let rows = Services::page_rows(request.page_size);
    let filter = v1::ListPersonalDataRequest {
        subject_ref: request.subject_ref.clone(),
        ..Default::default()
    };
    let scope = Scope {
        method: "AdminService/ListPersonalData",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&filter),
    };
    let skip = Services::skip(services.place(&scope, &request.page_token)?.as_ref())?;
    let all: Vec<DataSubjectId> = match asked {
        Some(subject) => vec![subject],
        None => reader.data_subjects().await?.into_iter().collect(),
    };
    let mut subjects = Vec::new();
    for subject in all.iter().skip(skip).take(rows) {
        let about = reader.about(*subject).await?;
        if asked.is_none() || !about.positions.is_empty() {
            subjects.push(show_subject(&about, asked.is_some()));
        }
    }
    let next_page_token = services.next_token(&scope, None, skip + rows, all.len());
    Ok(v1::ListPersonalDataResponse {
        subjects,
        next_page_token,
    })
}

fn show_subject(about: &AboutSubject, positions: bool) -> v1::PersonalSubject {
    let told = about.positions.iter().copied().take(match positions {
        true => POSITIONS_MAX,
        false => 0,
    });
    v1::PersonalSubject {
        subject_ref: about.subject.to_string(),
        events: about.positions.len() as u64,
        positions: told.collect(),
        kept: about.kept as u64,
        erased_at_position: about.erased.as_ref().map(|erasure| erasure.position),
        erased_at: about
            .erased
            .as_ref()
            .map(|erasure| show_timestamp(erasure.recorded_at)),
    }
}
