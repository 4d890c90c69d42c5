//! Evaluations that were asked for lately, so that the pages of one list compute it once. Disposable: what is not here is
//! computed again, and comes out the same.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use imbl::OrdSet;
use lru::LruCache;
use tokio::sync::OnceCell;

use crate::domain::date::Date;
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::id::{GoalId, LedgerId, PlanId};
use crate::ledger::Reader;
use crate::projection::evaluation::{At, PlanEvaluation};

/// What an evaluation is a function of.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Question {
    /// The ledger.
    pub ledger: LedgerId,
    /// Its generation: a ledger that was continued from a copy may have other events at the same positions.
    pub generation: u64,
    /// K, as a size of the ledger.
    pub known_at: u64,
    /// D.
    pub effective_on: Date,
    /// The plan.
    pub plan: PlanId,
    /// The policy.
    pub policy: PolicyVersion,
    /// Goals left out for whoever may not read them.
    pub hidden: OrdSet<GoalId>,
}

impl Question {
    /// What `at` asks of a ledger.
    pub fn of(reader: &Reader, at: &At) -> Self {
        Self {
            ledger: reader.id(),
            generation: reader.head().generation,
            known_at: at.known_at,
            effective_on: at.effective_on,
            plan: at.plan.id,
            policy: at.ruling.policy.version.clone(),
            hidden: at.directory.hidden().clone(),
        }
    }
}

/// An evaluation, with how many rows it has.
type Answer = Arc<OnceCell<(Arc<PlanEvaluation>, usize)>>;

/// Evaluations by what they are a function of, those used last at hand.
pub struct Cache {
    answers: Mutex<LruCache<Question, Answer>>,
}

impl Cache {
    /// Evaluations that are kept at most.
    pub const COUNT_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
    /// Rows, of all evaluations together, that are kept at most; the one asked for last is kept however large it is. A row
    /// takes some 2.5 KiB.
    pub const ROWS_MAX: usize = 10_000;

    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            answers: Mutex::new(LruCache::new(Self::COUNT_MAX)),
        }
    }

    /// The answer to `question`, computed by `compute` unless it is here. Of those who ask at once one computes, the
    /// others wait; if that one gives up, the next takes over.
    pub async fn get<E>(
        &self,
        question: Question,
        compute: impl Future<Output = Result<PlanEvaluation, E>>,
    ) -> Result<Arc<PlanEvaluation>, E> {
        let cell = self.lock().get_or_insert(question, Answer::default).clone();
        let computed = async || {
            let evaluation = compute.await?;
            let rows = evaluation.rows();
            Ok((Arc::new(evaluation), rows))
        };
        let (evaluation, _) = cell.get_or_try_init(computed).await?;
        self.shrink();
        Ok(evaluation.clone())
    }

    /// Lets go of what was not asked for longest, until what is left is within the limit.
    fn shrink(&self) {
        let mut answers = self.lock();
        let rows = |answer: &Answer| answer.get().map_or(0, |(_, rows)| *rows);
        let mut kept: usize = answers.iter().map(|(_, answer)| rows(answer)).sum();
        while Self::ROWS_MAX < kept && 1 < answers.len() {
            let Some((_, gone)) = answers.pop_lru() else {
                break;
            };
            kept -= rows(&gone);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Question, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cache")
    }
}
