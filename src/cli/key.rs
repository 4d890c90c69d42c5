//! `daicho key`: the keys a ledger signs with. Which are in force is the server's to change; the files are looked at,
//! encrypted and decrypted in the data folder, without a server.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::api::v1;
use crate::api::v1::operation_authorised::{Compromise, NewKey, Operation};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::operate::{OperatingArgs, carry_out};
use crate::cli::render::{View, key};
use crate::cli::session::Session;
use crate::cli::{Global, Output, terminal};
use crate::proof::key_file::KeyFile;
use crate::proof::store::{OpenError, hold_alone};
use crate::proof::{KeyFolder, KeyLock, KeyLockFile, policy};

/// What can be done with keys.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum KeyCommand {
    /// List the ledger's keys, and for which sizes each counts
    List,
    /// Make a key and announce it: it signs every checkpoint from now on, beside those in force
    Announce(AnnounceArgs),
    /// Retire a key: it signs no more
    Retire(RetireArgs),
    /// Say that others came to know a key: it signs no more, and above a size it proves nothing alone
    Compromise(CompromiseArgs),
    /// Show the key files of a data folder; no server is asked
    Show(FolderArgs),
    /// Encrypt the plain key files of a data folder; no server is asked
    Encrypt(LockedArgs),
    /// Make the encrypted key files of a data folder plain; no server is asked
    Decrypt(LockedArgs),
}

const EXAMPLES: &str = "\
A key is replaced in three steps, with time between them for whoever verifies to take the new one (docs/keys.md):
  daicho key announce --reason 定期更新
  daicho trust-policy > policy.txt
  daicho key retire 3ce076f6 --reason 定期更新
Where the approval policy asks for a decision, announce, retire and compromise are proposed first, and done by the same command
once somebody else has approved them (docs/decisions.md).
Key files are encrypted while the server is stopped:
  age-keygen -o daicho.key
  daicho key encrypt --data ./daicho-data --key-identity daicho.key
  daicho serve --key-identity daicho.key";

/// Arguments of `key announce`.
#[derive(Args, Clone, Debug)]
pub struct AnnounceArgs {
    #[command(flatten)]
    operating: OperatingArgs,
}

/// Arguments of `key retire`.
#[derive(Args, Clone, Debug)]
pub struct RetireArgs {
    /// The key: its id of 8 digits, or the whole vkey
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    operating: OperatingArgs,
}

/// Arguments of `key compromise`.
#[derive(Args, Clone, Debug)]
pub struct CompromiseArgs {
    /// The key: its id of 8 digits, or the whole vkey
    #[arg(value_name = "KEY")]
    key: String,
    /// The last size of the ledger for which its signature alone is believed
    #[arg(long, value_name = "SIZE")]
    last_trusted: u64,
    #[command(flatten)]
    operating: OperatingArgs,
}

/// Which data folder.
#[derive(Args, Clone, Debug)]
pub struct FolderArgs {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = "./daicho-data")]
    data: PathBuf,
}

/// Which data folder, and what opens its keys.
#[derive(Args, Clone, Debug)]
pub struct LockedArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// What opens keys.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct LockArgs {
    /// A file with an age identity
    #[arg(long, value_name = "FILE")]
    key_identity: Option<PathBuf>,
    /// A file with a passphrase on its first line
    #[arg(long, value_name = "FILE")]
    key_passphrase_file: Option<PathBuf>,
}

impl KeyCommand {
    /// Whether it needs no server.
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Show(_) | Self::Encrypt(_) | Self::Decrypt(_))
    }
}

/// Asks the server.
pub async fn run(session: &Session, command: &KeyCommand) -> Result<(), Failure> {
    let client = &session.client;
    let changed = match command {
        KeyCommand::List => {
            return session.answer(&client.keys().await?, |view, listed| {
                key::list(view, &listed.keys)
            });
        }
        KeyCommand::Announce(AnnounceArgs { operating }) => {
            let request = v1::AnnounceKeyRequest {
                ledger: String::new(),
                request_id: operating.request_id(),
                reason: Some(operating.reason()),
            };
            let operation = of_keys(Operation::AnnounceKey(NewKey {}));
            let announced = client.announce_key(request);
            carry_out(session, operating, operation, announced).await?
        }
        KeyCommand::Retire(RetireArgs { key, operating }) => {
            let verifier_key = named(session, key).await?;
            let request = v1::RetireKeyRequest {
                ledger: String::new(),
                request_id: operating.request_id(),
                reason: Some(operating.reason()),
                verifier_key: verifier_key.clone(),
            };
            let operation = of_keys(Operation::RetireKey(verifier_key));
            let retired = client.retire_key(request);
            carry_out(session, operating, operation, retired).await?
        }
        KeyCommand::Compromise(CompromiseArgs {
            key,
            last_trusted,
            operating,
        }) => {
            let verifier_key = named(session, key).await?;
            let request = v1::CompromiseKeyRequest {
                ledger: String::new(),
                request_id: operating.request_id(),
                reason: Some(operating.reason()),
                verifier_key: verifier_key.clone(),
                last_trusted_size: *last_trusted,
            };
            let operation = of_keys(Operation::CompromiseKey(Compromise {
                verifier_key,
                last_trusted_size: *last_trusted,
            }));
            let compromised = client.compromise_key(request);
            carry_out(session, operating, operation, compromised).await?
        }
        KeyCommand::Show(_) | KeyCommand::Encrypt(_) | KeyCommand::Decrypt(_) => return Ok(()),
    };
    match changed {
        Some(changed) => session.answer(&changed, key::changed),
        None => Ok(()),
    }
}

/// What is proposed of keys has no legal ground.
fn of_keys(operation: Operation) -> v1::OperationAuthorised {
    v1::OperationAuthorised {
        operation: Some(operation),
        legal_basis: None,
    }
}

/// Does what needs no server.
pub fn offline(global: &Global, command: &KeyCommand) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    match command {
        KeyCommand::Show(args) => show(&view, global.json, &args.data),
        KeyCommand::Encrypt(args) => turn(&view, args, true),
        KeyCommand::Decrypt(args) => turn(&view, args, false),
        _ => Ok(()),
    }
}

/// The key that an id or a vkey names.
async fn named(session: &Session, named: &str) -> Result<String, Failure> {
    if named.contains('+') {
        return Ok(named.to_owned());
    }
    let keys = session.client.keys().await?.keys;
    let is_it = |key: &&v1::LedgerKey| key.verifier_key.split('+').nth(1) == Some(named);
    let mut found = keys.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.verifier_key.clone()),
        // An id is short: two keys may share one.
        (Some(_), Some(_)) => Err(Failure::usage(session.view.pick(
            "この番号の鍵は二つあります。公開鍵の全体を指定してください",
            "two keys have this id: name the whole vkey",
        ))),
        (None, _) => {
            let named = terminal::line(named);
            let failure = Failure::new(
                Exit::NotFound,
                session.view.pick(
                    format!("番号 {named} の鍵はありません"),
                    format!("no key of the ledger has the id {named}"),
                ),
            );
            Err(failure.hint(key::list(&session.view, &keys)))
        }
    }
}

/// The key files of a data folder.
fn show(view: &View, as_json: bool, data: &Path) -> Result<(), Failure> {
    let folder = KeyFolder::new(data, KeyLock::default());
    let files = files(view, data, &folder)?;
    if as_json {
        let rows = files.iter().map(|file| {
            let public = folder.public(file).ok();
            json!({
                "file": below(data, file),
                "encrypted": file.is_closed,
                "retired": file.is_retired,
                "verifier_key": public.as_ref().map(ToString::to_string),
                "fingerprint": public.as_ref().map(policy::fingerprint),
            })
        });
        let rows: Vec<_> = rows.collect();
        return Output.answer_line(&json!({ "keys": rows }).to_string());
    }
    let mut text = String::new();
    for file in &files {
        let state = match (file.is_closed, file.is_retired) {
            (false, false) => view.pick("平文", "plain"),
            (true, false) => view.pick("暗号化", "encrypted"),
            (false, true) => view.pick("平文・廃止", "plain, retired"),
            (true, true) => view.pick("暗号化・廃止", "encrypted, retired"),
        };
        text.push_str(&format!("{}  {state}\n", below(data, file)));
        match folder.public(file) {
            Ok(public) => {
                let fingerprint = policy::fingerprint(&public);
                let label = view.pick("指紋", "fingerprint");
                text.push_str(&format!("  {public}\n  {label} {fingerprint}\n"));
            }
            Err(fault) => text.push_str(&format!("  {}\n", terminal::line(&fault.to_string()))),
        }
    }
    Output.answer(&text)
}

/// Encrypts what is plain, or the other way round; what is so already stays as it is.
fn turn(view: &View, args: &LockedArgs, encrypt: bool) -> Result<(), Failure> {
    let lock = match (&args.lock.key_identity, &args.lock.key_passphrase_file) {
        (Some(path), _) => KeyLockFile::Identity(path.clone()),
        (None, Some(path)) => KeyLockFile::Passphrase(path.clone()),
        // The command line asks for one of them.
        (None, None) => return Ok(()),
    };
    let lock = KeyLock::read(Some(&lock)).map_err(|fault| told(&fault))?;
    let data = &args.folder.data;
    let _nobody_else = hold_alone(data).map_err(|error| match &error {
        OpenError::Locked { .. } => {
            let data = terminal::line(&data.display().to_string());
            Failure::usage(view.pick(
                format!("{data} はサーバーか別のコマンドが使っています。止めてから行ってください"),
                format!("a server or another command has {data} open: stop it first"),
            ))
        }
        other => Failure::new(Exit::StorageFailed, terminal::line(&other.to_string())),
    })?;
    let folder = KeyFolder::new(data, lock);
    let mut turned = 0;
    for file in files(view, data, &folder)? {
        if file.is_closed == encrypt {
            continue;
        }
        let done = match encrypt {
            true => folder.encrypt(&file),
            false => folder.decrypt(&file),
        };
        done.map_err(|fault| told(&fault))?;
        turned += 1;
    }
    Output.answer_line(&match encrypt {
        true => view.pick(
            format!("鍵を{turned}本暗号化しました。サーバーは同じ設定で起動してください"),
            format!("encrypted {turned} keys; start the server with the same setting"),
        ),
        false => view.pick(
            format!("鍵を{turned}本平文に戻しました"),
            format!("{turned} keys are plain now"),
        ),
    })
}

/// Every key file; a folder without any is a mistake in its name.
fn files(view: &View, data: &Path, folder: &KeyFolder) -> Result<Vec<KeyFile>, Failure> {
    let mut found = Vec::new();
    let ledgers = folder.ledgers();
    for ledger in ledgers.map_err(|error| Failure::new(Exit::StorageFailed, error.to_string()))? {
        found.extend(folder.files(ledger).map_err(|fault| told(&fault))?);
    }
    if found.is_empty() {
        let data = terminal::line(&data.display().to_string());
        return Err(Failure::new(
            Exit::NotFound,
            view.pick(
                format!("{data} に署名鍵がありません"),
                format!("there are no keys in {data}"),
            ),
        ));
    }
    Ok(found)
}

fn below(data: &Path, file: &KeyFile) -> String {
    let path = file.path.strip_prefix(data).unwrap_or(&file.path);
    terminal::line(&path.display().to_string())
}

fn told(fault: &dyn std::error::Error) -> Failure {
    let mut failure = Failure::new(Exit::Fault, terminal::line(&fault.to_string()));
    let mut cause = fault.source();
    while let Some(error) = cause {
        failure = failure.hint(terminal::line(&error.to_string()));
        cause = error.source();
    }
    failure
}
