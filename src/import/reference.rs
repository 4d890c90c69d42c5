//! What an initiative refers to, as a cell of a table says it: clauses of one document with marks between.

use serde::{Serialize, Serializer};

use super::text::key;
use crate::domain::indicator::ExternalReference;
use crate::domain::text::{InvalidText, Name};

/// What stands between two clauses.
const MARKS: [char; 4] = ['、', ';', '；', '\n'];

/// A clause of a document.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Reference {
    /// The document, by the name that the ledger knows it by.
    pub document: &'static str,
    /// The clause or item in it.
    #[serde(serialize_with = "as_text")]
    pub clause: Name,
}

impl Reference {
    /// As the ledger holds it.
    pub(super) fn external(&self) -> Result<ExternalReference, InvalidText> {
        Ok(ExternalReference {
            document: Name::parse(self.document)?,
            clause: Some(self.clause.clone()),
            as_of: None,
        })
    }
}

/// The clauses of `document` that a cell names, or what is wrong with each that cannot be one; none where it is blank.
pub(super) fn read(document: &'static str, cell: &str) -> Result<Vec<Reference>, Vec<String>> {
    if cell.trim().is_empty() {
        return Ok(Vec::new());
    }
    let (mut references, mut problems): (Vec<Reference>, Vec<String>) = (Vec::new(), Vec::new());
    for text in cell.split(MARKS) {
        match Name::parse(text) {
            Ok(clause) => {
                let same = |other: &Reference| key(other.clause.as_str()) == key(clause.as_str());
                if references.iter().any(same) {
                    problems.push(format!("`{}` is named twice", clause.as_str()));
                }
                references.push(Reference { document, clause });
            }
            Err(InvalidText::Empty) => {
                problems.push("nothing between two marks or behind the last one".to_owned());
            }
            Err(error) => problems.push(format!("a reference that is {error}")),
        }
    }
    match problems.is_empty() {
        true => Ok(references),
        false => Err(problems),
    }
}

fn as_text<S: Serializer>(clause: &Name, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(clause.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(cell: &str) -> Result<Vec<String>, Vec<String>> {
        let read = read(ExternalReference::BASIC_ORDINANCE, cell)?;
        let clauses = read.iter().map(|own| own.clause.to_string());
        Ok(clauses.collect())
    }

    #[test]
    fn clauses_stand_between_marks_and_every_fault_is_told() {
        assert_eq!(clauses(" "), Ok(Vec::new()));
        let four = ["第1条", "第2条第3項", "3-2", "4"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(clauses("第1条、 第2条第3項；3-2\n4"), Ok(four));
        let long = "条".repeat(Name::CHARS_MAX + 1);
        let problems = clauses(&format!("1;{long};;１;")).unwrap_err();
        assert_eq!(
            problems,
            [
                "a reference that is longer than 200 characters",
                "nothing between two marks or behind the last one",
                "`１` is named twice",
                "nothing between two marks or behind the last one",
            ]
        );
    }
}
