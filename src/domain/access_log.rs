//! What is said of an access to a ledger: what kind it was, of what, and how it ended.

use crate::domain::indicator::enumeration;
use crate::domain::text::{Name, labels};

enumeration! {
    /// What kind of thing was asked for.
    AccessClass {
        /// To sign in, or who one is.
        SignIn = "SIGN_IN",
        /// To read.
        Read = "READ",
        /// To write facts.
        Write = "WRITE",
        /// To take something out as a file.
        Export = "EXPORT",
        /// To keep the server: ledgers, keys, erasures.
        Administer = "ADMINISTER",
        /// To verify what is stored.
        Verify = "VERIFY",
    }
}

enumeration! {
    /// How an access ended.
    AccessOutcome {
        /// It was carried out.
        Ok = "OK",
        /// The caller is not known, or may not.
        Refused = "REFUSED",
        /// It was not carried out for another reason.
        Failed = "FAILED",
    }
}

enumeration! {
    /// What kind of thing something was asked of.
    AccessedKind {
        /// A ledger.
        Ledger = "LEDGER",
        /// A plan.
        Plan = "PLAN",
        /// An organisational unit.
        Unit = "UNIT",
        /// A goal, an initiative or an indicator, or what is under one.
        Goal = "GOAL",
        /// An event, by its id or position.
        Event = "EVENT",
        /// A person whom texts are about, by their random reference.
        DataSubject = "DATA_SUBJECT",
        /// A file of evidence, by its SHA-256.
        EvidenceFile = "EVIDENCE_FILE",
        /// A signing key.
        Key = "KEY",
        /// An append call, by its request id.
        Request = "REQUEST",
    }
}

labels! {
    AccessClass {
        SignIn => "サインイン", "sign in";
        Read => "閲覧", "read";
        Write => "記録", "write";
        Export => "持出し", "export";
        Administer => "管理", "administer";
        Verify => "検証", "verify";
    }
    AccessOutcome {
        Ok => "許可", "ok";
        Refused => "拒否", "refused";
        Failed => "失敗", "failed";
    }
    AccessedKind {
        Ledger => "台帳", "ledger";
        Plan => "計画", "plan";
        Unit => "組織", "unit";
        Goal => "目標", "goal";
        Event => "イベント", "event";
        DataSubject => "個人情報の本人", "data subject";
        EvidenceFile => "根拠資料", "evidence file";
        Key => "署名鍵", "key";
        Request => "要求", "request";
    }
}

/// What something was asked of.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccessedResource {
    /// What kind of thing.
    pub kind: AccessedKind,
    /// Its id or code, as it was asked for.
    pub name: Name,
}
