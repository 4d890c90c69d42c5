//! What a ledger says of itself: who it is, its policies, its keys, what was erased of it.

use crate::domain::code::Code;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::ClockKind;
use crate::domain::id::{DataSubjectId, EventId, LedgerId};
use crate::domain::operation::Operation;
use crate::domain::text::{Name, Title};
use crate::domain::trust::{CheckpointNote, VerifierKey};

use super::payload;

payload! {
    /// A ledger was opened. Always at position 0, and only there.
    LedgerOpened {
        /// The ledger.
        ledger: LedgerId,
        /// Its code.
        code: Code,
        /// The organisation's name.
        title: Title,
        /// Origin of its proofs: a schema-less URL without spaces or `+`.
        origin: Name,
        /// IANA time zone that decides "today".
        time_zone: Name,
        /// BCP 47 tag of the language people write in.
        locale: Name,
        /// Whether it is a sample (見本).
        sample: bool,
        /// How its clock runs.
        clock: ClockKind,
        /// The ledger whose access log it is (アクセス記録); `None`: a ledger of facts.
        access_log_of: Option<LedgerId>,
    }
}

payload! {
    /// A policy was published (算定方針公表, 評価基準公表), in force from the valid day on.
    PolicyPublished {
        /// Its code, the same in all its versions. Codes of policies are their own: a plan may have the same.
        code: Code,
        /// Its version, from 1, one above the last of its code.
        version: u32,
        /// What it is called.
        title: Title,
        /// What it says.
        content: PolicyContent,
    }
}

payload! {
    /// The ledger goes on under another name, because it lost what was signed under the one before or can no longer sign
    /// (台帳の引継ぎ). Made by the server itself.
    LedgerContinued {
        /// The name its proofs go by from now on, as in [`LedgerOpened`].
        origin: Name,
        /// The checkpoint that was signed under the name before, and which the ledger no longer reaches or ended with.
        previous_checkpoint: CheckpointNote,
    }
}

payload! {
    /// A key was announced with which the ledger is to sign (署名鍵の公表). Made by the server itself.
    KeyAnnounced {
        /// The key.
        verifier_key: VerifierKey,
        /// The first size that it signs.
        from_size: u64,
    }
}

payload! {
    /// A key was retired (署名鍵の廃止). Made by the server itself.
    KeyRetired {
        /// The key.
        verifier_key: VerifierKey,
        /// The last size that it signed.
        last_size: u64,
    }
}

payload! {
    /// A key came to be known to others (署名鍵の危殆化). Made by the server itself.
    KeyCompromised {
        /// The key.
        verifier_key: VerifierKey,
        /// The last size for which its signature alone is believed.
        last_trusted_size: u64,
    }
}

payload! {
    /// Where every stream stands was recorded (全ストリームの末尾の記録): whoever has the row of a stream knows that all of it
    /// is there. Made by the server itself.
    HeadsRecorded {
        /// Of how many events it speaks: the first so many of the ledger.
        size: u64,
        /// Root of the tree over the rows of the streams.
        root: [u8; 32],
        /// How many streams had events.
        streams: u64,
        /// The closing of a period that it was made at; `None`: on request.
        closed_by: Option<EventId>,
    }
}

payload! {
    /// Personal texts were erased (個人情報の消去). Made by the server itself.
    PersonalDataErased {
        /// Whom they were about.
        subject: DataSubjectId,
        /// The events whose texts were erased, ascending; 1 to 5,000.
        positions: Vec<u64>,
        /// How many texts were erased.
        texts: u32,
        /// On which legal ground.
        legal_basis: Name,
        /// Who approved it. May be left out where an authorisation is used, which tells; the ledger always stores it.
        approved_by: Option<Name>,
    }
}

payload! {
    /// A file that events name as evidence was erased (根拠資料の消去). Made by the server itself.
    EvidenceErased {
        /// SHA-256 of the file.
        sha256: [u8; 32],
        /// On which legal ground.
        legal_basis: Name,
        /// Who approved it. May be left out where an authorisation is used, which tells; the ledger always stores it.
        approved_by: Option<Name>,
    }
}

payload! {
    /// A change of keys or an erasure was authorised (運用の承認), once, on the valid days. Only an approval brings it.
    OperationAuthorised {
        /// What may be done.
        operation: Operation,
        /// On which legal ground; of erasures.
        legal_basis: Option<Name>,
    }
}
