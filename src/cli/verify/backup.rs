//! `verify backup`: the files of a backup, and what the records of its journal come to.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, json};

use crate::backup;
use crate::cli::backup::{TOLD_MAX, failure, reaches, told};
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::verify::Found;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};

/// Arguments of `verify backup`.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The backup
    #[arg(value_name = "BACKUP")]
    pub(super) backup: PathBuf,
}

/// Verifies a backup.
pub(super) fn verify(view: &View, folder: &Path) -> Result<Found, Failure> {
    let checked = backup::verify(folder);
    let (manifest, damage) = checked.map_err(|error| failure(view, folder, &error))?;
    let mut verdicts = Verdicts::default();
    let (outcome, sentence) = match damage.first() {
        None => (
            Outcome::Verified,
            view.pick(
                format!(
                    "{}ファイルすべてが控えを取ったときのままで、記録はそれぞれの根に至ります",
                    manifest.files.len()
                ),
                format!(
                    "all {} files are as they were backed up, and the records lead to their roots",
                    manifest.files.len()
                ),
            ),
        ),
        Some(first) => (
            Outcome::Tampered,
            view.pick(
                format!(
                    "{}件が控えを取ったときと違います。最初は {}",
                    damage.len(),
                    told(view, first)
                ),
                format!(
                    "{} differ from what was backed up, the first: {}",
                    damage.len(),
                    told(view, first)
                ),
            ),
        ),
    };
    verdicts.say(Aspect::Integrity, outcome, sentence);
    verdicts.say(
        Aspect::Completeness,
        Outcome::NotShown,
        view.pick(
            "この後に記録されたものについては何も分かりません",
            "it says nothing of what was recorded since",
        ),
    );
    let mut text = reaches(view, &manifest);
    for one in damage.iter().take(TOLD_MAX) {
        text.push_str(&format!("{}\n", told(view, one)));
    }
    let mut fields = Map::new();
    fields.insert("made_at".to_owned(), json!(manifest.made_at));
    fields.insert("ledgers".to_owned(), json!(manifest.ledgers));
    let files = damage.iter().map(|one| one.file.clone());
    fields.insert("damaged".to_owned(), files.collect());
    Ok(Found {
        verdicts,
        text,
        fields,
    })
}
