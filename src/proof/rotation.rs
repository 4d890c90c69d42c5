//! Changes of the keys in force: a new one is announced, an old one retired, one that others know is disowned.
//!
//! Every change is an event, made while nothing is signed: so the sizes in it are exact, and from the next checkpoint on it
//! holds. The file of a new key is durable before its event, the file of an old one is moved aside after its event; what a
//! crash leaves in between is completed when the ledger is opened.

use std::future::Future;

use crate::domain::event::{
    Event, KeyAnnounced, KeyCompromised, KeyRetired, Payload, Reason, Stream,
};
use crate::domain::goal::decide::undecided;
use crate::domain::id::{EventId, RequestId};
use crate::domain::operation::Operation;
use crate::domain::text::Name;
use crate::domain::trust::VerifierKey as KeyText;
use crate::ledger::{Append, AppendError, Appended, Ledgers, ReadFault, ReceiptLookup, Stored};
use crate::proof::key_file::KeyFault;
use crate::proof::keyring::{KEYS_IN_FORCE_MAX, KeyState};
use crate::proof::{ProofFault, Publisher};

/// What is to become of the keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyChange {
    /// A new key is made and signs beside the others.
    Announce,
    /// A key signs no more.
    Retire {
        /// Which.
        key: KeyText,
    },
    /// Others know a key: it signs no more, and above a size its signature alone is not believed.
    Compromise {
        /// Which.
        key: KeyText,
        /// The last size for which its signature alone is believed.
        last_trusted_size: u64,
    },
}

/// A change that is asked for.
#[derive(Clone, Debug)]
pub struct KeyRequest {
    /// The call's own identity.
    pub request_id: RequestId,
    /// Who asks.
    pub asked_by: Name,
    /// Why.
    pub reason: Reason,
    /// What.
    pub change: KeyChange,
}

/// A change that was made.
#[derive(Clone, Debug)]
pub struct KeyChanged {
    /// The event.
    pub event: Stored,
    /// The key, a vkey.
    pub key: String,
    /// Whether an earlier call had made it.
    pub is_replayed: bool,
}

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyUnchanged {
    /// The ledger has no such key.
    #[error("the ledger has no such key")]
    Unknown,
    /// The key signs no more already.
    #[error("the key signs no more already")]
    Ended,
    /// It is the only one in force.
    #[error("no other key is in force")]
    Last,
    /// As many keys are in force as may be.
    #[error("{KEYS_IN_FORCE_MAX} keys are in force already")]
    TooMany,
    /// The size lies beyond the ledger.
    #[error("the ledger has {size} events")]
    Beyond {
        /// How many there are.
        size: u64,
    },
    /// The request id is known with something else.
    #[error("the request is known with other content")]
    OtherRequest,
    /// Somebody else made the request.
    #[error("the request was made by another actor")]
    OtherActor,
    /// The event was not appended.
    #[error("the event was not appended")]
    Append(#[from] AppendError),
    /// A file or the ledger could not be used.
    #[error(transparent)]
    Fault(#[from] ProofFault),
}

impl From<ReadFault> for KeyUnchanged {
    fn from(fault: ReadFault) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<KeyFault> for KeyUnchanged {
    fn from(fault: KeyFault) -> Self {
        Self::Fault(fault.into())
    }
}

impl Publisher {
    /// Every key of the ledger as of now.
    pub fn keys(&self) -> Vec<KeyState> {
        self.keys_of(&self.reader().view().directory)
    }

    /// Changes the keys in force; `append` appends what the server itself says. The same request again brings the same
    /// change.
    ///
    /// Not to be dropped on the way: a key could lie there that no event names, until the next start.
    pub async fn change_keys<F>(
        &self,
        ledgers: &Ledgers,
        request: KeyRequest,
        append: impl FnOnce(Append) -> F,
    ) -> Result<KeyChanged, KeyUnchanged>
    where
        F: Future<Output = Result<Appended, AppendError>>,
    {
        let _nothing_is_signed = self.signing.lock().await;
        if let Some(known) = self.changed_before(ledgers, &request).await? {
            return Ok(known);
        }
        let view = self.reader().caught_up(None).await;
        let states = self.keys_of(&view.directory);
        let in_force = states.iter().filter(|state| state.is_in_force).count();
        let (size, mut drawn) = (view.head.size, None);
        let (payload, key): (Payload, String) = match &request.change {
            KeyChange::Announce => {
                if KEYS_IN_FORCE_MAX <= in_force {
                    return Err(KeyUnchanged::TooMany);
                }
                // Before a key is drawn that nobody decided on.
                let today = self.reader().today();
                let needed = undecided(&view.directory, &Operation::AnnounceKey, today);
                if let Some(needed) = needed {
                    return Err(AppendError::Rejected(vec![needed]).into());
                }
                let key = self.draw_key().await?;
                drawn = Some(key.clone());
                let announced = KeyAnnounced {
                    verifier_key: text(&key)?,
                    from_size: size.saturating_add(1),
                };
                (announced.into(), key)
            }
            KeyChange::Retire { key } => {
                let state = known(&states, key)?;
                match (state.is_in_force, in_force) {
                    (false, _) => return Err(KeyUnchanged::Ended),
                    (true, ..=1) => return Err(KeyUnchanged::Last),
                    (true, _) => {}
                }
                let retired = KeyRetired {
                    verifier_key: key.clone(),
                    last_size: size,
                };
                (retired.into(), key.to_string())
            }
            KeyChange::Compromise {
                key,
                last_trusted_size,
            } => {
                let state = known(&states, key)?;
                if state.is_in_force && in_force <= 1 {
                    return Err(KeyUnchanged::Last);
                }
                if size < *last_trusted_size {
                    return Err(KeyUnchanged::Beyond { size });
                }
                let compromised = KeyCompromised {
                    verifier_key: key.clone(),
                    last_trusted_size: *last_trusted_size,
                };
                (compromised.into(), key.to_string())
            }
        };
        let space = request.request_id.uuid();
        let event = Event {
            reason: Some(request.reason),
            ..Event::new(
                EventId::derived(space, "key"),
                Stream::ledger(self.reader().id()),
                payload,
            )
        };
        let appended = append(Append::new(
            self.reader().id(),
            request.request_id,
            vec![event],
        ));
        let appended = match appended.await {
            Ok(appended) => appended,
            Err(error) => {
                // Whether the event is there is not known of an unknown outcome; the next start is to see to that.
                if let (Some(key), false) = (drawn, matches!(error, AppendError::Unknown(_))) {
                    self.move_key_aside(key).await;
                }
                return Err(error.into());
            }
        };
        let position = appended.receipt.events.first().map_or(0, |e| e.position);
        self.reader().caught_up(None).await;
        if drawn.is_none() {
            self.move_key_aside(key.clone()).await;
        }
        Ok(KeyChanged {
            event: self.reader().stored(position).await?,
            key,
            is_replayed: appended.replayed,
        })
    }

    async fn changed_before(
        &self,
        ledgers: &Ledgers,
        request: &KeyRequest,
    ) -> Result<Option<KeyChanged>, KeyUnchanged> {
        let reader = self.reader();
        let receipt = match ledgers.receipt(reader.id(), request.request_id).await? {
            ReceiptLookup::Found(receipt) => receipt,
            ReceiptLookup::NotFound { .. } => return Ok(None),
        };
        let position = receipt.events.first().map_or(0, |event| event.position);
        let event = reader.stored(position).await?;
        let recorded = &event.recorded;
        let key = match (&request.change, &recorded.event.payload) {
            (KeyChange::Announce, Payload::KeyAnnounced(p)) => &p.verifier_key,
            (KeyChange::Retire { key }, Payload::KeyRetired(p)) if *key == p.verifier_key => key,
            (
                KeyChange::Compromise {
                    key,
                    last_trusted_size,
                },
                Payload::KeyCompromised(p),
            ) if *key == p.verifier_key && *last_trusted_size == p.last_trusted_size => key,
            _ => return Err(KeyUnchanged::OtherRequest),
        };
        if recorded.event.reason.as_ref() != Some(&request.reason) {
            return Err(KeyUnchanged::OtherRequest);
        }
        if recorded.actor.acting_for.as_ref() != Some(&request.asked_by) {
            return Err(KeyUnchanged::OtherActor);
        }
        Ok(Some(KeyChanged {
            key: key.to_string(),
            event,
            is_replayed: true,
        }))
    }
}

fn known<'s>(states: &'s [KeyState], key: &KeyText) -> Result<&'s KeyState, KeyUnchanged> {
    let mut states = states.iter();
    let found = states.find(|state| state.key == key.as_str());
    found.ok_or(KeyUnchanged::Unknown)
}

fn text(key: &str) -> Result<KeyText, KeyUnchanged> {
    // A key that was just made has the form of one.
    KeyText::parse(key).map_err(|_| KeyUnchanged::Unknown)
}
