//! Samples of changes.

use super::{asked_at, filter};
use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::event::{At, Faults};
use crate::grpc::names;
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::projection::sample::{Draw, sample};

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    request: v1::SampleChangesRequest,
) -> Result<v1::SampleChangesResponse, Refusal> {
    let Some(changes) = &request.changes else {
        return Err(Refusal::rule(Reason::FieldRequired, "changes"));
    };
    let reader = services
        .ledger(call, &changes.ledger, Action::ReadEverything)
        .map_err(|refusal| refusal.map_fields(|field| format!("changes.{field}")))?;
    let mut faults = Faults::default();
    let mut inner = Faults::default();
    let min_position = changes.min_position;
    let at = asked_at(
        services,
        call,
        &reader,
        &mut inner,
        changes,
        min_position,
        None,
    )
    .await?;
    let view = &at.view;
    for (set, field) in [
        (changes.order != 0, "order"),
        (changes.page_size != 0, "page_size"),
        (!changes.page_token.is_empty(), "page_token"),
    ] {
        if set {
            let _: Option<()> = inner.form(&At::field(field), "a sample has no pages");
        }
    }
    let filter = filter(&mut inner, &view.directory, changes);
    let broken = inner.into_rejections();
    broken
        .into_iter()
        .for_each(|rejection| faults.push(rejection.under("changes")));
    let draw = draw(&mut faults, &request);
    let (filter, draw) = faults.into_result(filter.zip(draw))?;
    let sample = sample(&reader, view, &filter, &draw).await?;
    let answer = v1::SampleChangesResponse {
        sampled: sample
            .drawn
            .iter()
            .map(|drawn| v1::SampledChange {
                rank_sha256: drawn.rank.to_vec(),
                change: Some(show::change(&drawn.change)),
            })
            .collect(),
        population: sample.population,
        answered_at: Some(show::known_at(&at)),
    };
    Ok(names::told(&view.directory, answer))
}

fn draw(faults: &mut Faults, request: &v1::SampleChangesRequest) -> Option<Draw> {
    let count = usize::try_from(request.count)
        .ok()
        .filter(|count| (1..=Draw::COUNT_MAX).contains(count));
    if count.is_none() {
        let problem = format!("from 1 to {}", Draw::COUNT_MAX);
        let _: Option<()> = faults.form(&At::field("count"), &problem);
    }
    let at = At::field("seed");
    let seed = match request.seed.chars().count() {
        0 => faults.required(&at),
        long if Draw::SEED_CHARS_MAX < long => {
            let rejection = Rejection::new(Reason::TextTooLong, "seed");
            faults.push(rejection.with("max", Draw::SEED_CHARS_MAX));
            None
        }
        _ => Some(request.seed.clone()),
    };
    let (count, seed) = count.zip(seed)?;
    Some(Draw { count, seed })
}
