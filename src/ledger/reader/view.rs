//! The ledger as it was known at a size.

use std::sync::Arc;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::ledger::reader::{ReadFault, Reader};
use crate::ledger::structure::Start;
use crate::log::Head;

/// The ledger as it was known at a size, and what stood where then.
#[derive(Clone, Debug)]
pub struct View {
    /// The present head, at or above `size`.
    pub head: Head,
    /// K: the events at positions 0 to `size - 1` are known, no others.
    pub size: u64,
    /// The fold of the structural events among them.
    pub directory: Arc<Directory>,
}

impl View {
    /// Everything up to `head`, in which `directory` stands.
    pub(super) fn present(head: Head, directory: Arc<Directory>) -> Self {
        Self {
            head,
            size: head.size,
            directory,
        }
    }

    /// The facts of days up to `on` that are known here.
    pub fn cut(&self, on: Date) -> Cut {
        Cut::on(on).known_at(self.size)
    }
}

impl Reader {
    /// The ledger as it was known when it had `size` events: the directory is the fold of exactly those.
    /// Costs at most the fold of the structural events between two savepoints, and nothing where none came
    /// since.
    pub async fn view_at(&self, size: u64) -> Result<View, ReadFault> {
        self.view_from(size, None).await
    }

    /// As [`Reader::view_at`]. Goes on from `earlier` where that is nearer than a savepoint: for those who look
    /// at one size after another.
    pub async fn view_after(&self, earlier: &View, size: u64) -> Result<View, ReadFault> {
        self.view_from(size, Some(&earlier.directory)).await
    }

    async fn view_from(
        &self,
        size: u64,
        earlier: Option<&Arc<Directory>>,
    ) -> Result<View, ReadFault> {
        let present = self.view();
        if present.head.size < size {
            let position = size.saturating_sub(1);
            return Err(ReadFault::NotReached { position });
        }
        let view = |directory| View {
            size,
            directory,
            ..present.clone()
        };
        let version = self.structure().version_at(size);
        if version as u64 == present.directory.version() {
            return Ok(view(present.directory.clone()));
        }
        let known = self.directories().get(&version).cloned();
        if let Some(directory) = known {
            return Ok(view(directory));
        }
        let mut start = self.structure().start(version);
        let reached = start.directory.version();
        if let Some(earlier) =
            earlier.filter(|earlier| (reached..=version as u64).contains(&earlier.version()))
        {
            let known = usize::try_from(earlier.version() - reached).unwrap_or(usize::MAX);
            start.missing.drain(..known.min(start.missing.len()));
            start.directory = earlier.clone();
        }
        let Start {
            mut directory,
            missing,
        } = start;
        if !missing.is_empty() {
            let fold = Arc::make_mut(&mut directory);
            for page in missing.chunks(Self::PAGE) {
                for stored in self.stored_at(page).await? {
                    fold.apply(&stored.recorded);
                }
            }
            if earlier.is_none() {
                self.directories().put(version, directory.clone());
            }
        }
        Ok(view(directory))
    }
}
