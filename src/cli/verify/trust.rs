//! Whether a checkpoint is to be believed, by a policy that the auditor keeps.

use jiff::Timestamp;

use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::verify::PolicyArgs;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::merkle::{SignedCheckpoint, TrustPolicy, Untrusted, Verdict};

/// What a policy says of a checkpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trust<'p> {
    /// The log signed it.
    Signed(Verdict<'p>),
    /// Nobody said whom to believe.
    NoPolicy,
    /// No key that is believed signed it.
    Unknown(Untrusted),
    /// A key that is believed did not sign this.
    Forged(Untrusted),
}

impl<'p> Trust<'p> {
    /// Judges a checkpoint by a policy, if there is one.
    pub fn of(policy: Option<&'p TrustPolicy>, checkpoint: &SignedCheckpoint) -> Self {
        match policy.map(|policy| policy.evaluate(checkpoint)) {
            None => Self::NoPolicy,
            Some(Ok(verdict)) => Self::Signed(verdict),
            Some(Err(fault @ Untrusted::Unverified(_))) => Self::Forged(fault),
            Some(Err(fault)) => Self::Unknown(fault),
        }
    }

    /// Why the signature does not let anybody say that it is whole; `None`: it does.
    pub fn doubt(&self, view: &View) -> Option<(Outcome, String)> {
        match self {
            Self::Signed(_) => None,
            Self::NoPolicy => Some((
                Outcome::Undecided,
                view.pick(
                    "だれの鍵を信じるかが分かりません。--policy で信頼方針を渡してください",
                    "nobody said whose key to believe: name a trust policy with --policy",
                )
                .to_owned(),
            )),
            Self::Unknown(fault) => Some((
                Outcome::Undecided,
                view.pick(
                    format!("信頼方針にある鍵の署名がありません（{fault}）"),
                    format!("no key of the policy signed it: {fault}"),
                ),
            )),
            Self::Forged(fault) => Some((
                Outcome::Tampered,
                view.pick(
                    format!("署名が内容と合いません（{fault}）"),
                    format!("a signature does not belong to what it stands under: {fault}"),
                ),
            )),
        }
    }

    /// Says who else saw it.
    pub fn witnessed(&self, view: &View, policy: Option<&TrustPolicy>, verdicts: &mut Verdicts) {
        let Self::Signed(verdict) = self else {
            return;
        };
        let seen: Vec<String> = verdict
            .witnesses
            .iter()
            .map(|by| {
                let time = i64::try_from(by.time).ok();
                let time = time.and_then(|seconds| Timestamp::from_second(seconds).ok());
                let time = time.map_or_else(|| by.time.to_string(), |time| time.to_string());
                format!("{} {time}", by.witness.name)
            })
            .collect();
        let names = seen.join(view.pick("、", ", "));
        let quorum = policy.and_then(TrustPolicy::quorum);
        let (outcome, sentence) = match (quorum, verdict.quorum_met, seen.is_empty()) {
            (None, _, true) => (
                Outcome::NotShown,
                view.pick(
                    "信頼方針は立会人を求めていません".to_owned(),
                    "the policy asks for no witness".to_owned(),
                ),
            ),
            (Some(quorum), false, _) => (
                Outcome::Undecided,
                view.pick(
                    format!(
                        "立会人が足りません（必要: {quorum}、署名済: {}）",
                        seen.len()
                    ),
                    format!("too few witnesses for `{quorum}`: {} cosigned", seen.len()),
                ),
            ),
            _ => (
                Outcome::Verified,
                view.pick(format!("立会人: {names}"), format!("seen by {names}")),
            ),
        };
        verdicts.say(Aspect::Witnessed, outcome, sentence);
    }
}

/// Reads the policy that the command line names, if it does.
pub fn policy(view: &View, args: &PolicyArgs) -> Result<Option<TrustPolicy>, Failure> {
    let Some(path) = &args.policy else {
        return Ok(None);
    };
    let bytes = super::read(view, path, crate::merkle::trust_policy::POLICY_BYTES_MAX)?;
    let policy = TrustPolicy::parse(&bytes).map_err(|fault| {
        let shown = super::shown(path);
        Failure::usage(view.pick(
            format!("{shown} は信頼方針ではありません: {fault}"),
            format!("{shown} is not a trust policy: {fault}"),
        ))
    })?;
    Ok(Some(policy))
}
