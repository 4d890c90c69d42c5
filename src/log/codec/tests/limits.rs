//! What cannot be encoded.

use super::*;

fn encoded(sample: &Sample) -> Result<ClientPart, EncodeError> {
    encode_client_part(&sample.event, sample.ledger, &sample.actor, sample.request)
}

fn refusal(payload: impl Into<Payload>) -> String {
    encoded(&samples::full("refused", 1, payload.into()))
        .unwrap_err()
        .to_string()
}

#[test]
fn what_could_not_be_read_back_is_not_encoded() {
    let indicator = samples::indicator(1);
    let increment = || Measurement::Increment(samples::quantity("1"));
    let target = || match samples::golden()
        .into_iter()
        .map(|s| s.event.payload)
        .find_map(|p| match p {
            Payload::TargetSet(p) => Some(p.target),
            _ => None,
        }) {
        Some(target) => target,
        None => panic!("no sample sets a target"),
    };
    let before = "`payload.before` cannot be stored: required in a stored event";
    let replaces = samples::event_id(1);
    assert_eq!(
        refusal(TargetRevised {
            indicator,
            replaces,
            before: None,
            target: target()
        }),
        before
    );
    assert_eq!(
        refusal(ActualCorrected {
            indicator,
            corrects: replaces,
            before: None,
            measurement: increment(),
            reported: ReportedPart::default(),
        }),
        before
    );
    assert_eq!(
        refusal(ActualRetracted {
            indicator,
            retracts: replaces,
            before: None
        }),
        before
    );

    let closed = samples::golden()
        .into_iter()
        .find_map(|s| match s.event.payload {
            Payload::PeriodClosed(p) => Some(p),
            _ => None,
        })
        .unwrap();
    assert_eq!(
        refusal(PeriodClosed {
            revision: None,
            ..closed
        }),
        "`payload.revision` cannot be stored: required in a stored event"
    );
    let mut redefined = samples::golden()
        .into_iter()
        .find_map(|s| match s.event.payload {
            Payload::IndicatorRedefined(p) => Some(*p),
            _ => None,
        })
        .unwrap();
    redefined.definition.members[1].until = Some(date(2200, 1, 1));
    let IndicatorRedefined { definition, .. } = &mut redefined;
    assert_eq!(
        refusal(IndicatorRedefined {
            definition: definition.clone(),
            ..redefined.clone()
        }),
        "`payload.definition.members[1].until` cannot be stored: no day between 1900-01-01 and 2199-12-31"
    );
    let definition = &mut redefined.definition;
    definition.members.clear();
    let per_month = Dimension::PerMonth(Box::new(Dimension::Ratio));
    definition.unit.dimension = Dimension::PerMonth(Box::new(per_month));
    assert_eq!(
        refusal(redefined),
        "`payload.definition.unit.dimension` cannot be stored: per month of a rate per month"
    );

    let mut sample = samples::golden().remove(0);
    sample.request.index = sample.request.count;
    assert_eq!(
        encoded(&sample).unwrap_err().to_string(),
        "`request_index` cannot be stored: not below `request_count`"
    );
}

#[test]
fn event_is_as_large_as_the_limit_and_no_larger() {
    let narrative = |chars: usize| {
        let mut sample = samples::full(
            "large",
            1,
            NarrativeAdded {
                subject: Subject::Indicator(samples::indicator(1)),
                kind: NarrativeKind::Note,
                text: samples::text(&"x".repeat(chars)),
            }
            .into(),
        );
        let evidence = Evidence {
            sha256: [1; 32],
            media_type: samples::name("text/plain"),
            title: samples::name(&"録".repeat(200)),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Public,
        };
        sample.event.evidence = vec![evidence; 95];
        sample.server.generation = u64::MAX;
        sample.server.position = u64::MAX;
        sample.server.revision = u64::MAX;
        sample.server.recorded_at = Timestamp::MIN.round(jiff::Unit::Second).unwrap();
        sample
    };
    // From here on each character is one more byte: no length of a field grows a digit.
    let base = encoded(&narrative(1_000)).unwrap().len();
    let most = 1_000 + (CLIENT_PART_BYTES_MAX - base);
    let largest = narrative(most);
    assert_eq!(encoded(&largest).unwrap().len(), CLIENT_PART_BYTES_MAX);
    let leaf = largest.leaf();
    assert_eq!(leaf.bytes.len(), CLIENT_PART_BYTES_MAX + 83);
    assert!(leaf.bytes.len() <= EVENT_BYTES_MAX);
    assert_eq!(decode(&leaf.bytes), Ok(largest.recorded()));

    let error = encoded(&narrative(most + 1)).unwrap_err();
    assert_eq!(
        error,
        EncodeError::TooLarge {
            bytes: CLIENT_PART_BYTES_MAX + 1
        }
    );
}
