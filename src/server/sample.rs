//! The sample ledger (見本): the bundled plan of fiscal 2023 with invented but plausible progress, and a
//! small fiscal 2022 to compare with.
//!
//! It goes through the normal writer, under a simulated clock. Everything about it is decided by the
//! bundled tables and one seed, so every sample is the same.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::auth::{Authenticator, Claims};
use crate::domain::code::{Code, InvalidCode};
use crate::domain::date::Date;
use crate::domain::event::{ClockKind, Event, Payload};
use crate::domain::id::{EventId, InvalidId, LedgerId, RequestId};
use crate::domain::text::{InvalidText, Name, Title};
use crate::grpc::{SnapshotError, Snapshots};
use crate::ledger::{Append, AppendError, Ledgers, OpenLedger, ReadFault, Reader};
use crate::projection::evaluation::cache::Cache;
use crate::server::identity_provider::ProviderFault;

mod chance;
mod plan;
mod progress;
pub mod sign_in;
mod story;

/// Code of the sample ledger.
pub const CODE: &str = "kariya-sample";
/// The day the sample stands at by default: the mid-year period is still open.
pub const DEFAULT_DAY: Date = jiff::civil::date(2023, 10, 6);
/// First and last day the sample can stand at.
pub const DAYS: (Date, Date) = (
    jiff::civil::date(2023, 4, 10),
    jiff::civil::date(2024, 8, 31),
);

/// The sample could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A day that the sample has no story for.
    #[error("the sample stands at a day from {} to {}", DAYS.0, DAYS.1)]
    Day,
    /// The folder holds another ledger; a sample is never mixed with one.
    #[error("the data folder holds other ledgers; choose an empty one")]
    Occupied,
    /// The bundled table was not read.
    #[error("the bundled plan cannot be read")]
    Table(#[from] crate::import::Unreadable),
    /// An event of the sample was refused.
    #[error("the sample was refused: {0}")]
    Append(String, #[source] AppendError),
    /// What a closing came to was not frozen.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// What was written cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// Nobody could sign in to a sample that is made for such a day.
    #[error(
        "nobody could sign in: the sample says from {} on who holds which seat",
        sign_in::SEATS_FROM
    )]
    SeatsLater,
    /// Nobody could sign in to the sample that is there.
    #[error("nobody holds a seat on {day}")]
    NoSeats {
        /// The day it stands at.
        day: Date,
    },
    /// Of those who hold a seat nobody can have a login at the demo's identity provider.
    #[error("nobody who holds a seat on {day} can have another login")]
    NoLogins {
        /// The day it stands at.
        day: Date,
    },
    /// What people sign in with cannot be made.
    #[error(transparent)]
    SignIn(#[from] ProviderFault),
    /// A bundled name or id is not one.
    #[error("the bundled sample is damaged: {0}")]
    Bundle(String),
}

impl From<InvalidText> for SampleError {
    fn from(error: InvalidText) -> Self {
        Self::Bundle(error.to_string())
    }
}
impl From<InvalidCode> for SampleError {
    fn from(error: InvalidCode) -> Self {
        Self::Bundle(error.to_string())
    }
}
impl From<InvalidId> for SampleError {
    fn from(error: InvalidId) -> Self {
        Self::Bundle(error.to_string())
    }
}

/// What somebody did at a moment.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) at: Timestamp,
    pub(super) actor: String,
    pub(super) events: Vec<Event>,
}

/// Makes the sample as it stands on `day`, unless the folder holds it already, and says whether it was made.
///
/// A sample that is there keeps its own day, so of `day` nothing is asked then.
/// Snapshots are taken at the closings, as a server would: on the ledger's clock, before anything else happens.
pub async fn prepare(
    ledgers: &Arc<Ledgers>,
    day: Date,
) -> Result<(Arc<Reader>, bool), SampleError> {
    if let Ok(reader) = ledgers.resolve(CODE) {
        return Ok((reader, false));
    }
    if day < DAYS.0 || DAYS.1 < day {
        return Err(SampleError::Day);
    }
    if !ledgers.list().is_empty() {
        return Err(SampleError::Occupied);
    }
    let ledger = LedgerId::derived(space(), CODE);
    let opening = OpenLedger {
        request_id: RequestId::derived(space(), "open"),
        ledger,
        code: Code::parse(CODE)?,
        title: Title {
            ja: Name::parse("刈谷市（見本・仮想時計）")?,
            en: Some(Name::parse("Kariya City (sample, simulated time)")?),
        },
        origin: Name::parse("sample.invalid/kariya")?,
        time_zone: Name::parse("Asia/Tokyo")?,
        locale: Name::parse("ja-JP")?,
        sample: true,
        clock: ClockKind::Simulated,
        access_log_of: None,
    };
    let open = Authenticator.permit_system(Name::parse("daicho demo")?, opening);
    let reader = ledgers
        .open(open)
        .await
        .map_err(|error| refused("the opening", error))?;
    let mut stage = Stage {
        ledgers,
        snapshots: Snapshots::new(ledgers.clone(), Arc::new(Cache::new())),
        reader,
        until: at(day, 9, 0),
        acts: 0,
    };

    stage
        .import(
            plan::R4,
            "plan-r4.csv",
            at(jiff::civil::date(2022, 4, 4), 10, 0),
        )
        .await?;
    stage
        .import(
            plan::R5,
            "plan-r5.csv",
            at(jiff::civil::date(2023, 4, 3), 10, 0),
        )
        .await?;
    let mut acts = progress::acts(&stage.reader).await?;
    for act in &mut acts {
        story::round::in_time(act)?;
    }
    acts.extend(story::acts(&stage.reader, day).await?);
    acts.sort_by_key(|act| act.at);
    for act in acts {
        stage.play(act).await?;
    }
    stage.reader.clock().stop_at(stage.until);
    stage.reader.clock().run();
    stage.reader.caught_up(None).await;
    Ok((stage.reader, true))
}

/// The namespace of all ids of the sample.
pub(super) fn space() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"daicho:sample")
}

pub(super) fn event_id(name: &str) -> EventId {
    EventId::derived(space(), name)
}

/// A moment in the sample's zone.
pub(super) fn at(day: Date, hour: i8, minute: i8) -> Timestamp {
    let zone = TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC);
    // The zone has had no clock changes in these years, so the moment is never ambiguous.
    day.at(hour, minute, 0, 0)
        .to_zoned(zone)
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

fn refused(what: &str, error: AppendError) -> SampleError {
    let what = match &error {
        AppendError::Rejected(rejections) => {
            let list: Vec<String> = rejections.iter().take(5).map(ToString::to_string).collect();
            format!("{what}: {}", list.join("; "))
        }
        _ => what.to_owned(),
    };
    SampleError::Append(what, error)
}

struct Stage<'a> {
    ledgers: &'a Ledgers,
    snapshots: Snapshots,
    reader: Arc<Reader>,
    until: Timestamp,
    acts: u32,
}

impl Stage<'_> {
    /// Imports a bundled plan at a moment.
    async fn import(
        &mut self,
        table: &str,
        name: &str,
        moment: Timestamp,
    ) -> Result<(), SampleError> {
        let view = self.reader.caught_up(None).await;
        for events in plan::events(table, name, &view.directory)? {
            self.play(Act {
                at: moment,
                actor: "企画政策課 事務局".to_owned(),
                events,
            })
            .await?;
        }
        Ok(())
    }

    /// Lets an act happen, if its moment has come by the day the sample stands at.
    async fn play(&mut self, mut act: Act) -> Result<(), SampleError> {
        if self.until <= act.at {
            return Ok(());
        }
        if story::decided::binds(&act.events) {
            let view = self.reader.caught_up(None).await;
            story::decided::bind(&mut act.events, &view.directory);
        }
        self.reader.clock().stop_at(act.at);
        self.acts += 1;
        let claims = Claims {
            subject: Some(act.actor.clone().into_bytes()),
            client: Some(b"daicho-demo".to_vec()),
        };
        let actor = Authenticator
            .identify(&claims)
            .map_err(|error| SampleError::Bundle(error.to_string()))?;
        let append = Append::new(
            self.reader.id(),
            RequestId::derived(space(), &format!("act {}", self.acts)),
            act.events,
        );
        let closes = |event: &Event| matches!(event.payload, Payload::PeriodClosed(_));
        let closes = append.events.iter().any(closes);
        let permitted = Authenticator
            .permit(&actor, append)
            .map_err(|error| SampleError::Bundle(error.to_string()))?;
        let what = format!("what {} did on {}", act.actor, act.at);
        self.ledgers
            .append(permitted, None)
            .await
            .map_err(|error| refused(&what, error))?;
        if closes {
            self.snapshots.complete_in(&self.reader).await?;
        }
        Ok(())
    }
}
