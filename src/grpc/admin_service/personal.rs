//! Texts about people: erasing them, and telling what is recorded of whom.

use jiff::Timestamp;

use crate::api::v1;
use crate::auth::access::Action;
use crate::clock;
use crate::domain::id::{DataSubjectId, RequestId};
use crate::domain::personal::Words;
use crate::grpc::erasure::approver;
use crate::grpc::event::{At, Faults, data_subject, parse_reason, show_timestamp};
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::{AboutSubject, AppendError, Disclosure, EraseTexts, Reader};
use crate::log::LogFault;

/// Positions that are told of one person at most.
const POSITIONS_MAX: usize = 5_000;

pub(super) async fn erase(
    services: &Services,
    call: Call,
    request: v1::ErasePersonalDataRequest,
) -> Result<v1::ErasePersonalDataResponse, Refusal> {
    let (reader, grounds) = services.ledger_by(&call, &request.ledger, Action::EraseData)?;
    let erase = parse(&reader, &request)?;
    let subject = erase.subject;
    let permitted = services.auth().permit(&call.actor, erase)?;
    let permitted = permitted.permitted_by(grounds);
    // In a task of its own: what is recorded as erased must go, also when the caller has gone.
    let erasing = {
        let services = services.clone();
        tokio::spawn(async move { services.ledgers().erase(permitted, None).await })
    };
    let erased = erasing.await.unwrap_or_else(|_| {
        Err(AppendError::Unknown(LogFault::Storage(
            "the erasure broke off".to_owned(),
        )))
    });
    let erased = erased.map_err(|error| Refusal::from(error).of_call())?;
    let disclosures = reader.disclosures_of(subject).await?;
    Ok(v1::ErasePersonalDataResponse {
        receipt: Some(show::receipt(&erased.receipt)),
        replayed: erased.replayed,
        positions: erased.positions.into_iter().take(POSITIONS_MAX).collect(),
        texts: erased.texts,
        destroyed: erased.destroyed,
        disclosures: disclosures.into_iter().map(show_disclosure).collect(),
    })
}

fn parse(reader: &Reader, request: &v1::ErasePersonalDataRequest) -> Result<EraseTexts, Refusal> {
    let mut faults = Faults::default();
    let request_id = faults.id::<RequestId>(&At::field("request_id"), &request.request_id);
    let subject = data_subject(&mut faults, &At::field("subject_ref"), &request.subject_ref);
    let legal_basis = faults.name(&At::field("legal_basis"), &request.legal_basis);
    let approved_by = approver(&mut faults, reader, &request.approved_by);
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
    let reader = services.ledger(&call, &request.ledger, Action::ReadPersonalData)?;
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

pub(super) async fn disclose(
    services: &Services,
    call: Call,
    request: v1::DisclosePersonalDataRequest,
) -> Result<v1::DisclosePersonalDataResponse, Refusal> {
    let reader = services.ledger(&call, &request.ledger, Action::ReadPersonalData)?;
    let view = services.view(&reader, request.min_position).await;
    let mut faults = Faults::default();
    let asked = match &request.subject_ref {
        Some(text) => {
            let subject = data_subject(&mut faults, &At::field("subject_ref"), text);
            Some(faults.into_result(subject)?)
        }
        None => None,
    };
    let rows = Services::page_rows(request.page_size);
    let filter = v1::DisclosePersonalDataRequest {
        subject_ref: request.subject_ref.clone(),
        ..Default::default()
    };
    let scope = Scope {
        method: "AdminService/DisclosePersonalData",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&filter),
    };
    let place = services.place(&scope, &request.page_token)?;
    if place.is_none() {
        // Before any of it leaves, so that nothing was handed over that nobody can tell of.
        let disclosure = Disclosure {
            disclosed_at_us: clock::system_now().as_microsecond(),
            actor: call.actor.subject.to_string(),
            subject_ref: asked.map(|subject| subject.to_string()),
            size: view.size,
        };
        reader.note_disclosure(disclosure).await?;
    }
    let skip = Services::skip(place.as_ref())?;
    let positions = reader.personal_positions(asked).await?;
    let page: Vec<u64> = positions.iter().copied().skip(skip).take(rows).collect();
    let mut openings = Vec::new();
    for stored in reader.stored_at(&page).await? {
        let of_event = stored.recorded.event.personal_texts();
        for text in of_event.filter(|text| asked.is_none_or(|asked| asked == text.subject)) {
            if let Words::Kept(opening) = text.words() {
                openings.push(v1::PersonalOpening {
                    position: stored.recorded.position,
                    event_id: text.event.to_string(),
                    field: text.field.to_owned(),
                    subject_ref: text.subject.to_string(),
                    salt: opening.salt.as_bytes().to_vec(),
                    text: opening.text.to_string(),
                });
            }
        }
    }
    let next_page_token = services.next_token(&scope, None, skip + rows, positions.len());
    Ok(v1::DisclosePersonalDataResponse {
        openings,
        next_page_token,
    })
}

fn show_disclosure(disclosure: Disclosure) -> v1::PersonalDisclosure {
    let at = Timestamp::from_microsecond(disclosure.disclosed_at_us);
    v1::PersonalDisclosure {
        disclosed_at: at.ok().map(show_timestamp),
        actor: disclosure.actor,
        subject_ref: disclosure.subject_ref,
        size: disclosure.size,
    }
}
