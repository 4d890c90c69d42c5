//! Changes that somebody proposes and somebody else decides: in the ordinary way, in the place of a director who is away, and on
//! paper. All invented.

use jiff::civil::date;

use super::round::OFFICE;
use super::seats::person;
use super::{SampleError, Teller, document, event, reason};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::decision::{
    ConsultationOutcome, DecisionOutcome, ExternalDecision, ReviewOutcome,
};
use crate::domain::directory::Directory;
use crate::domain::event::{
    ChangeConsulted, ChangeDecided, ChangeProposed, DecisionReviewed, DelegationRegistered, Event,
    Payload, ProposedChange, ReasonCode, Stream, Validity,
};
use crate::domain::id::{DelegationId, ProposalId};
use crate::domain::personal::FreeText;
use crate::domain::target::Aim;
use crate::domain::text::Name;
use crate::server::sample::{event_id, space};

/// A target that is proposed to be lowered.
struct Lowered<'a> {
    name: &'a str,
    section: &'a str,
    words: &'a str,
    value: i64,
    effective: Date,
    why: &'a str,
    impact: &'a str,
    on: Date,
}

impl Teller<'_> {
    pub(super) async fn decided(&mut self) -> Result<(), SampleError> {
        self.decided_by_the_director().await?;
        self.decided_for_somebody_away().await?;
        self.decided_on_paper().await
    }

    /// Proposed by the section, consented to by the planning office, approved by the director.
    async fn decided_by_the_director(&mut self) -> Result<(), SampleError> {
        let (proposal, stream) = self
            .proposed(Lowered {
                name: "patients",
                section: "長寿課",
                words: "患者登録者",
                value: 330,
                effective: date(2023, 11, 1),
                why: "参加する診療所が当初の見込みより1か所少なくなったため。",
                impact: "今年度の登録者が20人ほど減る。来年度の目標は変えない。",
                on: date(2023, 10, 5),
            })
            .await?;
        let consented = ChangeConsulted {
            proposal,
            digest: Default::default(),
            outcome: ConsultationOutcome::Consent,
            text: None,
            unit: None,
        };
        let consented = step("patients consented", stream, consented);
        self.act(date(2023, 10, 10), 9, OFFICE, vec![consented]);
        let approved = step("patients approved", stream, approval(proposal));
        self.act(date(2023, 10, 12), 14, "福祉健康部長", vec![approved]);
        Ok(())
    }

    /// The director is away; who acts for them approves, and they look at it afterwards.
    async fn decided_for_somebody_away(&mut self) -> Result<(), SampleError> {
        let seat = "教育部長";
        let (from, to) = (date(2023, 11, 13), date(2023, 11, 17));
        let delegation = DelegationId::derived(space(), "delegation 教育部長");
        let registered = DelegationRegistered {
            delegation,
            seat: Code::parse(seat)?,
            delegate: person("学校教育課長"),
            ground: FreeText::parse("出張")?,
        };
        let mut away = event("director away", self.ledger(), from, registered);
        away.valid = Some(Validity { from, to: Some(to) });
        self.act(date(2023, 11, 10), 15, OFFICE, vec![away]);
        let (proposal, stream) = self
            .proposed(Lowered {
                name: "classes",
                section: "スポーツ課",
                words: "キラキラ教室",
                value: 8,
                effective: date(2023, 12, 1),
                why: "会場の改修により2回分の日程が取れないため。",
                impact: "開催が2回減る。来年度に振り替える。",
                on: from,
            })
            .await?;
        let approved = ChangeDecided {
            acting: Some(delegation),
            ..approval(proposal)
        };
        let approved = step("classes approved", stream, approved);
        self.act(date(2023, 11, 15), 11, "学校教育課長", vec![approved]);
        let reviewed = DecisionReviewed {
            decision: event_id("classes approved"),
            outcome: ReviewOutcome::Agree,
            text: Some(FreeText::parse("やむを得ない。")?),
        };
        let reviewed = step("classes reviewed", stream, reviewed);
        self.act(date(2023, 11, 20), 9, seat, vec![reviewed]);
        Ok(())
    }

    /// Decided on paper by the deputy mayor, and entered nine days later.
    async fn decided_on_paper(&mut self) -> Result<(), SampleError> {
        let (proposal, stream) = self
            .proposed(Lowered {
                name: "equipment",
                section: "農政課",
                words: "スマート農業機器への補助",
                value: 1,
                effective: date(2024, 1, 1),
                why: "申請の見込みが1件にとどまるため。",
                impact: "補助金の執行残が生じる。",
                on: date(2023, 12, 4),
            })
            .await?;
        let decided_on = date(2023, 12, 6);
        let approved = ChangeDecided {
            external: Some(ExternalDecision {
                decided_on,
                decider: Name::parse("副市長")?,
                person: Some(person("副市長")),
            }),
            ..approval(proposal)
        };
        let mut approved = step("equipment approved", stream, approved);
        approved.source_document = Some(document("5企第130号", decided_on)?);
        self.act(date(2023, 12, 15), 10, OFFICE, vec![approved]);
        Ok(())
    }

    /// The chief of the section proposes it.
    async fn proposed(&mut self, it: Lowered<'_>) -> Result<(ProposalId, Stream), SampleError> {
        let found = self.find(it.section, it.words)?;
        let aim = Aim::Value(it.value.into());
        let revised = self.revised(it.name, &found, aim, it.effective).await?;
        let change = ProposedChange {
            payload: Box::new(revised.payload),
            valid: revised.valid,
            reason: Some(reason(ReasonCode::PlanReview, it.why)?),
            evidence: Vec::new(),
            source_document: None,
            sealed: None,
        };
        let proposal = ProposalId::derived(space(), &format!("proposal {}", it.name));
        let proposed = ChangeProposed {
            proposal,
            kind: None,
            replaces: None,
            change,
            impact: FreeText::parse(it.impact)?,
        };
        let proposed = step(&format!("{} proposed", it.name), found.stream, proposed);
        self.act(it.on, 14, &format!("{}長", it.section), vec![proposed]);
        Ok((proposal, found.stream))
    }
}

/// A step of a proposal, which holds for no day but that of its record.
fn step(name: &str, stream: Stream, payload: impl Into<Payload>) -> Event {
    Event {
        valid: None,
        ..event(name, stream, Date::MIN, payload)
    }
}

fn approval(proposal: ProposalId) -> ChangeDecided {
    ChangeDecided {
        proposal,
        digest: Default::default(),
        outcome: DecisionOutcome::Approved,
        text: None,
        external: None,
        acting: None,
    }
}

/// Whether the events name the digest of a change that waits.
pub(in crate::server::sample) fn binds(events: &[Event]) -> bool {
    let names = |event: &Event| {
        matches!(
            event.payload,
            Payload::ChangeConsulted(_) | Payload::ChangeDecided(_)
        )
    };
    events.iter().any(names)
}

/// Fills in the digests, which are known once a change waits.
pub(in crate::server::sample) fn bind(events: &mut [Event], directory: &Directory) {
    for event in events {
        let (proposal, digest) = match &mut event.payload {
            Payload::ChangeConsulted(p) => (p.proposal, &mut p.digest),
            Payload::ChangeDecided(p) => (p.proposal, &mut p.digest),
            _ => continue,
        };
        let waits = directory.proposal(proposal);
        if let Some(sealed) = waits.and_then(|proposal| proposal.change.digest()) {
            *digest = sealed;
        }
    }
}
