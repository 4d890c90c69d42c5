//! Who holds a seat, and what is authorised.

use crate::domain::access::{Holder, LoginId};
use crate::domain::operation::Operation;
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _};
use crate::log::codec::value::Wire;
use crate::log::codec::wire;

impl Wire<wire::Login> for LoginId {
    fn put(&self) -> Result<wire::Login, EncodeError> {
        Ok(wire::Login {
            issuer: self.issuer.put().within("issuer")?,
            subject: self.subject.put().within("subject")?,
        })
    }
    fn take(wire: wire::Login) -> Result<Self, DecodeError> {
        Ok(Self {
            issuer: Wire::take(wire.issuer).within("issuer")?,
            subject: Wire::take(wire.subject).within("subject")?,
        })
    }
}

impl Wire<Option<wire::role_granted::Holder>> for Holder {
    fn put(&self) -> Result<Option<wire::role_granted::Holder>, EncodeError> {
        use wire::role_granted::Holder as Kind;
        Ok(Some(match self {
            Self::Person(id) => Kind::PersonId(id.put()?),
            Self::Service(login) => Kind::Service(login.put().within("service")?),
        }))
    }
    fn take(wire: Option<wire::role_granted::Holder>) -> Result<Self, DecodeError> {
        use wire::role_granted::Holder as Kind;
        Ok(match wire.ok_or_else(DecodeError::missing)? {
            Kind::PersonId(id) => Self::Person(Wire::take(id).within("person_id")?),
            Kind::Service(login) => Self::Service(Wire::take(login).within("service")?),
        })
    }
}

impl Wire<Option<wire::operation_authorised::Operation>> for Operation {
    fn put(&self) -> Result<Option<wire::operation_authorised::Operation>, EncodeError> {
        use wire::operation_authorised::{Compromise, NewKey, Operation as Kind};
        Ok(Some(match self {
            Self::AnnounceKey => Kind::AnnounceKey(NewKey {}),
            Self::RetireKey(key) => Kind::RetireKey(key.put()?),
            Self::CompromiseKey {
                key,
                last_trusted_size,
            } => Kind::CompromiseKey(Compromise {
                verifier_key: key.put()?,
                last_trusted_size: *last_trusted_size,
            }),
            Self::ErasePersonalData(subject) => Kind::ErasePersonalData(subject.put()?),
            Self::EraseEvidence(sha256) => Kind::EraseEvidence(sha256.put()?),
        }))
    }
    fn take(wire: Option<wire::operation_authorised::Operation>) -> Result<Self, DecodeError> {
        use wire::operation_authorised::Operation as Kind;
        Ok(match wire.ok_or_else(DecodeError::missing)? {
            Kind::AnnounceKey(_) => Self::AnnounceKey,
            Kind::RetireKey(key) => Self::RetireKey(Wire::take(key).within("retire_key")?),
            Kind::CompromiseKey(p) => Self::CompromiseKey {
                key: Wire::take(p.verifier_key).within("compromise_key.verifier_key")?,
                last_trusted_size: p.last_trusted_size,
            },
            Kind::ErasePersonalData(subject) => {
                Self::ErasePersonalData(Wire::take(subject).within("erase_personal_data")?)
            }
            Kind::EraseEvidence(sha256) => {
                Self::EraseEvidence(Wire::take(sha256).within("erase_evidence")?)
            }
        })
    }
}
