//! What initiatives refer to, by the document.

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::indicator::ExternalReference;

/// The clauses of one document, with `、` between; the document itself where a reference names no clause. Documents are
/// compared in NFKC and without spaces.
pub fn clauses(references: &[ExternalReference], document: &str) -> String {
    let own = references
        .iter()
        .filter(|own| folded(own.document.as_str()) == folded(document));
    let told = own.map(|own| own.clause.as_ref().unwrap_or(&own.document).as_str());
    told.collect::<Vec<&str>>().join("、")
}

fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Name;

    #[test]
    fn a_document_is_found_in_any_width_and_others_are_left_out() {
        let to = |document: &str, clause: Option<&str>| ExternalReference {
            document: Name::parse(document).unwrap(),
            clause: clause.map(|clause| Name::parse(clause).unwrap()),
            as_of: None,
        };
        let references = [
            to("行革ﾌﾟﾗﾝ", Some("3-2")),
            to("自治基本条例", Some("第12条")),
            to("行革 プラン", Some("4-1")),
            to("総合計画", Some("表3")),
        ];
        let reform = clauses(&references, ExternalReference::REFORM_PLAN);
        assert_eq!(reform, "3-2、4-1");
        let ordinance = clauses(&references, ExternalReference::BASIC_ORDINANCE);
        assert_eq!(ordinance, "第12条");
        assert_eq!(clauses(&[to("総合計画", None)], "総合計画"), "総合計画");
        assert_eq!(clauses(&[], "総合計画"), "");
    }
}
