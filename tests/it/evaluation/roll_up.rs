//! Sums over units: nothing is counted twice, nothing is left out.

use daicho::domain::evaluation::Status;
use daicho::projection::evaluation::roll_up::rolled_up;

use super::{evaluated, plan, sample};
use crate::fixture::date;

#[tokio::test]
async fn what_sections_lead_adds_up_to_the_plan() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    let size = reader.head().size;
    for day in ["2023-06-30", "2023-09-30", "2024-03-31"] {
        let evaluation = evaluated(&reader, plan(&reader, "R5"), date(day), size).await;
        let rolled = rolled_up(&evaluation);
        let whole = &rolled.whole.roll_up.led;
        assert_eq!(whole.total() as usize, evaluation.rows(), "{day}");
        for status in Status::ALL {
            let of_sections: u32 = rolled
                .sections
                .iter()
                .map(|section| section.together.roll_up.led.count(*status))
                .sum();
            let of_departments: u32 = rolled
                .departments
                .iter()
                .map(|department| department.together.roll_up.led.count(*status))
                .sum();
            let of_pillars: u32 = rolled
                .pillars
                .iter()
                .map(|pillar| pillar.together.roll_up.led.count(*status))
                .sum();
            let all = whole.count(*status);
            assert_eq!(
                (of_sections, of_departments, of_pillars),
                (all, all, all),
                "{day}"
            );
        }
        // What several sections work on: seen by each, counted by one. Views less doubles are the plan.
        let seen: u32 = rolled
            .sections
            .iter()
            .map(|section| {
                section.together.roll_up.led.total()
                    + section.together.roll_up.participating.total()
            })
            .sum();
        let doubles: usize = evaluation
            .indicators()
            .map(|(_, _, indicator)| indicator.contributing.len())
            .sum();
        assert!(8 <= doubles);
        assert_eq!(seen as usize - doubles, evaluation.rows());
    }
}

#[tokio::test]
async fn a_pillar_without_goals_is_told_as_such() {
    let (_ledgers, reader) = sample(date("2023-10-06")).await;
    let size = reader.head().size;
    let evaluation = evaluated(&reader, plan(&reader, "R5"), date("2023-09-30"), size).await;
    let rolled = rolled_up(&evaluation);
    let goals: Vec<u32> = rolled.pillars.iter().map(|pillar| pillar.goals).collect();
    assert_eq!(goals, [26, 9, 13, 11, 0, 3]);
    assert_eq!(rolled.goals, 62);
    assert_eq!(rolled.departments.len(), 12);
    let empty = &rolled.pillars[4].together;
    assert_eq!(empty.roll_up.led.total(), 0);
    assert_eq!(empty.mean.count, 0);
    assert!(empty.mean.attainment.is_err());
}
