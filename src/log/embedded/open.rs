//! Opening a data folder: both copies are looked at, then the table of repairs decides.
//!
//! | found | done |
//! |---|---|
//! | torn last journal record, and nothing reaches beyond its first position | dropped: it was never acknowledged |
//! | damaged tail that something reaches beyond | rebuilt from sled if root and size fit, else refused |
//! | sled missing, shorter, damaged or different | set aside, rebuilt from the journal; above the mark: cut, then fed again |
//! | sealed journal segment damaged, sled whole there | segment rebuilt |
//! | both damaged over one range, or both shorter than the heads file or a checkpoint | refused, nothing overwritten |
//! | sled missing, shorter, damaged or different, and the journal was trimmed | refused, nothing overwritten |
//!
//! What reaches beyond: marks and checkpoints in the journal, the heads file, what sled states, and the
//! floors that the caller gives. sled itself is rebuilt behind the opened log: readers are served from
//! the journal meanwhile.

mod carry_out;
mod plan;
mod trimmed;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::domain::id::LedgerId;
use crate::durable::make_folder;
use crate::log::IntegrityKind;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::appender::{Appender, JournalThread};
use crate::log::embedded::feeder::Feeder;
use crate::log::embedded::folder::{DataFolder, IntegrityLog, holds_nothing};
use crate::log::embedded::kept::Kept;
use crate::log::embedded::shared::{Beginning, Shared};
use crate::log::embedded::trim::proof::check_files;
use crate::log::embedded::{EmbeddedConfig, EmbeddedLog, OpenError, Threads};
use crate::log::head::Head;
use crate::log::journal::catalog::{Catalog, start_of};
use crate::log::journal::room::{Filler, Room};
use crate::log::journal::segment::{self, Scan};
use crate::log::journal::survey::{NoSurvey, Survey, TailEnd};
use crate::log::journal::writer::{self, Draft, Home, JournalWriter, Written};
use crate::log::journal::{FolderId, Ledgers, Location, Record, Seal};
use crate::merkle::Hash;

pub(crate) fn open(config: EmbeddedConfig) -> Result<EmbeddedLog, OpenError> {
    if config.existing && holds_nothing(&config.folder).map_err(io_error("folder"))? {
        return Err(OpenError::NothingThere {
            folder: config.folder,
        });
    }
    let mut folder = DataFolder::take(&config.folder)?;
    let format = folder.format()?;
    folder.settle_journal(format, config.journal.as_deref())?;
    let segments = match segment::list(&folder.journal()) {
        Ok(segments) => segments,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return Err(OpenError::Io {
                what: "journal",
                source,
            });
        }
    };
    let integrity = IntegrityLog::open(folder.integrity_log(), Arc::clone(&config.now_us))
        .map_err(io_error("integrity.log"))?;
    let id = identify(&folder, format, &segments, &integrity, config.existing)?;
    let room = Arc::new(Room::new(
        config.segment_bytes,
        config.room_bytes,
        config.pack,
    ));
    let opening = Opening {
        folder,
        integrity,
        config,
        id,
        room,
    };
    match opening.run(segments.last().copied()) {
        Ok(opened) => opening.start(opened).map_err(io_error("starting")),
        Err(error) => {
            if let OpenError::Refused { check, .. } = &error {
                opening
                    .integrity
                    .record(IntegrityKind::OpenRefused, check.clone(), None);
            }
            Err(error)
        }
    }
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io { what, source }
}

fn copy_error(fault: CopyFault) -> OpenError {
    OpenError::Io {
        what: "read copy",
        source: io::Error::other(fault.to_string()),
    }
}

/// The id of the folder: from the format file, else from the journal, else a new one.
fn identify(
    folder: &DataFolder,
    format: Option<FolderId>,
    segments: &[u32],
    integrity: &IntegrityLog,
    existing: bool,
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
            if existing {
                return Err(OpenError::NothingThere {
                    folder: folder.root().to_owned(),
                });
            }
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
    room: Arc<Room>,
}

/// Both copies, checked and repaired.
struct Opened {
    journal: Resumed,
    copy: ReadCopy,
    copied: HashMap<LedgerId, Head>,
}

/// The journal, ready to be written on.
struct Resumed {
    writer: JournalWriter,
    ledgers: Ledgers,
    /// The number of each segment and the state that it begins with.
    starts: Vec<(u32, Ledgers)>,
    /// The records of the tail, for its index.
    tail: Vec<Written>,
}

/// A statement that a ledger has reached a size.
#[derive(Clone, Debug)]
struct Reached {
    ledger: LedgerId,
    head: Head,
    source: Source,
}

/// Who states it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    Mark,
    Checkpoint,
    CopiedCheckpoint,
    Elsewhere,
    HeadsFile,
    ReadCopy,
}

/// sled, as far as it can be used, and what was found of it.
struct Examined {
    copy: Result<ReadCopy, CopyFault>,
    /// Whether there was one before this open.
    existed: bool,
    /// What it says it holds.
    ends: BTreeMap<LedgerId, Head>,
    /// The last checkpoint that it keeps of each ledger.
    signed: Vec<Reached>,
    /// Why it must be begun anew, if it must.
    trouble: Option<String>,
}

/// The journal after the repairs.
struct Repaired {
    ledgers: Ledgers,
    tail: Scan,
    /// The seals of the segments before the tail.
    seals: Vec<Seal>,
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
        let mut reached = self.reached(&survey);
        let suspect = survey.sealed_damage().is_some()
            || matches!(survey.tail.end, TailEnd::Damaged { .. })
            || plan::beyond(&reached, &survey).is_some();
        // An open of sled overwrites what is behind damage, which may be all that is left of what was trimmed.
        let alone_there = survey.trimmed().next().is_some();
        let endangered = alone_there && check_files(&self.folder.sled()).is_err();
        let evidence = self.keep_evidence(suspect || endangered);
        let evidence = evidence.map_err(io_error("evidence"))?;

        let mut examined = self.examine(&survey)?;
        reached.extend(plan::reached_by(&examined.ends));
        reached.extend(examined.signed.iter().cloned());
        // Where one copy must carry the other, or both are small, they are read in whole.
        let small = survey.tail.ledgers.events() <= self.config.verify_events_max;
        let all = small || self.folder.is_suspect();
        let alone = examined.trouble.is_some() || plan::beyond(&reached, &survey).is_some();
        if all || suspect || alone {
            survey.deepen(&dir, self.id).map_err(io_error("journal"))?;
        }
        if all {
            examined.verify(&survey);
        }
        if self.folder.is_suspect() {
            examined.verify_beside_log();
        }

        let unlearned = survey
            .learn_roots(&dir, self.id, plan::signed(&reached))
            .map_err(io_error("journal"))?;
        examined.learn_roots(&mut survey, unlearned);
        if let Some(check) = self.hindered_by_trimmed(&survey, &examined) {
            return Err(OpenError::Refused { check, evidence });
        }

        let copy = examined.copy.as_ref().ok();
        let repairs = self
            .plan(&survey, &reached, copy)
            .and_then(|repairs| {
                plan::check_roots(&reached, &survey, &repairs)?;
                Ok(repairs)
            })
            .map_err(|check| match &examined.trouble {
                Some(trouble) => format!("{check}; {trouble}"),
                None => check,
            })
            .map_err(|check| match self.advice_on_damaged(&survey) {
                Some(advice) => format!("{check}; {advice}"),
                None => check,
            })
            .map_err(|check| OpenError::Refused { check, evidence })?;

        self.carry_out(&survey, &repairs)
            .map_err(io_error("journal repair"))?;
        if let Some(last) = survey.trimmed().last() {
            let up_to = last.number;
            tracing::info!(
                up_to,
                "the journal is trimmed: of some segments the read copy alone holds the events here"
            );
        }
        let trimmed = survey.trimmed_up_to().unwrap_or_default();
        let repaired = self.repaired(&survey, repairs);
        let mut journal = self.resume(repaired).map_err(io_error("journal"))?;
        let (copy, copied) = self.mend_copy(examined, &mut journal, &trimmed)?;
        self.folder
            .number_evidence()
            .and_then(|()| self.folder.clear_suspicion())
            .map_err(io_error("evidence"))?;
        Ok(Opened {
            journal,
            copy,
            copied,
        })
    }

    /// Keeps what an open of sled may change. Tells where.
    fn keep_evidence(&self, suspect: bool) -> io::Result<PathBuf> {
        if suspect {
            // sled may be needed for a repair: all of it is kept as it is.
            self.folder.keep_sled_whole()?;
        }
        self.folder.keep_small_files()?;
        if let Some(evidence) = self.folder.set_half_snapshots_aside()? {
            let detail = "a snapshot of sled that was never finished".to_owned();
            self.integrity
                .record(IntegrityKind::LeftoverSetAside, detail, Some(evidence));
        }
        Ok(self.folder.root().join("evidence"))
    }

    /// A folder without a journal: new, if nothing else is in it.
    fn begin(&self) -> Result<Opened, OpenError> {
        let held = [
            ("sled", self.folder.sled().exists()),
            ("heads", self.folder.has_heads()),
        ];
        let dir = self.folder.journal();
        if let Some((name, _)) = held.iter().find(|(_, exists)| *exists) {
            let place = dir.display();
            return Err(OpenError::Refused {
                check: format!(
                    "the journal is missing in `{place}`, and `{name}` says that there was one"
                ),
                evidence: self.folder.root().join(name),
            });
        }
        if let Some(floor) = self.config.floors.iter().find(|floor| floor.size > 0) {
            return Err(OpenError::Refused {
                check: format!("nothing is stored, and ledger {} had events", floor.ledger),
                evidence: self.folder.root().to_owned(),
            });
        }
        make_folder(&dir).map_err(io_error("journal"))?;
        let ledgers = Ledgers::default();
        let writer =
            JournalWriter::begin(self.home(), &before_all()).map_err(io_error("journal"))?;
        let copy = ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes)
            .map_err(copy_error)?;
        Ok(Opened {
            journal: Resumed {
                writer,
                starts: vec![(1, ledgers.clone())],
                ledgers,
                tail: Vec::new(),
            },
            copy,
            copied: HashMap::new(),
        })
    }

    fn home(&self) -> Home {
        Home {
            files: Arc::clone(&self.config.files),
            dir: self.folder.journal(),
            folder: self.id,
            segment_bytes: self.config.segment_bytes,
            room: Arc::clone(&self.room),
        }
    }

    /// Goes on behind the tail.
    fn resume(&self, repaired: Repaired) -> io::Result<Resumed> {
        let Repaired {
            ledgers,
            tail,
            seals,
        } = repaired;
        let last = seals.len() as u32 + 1;
        let dir = self.folder.journal();
        segment::remove_drafts(&dir)?;
        let mut starts = vec![(1, Ledgers::default())];
        starts.extend(
            seals
                .iter()
                .map(|seal| (seal.segment + 1, Ledgers::from(seal))),
        );
        let (writer, tail) = if let Some(seal) = tail.seal(last) {
            // A crash right behind the seal leaves the zeros that were to be cut off.
            segment::cut(&dir, last, tail.end as u64)?;
            starts.push((last + 1, ledgers.clone()));
            (JournalWriter::begin(self.home(), seal)?, Vec::new())
        } else if let Some(end) = tail.records.last() {
            let writer = JournalWriter::resume(
                self.home(),
                writer::Tail {
                    segment: last,
                    ordinal: end.decoded.ordinal + 1,
                    written: tail.file.slice(..tail.end),
                    fillable: tail.header.is_ok_and(|header| header.filled),
                },
            )?;
            (writer, index(last, &tail))
        } else {
            let seal = seals.last().cloned().unwrap_or_else(before_all);
            (JournalWriter::begin(self.home(), &seal)?, Vec::new())
        };
        Ok(Resumed {
            writer,
            ledgers,
            starts,
            tail,
        })
    }

    /// Starts the threads.
    fn start(self, opened: Opened) -> io::Result<EmbeddedLog> {
        let Opened {
            journal,
            copy,
            copied,
        } = opened;
        let Resumed {
            writer,
            ledgers,
            starts,
            tail,
        } = journal;
        let dir = self.folder.journal();
        let filler = Filler::new(self.home());
        let catalog = Catalog::new(&dir, self.id);
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
        let behind = behind.min().map_or(committed, start_of);
        let unread = unread(&copy, &tail)
            .map_err(io::Error::other)?
            .unwrap_or(committed);
        let fed = behind.min(unread);
        let kept = kept_since(&catalog, fed, committed, &tail);
        let shared = Arc::new(Shared::new(Beginning {
            folder: self.folder,
            integrity: self.integrity,
            catalog,
            config: self.config,
            id: self.id,
            room: self.room,
            ledgers: ledgers.clone(),
            copy,
            copied,
            kept,
            committed,
            fed,
        }));
        let (appender, messages) = Appender::new(Arc::clone(&shared));
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
        let filling = Arc::clone(&shared);
        let filler = thread::Builder::new()
            .name("daicho-filler".to_owned())
            .spawn(move || filling.run_filler(filler))?;
        let scrub = shared.config.scrub_every.map(|every| {
            let scrubbing = Arc::clone(&shared);
            thread::Builder::new()
                .name("daicho-scrub".to_owned())
                .spawn(move || scrubbing.run_scrub(every))
        });
        let threads = Threads {
            journal: Some(journal),
            feeder: Some(feeder),
            filler: Some(filler),
            scrub: scrub.transpose()?,
        };
        let threads = Arc::new(tokio::sync::Mutex::new(threads));
        Ok(EmbeddedLog {
            shared,
            appender,
            threads,
        })
    }
}

impl Resumed {
    /// Writes down that no mark holds any more: sled is begun anew.
    fn void_marks(&mut self) -> io::Result<()> {
        let marked = self.ledgers.0.iter().filter(|(_, s)| s.marked.size > 0);
        let void: Vec<_> = marked.map(|(ledger, _)| (*ledger, Head::EMPTY)).collect();
        if void.is_empty() {
            return Ok(());
        }
        let record = Record::Mark(void.clone());
        let segment = self.writer.end().segment;
        let written = self
            .writer
            .write(&[Draft::Record(&record)], &self.ledgers)?;
        let now = self.writer.end().segment;
        if now != segment {
            self.starts.push((now, self.ledgers.clone()));
            self.tail.clear();
        }
        self.tail.extend(written);
        self.ledgers.mark(&void);
        Ok(())
    }
}

/// The seal before the first segment: nothing.
pub(crate) fn before_all() -> Seal {
    Ledgers::default().seal(0, Hash::new([0; 32]))
}

/// Where the journal is to be read from for checkpoints that sled lacks; nothing if it lacks none.
///
/// sled may have lost its newest checkpoints while a mark of before them holds. Places in a segment that
/// was rebuilt are others than before, so only those are believed that are the end of a record.
fn unread(copy: &ReadCopy, tail: &[Written]) -> Result<Option<Location>, CopyFault> {
    let Some(read) = copy.read_up_to()? else {
        return Ok(Some(start_of(1)));
    };
    let is_end = |written: &Written| written.next == read;
    Ok(match tail.last() {
        Some(last) if last.next == read => None,
        _ if tail.iter().any(is_end) => Some(read),
        _ => Some(start_of(read.segment)),
    })
}

/// The checkpoints between two places of the journal, `end` being that of its `tail`.
fn kept_since(catalog: &Catalog, from: Location, end: Location, tail: &[Written]) -> Kept {
    let kept = Kept::default();
    let mut at = from;
    while at < end {
        let Ok((record, next)) = catalog.record(at) else {
            // The feeder meets it too, and tells it.
            tail.iter().for_each(|written| kept.add(&written.record));
            break;
        };
        kept.add(&record);
        at = next;
    }
    kept
}

/// The records of the tail with their places.
fn index(segment: u32, tail: &Scan) -> Vec<Written> {
    tail.records
        .iter()
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
                record: found.decoded.record.clone(),
            }
        })
        .collect()
}
