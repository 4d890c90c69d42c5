//! What a read is to answer for: its `as_of`, or what a page token pins it to.

use std::sync::Arc;

use crate::api::v1;
use crate::grpc::event::{At, Faults};
use crate::grpc::page_token::{Pinned, Place};
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{AsOf, AsOfError, KnownAt, Reader, Standpoint, View};
use crate::log::Head;

/// Reads `as_of`; absent: now and today.
pub(super) fn read(faults: &mut Faults, message: Option<&v1::AsOf>) -> Option<AsOf> {
    let Some(message) = message else {
        return Some(AsOf::default());
    };
    let at = At::field("as_of");
    let known_at = match &message.known_at {
        None => Some(None),
        Some(v1::as_of::KnownAt::Size(size)) => Some(Some(KnownAt::Size(*size))),
        Some(v1::as_of::KnownAt::Time(time)) => faults
            .instant(&at.then("time"), time)
            .map(|instant| Some(KnownAt::Time(instant))),
        Some(v1::as_of::KnownAt::Date(day)) => faults
            .date(&at.then("date"), day)
            .map(|day| Some(KnownAt::Date(day))),
    };
    let effective_on = match &message.effective_on {
        None => Some(None),
        Some(day) => faults.date(&at.then("effective_on"), day).map(Some),
    };
    Some(AsOf {
        known_at: known_at?,
        effective_on: effective_on?,
    })
}

/// Another point that a read names in `field`, as things stood at `now`: no page of a list sees it move. What is not in sight at
/// `now` is not in sight there.
pub(super) async fn other(
    reader: &Reader,
    now: &Standpoint,
    asked: &v1::AsOf,
    field: &'static str,
) -> Result<Standpoint, Refusal> {
    let within = |refusal: Refusal| refusal.map_fields(|inner| inner.replacen("as_of", field, 1));
    let mut faults = Faults::default();
    let wanted = read(&mut faults, Some(asked));
    let wanted = faults
        .into_result(wanted)
        .map_err(Refusal::from)
        .map_err(within)?;
    let head = Head {
        size: now.view.size,
        ..now.view.head
    };
    let present = View {
        head,
        ..now.view.clone()
    };
    let found = reader.standpoint(&present, &wanted).await;
    let mut found = found.map_err(Refusal::from).map_err(within)?;
    let hidden = now.view.directory.hidden();
    if !hidden.is_empty() {
        found.view.directory = Arc::new(found.view.directory.hiding(hidden.clone()));
    }
    Ok(found)
}

impl Services {
    /// Where a read stands: after everything acknowledged before the call, `min_position` included; as
    /// `as_of` asks, or as its first page did. Goals that the caller may not read are as if they were not there.
    pub(super) async fn standpoint(
        &self,
        call: &Call,
        reader: &Reader,
        min_position: Option<u64>,
        as_of: Option<&v1::AsOf>,
        place: Option<&Place>,
    ) -> Result<Standpoint, Refusal> {
        let mut standpoint = self
            .whole_standpoint(reader, min_position, as_of, place)
            .await?;
        let directory = standpoint.view.directory;
        standpoint.view.directory = self.sight(call, reader, directory);
        Ok(standpoint)
    }

    /// The same with all that is there, whoever may see it.
    async fn whole_standpoint(
        &self,
        reader: &Reader,
        min_position: Option<u64>,
        as_of: Option<&v1::AsOf>,
        place: Option<&Place>,
    ) -> Result<Standpoint, Refusal> {
        let present = self.view(reader, min_position).await;
        let pinned = place.map(|place| place.pinned.ok_or(ServiceReason::PageTokenInvalid));
        if let Some(pinned) = pinned.transpose()? {
            return at_pinned(reader, &present, pinned).await;
        }
        let mut faults = Faults::default();
        let as_of = read(&mut faults, as_of);
        let as_of = faults.into_result(as_of)?;
        Ok(reader.standpoint(&present, &as_of).await?)
    }
}

async fn at_pinned(reader: &Reader, present: &View, pinned: Pinned) -> Result<Standpoint, Refusal> {
    // A ledger that was continued from a copy may have other events at the same positions.
    if pinned.generation != present.head.generation || present.head.size < pinned.size {
        return Err(ServiceReason::PageTokenInvalid.into());
    }
    let view = View {
        head: present.head,
        ..reader.view_at(pinned.size).await?
    };
    let on = pinned.on;
    Ok(Standpoint { view, on })
}

impl From<AsOfError> for Refusal {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::Future(rejections) => Self::Rules(rejections),
            AsOfError::Read(fault) => fault.into(),
        }
    }
}
