//! The importer against the published plan of FY2023, where a copy of its text is at hand.
//!
//! Set `DAICHO_PUBLISHED_PLAN` to the file. The table below holds facts only, taken from the document by
//! eye: which sections answer for which initiative, how many criteria it has, and every figure.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;

use daicho::import;
use daicho::import::understood::{Kind, Plan};

/// The file, or `None` with a notice where nobody named one.
fn published() -> Option<(String, Plan)> {
    let Some(path) = std::env::var_os("DAICHO_PUBLISHED_PLAN") else {
        println!("skipped: DAICHO_PUBLISHED_PLAN names no file");
        return None;
    };
    let bytes = std::fs::read(path).expect("the file can be read");
    let plan = import::read(&bytes, None).expect("the plan can be read");
    Some((String::from_utf8(bytes).expect("the file is UTF-8"), plan))
}

#[test]
fn everything_is_counted() {
    let Some((_, plan)) = published() else { return };
    let mut goals_by_pillar: BTreeMap<u32, usize> =
        plan.head.pillars.iter().map(|p| (p.number, 0)).collect();
    for (_, pillar, _) in plan.goals() {
        *goals_by_pillar.entry(pillar.number).or_default() += 1;
    }
    let blocks: usize = plan
        .departments
        .iter()
        .map(|department| department.pillars.len())
        .sum();
    assert_eq!(plan.departments.len(), 12);
    assert_eq!(plan.goals().count(), 62);
    assert_eq!(plan.initiatives().count(), 147);
    assert_eq!(plan.sections().len(), 44);
    assert_eq!(blocks, 40);
    assert_eq!(
        goals_by_pillar.into_values().collect::<Vec<_>>(),
        [26, 9, 13, 11, 0, 3]
    );
    assert_eq!(plan.criteria().count(), 230);
    assert_eq!(
        plan.criteria()
            .map(|criterion| criterion.measures.len())
            .sum::<usize>(),
        160
    );
    let of_kind = |kind| {
        plan.criteria()
            .filter(|criterion| criterion.kind == kind)
            .count()
    };
    assert_eq!(
        [
            of_kind(Kind::Quantitative),
            of_kind(Kind::Milestone),
            of_kind(Kind::Qualitative)
        ],
        [154, 56, 20]
    );
}

#[test]
fn every_section_and_every_figure_stands_where_the_document_has_it() {
    let Some((_, plan)) = published() else { return };
    let mut expected = EXPECTED.trim().lines();
    for department in &plan.departments {
        for pillar in &department.pillars {
            let (mut goals, mut figures) = (Vec::new(), Vec::new());
            for (number, goal) in (1..).zip(&pillar.goals) {
                let mut initiatives = Vec::new();
                for initiative in &goal.initiatives {
                    let sections = initiative.sections.join("+");
                    initiatives.push(format!(
                        "{}:{sections}:{}",
                        initiative.number,
                        initiative.criteria.len()
                    ));
                    for (ordinal, criterion) in (1..).zip(&initiative.criteria) {
                        for measure in &criterion.measures {
                            let comparator =
                                serde_json::to_value(measure.comparator).expect("JSON");
                            let comparator =
                                comparator.as_str().unwrap_or_default().replace(">=", "");
                            let per = if measure.per.is_some() { "/月" } else { "" };
                            figures.push(format!(
                                "{number}.{}.{ordinal}={comparator}{}{}{per}",
                                initiative.number, measure.value, measure.unit
                            ));
                        }
                    }
                }
                goals.push(initiatives.join(" "));
            }
            let figures = if figures.is_empty() {
                "-".to_owned()
            } else {
                figures.join(" ")
            };
            let place = format!("{} {}", department.name, pillar.number);
            assert_eq!(Some(&*place), expected.next());
            assert_eq!(Some(&*goals.join(" | ")), expected.next(), "{place}");
            assert_eq!(Some(&*figures), expected.next(), "{place}");
        }
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn no_word_of_a_criterion_is_lost() {
    let Some((text, plan)) = published() else {
        return;
    };
    let bare = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
    };
    let mut rest: String = text
        .lines()
        .filter(|line| line.contains('\t') && !line.starts_with("組織目標"))
        .filter_map(|line| line.split('\t').nth(3))
        .map(|cell| {
            let pieces = cell
                .split('<')
                .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
            bare(&pieces.collect::<String>())
        })
        .collect();
    for criterion in plan.criteria() {
        let words = bare(&criterion.text);
        let after = rest
            .strip_prefix('・')
            .unwrap_or(&rest)
            .strip_prefix(&words);
        rest = after
            .unwrap_or_else(|| panic!("`{words}` is not what comes next"))
            .to_owned();
    }
    assert_eq!(rest, "");
}

/// Three lines for each department and pillar: where, its goals as `number:sections:criteria` of each
/// initiative, and its figures as `goal.initiative.criterion=value`.
const EXPECTED: &str = "
企画財政部 1
1:企画政策課:1 2:広報広聴課:2 | 1:広報広聴課:1 2:財務課:1 3:情報政策課:1 4:情報政策課:1 | 1:情報政策課:1
1.1.1=1件 1.2.1=50000人 1.2.2=2350人 2.1.1=27000件 2.2.1=~80% 2.4.1=23自治会 3.1.1=4課
企画財政部 2
1:企画政策課:3 2:財務課:1 3:施設保全課:2 4:施設保全課:2 5:施設保全課:1
1.4.1=50施設 1.4.2=8棟 1.5.1=13施設
企画財政部 3
1:企画政策課:1
1.1.1=5件
総務部 1
1:総務文書課:2 2:総務文書課:1 | 1:税務課:1 2:納税課:1 3:契約検査課:2
1.1.2=2回 1.1.2=30人 1.2.1=1回 1.2.1=80人 2.1.1=30回 2.2.1=60回 2.3.1=3回 2.3.2=1回
総務部 2
1:納税課:2
1.1.1=99% 1.1.2=31%
総務部 3
1:総務文書課:1 2:税務課:1 3:税務課:1
1.1.1=50件 1.2.1=1台 1.3.1=3台
総務部 4
1:総務文書課:1
1.1.1=35%
総務部 6
1:人事課:1 2:人事課:1
1.1.1=>14日
生活安全部 1
1:危機管理課:3 2:危機管理課:3 3:危機管理課:3 4:危機管理課:3 | 1:くらし安心課:2 2:くらし安心課:2 3:くらし安心課:1
-
生活安全部 4
1:危機管理課:2
-
市民活動部 1
1:市民課:2 2:市民課:3 | 1:市民課:1 2:市民課:1
2.1.1=6回 2.2.1=4回/月
市民活動部 3
1:文化観光課:1 2:文化観光課:2
1.1.1=7945千人 1.2.2=3回 1.2.2=2回
市民活動部 4
1:市民協働課:1 | 1:市民協働課:2 | 1:文化観光課:1
1.1.1=1000人 2.1.2=2回 3.1.1=6事業
福祉健康部 1
1:健康推進課:2 | 1:福祉総務課:1 2:福祉総務課:2 3:長寿課:3 4:長寿課:3 | 1:生活福祉課:2 2:生活福祉課:1 3:生活福祉課:1 4:生活福祉課:1 | 1:健康推進課:3 | 1:健康推進課:4
2.1.1=3回 2.3.1=10団体 2.3.2=25団体 2.3.3=200人 2.4.1=1900人 2.4.2=190人 2.4.3=11600人 3.1.1=40人 3.1.2=30人 3.2.1=75% 3.4.1=220人 4.1.3=2回 5.1.3=4回 5.1.4=4回
福祉健康部 2
1:長寿課:3 2:国保年金課:1 3:国保年金課:1 4:国保年金課:1
1.1.1=15人 1.1.2=20人 1.1.3=15人 1.2.1=75% 1.4.1=99%
福祉健康部 4
1:福祉総務課:1 2:長寿課:1 3:長寿課:1
1.1.1=2回 1.2.1=58事業者 1.2.1=80事業所 1.3.1=350人
次世代育成部 1
1:子育て推進課:2 2:子育て推進課+子育て支援課:2 3:子育て推進課:3 | 1:子育て推進課:2 2:子育て支援課:1 3:子育て支援課:1 4:子育て支援課:2 5:子育て支援課:1 6:子ども課:2 7:子ども課:1
1.1.1=12回 1.3.2=2回 1.3.3=2回 2.1.1=20回 2.1.2=4回 2.2.1=25人 2.2.1=63人 2.3.1=110回 2.4.1=120回 2.4.2=60回 2.6.1=36園
次世代育成部 3
1:子育て支援課:2 2:子育て支援課:1
1.1.1=200回 1.1.2=24回 1.2.1=1800件
次世代育成部 6
1:子育て推進課:1 2:子ども課:1 3:子ども課:2
1.1.1=2回 1.2.1=1300人 1.3.1=3回 1.3.2=3回
産業環境部 1
1:商工業振興課:2
-
産業環境部 2
1:企業立地推進室:1
1.1.1=40ha
産業環境部 3
1:農政課:1 2:農政課:1 | 1:環境推進課:3 2:環境推進課:2 | 1:ごみ減量推進課:1 2:ごみ減量推進課:1
1.2.1=2件 2.1.2=2回 2.2.1=10件
建設部 1
1:道路建設課:1 2:道路建設課:1 3:土木管理課:1 4:用地対策課:1 | 1:道路建設課:1 2:建築課:4 3:建築課:1
1.1.1=3路線 1.2.1=2路線 1.3.1=3台 1.4.1=4回 2.1.1=1橋 2.2.1=67件 2.2.2=60件 2.2.3=2回 2.2.4=1回 2.3.1=5回
建設部 2
1:土木管理課+道路建設課+建築課:1 2:土木管理課:2
1.1.1=15件 1.2.1=90橋 1.2.2=10橋
建設部 3
1:道路建設課:1
1.1.1=10回
建設部 4
1:土木管理課:1 2:建築課:1
1.1.1=23地区 1.2.1=2回
都市政策部 1
1:市街地整備課:2 | 1:まちづくり推進課:1
1.1.1=2件 1.1.2=2件 2.1.1=16回
都市政策部 2
1:都市交通課:1 2:まちづくり推進課+都市交通課+市街地整備課:1
1.1.1=105件 1.2.1=6件
都市政策部 3
1:市街地整備課:2 2:まちづくり推進課+市街地整備課:2 3:市街地整備課+都市交通課:2 4:まちづくり推進課:1 5:まちづくり推進課:2 | 1:都市交通課:1 2:都市交通課:1 3:都市交通課:1 4:都市交通課:3
1.1.1=2回 1.1.2=4回 1.2.1=8回 1.2.2=5回 1.3.1=19回 1.4.1=2回 1.4.1=2回 1.5.1=10回 1.5.2=6回 2.1.1=2回 2.3.1=3回 2.3.1=3回 2.4.1=300人/月 2.4.2=1回 2.4.3=2回
都市政策部 4
1:まちづくり推進課:1 2:都市交通課:1
1.1.1=20回 1.2.1=6回
都市公園部 1
1:公園緑地課:2 2:公園整備課:1 3:公園整備課:1
1.1.1=24回 1.1.2=2200人 1.2.1=1公園 1.3.1=2公園
都市公園部 2
1:公園緑地課+公園整備課:1 2:公園緑地課:2
1.1.1=5件 1.2.1=8公園 1.2.2=65公園
都市公園部 3
1:公園緑地課:2 2:公園整備課:1 3:公園整備課:1
1.1.1=4箇所 1.1.2=40基 1.2.1=3回
都市公園部 4
1:公園緑地課:1 | 1:公園整備課:1
1.1.1=20地区 2.1.1=4回
水資源部 1
1:水道課:2 2:水道課:2 3:下水道課:1 4:雨水対策課:2 5:雨水対策課:2 6:雨水対策課:1 | 1:下水道課:1 2:下水道課:2 3:水道課+下水道課+雨水対策課:1 4:下水道課:1
1.1.1=3箇所 1.1.2=1箇所 1.2.1=2回 1.2.2=2回 1.3.1=1回 1.4.1=80m 1.4.2=5箇所 1.5.1=25件 1.6.1=2箇所 2.1.1=0.6km 2.2.1=1回 2.2.1=700人 2.2.2=6会場 2.3.1=5回 2.4.1=42軒
水資源部 2
1:水道課:1 2:下水道課:1 3:下水道課+雨水対策課:1 | 1:下水道課+雨水対策課:4 2:水道課:1 3:水道課+下水道課:1
1.1.1=99% 1.2.1=95% 1.3.1=9件 2.1.1=1.5km 2.1.2=189箇所 2.1.3=16km 2.1.4=2箇所 2.2.1=0.9km
水資源部 6
1:水道課+下水道課+雨水対策課:1
1.1.1=50人
教育部 1
1:教育総務課:5 | 1:学校教育課+生涯学習課:2 2:学校教育課+スポーツ課:2 3:スポーツ課:1
1.1.1=6校 1.1.3=50% 1.1.5=50% 2.2.2=5回 2.3.1=10回
教育部 3
1:学校教育課:3 | 1:生涯学習課:2 2:生涯学習課:1 3:スポーツ課:1
1.1.3=3名 2.1.2=1100冊
教育部 4
1:スポーツ課:1 2:スポーツ課:2
-
";
