//! The walk through one ledger, position by position over all parts that hold it: which events its history is put together of, and
//! where it ends.
//!
//! An event is taken if it can follow those before it. Where parts have different events, what was signed or said behind them
//! decides (`standing`); where nothing does, the history ends. Where a source says a root that the events do not have, it ends
//! where that source last agreed; where a known key signed one, behind the last that a known key signed. So nothing is taken that any
//! source denies, unless a known key signed it.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::domain::event::{Payload, Recorded};
use crate::domain::id::LedgerId;
use crate::log::LedgerCommit;
use crate::log::codec::decode;
use crate::merkle::{Frontier, Hash, SignedCheckpoint, leaf_hash};
use crate::proof::bundle::verify::Generations;
use crate::proof::history::History;
use crate::salvage::Conflict;
use crate::salvage::part::{Cursor, Part};
use crate::salvage::plan::{Conflicts, Erased, Plan, Run};
use crate::salvage::trust::{Signature, Trust, applies};

/// Times that a part may be found to have other events and still be heard again.
const DISAGREEMENTS_MAX: u32 = 100;
/// What stands for the operator's own checkpoint where parts are named.
pub(super) const SINCE: &str = "--since";

/// Plans one ledger. `watch` is told of each event.
pub(super) fn plan(
    ledger: LedgerId,
    parts: &[Part],
    trust: &Trust<'_>,
    watch: &mut dyn FnMut(),
) -> Plan {
    let mut walk = Walk::new(ledger, parts, trust);
    while walk.step() {
        watch();
    }
    walk.finish()
}

/// A part that is walked through.
pub(super) struct Line<'a> {
    /// Its number among all parts.
    pub(super) part: usize,
    cursor: Cursor<'a>,
    /// Since when it is known to have another history.
    out: Option<u64>,
    disagreements: u32,
}

pub(super) struct Walk<'a> {
    pub(super) ledger: LedgerId,
    pub(super) parts: &'a [Part],
    pub(super) trust: &'a Trust<'a>,
    pub(super) lines: Vec<Line<'a>>,
    /// Over the events that were taken.
    pub(super) tree: Frontier,
    history: History,
    pub(super) names: Generations,
    origins: Vec<(u64, String)>,
    runs: Vec<Run>,
    /// Over the events up to the last whole request.
    border: Frontier,
    /// The same, at the last size at which each source agreed.
    agreed: BTreeMap<usize, Frontier>,
    /// The same, at the last size that a known key signed.
    signed: Frontier,
    /// The root at the size of the operator's own checkpoint, while the ledger has not come to the name that it bears; what was signed
    /// until then, and the border there.
    since: Option<(Hash, [Frontier; 2])>,
    /// Bytes since the border.
    loose: usize,
    conflicts: Conflicts,
    /// Why the walk ended, if it did for a conflict.
    ended: Option<Ended>,
    erased: Erased,
}

#[derive(Clone)]
enum Ended {
    /// Nothing decides what comes next.
    Undecided,
    /// What was taken since these events is denied.
    Denied(Frontier),
}

/// An event that some lines have at a position.
pub(super) struct Side {
    leaf: Bytes,
    hash: Hash,
    pub(super) recorded: Recorded,
    pub(super) lines: Vec<usize>,
}

/// A root that is signed or said and that the events do not have.
struct Against {
    /// The line that has it; nothing for the operator's own checkpoint.
    line: Option<usize>,
    /// Whether a known key signed it.
    is_signed: bool,
}

impl<'a> Walk<'a> {
    fn new(ledger: LedgerId, parts: &'a [Part], trust: &'a Trust<'a>) -> Self {
        let holding = parts.iter().enumerate();
        let holding = holding.filter(|(_, part)| part.ledgers.contains(&ledger));
        let line = |(number, part)| Line {
            part: number,
            cursor: Cursor::new(part, ledger),
            out: None,
            disagreements: 0,
        };
        Self {
            ledger,
            parts,
            trust,
            lines: holding.map(line).collect(),
            tree: Frontier::new(),
            history: History::new(ledger.to_string()),
            names: Generations::default(),
            origins: Vec::new(),
            runs: Vec::new(),
            border: Frontier::new(),
            agreed: BTreeMap::new(),
            signed: Frontier::new(),
            since: None,
            loose: 0,
            conflicts: Conflicts::default(),
            ended: None,
            erased: Erased::default(),
        }
    }

    /// Takes the next event; false: there is none, or nothing decides which.
    fn step(&mut self) -> bool {
        let position = self.tree.size();
        let (mut sides, has_misfits) = self.sides(position);
        let taken = match sides.len() {
            0 => {
                self.ended = has_misfits.then_some(Ended::Undecided);
                return false;
            }
            1 => Some(0),
            _ => self.decide(&sides),
        };
        if 1 < sides.len() {
            let named = sides.iter().map(|side| self.names_of(&side.lines));
            let sides = named.collect();
            let conflict = Conflict::Events {
                position,
                sides,
                taken,
            };
            match taken {
                Some(_) => self.conflicts.add(conflict),
                None => self.conflicts.end(conflict),
            }
        }
        let Some(taken) = taken else {
            self.ended = Some(Ended::Undecided);
            return false;
        };
        let taken = sides.swap_remove(taken);
        let others = sides.iter().flat_map(|side| &side.lines);
        let others: Vec<usize> = others.copied().collect();
        others.into_iter().for_each(|line| self.put_out(line));
        self.take(position, &taken) && self.hear()
    }

    /// The events that can follow at `position`, with the lines that have each; and whether there are others. A line that has one of
    /// those is out.
    fn sides(&mut self, position: u64) -> (Vec<Side>, bool) {
        let (mut sides, mut has_misfits): (Vec<Side>, bool) = (Vec::new(), false);
        for at in 0..self.lines.len() {
            let line = &mut self.lines[at];
            if line.out.is_some() {
                continue;
            }
            let Some(leaf) = line.cursor.leaf(position) else {
                continue;
            };
            if let Some(side) = sides.iter_mut().find(|side| side.leaf == leaf) {
                side.lines.push(at);
                continue;
            }
            let fits = match decode(&leaf) {
                Ok(recorded) => match self.history.misfit(position, &recorded) {
                    None => Ok(recorded),
                    Some(finding) => Err(finding.kind.code().to_owned()),
                },
                Err(fault) => Err(fault.to_string()),
            };
            match fits {
                Ok(recorded) => sides.push(Side {
                    hash: leaf_hash(&leaf),
                    leaf,
                    recorded,
                    lines: vec![at],
                }),
                Err(why) => {
                    let by = self.names_of(&[at]).concat();
                    self.conflicts.add(Conflict::Misfit { position, by, why });
                    self.put_out(at);
                    has_misfits = true;
                }
            }
        }
        (sides, has_misfits)
    }

    fn take(&mut self, position: u64, taken: &Side) -> bool {
        let recorded = &taken.recorded;
        self.tree.push(taken.hash);
        self.history.take(position, recorded, taken.hash);
        self.names.see(recorded);
        if let Payload::LedgerOpened(_) | Payload::LedgerContinued(_) = &recorded.event.payload {
            let origin = self.names.origin().unwrap_or_default().to_owned();
            self.origins.push((position, origin));
        }
        self.erased.see(position, recorded);
        let parts = taken.lines.iter().map(|line| self.lines[*line].part);
        let parts: Vec<usize> = parts.collect();
        let before = self.runs.last().map(|run| run.part);
        if !before.is_some_and(|before| parts.contains(&before)) {
            let run = |part: &usize| Run {
                from: position,
                part: *part,
            };
            self.runs.extend(parts.first().map(run));
        }
        self.loose += taken.leaf.len();
        if recorded.request_index + 1 == recorded.request_count {
            self.loose = 0;
            self.border = self.tree.clone();
        }
        let events = self.tree.size() - self.border.size();
        // No log has ever taken more at once.
        events <= LedgerCommit::GROUP_EVENTS_MAX as u64
            && self.loose <= LedgerCommit::GROUP_BYTES_MAX
    }

    /// Holds what is signed and said of the events so far against them; false: it denies them.
    fn hear(&mut self) -> bool {
        let size = self.tree.size();
        let (mut agreeing, mut is_signed, mut against) = (Vec::new(), false, Vec::new());
        let mut judged: Vec<(SignedCheckpoint, Signature)> = Vec::new();
        let since = self.trust.since;
        let since = since.filter(|since| since.checkpoint().head().size == size);
        match since {
            Some(since) if applies(&self.names, since) => {
                match since.checkpoint().head().root == self.tree.root() {
                    true => is_signed = true,
                    false => against.push(Against {
                        line: None,
                        is_signed: true,
                    }),
                }
            }
            Some(_) => {
                let then = [self.signed.clone(), self.border.clone()];
                self.since = Some((self.tree.root(), then));
            }
            None => {}
        }
        if !self.hear_since_again() {
            return false;
        }
        for (at, line) in self.lines.iter_mut().enumerate() {
            if DISAGREEMENTS_MAX <= line.disagreements {
                continue;
            }
            if line.out.is_some() {
                // What it says of a group of events is known while it holds the last of them.
                line.cursor.leaf(size - 1);
            }
            let said = line.cursor.said(size).into_iter();
            let mut stated: Vec<(Hash, bool)> = said.map(|root| (root, false)).collect();
            for signed in line.cursor.signed(size) {
                if !applies(&self.names, &signed) {
                    continue;
                }
                let known = judged.iter().find(|(known, _)| *known == signed);
                let signature = match known {
                    Some((_, signature)) => *signature,
                    None => self.trust.judge(self.ledger, &signed),
                };
                let root = signed.checkpoint().head().root;
                judged.push((signed, signature));
                match signature {
                    Signature::Known => stated.push((root, true)),
                    Signature::Unknown => stated.push((root, false)),
                    Signature::False => {}
                }
            }
            if stated.is_empty() {
                continue;
            }
            let root = self.tree.root();
            if stated.iter().all(|(stated, _)| *stated == root) {
                // Up to here it has the same events.
                line.out = None;
            }
            if line.out.is_some() {
                continue;
            }
            for (stated, by_known) in stated {
                match stated == root {
                    true => {
                        agreeing.push(self.parts[line.part].source);
                        is_signed |= by_known;
                    }
                    false => against.push(Against {
                        line: Some(at),
                        is_signed: by_known,
                    }),
                }
            }
        }
        if !against.is_empty() && !self.overrule(size, &against, is_signed) {
            return false;
        }
        if is_signed {
            self.signed = self.border.clone();
        }
        for source in agreeing {
            self.agreed.insert(source, self.border.clone());
        }
        true
    }

    /// Holds the operator's own checkpoint against events before, where the ledger has come to the name that it bears since; false: it
    /// denies them.
    fn hear_since_again(&mut self) -> bool {
        let Some(since) = self.trust.since.filter(|since| applies(&self.names, since)) else {
            return true;
        };
        let Some((root, [signed, border])) = self.since.take() else {
            return true;
        };
        let head = since.checkpoint().head();
        if head.root == root {
            if self.signed.size() < border.size() {
                self.signed = border;
            }
            return true;
        }
        self.conflicts.end(Conflict::Root {
            size: head.size,
            by: SINCE.to_owned(),
            is_signed: true,
            is_overruled: false,
        });
        self.ended = Some(Ended::Denied(signed));
        false
    }

    /// Whether the events go on though `against` denies them: only where a known key signed them, here or further on, and nothing
    /// that a known key signed is against them.
    fn overrule(&mut self, size: u64, against: &[Against], is_signed: bool) -> bool {
        let lines: Vec<usize> = against.iter().filter_map(|one| one.line).collect();
        let is_overruled = !against.iter().any(|one| one.is_signed)
            && (is_signed || self.is_signed_further_on(&lines));
        for one in against {
            let by = match one.line {
                Some(line) => self.names_of(&[line]).concat(),
                None => SINCE.to_owned(),
            };
            let is_signed = one.is_signed;
            let conflict = Conflict::Root {
                size,
                by,
                is_signed,
                is_overruled,
            };
            match is_overruled {
                true => self.conflicts.add(conflict),
                false => self.conflicts.end(conflict),
            }
        }
        match is_overruled {
            true => lines.into_iter().for_each(|line| self.put_out(line)),
            false => {
                let good = match against.iter().any(|one| one.is_signed) {
                    true => self.signed.clone(),
                    false => self.agreed_by(&lines),
                };
                self.ended = Some(Ended::Denied(good));
            }
        }
        is_overruled
    }

    /// The events up to which the sources of all these lines agreed, at least those that a known key signed.
    fn agreed_by(&self, lines: &[usize]) -> Frontier {
        let sources = lines.iter().map(|line| self.source(*line));
        let agreed = sources.map(|source| self.agreed.get(&source).cloned().unwrap_or_default());
        let least = agreed.min_by_key(Frontier::size).unwrap_or_default();
        match least.size() < self.signed.size() {
            true => self.signed.clone(),
            false => least,
        }
    }

    /// The number of the source that a line is of.
    pub(super) fn source(&self, line: usize) -> usize {
        self.parts[self.lines[line].part].source
    }

    /// Hears a line no more until it agrees again. What small files say is of the history that lies beside them.
    fn put_out(&mut self, line: usize) {
        let (since, source) = (self.tree.size(), self.source(line));
        let out = &mut self.lines[line];
        out.disagreements += 1;
        out.out.get_or_insert(since);
        let parts = self.parts;
        let of_source = |line: &&mut Line<'_>| parts[line.part].source == source;
        let has_events = |line: &Line<'_>| parts[line.part].has_events();
        let mut lines = self.lines.iter_mut().filter(of_source);
        if lines.all(|line| line.out.is_some() || !has_events(&*line)) {
            for line in self.lines.iter_mut().filter(of_source) {
                line.out.get_or_insert(since);
            }
        }
    }

    /// The names of the parts of these lines.
    fn names_of(&self, lines: &[usize]) -> Vec<String> {
        let parts = lines.iter().map(|line| &self.parts[self.lines[*line].part]);
        parts.map(|part| part.name.clone()).collect()
    }

    /// The lines that are heard, with fresh cursors.
    pub(super) fn heard(&self) -> impl Iterator<Item = (usize, Cursor<'a>)> {
        let (parts, ledger) = (self.parts, self.ledger);
        let heard = self.lines.iter().enumerate();
        let heard = heard.filter(|(_, line)| line.out.is_none());
        heard.map(move |(at, line)| (at, Cursor::new(&parts[line.part], ledger)))
    }

    fn finish(mut self) -> Plan {
        let end = match &self.ended {
            Some(Ended::Denied(good)) => good.clone(),
            Some(Ended::Undecided) | None => self.border.clone(),
        };
        let size = end.size();
        let stopped_at = self.tree.size();
        let (mut resumes, mut erased) = (None, std::mem::take(&mut self.erased));
        for line in &self.lines {
            let cursor = || Cursor::new(&self.parts[line.part], self.ledger);
            if line.out.is_none() && self.ended.is_none() {
                let next = cursor().next(stopped_at);
                resumes = resumes.into_iter().chain(next).min();
            }
            let from = line.out.unwrap_or(size).min(size);
            erased.sweep(cursor(), from);
        }
        self.runs.retain(|run| run.from < size);
        let others = self.lines.iter().filter(|line| line.out.is_some());
        let agreed = self.agreed.values().chain([&self.signed]);
        let agreed = agreed.map(Frontier::size).max();
        Plan {
            ledger: self.ledger,
            size,
            root: end.root(),
            runs: self.runs,
            origins: self.origins,
            agreed: agreed.unwrap_or(0).min(size),
            signed: self.signed.size().min(size),
            conflicts: self.conflicts,
            is_cut: self.ended.is_some(),
            resumes,
            erased,
            others: others.map(|line| line.part).collect(),
        }
    }
}
