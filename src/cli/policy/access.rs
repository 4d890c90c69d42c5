//! `daicho policy check` and `schema`: access policies, without a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{PolicyFile, read, unreadable};
use crate::auth::access::{
    Authorizer, BUILT_IN, CompiledPolicies, Extent, PolicyFault, SCHEMA, TABLE_ROLES, table,
};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::{Language, pick};
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::domain::access::AccessPolicy;
use crate::domain::date::Date;
use crate::domain::directory::Directory;

/// Code of an access policy where its file has none.
pub(super) const CODE: &str = "access";
/// What it is called where its file does not say.
pub(super) const TITLE: &str = "権限方針";

/// Arguments of `policy check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The file: Cedar if its name ends in .cedar, else a policy file with [access]
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Arguments of `policy schema`.
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// The built-in access policy instead, to begin one's own with
    #[arg(long)]
    built_in: bool,
}

/// Prints what policies are held against, or the ones that are built in.
pub fn schema(output: &Output, args: &SchemaArgs) -> Result<(), Failure> {
    output.answer(if args.built_in { BUILT_IN } else { SCHEMA })
}

/// Says what is wrong with a file, or which roles may do what by it.
pub fn check(
    language: Language,
    output: &Output,
    json: bool,
    args: &CheckArgs,
) -> Result<(), Failure> {
    let policy = policy_of(&args.file)?;
    let day = Date::constant(2023, 10, 1);
    let faults = Authorizer::default().faults(&policy, &Directory::default(), day);
    if !faults.is_empty() {
        let told = pick(
            language,
            format!("{}: 権限方針に誤りがあります", args.file.display()),
            format!("{}: the access policy is not sound", args.file.display()),
        );
        let lines = faults.iter().map(PolicyFault::to_string);
        return Err(lines.fold(Failure::new(Exit::Usage, told), Failure::hint));
    }
    let compiled = CompiledPolicies::read(&policy)
        .map(Arc::new)
        .map_err(|_| Failure::new(Exit::Fault, "the policies read once and then no more"))?;
    let rows = table(&compiled);
    let word = |extent| match extent {
        Extent::Any => "any",
        Extent::Own => "own",
        Extent::Sometimes => "sometimes",
        Extent::Never => "never",
    };
    if json {
        let roles = |extents: &[Extent; 8]| -> serde_json::Map<String, serde_json::Value> {
            let cells = TABLE_ROLES.iter().zip(extents);
            cells
                .map(|(role, extent)| (role.code().to_owned(), json!(word(*extent))))
                .collect()
        };
        let actions: serde_json::Map<String, serde_json::Value> = rows
            .iter()
            .map(|(action, extents)| (action.code().to_owned(), json!(roles(extents))))
            .collect();
        let answer = json!({
            "sha256": hex::encode(policy.sha256()),
            "policies": compiled.ids(),
            "actions": actions,
        });
        return output.answer_line(&answer.to_string());
    }
    let mut shown = Table::new()
        .text(pick(language, "操作", "action"))
        .wrapping("");
    for role in TABLE_ROLES {
        shown = shown.text(role.label(language));
    }
    for (action, extents) in &rows {
        let cell = |extent| match extent {
            Extent::Any => pick(language, "全て", "any"),
            Extent::Own => pick(language, "所管", "own"),
            Extent::Sometimes => pick(language, "条件", "if"),
            Extent::Never => "-",
        };
        let mut cells = vec![action.code(), action.label(language)];
        cells.extend(extents.iter().map(|extent| cell(*extent)));
        shown.row(cells);
    }
    let text = format!(
        "{}{}\nSHA-256 {}\n",
        shown.render(output.columns()),
        pick(
            language,
            "全て: どの組織についても / 所管: 職の組織について / 条件: 目的・本人の記録・代行入力などの場合",
            "any: for any unit / own: for the seat's units / if: for a purpose, on one's own entry, on behalf of a unit …",
        ),
        hex::encode(policy.sha256()),
    );
    output.answer(&text)
}

fn policy_of(path: &Path) -> Result<AccessPolicy, Failure> {
    let file = read(path).map_err(|problem| unreadable(path, &problem))?;
    let text = file
        .access
        .map(|access| access.cedar)
        .ok_or_else(|| unreadable(path, "there is no [access] in it"))?;
    AccessPolicy::parse(&text).map_err(|error| unreadable(path, &error.to_string()))
}

impl PolicyFile {
    /// A file that is Cedar and nothing else.
    pub(super) fn of_cedar(text: String) -> Self {
        Self {
            code: CODE.to_owned(),
            version: None,
            title: TITLE.to_owned(),
            title_en: Some("access policy".to_owned()),
            evaluation: None,
            rubric: None,
            access: Some(super::AccessFile { cedar: text }),
            approval: None,
        }
    }
}
