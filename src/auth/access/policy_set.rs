//! Policies that were read and found sound.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use foldhash::fast::RandomState;
use miette::Diagnostic;

use crate::auth::access::facts::Closing;
use crate::auth::access::policy_text::{self, Texts};
use crate::auth::access::question::GOAL;
use crate::domain::access::{AccessPolicy, Authorization};
use crate::domain::event::AuthMethod;

/// The schema that every policy is held against.
pub const SCHEMA: &str = include_str!("schema.cedarschema");
/// The policies of a ledger that has published none.
pub const BUILT_IN: &str = include_str!("default.cedar");

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).expect("our own schema is sound");
    Validator::new(schema)
});

/// The schema, read.
pub(super) fn schema() -> &'static Schema {
    VALIDATOR.schema()
}

/// What is wrong with a text of policies, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFault {
    /// Line and column, both from 1; `None` where it concerns the text as a whole.
    pub at: Option<(u32, u32)>,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{line}:{column}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// A set of policies, valid against the schema, each under its own name.
#[derive(Debug)]
pub struct CompiledPolicies {
    pub(super) set: PolicySet,
    sha256: [u8; 32],
    mentions: Mentions,
}

/// What policies tell from others of its kind.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Of each type the ids that stand in policies.
    entities: HashMap<String, HashSet<String, RandomState>, RandomState>,
    /// Every string that stands in policies.
    texts: Texts,
}

impl Mentions {
    /// Of policies that were read, in whose text these strings stand. `Err` names one that no code and no person can be.
    fn of<'p>(policies: impl Iterator<Item = &'p Policy>, texts: Texts) -> Result<Self, String> {
        let mut entities = HashMap::<_, HashSet<_, _>, _>::default();
        for uid in policies.flat_map(Policy::entity_literals) {
            let id = uid.id().unescaped().to_owned();
            // It could be what a thing is called that no policy names.
            if id.contains(char::is_control) {
                return Err(format!("a control character in `{uid}`"));
            }
            let of_type = entities.entry(uid.type_name().to_string()).or_default();
            of_type.insert(id);
        }
        // Words of our own stand beside what callers say.
        let methods = AuthMethod::ALL.iter().map(|method| method.code());
        let words = Closing::ALL.iter().map(|closing| closing.code());
        let texts = texts.map(|mut texts| {
            texts.extend(methods.chain(words).map(str::to_owned));
            texts
        });
        Ok(Self { entities, texts })
    }

    /// Whether a policy names this one of the entities of a type.
    pub(super) fn entity(&self, kind: &str, id: &str) -> bool {
        self.entities.get(kind).is_some_and(|ids| ids.contains(id))
    }

    /// Whether a policy may tell this text from others.
    pub(super) fn text(&self, text: &str) -> bool {
        self.texts.as_ref().is_none_or(|texts| texts.contains(text))
    }
}

impl CompiledPolicies {
    /// Policies of one text at most.
    pub const POLICIES_MAX: usize = 500;
    /// Characters of a policy's `@id` at most.
    pub const ID_CHARS_MAX: usize = 120;
    /// Brackets within brackets at most.
    pub const NESTING_MAX: usize = 64;
    /// Operators of one policy at most.
    pub const OPERATORS_MAX: usize = 1_000;
    /// Faults that are told of one text at most.
    pub const FAULTS_MAX: usize = 100;

    /// The policies of a ledger that has published none.
    pub fn built_in() -> &'static Arc<Self> {
        static BUILT: LazyLock<Arc<CompiledPolicies>> = LazyLock::new(|| {
            let text = AccessPolicy::parse(BUILT_IN).expect("our own policies are short");
            Arc::new(CompiledPolicies::read(&text).expect("our own policies are sound"))
        });
        &BUILT
    }

    /// Reads policies; all that is wrong with them is told together.
    pub fn read(policy: &AccessPolicy) -> Result<Self, Vec<PolicyFault>> {
        let text = policy.cedar();
        let texts = policy_text::look(text)?;
        let parsed: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            let faults = errors.iter().map(|error| fault(text, error));
            faults.take(Self::FAULTS_MAX).collect::<Vec<_>>()
        })?;
        let mut faults = Vec::new();
        let whole = |problem: String| PolicyFault { at: None, problem };
        if Self::POLICIES_MAX < parsed.num_of_policies() {
            faults.push(whole(format!("more than {} policies", Self::POLICIES_MAX)));
        }
        if 0 < parsed.num_of_templates() {
            faults.push(whole(
                "templates are not taken: write out each policy".into(),
            ));
        }
        let mut named = PolicySet::new();
        let mut seen = BTreeSet::new();
        for policy in parsed.policies() {
            let first_line = || {
                let line = policy.to_string();
                line.lines().next().unwrap_or_default().to_owned()
            };
            let id = policy.annotation("id").unwrap_or_default().trim();
            let named_well = !id.is_empty()
                && id.chars().count() <= Self::ID_CHARS_MAX
                && !id.contains(char::is_control);
            if !named_well {
                let problem = format!(
                    "give it an `@id(\"…\")` of 1 to {} characters: `{}`",
                    Self::ID_CHARS_MAX,
                    first_line()
                );
                faults.push(whole(problem));
            } else if id == Authorization::NAMED_ADMINISTRATOR {
                // A leaf would say that the configuration named whoever a policy let in.
                faults.push(whole(format!(
                    "the id `{id}` is kept for whoever the server's configuration names"
                )));
            } else if !seen.insert(id.to_owned()) {
                faults.push(whole(format!("two policies have the id `{id}`")));
            } else if let Err(error) = named.add(policy.new_id(PolicyId::new(id))) {
                faults.push(whole(error.to_string()));
            }
        }
        // What has no name of its own is held against the schema all the same.
        let judged = VALIDATOR.validate(&parsed, ValidationMode::Strict);
        faults.extend(judged.validation_errors().map(|error| fault(text, error)));
        faults.sort_by_key(|fault| fault.at);
        faults.truncate(Self::FAULTS_MAX);
        if faults.is_empty() {
            // What can be asked about is labelled by what they mention.
            let mentions =
                Mentions::of(named.policies(), texts).map_err(|problem| vec![whole(problem)])?;
            Ok(Self {
                mentions,
                set: named,
                sha256: policy.sha256(),
            })
        } else {
            Err(faults)
        }
    }

    /// SHA-256 of the text they were read from.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Whether they may answer differently of two goals that differ in their codes alone.
    pub(super) fn name_goals(&self) -> bool {
        self.mentions.entities.contains_key(GOAL)
    }

    /// What they tell from others of its kind.
    pub(super) fn mentions(&self) -> &Mentions {
        &self.mentions
    }

    /// Their ids, ascending.
    pub fn ids(&self) -> BTreeSet<String> {
        let ids = self.set.policies().map(|policy| policy.id().to_string());
        ids.collect()
    }
}

fn fault(text: &str, error: &(impl Diagnostic + fmt::Display)) -> PolicyFault {
    let offset = error
        .labels()
        .and_then(|mut labels| labels.next())
        .map(|label| label.offset());
    let mut problem = error.to_string();
    if let Some(help) = error.help() {
        problem = format!("{problem} ({help})");
    }
    PolicyFault {
        at: offset.and_then(|offset| position(text, offset)),
        problem,
    }
}

/// Line and column of a byte, both from 1.
pub(super) fn position(text: &str, offset: usize) -> Option<(u32, u32)> {
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Some((u32::try_from(line).ok()?, u32::try_from(column).ok()?))
}
