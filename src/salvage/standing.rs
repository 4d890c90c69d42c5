//! Which of several events that parts have at one position is the ledger's: what was signed and said behind it tells, for a
//! different byte gives a different root.

use crate::domain::event::EventType;
use crate::log::codec::{decode, envelope};
use crate::merkle::{Frontier, leaf_hash};
use crate::proof::bundle::verify::Generations;
use crate::salvage::part::Cursor;
use crate::salvage::trust::{Signature, applies};
use crate::salvage::walk::{Side, Walk};

/// How well a history that goes on with an event is borne out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Standing {
    /// Whoever has the event says another root behind it.
    Denied,
    /// Nothing speaks for it.
    Unheld,
    /// Whoever has the event, or the source that it is in, says the root behind it.
    Said,
    /// Somebody else says it.
    Confirmed,
    /// A known key signed it.
    Signed,
}

/// What a line says of the events so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Heard {
    Nothing,
    Denies,
    Agrees,
    Signs,
}

/// What a line's word is worth for an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Voice {
    /// It has the event.
    Own,
    /// It has another.
    Against,
    /// It has none, and lies beside one that has the event, or another, but not both.
    Beside { own: bool },
    /// It has none, and lies beside none of them, or beside both.
    Neutral,
}

/// A line that is listened to.
struct Listened<'a> {
    voice: Voice,
    cursor: Cursor<'a>,
}

impl Walk<'_> {
    /// Which of the events is the ledger's: the one that is borne out best. Of two that a known key signed, the one of the higher
    /// generation, whose ledger says itself that it lost what came before; nothing where that does not tell them apart either.
    pub(super) fn decide(&self, sides: &[Side]) -> Option<usize> {
        let is_signed_ahead = self.is_signed_ahead();
        let standing = |side: &Side| {
            let others = sides.iter().flat_map(|other| &other.lines);
            let others = others.filter(|line| !side.lines.contains(line));
            let others: Vec<usize> = others.copied().collect();
            let standing = self.standing(&side.lines, &others, is_signed_ahead);
            // Anybody can write of a new generation.
            let generation = match standing {
                Standing::Signed => side.recorded.generation,
                _ => 0,
            };
            (standing, generation)
        };
        let standings: Vec<_> = sides.iter().map(standing).collect();
        let best = standings.iter().max()?;
        let mut those = (0..)
            .zip(&standings)
            .filter(|(_, standing)| *standing == best);
        let first = those.next().map(|(at, _)| at);
        let is_one = those.next().is_none() && Standing::Said <= best.0;
        first.filter(|_| is_one)
    }

    /// Whether a known key signed a root of the events so far and of those that follow, as lines others than `against` have them.
    pub(super) fn is_signed_further_on(&self, against: &[usize]) -> bool {
        self.is_signed_ahead() && self.standing(&[], against, true) == Standing::Signed
    }

    /// Whether anything behind the events so far is signed by a known key.
    fn is_signed_ahead(&self) -> bool {
        let size = self.tree.size();
        let since = self.trust.since;
        if since.is_some_and(|since| size < since.checkpoint().head().size) {
            return true;
        }
        self.heard().any(|(_, mut cursor)| {
            let mut from = size.saturating_add(1);
            while let Some(next) = cursor.next_signed(from) {
                let mut signed = cursor.signed(next).into_iter();
                if signed.any(|one| self.trust.judge(self.ledger, &one) == Signature::Known) {
                    return true;
                }
                from = next.saturating_add(1);
            }
            false
        })
    }

    /// Follows the events of `own`, and where those have none that of others but `others`, until it is known how they are borne out.
    fn standing(&self, own: &[usize], others: &[usize], is_signed_ahead: bool) -> Standing {
        let (mut tree, mut names) = (self.tree.clone(), self.names.clone());
        let listened = self.heard().map(|(line, cursor)| Listened {
            voice: self.voice(line, own, others),
            cursor,
        });
        let mut listened: Vec<Listened<'_>> = listened.collect();
        listened.sort_by_key(|line| line.voice != Voice::Own);
        let mut standing = Standing::Unheld;
        loop {
            let position = tree.size();
            let mut leaf = None;
            for line in &mut listened {
                let found = line.cursor.leaf(position);
                leaf = leaf.or(found.filter(|_| line.voice != Voice::Against));
            }
            let Some(leaf) = leaf else {
                return standing;
            };
            tree.push(leaf_hash(&leaf));
            rename(&mut names, &leaf);
            for line in &mut listened {
                let heard = self.listen(&mut line.cursor, &tree, &names);
                match (heard, line.voice) {
                    (Heard::Signs, _) => return Standing::Signed,
                    (Heard::Agrees, Voice::Own | Voice::Beside { own: true }) => {
                        standing = standing.max(Standing::Said);
                    }
                    (Heard::Agrees, _) => standing = Standing::Confirmed,
                    (Heard::Denies, Voice::Own) if standing < Standing::Said => {
                        return Standing::Denied;
                    }
                    (Heard::Denies, Voice::Own | Voice::Neutral) if !is_signed_ahead => {
                        return standing;
                    }
                    (Heard::Denies | Heard::Nothing, _) => {}
                }
            }
            if let Some(since) = self.trust.since
                && since.checkpoint().head() == tree.head()
                && applies(&names, since)
            {
                return Standing::Signed;
            }
            if !is_signed_ahead && standing == Standing::Confirmed {
                return standing;
            }
        }
    }

    fn voice(&self, line: usize, own: &[usize], others: &[usize]) -> Voice {
        let is_beside = |lines: &[usize]| {
            let mut sources = lines.iter().map(|line| self.source(*line));
            sources.any(|source| source == self.source(line))
        };
        match (own.contains(&line), others.contains(&line)) {
            (true, _) => Voice::Own,
            (_, true) => Voice::Against,
            _ => match (is_beside(own), is_beside(others)) {
                (true, false) => Voice::Beside { own: true },
                (false, true) => Voice::Beside { own: false },
                _ => Voice::Neutral,
            },
        }
    }

    /// What a line says of the events so far. One that says both yes and no agrees.
    fn listen(&self, cursor: &mut Cursor<'_>, tree: &Frontier, names: &Generations) -> Heard {
        let size = tree.size();
        let mut roots = cursor.said(size);
        for signed in cursor.signed(size) {
            if !applies(names, &signed) {
                continue;
            }
            let root = signed.checkpoint().head().root;
            match self.trust.judge(self.ledger, &signed) {
                Signature::Known if root == tree.root() => return Heard::Signs,
                Signature::Known | Signature::Unknown => roots.push(root),
                Signature::False => {}
            }
        }
        match &roots[..] {
            [] => Heard::Nothing,
            roots if roots.contains(&tree.root()) => Heard::Agrees,
            _ => Heard::Denies,
        }
    }
}

/// Takes note of the name that an event gives the ledger, if it does.
fn rename(names: &mut Generations, leaf: &[u8]) {
    let names_it = |event_type| {
        matches!(
            event_type,
            EventType::LedgerOpened | EventType::LedgerContinued
        )
    };
    if envelope(leaf).is_ok_and(|envelope| names_it(envelope.event_type))
        && let Ok(recorded) = decode(leaf)
    {
        names.see(&recorded);
    }
}
