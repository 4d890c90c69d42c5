//! A text of policies before it is parsed: whether it may be, and which strings stand in it.
//!
//! The parser and what walks a parsed policy go as deep as its expressions do, on a thread's stack: what is nested too deep
//! never comes to them.

use std::collections::HashSet;

use crate::auth::access::policy_set::{CompiledPolicies, PolicyFault, position};

/// Every string in a text of policies; `None`: some may stand for others than themselves, so any text may be meant.
pub(super) type Texts = Option<HashSet<String>>;

/// Takes a look at a text; all that is wrong with it is told.
pub(super) fn look(text: &str) -> Result<Texts, Vec<PolicyFault>> {
    let mut look = Look {
        text,
        texts: Some(HashSet::new()),
        faults: Vec::new(),
        nesting: 0,
        operators: 0,
    };
    look.all();
    match look.faults.is_empty() {
        true => Ok(look.texts),
        false => Err(look.faults),
    }
}

struct Look<'t> {
    text: &'t str,
    texts: Texts,
    faults: Vec<PolicyFault>,
    /// Brackets that are open.
    nesting: usize,
    /// Of the policy so far.
    operators: usize,
}

impl Look<'_> {
    fn all(&mut self) {
        let mut chars = self.text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                    while chars.next_if(|(_, c)| *c != '\n').is_some() {}
                }
                '"' => {
                    let (mut end, mut escapes) = (self.text.len(), false);
                    while let Some((at, c)) = chars.next() {
                        match c {
                            '"' => {
                                end = at;
                                break;
                            }
                            '\\' => {
                                escapes = true;
                                chars.next();
                            }
                            c => self.character(at, c),
                        }
                    }
                    self.string(self.text.get(at + 1..end).unwrap_or_default(), escapes);
                }
                c if c.is_alphabetic() || c == '_' => {
                    let is_part = |c: char| c.is_alphanumeric() || c == '_';
                    let mut end = at + c.len_utf8();
                    while let Some((at, c)) = chars.next_if(|(_, c)| is_part(*c)) {
                        end = at + c.len_utf8();
                    }
                    self.word(at, self.text.get(at..end).unwrap_or_default());
                }
                '(' | '[' | '{' => {
                    self.nesting += 1;
                    if self.nesting == CompiledPolicies::NESTING_MAX + 1 {
                        let most = CompiledPolicies::NESTING_MAX;
                        self.fault(at, format!("brackets are nested deeper than {most}"));
                    }
                }
                ')' | ']' | '}' => self.nesting = self.nesting.saturating_sub(1),
                ';' => self.operators = 0,
                '&' | '|' | '.' | '!' | '-' | '+' | '*' | '<' | '>' | '=' => self.operator(at),
                c => self.character(at, c),
            }
        }
    }

    /// What nobody sees stands in no policy: it could look like another.
    fn character(&mut self, at: usize, c: char) {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            self.fault(at, format!("a control character, {}", c.escape_unicode()));
        }
    }

    fn string(&mut self, string: &str, escapes: bool) {
        match &mut self.texts {
            _ if escapes => self.texts = None,
            Some(texts) => {
                texts.insert(string.to_owned());
            }
            None => {}
        }
    }

    fn word(&mut self, at: usize, word: &str) {
        match word {
            // A pattern may match any text.
            "like" => {
                self.texts = None;
                self.operator(at);
            }
            "in" | "has" | "is" | "if" => self.operator(at),
            _ => {}
        }
    }

    fn operator(&mut self, at: usize) {
        self.operators += 1;
        if self.operators == CompiledPolicies::OPERATORS_MAX + 1 {
            let most = CompiledPolicies::OPERATORS_MAX;
            self.fault(at, format!("more than {most} operators in one policy"));
        }
    }

    /// Takes note of a fault, of as many as are told: a text of nothing else would take long to find the places of all.
    fn fault(&mut self, at: usize, problem: String) {
        if self.faults.len() == CompiledPolicies::FAULTS_MAX {
            return;
        }
        self.faults.push(PolicyFault {
            at: position(self.text, at),
            problem,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::AccessPolicy;

    fn texts(text: &str) -> Option<Vec<String>> {
        let mut texts: Vec<String> = look(text).unwrap()?.into_iter().collect();
        texts.sort_unstable();
        Some(texts)
    }

    fn told(text: &str) -> String {
        let faults = look(text).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    }

    #[test]
    fn every_string_that_stands_for_itself_is_told() {
        let text = "// \"none\"\n@id(\"x\") permit (a, b == U::\"財務課\", c) when { p in [\"\", \"//s\"] };";
        let expected = ["", "//s", "x", "財務課"].map(str::to_owned);
        assert_eq!(texts(text), Some(expected.to_vec()));
        assert_eq!(texts("when { a == \"\\u{61}\" };"), None);
        assert_eq!(texts("when { a == \"\\\"\" && b };"), None);
        assert_eq!(texts("when { a.b like \"x*\" };"), None);
        assert_eq!(
            texts("when { a.dislike == \"like\" };"),
            Some(vec!["like".to_owned()])
        );
    }

    #[test]
    fn of_many_faults_the_first_are_told() {
        let faults = look(&"\u{1}".repeat(AccessPolicy::BYTES_MAX)).unwrap_err();
        assert_eq!(faults.len(), CompiledPolicies::FAULTS_MAX);
        let last = faults.last().and_then(|fault| fault.at);
        assert_eq!(last, Some((1, CompiledPolicies::FAULTS_MAX as u32)));
    }

    #[test]
    fn what_nobody_sees_or_nobody_can_read_is_refused() {
        assert_eq!(
            told("when { a ==\n \"\u{1}0\" };"),
            "2:3: a control character, \\u{1}"
        );
        assert_eq!(told("\u{0}"), "1:1: a control character, \\u{0}");
        let deep = "(".repeat(CompiledPolicies::NESTING_MAX + 5);
        assert_eq!(told(&deep), "1:65: brackets are nested deeper than 64");
        let long = |policies: usize| format!("{};", "true && ".repeat(400)).repeat(policies);
        assert!(look(&long(3)).is_ok());
        let chain = "true && ".repeat(600);
        assert!(told(&chain).ends_with("more than 1000 operators in one policy"));
        assert!(told(&"if ".repeat(1_001)).ends_with("operators in one policy"));
        assert!(told(&"a.".repeat(1_001)).ends_with("operators in one policy"));
    }
}
