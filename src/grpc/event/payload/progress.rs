//! What was measured, expected and told.

use super::Reading;
use crate::api::v1;
use crate::domain::actual::ReportedPart;
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, DemandRecorded, EvidenceAttached,
    ForecastSubmitted, ForecastValue, NarrativeAdded,
};
use crate::grpc::event::field::{At, optional};
use crate::grpc::event::measure;

/// Confidence of a forecast at most.
const CONFIDENCE_MAX: u32 = 10;

impl Reading<'_, '_> {
    fn reported(
        &mut self,
        at: &At<'_>,
        part: Option<&str>,
        unit_code: Option<&str>,
    ) -> Option<ReportedPart> {
        let part = optional(part, |key| self.faults.key(&at.then("part"), key));
        let unit_code = optional(unit_code, |code| {
            self.faults.name(&at.then("unit_code"), code)
        });
        Some(ReportedPart {
            part: part?,
            unit_code: unit_code?.map(|code| code.as_str().into()),
        })
    }

    pub(super) fn actual_recorded(&mut self, p: &v1::ActualRecorded) -> Option<ActualRecorded> {
        let at = self.at.then("actual_recorded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let measurement =
            measure::measurement(self.faults, &at.then("measurement"), p.measurement.as_ref());
        let reported = self.reported(&at, p.part.as_deref(), p.unit_code.as_deref());
        Some(ActualRecorded {
            indicator: indicator?,
            measurement: measurement?,
            reported: reported?,
        })
    }

    pub(super) fn actual_corrected(&mut self, p: &v1::ActualCorrected) -> Option<ActualCorrected> {
        let at = self.at.then("actual_corrected");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let corrects = self.faults.id(&at.then("corrects"), &p.corrects);
        let before = optional(p.before.as_ref(), |before| {
            measure::measurement(self.faults, &at.then("before"), Some(before))
        });
        let measurement =
            measure::measurement(self.faults, &at.then("measurement"), p.measurement.as_ref());
        let reported = self.reported(&at, p.part.as_deref(), p.unit_code.as_deref());
        Some(ActualCorrected {
            indicator: indicator?,
            corrects: corrects?,
            before: before?,
            measurement: measurement?,
            reported: reported?,
        })
    }

    pub(super) fn actual_retracted(&mut self, p: &v1::ActualRetracted) -> Option<ActualRetracted> {
        let at = self.at.then("actual_retracted");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let retracts = self.faults.id(&at.then("retracts"), &p.retracts);
        let before = optional(p.before.as_ref(), |before| {
            measure::measurement(self.faults, &at.then("before"), Some(before))
        });
        Some(ActualRetracted {
            indicator: indicator?,
            retracts: retracts?,
            before: before?,
        })
    }

    pub(super) fn demand_recorded(&mut self, p: &v1::DemandRecorded) -> Option<DemandRecorded> {
        let at = self.at.then("demand_recorded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let requests = self.faults.quantity(&at.then("requests"), &p.requests);
        Some(DemandRecorded {
            indicator: indicator?,
            requests: requests?,
        })
    }

    pub(super) fn forecast_submitted(
        &mut self,
        p: &v1::ForecastSubmitted,
    ) -> Option<ForecastSubmitted> {
        use v1::forecast_submitted::Forecast;
        let at = self.at.then("forecast_submitted");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let value = match &p.forecast {
            None => self.faults.required(&at.then("forecast")),
            Some(Forecast::Value(value)) => self
                .faults
                .quantity(&at.then("value"), value)
                .map(ForecastValue::Value),
            Some(Forecast::Date(date)) => self
                .faults
                .date(&at.then("date"), date)
                .map(ForecastValue::Date),
        };
        let confidence = optional(p.confidence, |confidence| {
            if confidence <= CONFIDENCE_MAX {
                Some(confidence)
            } else {
                self.faults.form(&at.then("confidence"), "from 0 to 10")
            }
        });
        let basis = self.faults.free_text(&at.then("basis"), &p.basis);
        Some(ForecastSubmitted {
            indicator: indicator?,
            value: value?,
            confidence: confidence?,
            basis: basis?,
        })
    }

    pub(super) fn narrative_added(&mut self, p: &v1::NarrativeAdded) -> Option<NarrativeAdded> {
        let at = self.at.then("narrative_added");
        let subject = self.subject(&at, p.subject.as_ref());
        let kind = self.faults.choice(&at.then("kind"), p.kind);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        Some(NarrativeAdded {
            subject: subject?,
            kind: kind?,
            text: text?,
        })
    }

    pub(super) fn evidence_attached(
        &mut self,
        p: &v1::EvidenceAttached,
    ) -> Option<EvidenceAttached> {
        let at = self.at.then("evidence_attached");
        let subject = self.subject(&at, p.subject.as_ref());
        let shows = optional(p.shows.as_deref(), |id| {
            self.faults.id(&at.then("shows"), id)
        });
        let filed_under = optional(p.filed_under.as_deref(), |key| {
            self.faults.key(&at.then("filed_under"), key)
        });
        Some(EvidenceAttached {
            subject: subject?,
            shows: shows?,
            filed_under: filed_under?,
        })
    }
}
