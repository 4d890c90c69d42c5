//! Text search: which goals tell of some words, whichever way they were written.
//!
//! Published plans mix forms of one character: a city writes 汚水 on one line and 污水 on the next, and an
//! old name keeps the forms it was given. What is searched and what it is searched in are folded alike, so either finds both.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Wording};
use crate::domain::id::GoalId;
use crate::ledger::{ReadFault, Reader, View};
use crate::projection::goal_card::narratives;

/// Older forms of characters, each with the form in use: of those that the table of characters for general use (常用漢字表,
/// Cabinet Notification 2 of 2010) shows in parentheses, those that names of places, offices and measures still have.
const OLDER_FORMS: &str = "\
    佛仏 來来 假仮 傳伝 價価 兒児 兩両 勞労 區区 參参 單単 國国 圓円 圖図 團団 增増 壤壌 壽寿 奧奥 學学 實実 寬寛 寶宝 專専 對対 屆届 \
    屬属 峽峡 嶽岳 廢廃 廣広 廳庁 彌弥 德徳 惠恵 應応 戰戦 擔担 據拠 擧挙 收収 效効 會会 條条 榮栄 樂楽 樓楼 樣様 橫横 檢検 櫻桜 權権 \
    步歩 歷歴 歸帰 每毎 氣気 淨浄 淺浅 溫温 滿満 澁渋 澤沢 濟済 濱浜 瀧滝 瀨瀬 灣湾 燈灯 爐炉 狀状 獨独 畫画 當当 發発 眞真 禮礼 稻稲 \
    穗穂 經経 綠緑 縣県 總総 繪絵 續続 腦脳 臺台 與与 舊旧 萬万 藏蔵 藝芸 藥薬 處処 號号 衞衛 覽覧 觀観 證証 譽誉 讀読 變変 讓譲 豐豊 \
    豫予 賣売 轉転 辨弁 遲遅 邊辺 郞郎 鄕郷 醫医 鐵鉄 關関 雙双 靜静 驗験 驛駅 體体 黃黄 黑黒 點点 黨党 齊斉 齋斎 龍竜 龜亀";

/// Forms that the Unicode Han Database relates (Unihan_Variants 13.0: kSemanticVariant, kZVariant, kSimplifiedVariant
/// with kTraditionalVariant; 污 and 汚 through 汙, a variant of both), of those that occur in such names.
const UNIHAN_VARIANTS: &str = "\
    內内 埜野 峯峰 戶戸 敎教 查査 汙汚 污汚 畧略 稅税 緣縁 羣群 舘館 說説 邨村 髙高";

/// Forms that registers of names have for one character and that neither source above relates.
const REGISTER_FORMS: &str = "﨑崎 濵浜 邉辺 嶋島 嶌島 冨富";

/// What each variant is folded to.
static VARIANTS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let pairs = [OLDER_FORMS, UNIHAN_VARIANTS, REGISTER_FORMS];
    let pairs = pairs.into_iter().flat_map(str::split_whitespace);
    pairs
        .filter_map(|pair| {
            let mut forms = pair.chars();
            forms.next().zip(forms.next())
        })
        .collect()
});

/// Folds text for matching: width and compatibility forms (NFKC), case, variant characters. Selectors of glyph
/// variants, which nobody types, are left out.
pub fn fold(text: &str) -> String {
    text.nfkc()
        .filter(|c| !is_variation_selector(*c))
        // By way of upper case: `ß` is `ss`, and a final sigma is a sigma.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .map(|c| VARIANTS.get(&c).copied().unwrap_or(c))
        .collect()
}

/// Unicode 15, variation selectors 1 to 256.
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The words of a search, folded.
pub fn words(text: &str) -> Vec<String> {
    fold(text).split_whitespace().map(str::to_owned).collect()
}

/// Those of `goals` that tell of all `words` on `date`, by what is known in `view`: in codes, titles and texts of the
/// goal, its initiatives and its indicators, or in what was told about any of them by that date. In their order.
pub async fn telling_of(
    reader: &Reader,
    view: &View,
    goals: Vec<GoalId>,
    words: &[String],
    date: Date,
) -> Result<Vec<GoalId>, ReadFault> {
    if words.is_empty() {
        return Ok(goals);
    }
    let mut found = Vec::new();
    for goal in goals {
        let mut text = fold(&plan_text(&view.directory, goal, date));
        let missing = |text: &str| words.iter().any(|word| !text.contains(word));
        if missing(&text) {
            // Only the streams hold what was told; most goals need not be asked.
            for narrative in narratives(reader, view, goal, date).await? {
                // What is kept apart is found as long as it is there.
                let told = narrative.text.text();
                text.push_str(&told.map_or_else(String::new, |told| fold(told.as_str())));
                text.push('\n');
            }
        }
        if !missing(&text) {
            found.push(goal);
        }
    }
    Ok(found)
}

/// Codes, titles and texts of a goal and of what stands under it; of one that takes effect later, as on its first day.
fn plan_text(directory: &Directory, id: GoalId, date: Date) -> String {
    let mut text = String::new();
    let Some(goal) = directory.goal(id) else {
        return text;
    };
    let on = date.max(goal.from);
    add(&mut text, &goal.code, goal.worded_on(on));
    for id in directory.initiatives_of_on(id, on) {
        if let Some(initiative) = directory.initiative(id) {
            add(&mut text, &initiative.code, initiative.worded_on(on));
        }
        for id in directory.indicators_of_on(id, on) {
            if let Some(indicator) = directory.indicator(id) {
                add(&mut text, &indicator.code, indicator.worded_on(on));
            }
        }
    }
    text
}

fn add(text: &mut String, code: &Code, wording: &Wording) {
    let english = wording.title.en.as_ref().map(|en| en.as_str());
    let parts = [
        Some(code.as_str()),
        Some(wording.title.ja.as_str()),
        english,
        Some(wording.source_text.as_str()),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str(part);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_found_however_it_is_written() {
        for (typed, written) in [
            ("污水", "汚水"),
            ("汙水", "汚水"),
            ("收納率", "収納率"),
            ("濱松", "浜松"),
            ("邉", "邊"),
            ("ＳＮＳ", "sns"),
            ("ｼﾐﾝ", "シミン"),
            ("㎞", "km"),
            ("STRASSE", "Straße"),
            ("葛\u{e0101}飾", "葛飾"),
            // A compatibility ideograph, which NFKC folds.
            ("\u{fa19}社", "神社"),
        ] {
            assert_eq!(fold(typed), fold(written), "{typed}");
        }
        for (one, other) in [("汚水", "下水"), ("か", "が"), ("ハ", "は"), ("崎", "埼")] {
            assert_ne!(fold(one), fold(other), "{one}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for (variant, form) in VARIANTS.iter() {
            assert!(!VARIANTS.contains_key(form), "{variant} {form}");
            let folded = fold(&variant.to_string());
            assert_eq!(folded, form.to_string(), "NFKC changes {variant} itself");
            assert_eq!(fold(&folded), folded);
        }
    }

    #[test]
    fn every_pair_is_a_variant_and_its_form_and_stands_once() {
        let pairs = [OLDER_FORMS, UNIHAN_VARIANTS, REGISTER_FORMS];
        let pairs: Vec<&str> = pairs.into_iter().flat_map(str::split_whitespace).collect();
        assert!(pairs.iter().all(|pair| pair.chars().count() == 2));
        assert_eq!(pairs.len(), VARIANTS.len());
    }
}
