//! The root of a ledger as it was: over its first events, hashed again from the stored bytes.

use crate::ledger::reader::{ReadFault, Reader};
use crate::log::ReadLimits;
use crate::merkle::{Frontier, Hash, leaf_hash};

impl Reader {
    /// The Merkle root over the first `size` events, `size` being at most that of the head.
    ///
    /// Reads and hashes them all, piece by piece, in the caller's task: dropped, it stops at the next piece. The root of
    /// the present head is known without that.
    pub async fn root_at(&self, size: u64) -> Result<Hash, ReadFault> {
        let head = self.head();
        if size == head.size {
            return Ok(head.root);
        }
        if head.size < size {
            return Err(ReadFault::NotReached { position: size });
        }
        let mut frontier = Frontier::new();
        while frontier.size() < size {
            let chunk = self.read(frontier.size(), ReadLimits::default()).await?;
            if chunk.count() == 0 {
                return Err(ReadFault::NotReached {
                    position: frontier.size(),
                });
            }
            for (_, leaf) in chunk.leaves().take_while(|(position, _)| *position < size) {
                frontier.push(leaf_hash(&leaf));
            }
            // Many pieces may lie in memory already; others want to run too.
            tokio::task::yield_now().await;
        }
        Ok(frontier.root())
    }
}
