//! What can be set, under which names, and what holds where nobody says anything.

use super::Flags;

/// What can be set.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Setting {
    Data,
    Existing,
    Journal,
    Listen,
    DefaultLedger,
    Reflection,
    CacheMib,
    StatesMib,
    ScrubDays,
    FreeSpaceMinMib,
    ConnectionsMax,
    RequestTimeoutSeconds,
    ClockBehindMaxSeconds,
    Witnesses,
    EvidenceFileMib,
    EvidenceMediaTypes,
    KeyIdentity,
    KeyPassphraseFile,
    TlsCertificate,
    TlsKey,
    TlsClientRoots,
    TlsCrl,
    TlsClientCertificates,
    Auth,
    Administrators,
    AccessLog,
    LogFormat,
    LogFilter,
}

impl Setting {
    pub(super) const ALL: [Self; 28] = [
        Self::Data,
        Self::Existing,
        Self::Journal,
        Self::Listen,
        Self::DefaultLedger,
        Self::Reflection,
        Self::CacheMib,
        Self::StatesMib,
        Self::ScrubDays,
        Self::FreeSpaceMinMib,
        Self::ConnectionsMax,
        Self::RequestTimeoutSeconds,
        Self::ClockBehindMaxSeconds,
        Self::Witnesses,
        Self::EvidenceFileMib,
        Self::EvidenceMediaTypes,
        Self::KeyIdentity,
        Self::KeyPassphraseFile,
        Self::TlsCertificate,
        Self::TlsKey,
        Self::TlsClientRoots,
        Self::TlsCrl,
        Self::TlsClientCertificates,
        Self::Auth,
        Self::Administrators,
        Self::AccessLog,
        Self::LogFormat,
        Self::LogFilter,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Existing => "existing",
            Self::Journal => "journal",
            Self::Listen => "listen",
            Self::DefaultLedger => "default_ledger",
            Self::Reflection => "reflection",
            Self::CacheMib => "cache_mib",
            Self::StatesMib => "states_mib",
            Self::ScrubDays => "scrub_days",
            Self::FreeSpaceMinMib => "free_space_min_mib",
            Self::ConnectionsMax => "connections_max",
            Self::RequestTimeoutSeconds => "request_timeout_seconds",
            Self::ClockBehindMaxSeconds => "clock_behind_max_seconds",
            Self::Witnesses => "witnesses",
            Self::EvidenceFileMib => "evidence_file_mib",
            Self::EvidenceMediaTypes => "evidence_media_types",
            Self::KeyIdentity => "key_identity",
            Self::KeyPassphraseFile => "key_passphrase_file",
            Self::TlsCertificate => "tls_certificate",
            Self::TlsKey => "tls_key",
            Self::TlsClientRoots => "tls_client_roots",
            Self::TlsCrl => "tls_crl",
            Self::TlsClientCertificates => "tls_client_certificates",
            Self::Auth => "auth",
            Self::Administrators => "administrators",
            Self::AccessLog => "access_log",
            Self::LogFormat => "log_format",
            Self::LogFilter => "log_filter",
        }
    }

    /// What holds where nobody says anything; empty: nothing.
    pub(super) fn default(self) -> &'static str {
        match self {
            Self::Data => "./daicho-data",
            Self::Existing => "false",
            Self::Listen => "127.0.0.1:7015",
            Self::Journal
            | Self::DefaultLedger
            | Self::Witnesses
            | Self::EvidenceMediaTypes
            | Self::KeyIdentity
            | Self::KeyPassphraseFile
            | Self::TlsCertificate
            | Self::TlsKey
            | Self::TlsClientRoots
            | Self::TlsCrl
            | Self::TlsClientCertificates
            | Self::Administrators
            // As long as callers name themselves, who may call may look too.
            | Self::Reflection
            // Where they sign in, it is recorded what they ask for.
            | Self::AccessLog => "",
            Self::Auth => "unauthenticated",
            Self::CacheMib => "32",
            Self::StatesMib => "384",
            Self::ScrubDays => "7",
            Self::FreeSpaceMinMib => "256",
            Self::ConnectionsMax => "1024",
            Self::RequestTimeoutSeconds => "15",
            Self::ClockBehindMaxSeconds => "300",
            Self::EvidenceFileMib => "64",
            Self::LogFormat => "text",
            Self::LogFilter => "info",
        }
    }

    pub(super) fn flag(self) -> String {
        format!("--{}", self.name().replace('_', "-"))
    }

    pub(super) fn variable(self) -> String {
        format!("DAICHO_{}", self.name().to_ascii_uppercase())
    }

    pub(super) fn in_flags(self, flags: &Flags) -> Option<&String> {
        match self {
            Self::Data => flags.data.as_ref(),
            Self::Existing => flags.existing.as_ref(),
            Self::Journal => flags.journal.as_ref(),
            Self::Listen => flags.listen.as_ref(),
            Self::DefaultLedger => flags.default_ledger.as_ref(),
            Self::Reflection => flags.reflection.as_ref(),
            Self::CacheMib => flags.cache_mib.as_ref(),
            Self::StatesMib => flags.states_mib.as_ref(),
            Self::ScrubDays => flags.scrub_days.as_ref(),
            Self::FreeSpaceMinMib => flags.free_space_min_mib.as_ref(),
            Self::ConnectionsMax => flags.connections_max.as_ref(),
            Self::RequestTimeoutSeconds => flags.request_timeout_seconds.as_ref(),
            Self::ClockBehindMaxSeconds => flags.clock_behind_max_seconds.as_ref(),
            Self::Witnesses => flags.witnesses.as_ref(),
            Self::EvidenceFileMib => flags.evidence_file_mib.as_ref(),
            Self::EvidenceMediaTypes => flags.evidence_media_types.as_ref(),
            Self::KeyIdentity => flags.key_identity.as_ref(),
            Self::KeyPassphraseFile => flags.key_passphrase_file.as_ref(),
            Self::TlsCertificate => flags.tls_certificate.as_ref(),
            Self::TlsKey => flags.tls_key.as_ref(),
            Self::TlsClientRoots => flags.tls_client_roots.as_ref(),
            Self::TlsCrl => flags.tls_crl.as_ref(),
            Self::TlsClientCertificates => flags.tls_client_certificates.as_ref(),
            Self::Auth => flags.auth.as_ref(),
            Self::Administrators => flags.administrators.as_ref(),
            Self::AccessLog => flags.access_log.as_ref(),
            Self::LogFormat => flags.log_format.as_ref(),
            Self::LogFilter => flags.log_filter.as_ref(),
        }
    }
}
