//! The last events of ledgers, read and encoded once for all who follow.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use tokio::sync::OnceCell;

use crate::domain::id::LedgerId;
use crate::grpc::follow::BEHIND;
use crate::grpc::follow::page::Page;
use crate::ledger::{ReadFault, Reader};

/// Pages that are kept at most.
const PAGES_MAX: NonZeroUsize = NonZeroUsize::new(1_024).expect("not zero");
/// Stored bytes of the pages that are kept at most. Encoded they take up to three times as many beside them.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A page that is read or is being read, for whoever asks for it.
type Shared = Arc<OnceCell<Arc<Page>>>;

/// Pages that somebody who follows a ledger read, by their first position, for the others who come there.
///
/// Whoever is caught up stands at the same position as all others who are, so one of them reads what comes next and the
/// rest wait for that. A page stays as long as it was read: who comes to it later goes on behind it, where those before
/// went on. Whoever is far behind reads alone and has nothing kept.
pub(in crate::grpc) struct Tail {
    pages: Mutex<LruCache<(LedgerId, u64), Shared>>,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            pages: Mutex::new(LruCache::new(PAGES_MAX)),
        }
    }
}

impl Tail {
    /// The next events in `from..until`, which is the head's size.
    pub(super) async fn page(
        &self,
        reader: &Reader,
        from: u64,
        until: u64,
    ) -> Result<Arc<Page>, ReadFault> {
        if BEHIND < until - from {
            return Page::read(reader, from, until).await.map(Arc::new);
        }
        let cell = {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            pages
                .get_or_insert((reader.id(), from), Arc::default)
                .clone()
        };
        // Who waits for another to read it reads it where that one fails or goes away.
        let read = async || Page::read(reader, from, until).await.map(Arc::new);
        let mut is_mine = false;
        let page = cell
            .get_or_try_init(|| {
                is_mine = true;
                read()
            })
            .await?
            .clone();
        if is_mine {
            self.trim();
        }
        Ok(page)
    }

    /// Lets those go that nobody asked for longest.
    fn trim(&self) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |cell: &Shared| cell.get().map_or(0, |page| page.chunk().framed().len());
        let mut kept: usize = pages.iter().map(|(_, cell)| bytes(cell)).sum();
        while BYTES_MAX < kept
            && let Some((_, cell)) = pages.pop_lru()
        {
            kept -= bytes(&cell);
        }
    }
}
