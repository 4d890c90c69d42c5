//! Opening a data folder: both copies are looked at, then the table of repairs decides.
//!
//! | found | done |
//! |---|---|
//! | torn last journal record, and nothing reaches beyond its first position | dropped: it was never acknowledged |
//! | damaged tail that something reaches beyond | rebuilt from sled if root and size fit, else refused |
//! | sled missing, shorter, damaged or different | set aside, rebuilt from the journal; above the mark: cut, then fed again |
//! | sealed journal segment damaged, sled whole there | segment rebuilt |
//! | both damaged over one range, or both shorter than the heads file or a checkpoint | refused, nothing overwritten |
//!
//! What reaches beyond: marks and checkpoints in the journal, the heads file, what sled states, and the
//! floors that the caller gives. sled itself is rebuilt behind the opened log: readers are served from
//! the journal meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::thread;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::IntegrityKind;
use crate::log::chunk::frames;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::appender::{Appender, JournalThread};
use crate::log::embedded::feeder::Feeder;
use crate::log::embedded::folder::{DataFolder, IntegrityLog, sync_dir};
use crate::log::embedded::repair::{Rebuilt, Target, rebuild};
use crate::log::embedded::shared::{Beginning, Shared};
use crate::log::embedded::{EmbeddedConfig, EmbeddedLog, OpenError, Threads};
use crate::log::head::Head;
use crate::log::journal::catalog::{Catalog, start_of};
use crate::log::journal::segment::{self, Scan};
use crate::log::journal::survey::{NoSurvey, Survey, TailEnd};
use crate::log::journal::writer::{self, JournalWriter, Written};
use crate::log::journal::{FolderId, Ledgers, Location, Seal};
use crate::merkle::{Frontier, Hash, leaf_hash};

pub(crate) fn open(config: EmbeddedConfig) -> Result<EmbeddedLog, OpenError> {
    let folder = DataFolder::take(&config.folder)?;
    let format = folder.format()?;
    let segments = list_segments(&folder)?;
    if let Some(newer) = newer_segment(&folder, &segments)? {
        return Err(OpenError::Newer {
            what: format!("journal segment {newer}"),
        });
    }
    let integrity = IntegrityLog::open(folder.integrity_log(), Arc::clone(&config.now_us))
        .map_err(io_error("integrity.log"))?;
    let id = identify(&folder, format, &segments, &integrity)?;
    let opening = Opening {
        folder,
        integrity,
        config,
        id,
    };
    match opening.run(segments.last().copied()) {
        Err(OpenError::Refused { check, evidence }) => {
            let shown = evidence
                .strip_prefix(opening.folder.root())
                .unwrap_or(&evidence);
            let evidence_shown = Some(shown.display().to_string());
            opening
                .integrity
                .record(IntegrityKind::OpenRefused, check.clone(), evidence_shown);
            Err(OpenError::Refused { check, evidence })
        }
        Err(error) => Err(error),
        Ok(opened) => opening.start(opened).map_err(io_error("starting")),
    }
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io { what, source }
}

fn list_segments(folder: &DataFolder) -> Result<Vec<u32>, OpenError> {
    match segment::list(&folder.journal()) {
        Ok(segments) => Ok(segments),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(OpenError::Io {
            what: "journal",
            source,
        }),
    }
}

fn newer_segment(folder: &DataFolder, segments: &[u32]) -> Result<Option<u32>, OpenError> {
    for &number in segments {
        let any = FolderId([0; 16]);
        let (header, _) = segment::read_opening(&folder.journal(), any, number)
            .map_err(io_error("journal segment"))?;
        if header == Err(segment::NoHeader::Newer) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// The id of the folder: from the format file, else from the journal, else a new one.
fn identify(
    folder: &DataFolder,
    format: Option<FolderId>,
    segments: &[u32],
    integrity: &IntegrityLog,
) -> Result<FolderId, OpenError> {
    if let Some(id) = format {
        return Ok(id);
    }
    let known = segments.iter().find_map(|&number| {
        let any = FolderId([0; 16]);
        let (header, _) = segment::read_opening(&folder.journal(), any, number).ok()?;
        header.ok().map(|header| header.folder)
    });
    let id = match known {
        None if segments.is_empty() && !folder.sled().exists() && !folder.has_heads() => {
            FolderId::random()
        }
        None => {
            return Err(OpenError::Refused {
                check: "the file `format` is missing beside stored data".to_owned(),
                evidence: folder.root().to_owned(),
            });
        }
        Some(id) => {
            let detail = "the file `format` was missing and is written anew".to_owned();
            integrity.record(IntegrityKind::SummaryRewritten, detail, None);
            id
        }
    };
    folder.write_format(id).map_err(io_error("format"))?;
    Ok(id)
}

struct Opening {
    folder: DataFolder,
    integrity: IntegrityLog,
    config: EmbeddedConfig,
    id: FolderId,
}

/// Both copies, checked and repaired.
struct Opened {
    writer: JournalWriter,
    ledgers: Ledgers,
    /// The number of each segment and the state that it begins with.
    starts: Vec<(u32, Ledgers)>,
    /// The records of the tail, for its index.
    tail: Vec<Written>,
    copy: ReadCopy,
    copied: HashMap<LedgerId, Head>,
    /// Marks that no longer hold, since sled is begun anew.
    void_marks: Vec<LedgerId>,
}

/// A statement that a ledger has reached a size.
struct Reached {
    ledger: LedgerId,
    head: Head,
    source: String,
}

impl Opening {
    fn run(&self, last: Option<u32>) -> Result<Opened, OpenError> {
        let Some(last) = last else {
            return self.begin();
        };
        let dir = self.folder.journal();
        let mut survey = Survey::new(&dir, self.id, last).map_err(|error| match error {
            NoSurvey::Newer(number) => OpenError::Newer {
                what: format!("journal segment {number}"),
            },
            NoSurvey::Io(source) => OpenError::Io {
                what: "journal",
                source,
            },
        })?;
        let reached = self.reached(&survey);

        // sled changes what it opens. If it may be needed for a repair, keep all of it as it is.
        let short = |reached: &[Reached]| {
            let beyond = |r: &&Reached| r.head.size > survey.tail.ledgers.size(r.ledger);
            reached
                .iter()
                .find(beyond)
                .map(|r| (r.ledger, r.head.size, r.source.clone()))
        };
        let suspect = survey.sealed_damage().is_some()
            || matches!(survey.tail.end, TailEnd::Damaged { .. })
            || short(&reached).is_some();
        let kept = match suspect {
            true => self
                .folder
                .keep_sled_whole()
                .map_err(io_error("evidence"))?,
            false => None,
        };
        self.folder
            .keep_small_files()
            .map_err(io_error("evidence"))?;
        if let Some(evidence) = self
            .folder
            .set_half_snapshots_aside()
            .map_err(io_error("evidence"))?
        {
            let detail = "a snapshot of sled that was never finished".to_owned();
            self.integrity
                .record(IntegrityKind::LeftoverSetAside, detail, Some(evidence));
        }

        let existed = self.folder.sled().join("db").exists();
        let mut copy = ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes);
        let mut trouble = copy.as_ref().err().map(CopyFault::to_string);
        let mut ends = BTreeMap::new();
        if let Ok(copy) = &copy {
            match Self::examine(copy, &survey) {
                Ok(found) => ends = found,
                Err(why) => trouble = Some(why),
            }
        }
        let mut reached = reached;
        reached.extend(ends.iter().map(|(&ledger, &head)| Reached {
            ledger,
            head,
            source: "the read copy".to_owned(),
        }));
        let short = short(&reached);
        if trouble.is_none() {
            trouble = Self::shortfall(&ends, &survey);
        }

        // Where one copy must carry the other, or both are small, they are read in whole.
        let all = survey.tail.ledgers.events() <= self.config.verify_events_max;
        if all || trouble.is_some() || suspect || short.is_some() {
            survey.deepen(&dir, self.id).map_err(io_error("journal"))?;
        }
        if let (true, None, Ok(copy)) = (all, &trouble, &copy) {
            trouble = verify_copy(copy, &ends, &survey.roots).err();
        }

        let evidence = kept.map_or_else(
            || self.folder.root().join("evidence").join("before-open"),
            |kept| self.folder.root().join(kept),
        );
        let refuse = |check: String| OpenError::Refused {
            check,
            evidence: evidence.clone(),
        };
        let repairs = self
            .plan(&survey, &reached, short.as_ref(), copy.as_ref().ok())
            .map_err(|check| match &trouble {
                Some(trouble) => refuse(format!("{check}; {trouble}")),
                None => refuse(check),
            })?;
        Self::check_roots(&reached, &survey, &repairs).map_err(refuse)?;

        self.carry_out(&survey, &repairs)
            .map_err(io_error("journal repair"))?;
        let (ledgers, tail_file, sealed) = self.after(&survey, repairs)?;
        let mut void_marks = Vec::new();
        if let Some(why) = trouble {
            drop(copy);
            copy = self.replace_copy(existed, &ledgers, why)?;
            ends.clear();
            void_marks.extend(ledgers.0.keys().filter(|l| ledgers.marked(**l).size > 0));
        }
        let copy = copy.map_err(|fault| OpenError::Io {
            what: "read copy",
            source: io::Error::other(fault.to_string()),
        })?;
        let copied = self.cut_copy(&copy, &ends, &ledgers)?;
        let (writer, starts, tail) = self.resume(last, &ledgers, tail_file, sealed)?;
        Ok(Opened {
            writer,
            ledgers,
            starts,
            tail,
            copy,
            copied,
            void_marks,
        })
    }

    /// A folder without a journal: new, if nothing else is in it.
    fn begin(&self) -> Result<Opened, OpenError> {
        let held = [
            ("sled", self.folder.sled().exists()),
            ("heads", self.folder.has_heads()),
        ];
        if let Some((name, _)) = held.iter().find(|(_, exists)| *exists) {
            return Err(OpenError::Refused {
                check: format!("the journal is missing, and `{name}` says that there was one"),
                evidence: self.folder.root().join(name),
            });
        }
        if let Some(floor) = self.config.floors.iter().find(|floor| floor.size > 0) {
            return Err(OpenError::Refused {
                check: format!("nothing is stored, and ledger {} had events", floor.ledger),
                evidence: self.folder.root().to_owned(),
            });
        }
        let dir = self.folder.journal();
        fs::create_dir_all(&dir).map_err(io_error("journal"))?;
        sync_dir(self.folder.root()).map_err(io_error("journal"))?;
        let ledgers = Ledgers::default();
        let seal = ledgers.seal(0, Hash::new([0; 32]));
        let writer = self.begin_segment(&seal).map_err(io_error("journal"))?;
        let copy = ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes);
        let copy = copy.map_err(|fault| OpenError::Io {
            what: "read copy",
            source: io::Error::other(fault.to_string()),
        })?;
        let starts = vec![(1, ledgers.clone())];
        Ok(Opened {
            writer,
            ledgers,
            starts,
            tail: Vec::new(),
            copy,
            copied: HashMap::new(),
            void_marks: Vec::new(),
        })
    }

    fn begin_segment(&self, seal: &Seal) -> io::Result<JournalWriter> {
        let files = Arc::clone(&self.config.files);
        let dir = self.folder.journal();
        JournalWriter::begin(files, &dir, self.id, self.config.segment_bytes, seal)
    }

    /// What everything but sled says was reached.
    fn reached(&self, survey: &Survey) -> Vec<Reached> {
        let mut reached: Vec<Reached> = Vec::new();
        let mut say = |ledger, head, source: &str| {
            reached.push(Reached {
                ledger,
                head,
                source: source.to_owned(),
            });
        };
        for &(ledger, size, root, source) in &survey.tail.said {
            let generation = survey.tail.ledgers.head(ledger).generation;
            say(
                ledger,
                Head {
                    generation,
                    size,
                    root,
                },
                source,
            );
        }
        for floor in &self.config.floors {
            let generation = survey.tail.ledgers.head(floor.ledger).generation;
            let head = Head {
                generation,
                size: floor.size,
                root: floor.root,
            };
            say(floor.ledger, head, "a checkpoint from elsewhere");
        }
        match self.folder.heads() {
            Ok(heads) => {
                for (ledger, head) in heads.into_iter().flatten() {
                    say(ledger, head, "the heads file");
                }
            }
            Err(check) => {
                let detail = format!("heads file: {check}; it is written anew");
                self.integrity
                    .record(IntegrityKind::SummaryRewritten, detail, None);
            }
        }
        reached
    }

    /// What sled says it holds, if that and the last record of each ledger are sound.
    fn examine(copy: &ReadCopy, survey: &Survey) -> Result<BTreeMap<LedgerId, Head>, String> {
        let ends = copy.ends().map_err(|fault| fault.to_string())?;
        for (&ledger, head) in &ends {
            let last = head
                .size
                .checked_sub(1)
                .map(|last| copy.record(ledger, last));
            match last
                .transpose()
                .map_err(|fault| fault.to_string())?
                .flatten()
            {
                Some(record) if record.end() >= head.size => {}
                _ => return Err(format!("read copy: ledger {ledger} lacks its last record")),
            }
            let known = survey.roots.get(&(ledger, head.size));
            if known.is_some_and(|root| *root != head.root) {
                return Err(format!(
                    "read copy: ledger {ledger} has another root at size {}",
                    head.size
                ));
            }
        }
        Ok(ends)
    }

    /// Whether sled has less than a mark says.
    fn shortfall(ends: &BTreeMap<LedgerId, Head>, survey: &Survey) -> Option<String> {
        let size = |ledger: &LedgerId| ends.get(ledger).map_or(0, |head| head.size);
        let mut marked = survey
            .tail
            .ledgers
            .0
            .iter()
            .map(|(ledger, state)| (*ledger, state.marked));
        let (ledger, mark) = marked.find(|(ledger, mark)| size(ledger) < mark.size)?;
        let found = size(&ledger);
        Some(format!(
            "read copy: ledger {ledger} ends at {found}, the mark is at {}",
            mark.size
        ))
    }

    /// The segments that must be rebuilt, rebuilt. The error says why one cannot be.
    fn plan(
        &self,
        survey: &Survey,
        reached: &[Reached],
        short: Option<&(LedgerId, u64, String)>,
        copy: Option<&ReadCopy>,
    ) -> Result<BTreeMap<u32, Rebuilt>, String> {
        let dir = self.folder.journal();
        let mut repairs = BTreeMap::new();
        let mut before = Ledgers::default().seal(0, Hash::new([0; 32]));
        for sealed in &survey.sealed {
            let Some(damage) = &sealed.damage else {
                before.clone_from(sealed.end.as_ref().ok_or("seal")?);
                continue;
            };
            let scan = match Scan::read(&dir, self.id, sealed.number) {
                Ok(scan) => Some(scan),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(format!("journal segment {}: {error}", sealed.number)),
            };
            let target = Target {
                seal: sealed.end.clone(),
                ..Target::default()
            };
            let rebuild = |target| rebuild(self.id, damage, &before, scan.as_ref(), target, copy);
            let mut rebuilt = rebuild(&target)?;
            if rebuilt.seal.is_none() {
                // Neither its seal nor the next segment tells its end: it ends with what is left.
                let seal = rebuilt
                    .ledgers
                    .seal(sealed.number, Hash::digest(&rebuilt.file));
                let target = Target {
                    seal: Some(seal),
                    ..Target::default()
                };
                rebuilt = rebuild(&target)?;
            }
            before.clone_from(rebuilt.seal.as_ref().ok_or("seal")?);
            repairs.insert(sealed.number, rebuilt);
        }
        let tail = &survey.tail;
        let damage = match (&tail.end, short) {
            (TailEnd::Damaged { check }, _) => check.clone(),
            (TailEnd::Torn { check, .. }, Some((ledger, size, source))) => {
                format!("{check}, and {source} says ledger {ledger} reached {size}")
            }
            (TailEnd::Whole, Some((ledger, size, source))) => {
                let found = tail.ledgers.size(*ledger);
                format!("ledger {ledger} ends at {found}, and {source} says it reached {size}")
            }
            (TailEnd::Torn { .. } | TailEnd::Whole, None) => return Ok(repairs),
        };
        let mut target = Target::default();
        for Reached { ledger, head, .. } in reached {
            let (size, generation) = target.reach.entry(*ledger).or_insert((0, 0));
            *generation = if head.size >= *size {
                head.generation
            } else {
                *generation
            };
            *size = head.size.max(*size);
            target.roots.insert((*ledger, head.size), head.root);
        }
        let rebuilt = rebuild(self.id, &damage, &before, Some(&tail.scan), &target, copy)?;
        repairs.insert(tail.number, rebuilt);
        Ok(repairs)
    }

    /// Compares every statement with the roots that were computed.
    fn check_roots(
        reached: &[Reached],
        survey: &Survey,
        repairs: &BTreeMap<u32, Rebuilt>,
    ) -> Result<(), String> {
        let ledgers = repairs
            .get(&survey.tail.number)
            .map_or(&survey.tail.ledgers, |r| &r.ledgers);
        for Reached {
            ledger,
            head,
            source,
        } in reached
        {
            let end = ledgers.head(*ledger);
            let known = match head.size {
                0 => Some(Hash::EMPTY_ROOT),
                size if size == end.size => Some(end.root),
                size => survey.roots.get(&(*ledger, size)).copied(),
            };
            if head.size > end.size {
                return Err(format!(
                    "ledger {ledger} ends at {}, and {source} says it reached {}",
                    end.size, head.size
                ));
            }
            // sled with another root is set aside; anything else with another root is not believed away.
            if source != "the read copy" && known.is_some_and(|root| root != head.root) {
                return Err(format!(
                    "ledger {ledger} at size {}: {source} states another root",
                    head.size
                ));
            }
        }
        Ok(())
    }

    /// Puts rebuilt segments in place of the damaged ones, which are set aside.
    fn carry_out(&self, survey: &Survey, repairs: &BTreeMap<u32, Rebuilt>) -> io::Result<()> {
        let dir = self.folder.journal();
        for (&number, rebuilt) in repairs {
            let new = dir.join(format!("{number:010}.rebuilt"));
            let mut file = fs::File::create(&new)?;
            file.write_all(&rebuilt.file)?;
            file.sync_all()?;
        }
        for (&number, rebuilt) in repairs {
            let path = segment::path(&dir, number);
            let (aside, shown) = self.folder.new_evidence("journal")?;
            if path.exists() {
                fs::rename(&path, aside.join(format!("{number:010}.journal")))?;
            }
            fs::rename(dir.join(format!("{number:010}.rebuilt")), &path)?;
            sync_dir(&dir)?;
            let Rebuilt { damage, filled, .. } = rebuilt;
            let detail = format!(
                "journal segment {number}: {damage}; rebuilt with {filled} events of the read copy"
            );
            self.integrity
                .record(IntegrityKind::JournalRebuilt, detail, Some(shown));
        }
        let TailEnd::Torn { at, check } = &survey.tail.end else {
            return Ok(());
        };
        let number = survey.tail.number;
        if !repairs.contains_key(&number) {
            let path = segment::path(&dir, number);
            let (aside, shown) = self.folder.new_evidence("torn")?;
            let torn = &survey.tail.scan.file[*at..];
            fs::write(
                aside.join(format!("{number:010}.journal.from-byte-{at}")),
                torn,
            )?;
            if *at == 0 {
                fs::remove_file(&path)?;
            } else {
                let file = fs::File::options().write(true).open(&path)?;
                file.set_len(*at as u64)?;
                file.sync_all()?;
            }
            sync_dir(&dir)?;
            let detail = format!("journal segment {number}: {check}; never acknowledged");
            self.integrity
                .record(IntegrityKind::TornTailDropped, detail, Some(shown));
        }
        Ok(())
    }

    /// The journal after the repairs: its state, its tail, and the seals of the other segments.
    #[expect(clippy::type_complexity, reason = "read once, just below")]
    fn after(
        &self,
        survey: &Survey,
        mut repairs: BTreeMap<u32, Rebuilt>,
    ) -> Result<(Ledgers, Scan, Vec<Seal>), OpenError> {
        let mut sealed = Vec::new();
        for found in &survey.sealed {
            let seal = match repairs.remove(&found.number) {
                Some(rebuilt) => rebuilt.seal,
                None => found.end.clone(),
            };
            sealed.extend(seal);
        }
        let number = survey.tail.number;
        if let Some(rebuilt) = repairs.remove(&number) {
            let scan = Scan::of(rebuilt.file, self.id, number);
            return Ok((rebuilt.ledgers, scan, sealed));
        }
        let end = match survey.tail.end {
            TailEnd::Torn { at, .. } => at,
            _ => survey.tail.scan.end,
        };
        let scan = Scan::of(survey.tail.scan.file.slice(..end), self.id, number);
        Ok((survey.tail.ledgers.clone(), scan, sealed))
    }

    /// Sets sled aside and begins a new one, to be fed from the journal.
    fn replace_copy(
        &self,
        existed: bool,
        ledgers: &Ledgers,
        why: String,
    ) -> Result<Result<ReadCopy, CopyFault>, OpenError> {
        let marked = ledgers.0.values().any(|state| state.marked.size > 0);
        if existed || marked {
            let evidence = self.folder.set_sled_aside().map_err(io_error("evidence"))?;
            let detail = format!("{why}; set aside and rebuilt from the journal");
            self.integrity
                .record(IntegrityKind::CopySetAside, detail, Some(evidence));
        }
        Ok(ReadCopy::open(
            &self.folder.sled(),
            self.id,
            self.config.cache_bytes,
        ))
    }

    /// Cuts what sled holds above the marks: it is fed again from there.
    fn cut_copy(
        &self,
        copy: &ReadCopy,
        ends: &BTreeMap<LedgerId, Head>,
        ledgers: &Ledgers,
    ) -> Result<HashMap<LedgerId, Head>, OpenError> {
        let fault = |fault: CopyFault| OpenError::Io {
            what: "read copy",
            source: io::Error::other(fault.to_string()),
        };
        let mut copied = HashMap::new();
        let held = copy.ledgers_with_records().map_err(fault)?;
        for ledger in held {
            let mark = ledgers.marked(ledger);
            if ends.get(&ledger) != Some(&mark) || mark.size < ledgers.size(ledger) {
                copy.cut(ledger, &mark).map_err(fault)?;
            }
            if mark.size > 0 {
                copied.insert(ledger, mark);
            }
        }
        Ok(copied)
    }

    /// Goes on behind the tail: the writer, where each segment begins, and the tail's records.
    #[expect(clippy::type_complexity, reason = "read once, just above")]
    fn resume(
        &self,
        last: u32,
        ledgers: &Ledgers,
        tail: Scan,
        sealed: Vec<Seal>,
    ) -> Result<(JournalWriter, Vec<(u32, Ledgers)>, Vec<Written>), OpenError> {
        let mut starts = vec![(1, Ledgers::default())];
        starts.extend(
            sealed
                .iter()
                .map(|seal| (seal.segment + 1, Ledgers::from(seal))),
        );
        let io = io_error("journal");
        let own_seal = tail.seal(last).cloned();
        let writer = if let Some(seal) = &own_seal {
            starts.push((last + 1, ledgers.clone()));
            self.begin_segment(seal).map_err(io)?
        } else if tail.records.is_empty() {
            let seal = sealed.last().cloned();
            let seal = seal.unwrap_or_else(|| Ledgers::default().seal(0, Hash::new([0; 32])));
            self.begin_segment(&seal).map_err(io)?
        } else {
            let written = tail.file.slice(..tail.end);
            let ordinal = tail
                .records
                .last()
                .map_or(0, |found| found.decoded.ordinal + 1);
            JournalWriter::resume(
                Arc::clone(&self.config.files),
                &self.folder.journal(),
                self.id,
                self.config.segment_bytes,
                writer::Tail {
                    segment: last,
                    ordinal,
                    written,
                },
            )
            .map_err(io)?
        };
        let tail = if own_seal.is_some() {
            Vec::new()
        } else {
            index(last, tail)
        };
        Ok((writer, starts, tail))
    }

    /// Starts the threads.
    fn start(self, opened: Opened) -> io::Result<EmbeddedLog> {
        let Opened {
            writer,
            ledgers,
            starts,
            tail,
            copy,
            copied,
            void_marks,
        } = opened;
        let catalog = Catalog::new(&self.folder.journal(), self.id);
        starts
            .iter()
            .for_each(|(number, state)| catalog.begin(*number, state));
        tail.iter().for_each(|written| catalog.add(written));
        let committed = writer.end();
        let behind = ledgers.0.iter().filter_map(|(&ledger, state)| {
            let have = copied.get(&ledger).map_or(0, |head| head.size);
            (have < state.frontier.size())
                .then(|| catalog.segment_of(ledger, have))
                .flatten()
        });
        let fed = behind.min().map_or(committed, start_of);
        let shared = Arc::new(Shared::new(Beginning {
            folder: self.folder,
            integrity: self.integrity,
            catalog,
            config: self.config,
            id: self.id,
            ledgers: ledgers.clone(),
            copy,
            copied,
            committed,
            fed,
        }));
        shared.leave_marks(
            void_marks
                .into_iter()
                .map(|ledger| (ledger, Head::EMPTY))
                .collect(),
        );
        let (appender, messages) = Appender::new(Arc::clone(&shared));
        Appender::wake_for_marks(&appender.weak_queue());
        let journal = JournalThread {
            shared: Arc::clone(&shared),
            writer,
            ledgers,
        };
        let journal = thread::Builder::new()
            .name("daicho-journal".to_owned())
            .spawn(move || journal.run(messages))?;
        let feeder = Feeder::new(Arc::clone(&shared), appender.weak_queue());
        let feeder = thread::Builder::new()
            .name("daicho-feeder".to_owned())
            .spawn(move || feeder.run())?;
        let threads = Threads {
            journal: Some(journal),
            feeder: Some(feeder),
        };
        let threads = Arc::new(tokio::sync::Mutex::new(threads));
        Ok(EmbeddedLog {
            shared,
            appender,
            threads,
        })
    }
}

/// The records of the tail with their places, without their leaves.
fn index(segment: u32, tail: Scan) -> Vec<Written> {
    tail.records
        .into_iter()
        .map(|found| {
            let location = Location {
                segment,
                offset: found.offset as u64,
            };
            let next = location.offset + found.decoded.length as u64;
            let next = Location {
                segment,
                offset: next,
            };
            Written {
                location,
                next,
                record: found.decoded.record,
            }
        })
        .collect()
}

/// Reads all that sled holds: no gap, every crc right, the roots as stated and as the journal has them.
fn verify_copy(
    copy: &ReadCopy,
    ends: &BTreeMap<LedgerId, Head>,
    roots: &HashMap<(LedgerId, u64), Hash>,
) -> Result<(), String> {
    for (&ledger, end) in ends {
        let mut frontier = Frontier::new();
        while frontier.size() < end.size {
            let position = frontier.size();
            let record = copy
                .record(ledger, position)
                .map_err(|fault| fault.to_string())?;
            let record = record.filter(|r| r.first == position && r.count() > 0);
            let leaves: Bytes = record
                .ok_or_else(|| format!("read copy: no position {position} of ledger {ledger}"))?
                .framed;
            let left = usize::try_from(end.size - position).unwrap_or(usize::MAX);
            frontier.extend(frames(leaves).take(left).map(|leaf| leaf_hash(&leaf)));
        }
        let known = roots.get(&(ledger, end.size)).unwrap_or(&end.root);
        if frontier.root() != end.root || end.root != *known {
            return Err(format!(
                "read copy: ledger {ledger} has another root at {}",
                end.size
            ));
        }
    }
    Ok(())
}
