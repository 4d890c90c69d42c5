//! Whether a checkpoint is to be believed, by a policy that the auditor keeps.

use jiff::Timestamp;

use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::verify::PolicyArgs;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::merkle::{SignedCheckpoint, TrustPolicy, Untrusted, Verdict};
use crate::proof::bundle::verify::{AnnouncedKey, Notices, Standing};
use crate::proof::policy::fingerprint;

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
    /// Only keys signed it that the ledger had retired, or that others know.
    Ended(Verdict<'p>, Standing),
    /// A key signed it that the policy lacks, and that the ledger announced.
    Announced(Box<AnnouncedKey>),
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

    /// The same, with what the ledger says of its keys.
    #[must_use]
    pub fn knowing(
        self,
        policy: Option<&TrustPolicy>,
        checkpoint: &SignedCheckpoint,
        notices: &Notices,
    ) -> Self {
        let size = checkpoint.checkpoint().head().size;
        match self {
            Self::Signed(verdict) => {
                let standings = verdict.logs.iter().map(|key| notices.standing(key, size));
                let witnessed =
                    verdict.quorum_met && policy.is_some_and(|policy| policy.quorum().is_some());
                let is_worth = |standing: &Standing| match standing {
                    Standing::Good => true,
                    Standing::Compromised { .. } => witnessed,
                    Standing::Retired { .. } => false,
                };
                let standings: Vec<Standing> = standings.collect();
                match standings.first() {
                    Some(first) if !standings.iter().any(is_worth) => Self::Ended(verdict, *first),
                    _ => Self::Signed(verdict),
                }
            }
            Self::Unknown(fault) => match notices.announced(checkpoint) {
                Some(announced) => Self::Announced(Box::new(announced)),
                None => Self::Unknown(fault),
            },
            other => other,
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
            Self::Ended(_, Standing::Compromised { last_trusted_size: size }) => Some((
                Outcome::Undecided,
                view.pick(
                    format!("{size}件より後は他人に知られた鍵だけの署名で、立会人の連署が足りません"),
                    format!("signed only by a key that others know, trusted up to {size} events, and not by enough witnesses"),
                ),
            )),
            Self::Ended(_, Standing::Retired { last_size: size }) => Some((
                Outcome::Undecided,
                view.pick(
                    format!("{size}件で廃止された鍵だけの署名です"),
                    format!("signed only by a key that was retired at {size} events"),
                ),
            )),
            // Such a key is worth something.
            Self::Ended(_, Standing::Good) => None,
            Self::Announced(announced) => {
                let AnnouncedKey {
                    key,
                    position,
                    vouched_at,
                } = announced.as_ref();
                let fingerprint = fingerprint(key);
                Some((
                    Outcome::Undecided,
                    view.pick(
                        format!("署名した鍵は信頼方針にありませんが、この台帳が位置{position}で公表しています（信頼方針の鍵が{vouched_at}件の先端証明に署名）。指紋 {fingerprint} を組織の公表する値と照らし合わせ、信頼方針に次の行を加えてください: log {key}"),
                        format!("signed by a key that the policy lacks and that this ledger announced at position {position}, under the checkpoint of {vouched_at} events that a key of the policy signed: compare its fingerprint {fingerprint} with what the organisation publishes, then add to the policy: log {key}"),
                    ),
                ))
            }
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
        let (Self::Signed(verdict) | Self::Ended(verdict, _)) = self else {
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
