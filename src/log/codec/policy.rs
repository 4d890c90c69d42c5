//! What a policy says, as bytes: so that an answer can name what it was computed with by more than a version.

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::domain::access::AccessPolicy;
use crate::domain::evaluation::policy::PolicyContent;
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _, is};
use crate::log::codec::value::Wire;
use crate::log::codec::wire;
use crate::log::codec::wire::policy_published::Content;

/// SHA-256 over what a policy says: over the message `EvaluationPolicy`, `GradeRubric` or `AccessPolicy` as a leaf holds it, with
/// ascending fields and without default values. The built-in ones have one too, although no leaf holds them.
pub fn policy_sha256(content: &PolicyContent) -> Result<[u8; 32], EncodeError> {
    let bytes = match content.put()? {
        Some(Content::Evaluation(policy)) => policy.encode_to_vec(),
        Some(Content::Rubric(rubric)) => rubric.encode_to_vec(),
        Some(Content::Approval(approval)) => approval.encode_to_vec(),
        Some(Content::Access(policy)) => policy.encode_to_vec(),
        None => Vec::new(),
    };
    Ok(Sha256::digest(bytes).into())
}

impl Wire<Option<Content>> for PolicyContent {
    fn put(&self) -> Result<Option<Content>, EncodeError> {
        Ok(Some(match self {
            Self::Evaluation(policy) => Content::Evaluation(policy.put().within("evaluation")?),
            Self::Rubric(rubric) => Content::Rubric(rubric.put().within("rubric")?),
            Self::Approval(approval) => Content::Approval(approval.put().within("approval")?),
            Self::Access(policy) => Content::Access(wire::AccessPolicy {
                cedar: policy.cedar().to_owned(),
            }),
        }))
    }
    fn take(wire: Option<Content>) -> Result<Self, DecodeError> {
        Ok(match wire.ok_or_else(DecodeError::missing)? {
            Content::Evaluation(policy) => {
                Self::Evaluation(Wire::take(policy).within("evaluation")?)
            }
            Content::Rubric(rubric) => Self::Rubric(Wire::take(rubric).within("rubric")?),
            Content::Approval(approval) => Self::Approval(Wire::take(approval).within("approval")?),
            Content::Access(policy) => {
                Self::Access(is(AccessPolicy::parse(&policy.cedar)).within("access")?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluation::policy::EvaluationPolicy;

    #[test]
    fn the_digest_is_that_of_the_stored_message() {
        let policy = EvaluationPolicy::default();
        let digest = policy_sha256(&PolicyContent::Evaluation(policy.clone())).unwrap();
        // Fields 1 and 2 are the thresholds, as decimals in text.
        let mut stored = vec![10, 1, b'1', 18, 3, b'0', b'.', b'8', 24, 1];
        stored.extend([
            34, 1, b'1', 40, 1, 66, 3, b'0', b'.', b'1', 72, 60, 80, 45, 88, 1,
        ]);
        if let Some(rubric) = &policy.rubric {
            let code = rubric.as_str().as_bytes();
            stored.extend([98, u8::try_from(code.len()).unwrap()]);
            stored.extend(code);
        }
        assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&stored)));

        let other = EvaluationPolicy {
            display_digits: 2,
            ..policy
        };
        assert_ne!(
            digest,
            policy_sha256(&PolicyContent::Evaluation(other)).unwrap()
        );
    }
}
