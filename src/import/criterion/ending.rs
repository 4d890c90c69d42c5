//! What a criterion without a number ends with: a deliverable that is there or not, or work without an end.
//!
//! 着手 and 完了 are different ends. 推進, 活用 and 広報 have none, so a rubric has to judge them.

use crate::domain::target::EndState;

/// How a criterion without a number ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// In a state that is reached or not, and whether its word names that state outright.
    State(EndState, Outright),
    /// In work that goes on.
    Open,
    /// In a word that is not known.
    Unknown,
}

/// Whether a word names an end state (`完了`) or only a deed that has an end (`開催`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outright {
    Yes,
    No,
}

/// Words that an item ends with, and the state they name.
const STATES: &[(&str, EndState, Outright)] = &[
    ("着手", EndState::Started, Outright::Yes),
    ("着工", EndState::Started, Outright::Yes),
    ("運用開始", EndState::InOperation, Outright::Yes),
    ("供用開始", EndState::InOperation, Outright::Yes),
    ("稼働", EndState::InOperation, Outright::Yes),
    ("開設", EndState::InOperation, Outright::No),
    ("開館", EndState::InOperation, Outright::Yes),
    ("移行", EndState::InOperation, Outright::No),
    ("導入", EndState::InOperation, Outright::No),
    ("開始", EndState::Started, Outright::Yes),
    ("決定", EndState::Decided, Outright::Yes),
    ("選定", EndState::Decided, Outright::Yes),
    ("検討", EndState::Decided, Outright::No),
    ("変更", EndState::Decided, Outright::No),
    ("改正", EndState::Decided, Outright::No),
    ("制定", EndState::Decided, Outright::No),
    ("完了", EndState::Completed, Outright::Yes),
    ("完成", EndState::Completed, Outright::Yes),
    ("策定", EndState::Completed, Outright::Yes),
    ("作成", EndState::Completed, Outright::Yes),
    ("改定", EndState::Completed, Outright::Yes),
    ("改訂", EndState::Completed, Outright::Yes),
    ("公表", EndState::Completed, Outright::Yes),
    ("締結", EndState::Completed, Outright::Yes),
    ("取りまとめ", EndState::Completed, Outright::Yes),
    ("とりまとめ", EndState::Completed, Outright::Yes),
    ("整備", EndState::Completed, Outright::No),
    ("設置", EndState::Completed, Outright::No),
    ("増設", EndState::Completed, Outright::No),
    ("新設", EndState::Completed, Outright::No),
    ("建設", EndState::Completed, Outright::No),
    ("構築", EndState::Completed, Outright::No),
    ("改修", EndState::Completed, Outright::No),
    ("改築", EndState::Completed, Outright::No),
    ("更新", EndState::Completed, Outright::No),
    ("移転", EndState::Completed, Outright::No),
    ("設計", EndState::Completed, Outright::No),
    ("実現", EndState::Completed, Outright::No),
    ("配備", EndState::Completed, Outright::No),
    ("配置", EndState::Completed, Outright::No),
    ("登録", EndState::Completed, Outright::No),
    ("出場", EndState::Completed, Outright::No),
    ("参加", EndState::Completed, Outright::No),
    ("依頼", EndState::Completed, Outright::No),
    ("提出", EndState::Completed, Outright::No),
    ("報告", EndState::Completed, Outright::No),
    ("発行", EndState::Completed, Outright::No),
    ("配布", EndState::Completed, Outright::No),
    ("整理", EndState::Completed, Outright::No),
    ("準備", EndState::Completed, Outright::No),
    ("評価", EndState::Completed, Outright::No),
    ("検証", EndState::Completed, Outright::No),
    ("調査", EndState::Completed, Outright::No),
    ("点検", EndState::Completed, Outright::No),
    ("補助", EndState::Completed, Outright::No),
    ("開催", EndState::Completed, Outright::No),
    ("実施", EndState::Completed, Outright::No),
];

/// Words that an item ends with when its work has no end state.
const OPEN: &[&str] = &[
    "推進",
    "活用",
    "広報",
    "支援",
    "充実",
    "強化",
    "育成",
    "拡大",
    "拡充",
    "促進",
    "普及",
    "管理",
    "確保",
    "対応",
    "啓発",
    "運営",
    "開拓",
    "精査",
    "向上",
    "連携",
    "周知",
    "改善",
    "継続",
    "徹底",
    "適正化",
    "削減",
    "軽減",
    "派遣",
    "発信",
    "協力",
    "提供",
    "維持",
    "防止",
    "見直し",
    "把握",
    "交流",
    "活性化",
    "効率化",
    "定着",
    "創出",
    "振興",
    "保全",
    "取組",
    "取り組み",
];

/// What makes 実施 or 開催 a thing without an end: it is done as often as there is need, or all the time.
const ONGOING: &[&str] = &[
    "啓発活動",
    "広報活動",
    "啓発",
    "必要に応じ",
    "随時",
    "適宜",
    "に沿った",
    "に沿って",
    "適切な",
];

/// Reads how a text ends; `folded` is without white space.
pub(super) fn ending(folded: &str) -> Ending {
    let mut text = folded.trim_end_matches(['。', '.', '」', '』']);
    // A remark in parentheses at the end says nothing about the end.
    while let (true, Some(open)) = (text.ends_with(')'), text.rfind('(')) {
        text = &text[..open];
    }
    let text = [
        "すること",
        "します",
        "する",
        "こと",
        "を図る",
        "を行う",
        "など",
        "等",
    ]
    .iter()
    .fold(text, |text, tail| text.strip_suffix(tail).unwrap_or(text));
    let state = STATES
        .iter()
        .filter(|(word, ..)| text.ends_with(word))
        .max_by_key(|(word, ..)| word.len());
    let open = OPEN
        .iter()
        .filter(|word| text.ends_with(**word))
        .max_by_key(|word| word.len());
    match (state, open) {
        (Some((word, ..)), Some(other)) if word.len() < other.len() => Ending::Open,
        (Some((word, state, outright)), _) => {
            let deed = matches!(*word, "実施" | "開催" | "検証" | "対応" | "点検");
            if deed && ONGOING.iter().any(|mark| text.contains(mark)) {
                return Ending::Open;
            }
            Ending::State(*state, *outright)
        }
        (None, Some(_)) => Ending::Open,
        (None, None) => Ending::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_state_is_told_from_work_without_end() {
        use EndState::*;
        for (text, state) in [
            ("基本構想の策定", Completed),
            ("建築工事の着手", Started),
            ("再商品化の方針決定", Decided),
            ("システムを導入", InOperation),
            ("設備の新設(南側)", Completed),
            ("講座の開催など", Completed),
        ] {
            assert!(
                matches!(ending(text), Ending::State(found, _) if found == state),
                "{text}"
            );
        }
        for text in [
            "基金の活用",
            "市政の広報",
            "体制の育成強化",
            "節水の啓発活動の実施",
            "必要に応じた会議の開催",
        ] {
            assert_eq!(ending(text), Ending::Open, "{text}");
        }
        assert_eq!(ending("笑顔"), Ending::Unknown);
    }
}
