//! Where the fields that the rules speak of stand on the wire.
//!
//! The domain names fields by its own model. It differs from the messages only where a oneof takes the
//! place of an enum with fields.

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::target::Aim;

/// The path in the request of the field that the rules call `field`.
pub(crate) fn on_the_wire(events: &[v1::EventInput], field: String) -> String {
    if let Some((event, rest)) = field.split_once(".target.aim") {
        let rest = match rest {
            "" => "",
            ".value" if aims_about(events, event) => ".approximate.value",
            ".tolerance" => ".approximate.tolerance",
            ".lower" => ".range.lower",
            ".upper" => ".range.upper",
            ".due" => ".done.due",
            ".end_state" => ".done.end_state",
            other => other,
        };
        return format!("{event}.target{rest}");
    }
    for (domain, wire) in [
        (".forecast_submitted.value.", ".forecast_submitted."),
        (".measurement.member_state.", ".measurement.member."),
    ] {
        if field.contains(domain) {
            return field.replacen(domain, wire, 1);
        }
    }
    field
}

/// Whether the event at `path` (`events[3].target_set`) aims at about a value.
fn aims_about(events: &[v1::EventInput], path: &str) -> bool {
    let index = path
        .strip_prefix("events[")
        .and_then(|rest| rest.split_once(']'));
    let index = index.and_then(|(index, _)| index.parse::<usize>().ok());
    let target = match index
        .and_then(|index| events.get(index))
        .and_then(|e| e.payload.as_ref())
    {
        Some(Payload::TargetSet(p)) => p.target.as_ref(),
        Some(Payload::TargetRevised(p)) => p.target.as_ref(),
        _ => None,
    };
    matches!(
        target.and_then(|target| target.aim.as_ref()),
        Some(Aim::Approximate(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aiming(aim: Aim) -> v1::EventInput {
        let target = v1::Target {
            aim: Some(aim),
            parts: Vec::new(),
        };
        let set = v1::TargetSet {
            indicator: String::new(),
            target: Some(target),
        };
        v1::EventInput {
            payload: Some(Payload::TargetSet(set)),
            ..Default::default()
        }
    }

    #[test]
    fn rules_point_at_fields_that_the_request_has() {
        let about = Aim::Approximate(v1::target::Approximate::default());
        let events = [aiming(Aim::Value("1".into())), aiming(about)];
        for (domain, wire) in [
            (
                "events[0].target_set.target.aim",
                "events[0].target_set.target",
            ),
            (
                "events[0].target_set.target.aim.value",
                "events[0].target_set.target.value",
            ),
            (
                "events[1].target_set.target.aim.value",
                "events[1].target_set.target.approximate.value",
            ),
            (
                "events[0].target_set.target.aim.upper",
                "events[0].target_set.target.range.upper",
            ),
            (
                "events[0].target_set.target.parts[2].value",
                "events[0].target_set.target.parts[2].value",
            ),
            (
                "events[0].forecast_submitted.value.value",
                "events[0].forecast_submitted.value",
            ),
            (
                "events[0].forecast_submitted.value.date",
                "events[0].forecast_submitted.date",
            ),
            (
                "events[0].actual_recorded.measurement.member_state.member",
                "events[0].actual_recorded.measurement.member.member",
            ),
            ("events[0].valid_from", "events[0].valid_from"),
            ("request_id", "request_id"),
        ] {
            assert_eq!(on_the_wire(&events, domain.to_owned()), wire);
        }
    }
}
