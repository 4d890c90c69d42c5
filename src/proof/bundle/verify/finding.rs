//! What can be found wrong with a bundle, in words.

use crate::domain::text::Language;

/// A sign of tampering.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Which.
    pub kind: Kind,
    /// The position it is at; of a range, the first.
    pub position: Option<u64>,
    /// The last position that it may be at, where it is only known to be in a range.
    pub to: Option<u64>,
    /// The position of the event that it does not agree with.
    pub other: Option<u64>,
    /// The file it is in.
    pub file: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// What is asked of a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Concern {
    /// Is it what was signed?
    Integrity,
    /// Is all of it there?
    Completeness,
    /// Are the attached files those that events name?
    Content,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $aspect:ident, $ja:literal, $en:literal;)*) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// The stable code for programs; `verify.py` in the bundle has the same ones.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// In words.
            pub fn sentence(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ja) => $ja, (Self::$name, Language::En) => $en,)*
                }
            }

            /// Which question it answers with no.
            pub fn concern(self) -> Concern {
                match self { $(Self::$name => Concern::$aspect),* }
            }
        }
    };
}

kinds! {
    /// `manifest.json` cannot be read.
    ManifestDamaged = "manifest_damaged", Integrity, "manifest.json が定められた形でない", "manifest.json is not in its one form";
    /// It says otherwise than checkpoint or events.
    ManifestDiffers = "manifest_differs", Integrity, "manifest.json の記載が台帳の内容と違う", "manifest.json says otherwise than the ledger";
    /// Another digest than the manifest's.
    FileAltered = "file_altered", Integrity, "ファイルが manifest.json のハッシュ値と違う", "a file is not the one that manifest.json lists";
    /// Not a checkpoint.
    CheckpointDamaged = "checkpoint_damaged", Integrity, "先端証明が読めない", "a checkpoint cannot be read";
    /// A known key did not sign this.
    SignatureFalse = "signature_false", Integrity, "署名が鍵と合わない", "a signature was not made by the key that it names";
    /// The events come to another root than the one signed.
    RootDiffers = "root_differs", Integrity, "全件から計算した根が、署名された根と違う", "the events do not give the root that was signed";
    /// The same, of a kept checkpoint.
    KeptDiffers = "kept_differs", Integrity, "保管された先端証明の根が、その件数の時点の根と違う", "a kept checkpoint has another root than the events at its size";
    /// The same, of the auditor's own checkpoint.
    SinceDiffers = "since_differs", Integrity, "手元の先端証明の根と違う。過去が書き換えられている", "history before the checkpoint that you kept was rewritten";
    /// The auditor's checkpoint is of another ledger.
    SinceElsewhere = "since_elsewhere", Integrity, "手元の先端証明とは別の台帳である", "the checkpoint that you kept is of another ledger";
    /// Leaf and tile disagree.
    LeafDiffers = "leaf_differs", Integrity, "イベントのハッシュ値がタイルの値と違う", "an event's hash is not the one in its tile";
    /// A tile above the leaves disagrees with those below.
    TileDiffers = "tile_differs", Integrity, "タイルの値がイベントから計算した値と違う", "a tile's hash is not that of the events below it";
    /// Not an event.
    LeafDamaged = "leaf_damaged", Integrity, "イベントが読めない", "an event cannot be read";
    /// An event of another place.
    PositionDiffers = "position_differs", Integrity, "イベントに記された位置が、置かれた位置と違う", "an event says that it belongs at another position";
    /// An event of another ledger.
    LedgerDiffers = "ledger_differs", Integrity, "別の台帳のイベントである", "an event is of another ledger";
    /// A generation below the one before.
    GenerationFalls = "generation_falls", Integrity, "世代が戻っている", "the generation falls";
    /// A generation that begins without the event that says so.
    GenerationDiffers = "generation_differs", Integrity, "世代が、それを告げるイベントなしに変わっている", "a generation does not begin with the event that says so, and only with it";
    /// Not later than the event before.
    TimeFalls = "time_falls", Integrity, "記録日時が前のイベントより後でない", "the record time is not after that of the event before";
    /// Opened at another position than 0, or not at 0.
    OpeningDiffers = "opening_differs", Integrity, "台帳の開設は位置0にだけある", "a ledger is opened at position 0 and only there";
    /// The id of an earlier event.
    IdRepeated = "id_repeated", Integrity, "前のイベントと同じIDである", "an event has the id of an earlier one";
    /// A request that is not whole.
    RequestBroken = "request_broken", Completeness, "一つの要求のイベントがそろって並んでいない", "the events of a request do not stand together, all of them";
    /// A stream with a gap or a repetition.
    RevisionDiffers = "revision_differs", Completeness, "ストリームの版が続いていない。イベントが抜けているか重なっている", "the revisions of a stream do not follow one another";
    /// A stream whose events do not fit together.
    PreviousDiffers = "previous_differs", Integrity, "ストリームの前のイベントのハッシュ値と合わない", "an event names another hash for the event before it in its stream";
    /// A line for reading that does not say what the event says.
    LineDiffers = "line_differs", Integrity, "events.jsonl の行がイベントの内容と違う", "a line of events.jsonl does not say what its event says";
    /// A file of heads that is not what the events give.
    HeadsFileDiffers = "heads_file_differs", Integrity, "末尾一覧のファイルが、イベントから作った一覧と違う", "a file of stream heads is not what the events give";
    /// A recording of heads that is not what the events give.
    HeadsDiffer = "heads_differ", Completeness, "末尾の記録が、イベントから作った一覧と違う", "an event records other stream heads than the events give";
    /// A file of heads that nothing speaks of.
    HeadsUnrecorded = "heads_unrecorded", Completeness, "末尾一覧のファイルに対応するイベントがない", "no event speaks of a file of stream heads";
    /// Bytes in an entry bundle that are no event.
    EntriesDamaged = "entries_damaged", Integrity, "イベントの束が途中で切れているか、余分がある", "an entry bundle is cut off, or has more than its events";
    /// Fewer events than were signed.
    EventsMissing = "events_missing", Completeness, "イベントが足りない", "events are missing";
    /// A file that should be there.
    FileMissing = "file_missing", Completeness, "あるべきファイルがない", "a file is missing";
    /// A file that the manifest does not list.
    FileUnlisted = "file_unlisted", Completeness, "manifest.json にないファイルがある", "a file is not listed in manifest.json";
    /// A tile or checkpoint that a ledger of this size does not have.
    FileUnexpected = "file_unexpected", Completeness, "この件数の台帳にないはずのファイルがある", "a file does not belong to a ledger of this size";
    /// The journal's and the read copy's event at a position are not the same.
    CopiesDiffer = "copies_differ", Integrity, "ジャーナルと読み取り用の控えの内容が違う", "the journal and the read copy have different events or checkpoints";
    /// Bytes of the journal that are no record, or not the record that must be there.
    JournalDamaged = "journal_damaged", Integrity, "ジャーナルの記録が壊れている", "a record of the journal is damaged";
    /// Events that the journal does not have.
    JournalLacks = "journal_lacks", Completeness, "ジャーナルにイベントがない", "the journal lacks events";
    /// The read copy cannot be opened or read.
    CopyDamaged = "copy_damaged", Integrity, "読み取り用の控えが壊れている", "the read copy is damaged";
    /// Events that the read copy does not have though it was said to hold them.
    CopyLacks = "copy_lacks", Completeness, "読み取り用の控えにイベントがない", "the read copy lacks events";
    /// A statement of size and root in the folder that the events do not come to.
    StateDiffers = "state_differs", Integrity, "控えに記された件数か根が、イベントから計算した値と違う", "a size or root stated in the folder is not that of its events";
    /// A kept checkpoint that only one of the copies has.
    KeptMissing = "kept_missing", Completeness, "保管された先端証明が一方にしかない", "a kept checkpoint is missing in one of the copies";
    /// An index that says otherwise than the events.
    IndexDiffers = "index_differs", Integrity, "索引がイベントの内容と違う", "the index says otherwise than the events";
    /// A small file of the folder that says otherwise than the rest, or cannot be read.
    FolderDamaged = "folder_damaged", Integrity, "フォルダーの小さなファイルが壊れているか、ほかと合わない", "a small file of the folder is damaged or does not fit the rest";
    /// A snapshot whose rows come out otherwise.
    SnapshotDiffers = "snapshot_differs", Integrity, "評価時点の結果を計算し直すと、記録されたハッシュ値と違う", "the rows of a snapshot, computed again, have another digest than it states";
    /// Shorter than what the auditor knows.
    SinceShorter = "since_shorter", Completeness, "手元の先端証明より件数が少ない。新しいイベントが除かれている", "there are fewer events than the checkpoint that you kept counts";
    /// An attached file that is not the one its name says.
    EvidenceAltered = "evidence_altered", Content, "根拠資料の内容が、記録されたハッシュ値と違う", "an attached file is not the one that was recorded";
    /// An attached file that the manifest lists.
    EvidenceMissing = "evidence_missing", Content, "根拠資料が一覧にあるのに、ない", "an attached file is listed and not there";
    /// The words of a text about a person that are kept are not those that were committed to.
    TextAltered = "text_altered", Content, "保管された個人情報の文が、記録された約定と一致しない", "a text about a person is kept otherwise than it was committed to";
    /// An attached file that nobody asked for.
    EvidenceUnnamed = "evidence_unnamed", Content, "どのイベントも挙げていない根拠資料がある", "no event names an attached file";
}

impl Finding {
    /// Whether its position is only known to be somewhere between two checkpoints.
    pub const fn is_range(&self) -> bool {
        self.to.is_some()
    }

    fn new(kind: Kind, position: Option<u64>, file: Option<&str>) -> Self {
        Self {
            kind,
            position,
            to: None,
            other: None,
            file: file.map(str::to_owned),
            expected: String::new(),
            found: String::new(),
        }
    }

    pub(in crate::proof) fn at(kind: Kind, position: u64) -> Self {
        Self::new(kind, Some(position), None)
    }

    pub(in crate::proof) fn of_file(kind: Kind, file: &str) -> Self {
        Self::new(kind, None, Some(file))
    }

    /// In this file.
    pub(in crate::proof) fn in_file(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// At one of these positions.
    pub(in crate::proof) fn between(mut self, from: u64, to: u64) -> Self {
        (self.position, self.to) = (Some(from.min(to)), Some(to));
        self
    }

    /// Against the event at `other`.
    pub(in crate::proof) fn against(mut self, other: u64) -> Self {
        self.other = Some(other);
        self
    }

    pub(in crate::proof) fn differs(mut self, expected: String, found: String) -> Self {
        (self.expected, self.found) = (expected, found);
        self
    }

    pub(in crate::proof) fn is_missing(&self, path: &str) -> bool {
        self.kind == Kind::FileMissing && self.file.as_deref() == Some(path)
    }
}
