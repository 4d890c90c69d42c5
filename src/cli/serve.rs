//! What the command line says of a server that is to be started.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `serve`. Each can stand in the environment (`DAICHO_` and its name) or in the settings file
/// too; what is absent everywhere has the default that the settings document.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// A settings file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder [default: ./daicho-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// Refuse a data folder that holds nothing, such as that of a disk that is not mounted: true or false [default: false]
    #[arg(long, value_name = "BOOL")]
    pub existing: Option<String>,
    /// The folder of the journal, such as one on another disk [default: journal/ in the data folder]
    #[arg(long, value_name = "DIR")]
    pub journal: Option<String>,
    /// Where to listen; beyond this machine only with TLS and sign-in; port 0: one that is free [default: 127.0.0.1:7015]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// The ledger that an empty name means: id or code; absent: the only one there is
    #[arg(long, value_name = "LEDGER")]
    pub default_ledger: Option<String>,
    /// Whether clients may ask for the descriptors of the API [default: true, where callers sign in false]
    #[arg(long, value_name = "BOOL")]
    pub reflection: Option<String>,
    /// What the read copy of the log may cache, in MiB [default: 32]
    #[arg(long, value_name = "MIB")]
    pub cache_mib: Option<String>,
    /// What goals take in memory: for answers, of each ledger, and for appends, of all, in MiB [default: 384]
    #[arg(long, value_name = "MIB")]
    pub states_mib: Option<String>,
    /// How many days after both stored copies were read whole they are read again; 0: never [default: 7]
    #[arg(long, value_name = "DAYS")]
    pub scrub_days: Option<String>,
    /// What stays free on the disks of the ledger, in MiB: with less nothing is recorded; 0: nothing [default: 256]
    #[arg(long, value_name = "MIB")]
    pub free_space_min_mib: Option<String>,
    /// How many connections may be open at once [default: 1024]
    #[arg(long, value_name = "COUNT")]
    pub connections_max: Option<String>,
    /// The longest a unary call may take, in seconds [default: 15]
    #[arg(long, value_name = "SECONDS")]
    pub request_timeout_seconds: Option<String>,
    /// How far the clock may be behind the newest event that it still records, in seconds [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub clock_behind_max_seconds: Option<String>,
    /// The witnesses whose cosignatures are kept: their vkeys, with spaces between them [default: none]
    #[arg(long, value_name = "VKEYS")]
    pub witnesses: Option<String>,
    /// The longest file that is taken in as evidence, in MiB [default: 64]
    #[arg(long, value_name = "MIB")]
    pub evidence_file_mib: Option<String>,
    /// Media types of evidence that are taken in besides the built-in ones, with commas between them
    #[arg(long, value_name = "TYPES")]
    pub evidence_media_types: Option<String>,
    /// A file with an age identity: key files are encrypted to it [default: none]
    #[arg(long, value_name = "FILE")]
    pub key_identity: Option<String>,
    /// A file with a passphrase on its first line: key files are encrypted with it [default: none]
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<String>,
    /// The server's certificate and what leads to its authority, in PEM: connections are encrypted [default: none]
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<String>,
    /// The key of the server's certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// The authorities whose certificates clients may have, in PEM [default: none]
    #[arg(long, value_name = "FILE")]
    pub tls_client_roots: Option<String>,
    /// What those authorities revoked, in PEM or DER [default: none]
    #[arg(long, value_name = "FILE")]
    pub tls_crl: Option<String>,
    /// Whether clients must have a certificate: optional or required [default: optional]
    #[arg(long, value_name = "WHETHER")]
    pub tls_client_certificates: Option<String>,
    /// Whether callers must sign in: unauthenticated or required [default: unauthenticated]
    #[arg(long, value_name = "MODE")]
    pub auth: Option<String>,
    /// Who is let in where no seat can help: ISSUER#SUBJECT, one a line [default: none]
    #[arg(long, value_name = "LOGINS")]
    pub administrators: Option<String>,
    /// Record who asks for what in access logs: true or false [default: false]
    #[arg(long, value_name = "BOOL")]
    pub access_log: Option<String>,
    /// How a line of the log looks: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What is logged: info, debug, daicho=debug … [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log_filter: Option<String>,
}
