//! The columns of the sheet: the same in a workbook and in CSV, out and back.

use unicode_normalization::UnicodeNormalization as _;

macro_rules! columns {
    ($($(#[$doc:meta])* $column:ident => $ja:literal, $en:literal;)*) => {
        /// A column.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Column { $($(#[$doc])* $column,)* }

        impl Column {
            /// Every column.
            pub const ALL: &[Self] = &[$(Self::$column,)*];

            /// What it is called in Japanese and in English.
            pub const fn names(self) -> (&'static str, &'static str) {
                match self { $(Self::$column => ($ja, $en),)* }
            }
        }
    };
}

columns! {
    /// The indicator's code.
    Code => "指標", "Indicator";
    /// What is counted.
    What => "数えるもの", "What is counted";
    /// Part, member or checkpoint.
    Part => "内訳", "Part";
    /// Target in force.
    Target => "目標", "Target";
    /// What its reports come to.
    Standing => "累計・現在値", "Stands at";
    /// The newest report.
    Last => "直近の報告", "Last report";
    /// The day of the newest report.
    LastDay => "直近の日", "Its date";
    /// The day that is reported on.
    Day => "報告日", "Date";
    /// Number, numerator or state.
    Value => "値・分子・状況", "Value";
    /// Denominator.
    Denominator => "分母", "Denominator";
    /// Unit of the value.
    Unit => "単位", "Unit";
    /// Why there is nothing to report.
    Nil => "実績なし", "Nothing, because";
    /// A remark; the reason where one is asked for.
    Note => "備考・理由", "Note";
    /// The paper that shows it.
    Evidence => "根拠資料", "Evidence";
    /// When it was first recorded, elsewhere.
    OriginalDay => "元の記録日", "Recorded elsewhere on";
    /// Who first recorded it, elsewhere.
    OriginalAuthor => "元の報告者", "Recorded elsewhere by";
    /// Id of the indicator.
    Indicator => "識別1", "Id 1";
    /// Which part, member or checkpoint.
    Key => "識別2", "Id 2";
    /// In which form it is reported, under which definition.
    Form => "識別3", "Id 3";
    /// What the sheet was made at.
    Made => "識別4", "Id 4";
    /// Shows that an id was changed.
    Check => "識別5", "Id 5";
}

impl Column {
    /// What is filled in.
    pub const INPUTS: [Self; 8] = [
        Self::Day,
        Self::Value,
        Self::Denominator,
        Self::Nil,
        Self::Note,
        Self::Evidence,
        Self::OriginalDay,
        Self::OriginalAuthor,
    ];
    /// What says that a row is a report; a day alone does not, because the sheet fills it in.
    pub const REPORTING: [Self; 7] = [
        Self::Value,
        Self::Denominator,
        Self::Nil,
        Self::Note,
        Self::Evidence,
        Self::OriginalDay,
        Self::OriginalAuthor,
    ];
    /// What people do not see.
    pub const HIDDEN: [Self; 5] = [
        Self::Indicator,
        Self::Key,
        Self::Form,
        Self::Made,
        Self::Check,
    ];

    /// Its heading: in both languages.
    pub fn heading(self) -> String {
        let (ja, en) = self.names();
        format!("{ja}\n{en}")
    }

    /// The column of a heading: in both languages or one of them, whatever its widths and spaces.
    pub fn named(heading: &str) -> Option<Self> {
        let folded = |text: &str| -> String {
            let text = text.nfkc().filter(|c| !c.is_whitespace());
            text.collect::<String>().to_lowercase()
        };
        let heading = folded(heading);
        Self::ALL.iter().copied().find(|column| {
            let (ja, en) = column.names();
            [folded(ja), folded(en), folded(&column.heading())].contains(&heading)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_by_either_language() {
        for text in ["報告日", "報告日\nDate", " 報告日 date ", "ＤＡＴＥ"] {
            assert_eq!(Column::named(text), Some(Column::Day), "{text}");
        }
        assert_eq!(Column::named("日付"), None);
        for column in Column::ALL {
            assert_eq!(Column::named(&column.heading()), Some(*column));
        }
    }
}
