//! Checkpoints and proofs of events.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream as FutureStream;
use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::event::{Payload, Stream};
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::accounting::noticed_leaf;
use crate::grpc::event::{At, Faults, Resolver, payload_json};
use crate::grpc::goal_service::form;
use crate::grpc::keys;
use crate::grpc::language;
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::{Call, EventAsked, Needs, Services};
use crate::grpc::show;
use crate::grpc::snapshots::{RequestedBy, SnapshotError};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, View};
use crate::merkle::{
    Fingerprint, Hash, NotAdded, NoteSignature, ProofFile, SignedCheckpoint, Unverified,
};
use crate::proof::bundle::Export;
use crate::proof::stream::StreamExport;
use crate::proof::{COSIGNATURES_MAX, NotCosigned, ProofFault, Publisher};

type StreamFrames =
    Pin<Box<dyn FutureStream<Item = Result<v1::GetStreamProofResponse, Status>> + Send>>;
type Frames = Pin<Box<dyn FutureStream<Item = Result<v1::ExportBundleResponse, Status>> + Send>>;

/// The longest line of a cosignature: the longest name, a dash, a key id, a time and a signature.
const COSIGNATURE_BYTES_MAX: usize = 512;

#[tonic::async_trait]
impl v1::proof_service_server::ProofService for Services {
    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        self.unary(request, async |call, request: v1::GetCheckpointRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
            let view = self.view(&reader, request.min_position).await;
            let size = size("size", request.size, view.size)?;
            let publisher = self.proofs().of(&reader).await?;
            let checkpoint = publisher.checkpoint_at(size).await?;
            Ok(v1::GetCheckpointResponse {
                checkpoint: Some(shown(&checkpoint)),
                verifier_key: publisher.verifier_key()?.to_string(),
                head: Some(show::head(view.head)),
            })
        })
        .await
    }

    async fn list_checkpoints(
        &self,
        request: Request<v1::ListCheckpointsRequest>,
    ) -> Result<Response<v1::ListCheckpointsResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::ListCheckpointsRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
                self.view(&reader, request.min_position).await;
                let token = std::mem::take(&mut request.page_token);
                let rows = Self::page_rows(std::mem::take(&mut request.page_size));
                request.min_position = None;
                let scope = Scope {
                    method: "ProofService/ListCheckpoints",
                    actor: &call.actor,
                    ledger: Some(reader.id()),
                    filter: filter_digest(&request),
                };
                let place = self.place(&scope, &token)?;
                let from = Self::skip(place.as_ref())? as u64;
                let sizes = request.from_size.max(from)..=request.to_size.unwrap_or(u64::MAX);
                let mut kept = reader.checkpoints(sizes, rows + 1).await?;
                // A page goes on at the size of the first that did not fit.
                let next = kept.get(rows).map(|next| next.size);
                kept.truncate(rows);
                let checkpoints = kept
                    .iter()
                    .map(|kept| SignedCheckpoint::parse(&kept.note).map(|kept| shown(&kept)));
                let publisher = self.proofs().of(&reader).await?;
                Ok(v1::ListCheckpointsResponse {
                    checkpoints: checkpoints
                        .collect::<Result<_, _>>()
                        .map_err(ProofFault::Kept)?,
                    ended: ended(&reader).await?,
                    next_page_token: next.map_or_else(String::new, |size| {
                        let cursor = size.to_be_bytes().to_vec();
                        self.token(
                            &scope,
                            &Place {
                                pinned: None,
                                cursor,
                            },
                        )
                    }),
                    verifier_key: publisher.verifier_key()?.to_string(),
                })
            },
        )
        .await
    }

    async fn list_keys(
        &self,
        request: Request<v1::ListKeysRequest>,
    ) -> Result<Response<v1::ListKeysResponse>, Status> {
        self.unary(request, async |call, request: v1::ListKeysRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
            let view = self.view(&reader, request.min_position).await;
            let publisher = self.proofs().of(&reader).await?;
            Ok(v1::ListKeysResponse {
                keys: publisher.keys().iter().map(keys::show_key).collect(),
                head: Some(show::head(view.head)),
            })
        })
        .await
    }

    async fn add_cosignature(
        &self,
        request: Request<v1::AddCosignatureRequest>,
    ) -> Result<Response<v1::AddCosignatureResponse>, Status> {
        self.unary(request, async |call, request: v1::AddCosignatureRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
            let (size, signatures) = cosignatures(&request)?;
            let publisher = self.proofs().of(&reader).await?;
            let signing = publisher.clone();
            // A caller that goes away does not stop it half-way.
            let cosigning = async move { signing.cosign(size, &signatures).await };
            let cosigned = match tokio::spawn(cosigning).await {
                Ok(cosigned) => cosigned?,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            };
            Ok(v1::AddCosignatureResponse {
                checkpoint: Some(shown(&cosigned.checkpoint)),
                added: u32::try_from(cosigned.added).unwrap_or(u32::MAX),
                verifier_key: publisher.verifier_key()?.to_string(),
            })
        })
        .await
    }

    async fn record_heads(
        &self,
        request: Request<v1::RecordHeadsRequest>,
    ) -> Result<Response<v1::RecordHeadsResponse>, Status> {
        self.writing(request, async |call, request: v1::RecordHeadsRequest| {
            let (reader, grounds) = self.ledger_by(&call, &request.ledger, Action::RecordHeads)?;
            let (snapshots, recording) = (self.snapshots(), reader.clone());
            let by = RequestedBy {
                subject: call.actor.subject,
                grounds,
            };
            // A caller that goes away does not stop it half-way.
            let recording = async move { snapshots.record_heads_now(&recording, by).await };
            let (heads, recorded) = match tokio::spawn(recording).await {
                Ok(recorded) => recorded?,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            };
            let stored = reader.stored(heads.position).await?;
            Ok(v1::RecordHeadsResponse {
                event: Some(show::recorded_event(&stored)),
                heads: Some(v1::HeadsRecorded {
                    size: heads.size,
                    root: heads.root.to_vec(),
                    streams: heads.streams,
                    closed_by: heads.closed_by.map(|id| id.to_string()),
                }),
                recorded,
                head: Some(show::head(reader.head())),
            })
        })
        .await
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::GetInclusionProofRequest| {
                use v1::get_inclusion_proof_request::Selector;
                let reader = self.ledger_of_events(&call, &request.ledger)?;
                let view = self.view(&reader, request.min_position).await;
                let asked = request.selector.as_ref().map(|selector| match selector {
                    Selector::Position(position) => EventAsked::Position(*position),
                    Selector::EventId(id) => EventAsked::Id(id),
                });
                let position = self.position_in_sight(&call, &reader, &view, asked).await?;
                let size = size("size", request.size, view.size)?;
                if size <= position {
                    let beyond = Refusal::new(ServiceReason::PositionOutOfRange);
                    return Err(beyond.with("size", size));
                }
                let publisher = self.proofs().of(&reader).await?;
                let checkpoint = publisher.checkpoint_at(size).await?;
                let stored = reader.stored(position).await?;
                // The leaf is the event, with all its figures.
                noticed_leaf(&view.directory, &stored.recorded.event, reader.today());
                let leaf = stored.leaf;
                let hashes = prove(&publisher, move |publisher| {
                    publisher.inclusion(position, size)
                })
                .await?;
                let proof =
                    ProofFile::new(Some(leaf.to_vec()), position, hashes, (*checkpoint).clone())
                        .map_err(ProofFault::from)?;
                Ok(v1::GetInclusionProofResponse {
                    tlog_proof: proof.to_string().into_bytes(),
                    leaf: leaf.to_vec(),
                    position,
                    hashes: bytes(proof.hashes()),
                    checkpoint: Some(shown(&checkpoint)),
                    verifier_key: publisher.verifier_key()?.to_string(),
                })
            },
        )
        .await
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::GetConsistencyProofRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
                let view = self.view(&reader, request.min_position).await;
                let new = size("new_size", request.new_size, view.size)?;
                let old = size("old_size", Some(request.old_size), new)?;
                let publisher = self.proofs().of(&reader).await?;
                let (old_checkpoint, new_checkpoint) = (
                    publisher.checkpoint_at(old).await?,
                    publisher.checkpoint_at(new).await?,
                );
                let hashes =
                    prove(&publisher, move |publisher| publisher.consistency(old, new)).await?;
                Ok(v1::GetConsistencyProofResponse {
                    hashes: bytes(&hashes),
                    old_checkpoint: Some(shown(&old_checkpoint)),
                    new_checkpoint: Some(shown(&new_checkpoint)),
                    verifier_key: publisher.verifier_key()?.to_string(),
                })
            },
        )
        .await
    }

    type GetStreamProofStream = StreamFrames;

    async fn get_stream_proof(
        &self,
        request: Request<v1::GetStreamProofRequest>,
    ) -> Result<Response<Self::GetStreamProofStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let request = request.into_inner();
            let reader = self.ledger_of_events(&call, &request.ledger)?;
            let opening = async {
                let view = self.view(&reader, request.min_position).await;
                let asked = self.stream_asked(&call, &reader, &view, &request);
                let (stream, size, needs) = asked.await?;
                let directory = reader.view_at(size).await?.directory;
                let Some(heads) = directory.heads().max_by_key(|heads| heads.size) else {
                    let rule = Rejection::new(Reason::HeadsNotRecorded, "size");
                    return Err(vec![rule.with("size", size)].into());
                };
                let publisher = self.proofs().of(&reader).await?;
                let export = StreamExport::new(publisher, stream, heads, size).await?;
                Ok::<_, Refusal>((needs, export))
            };
            let opened = tokio::time::timeout_at(call.deadline.into(), opening)
                .await
                .map_err(|_| Refusal::new(ServiceReason::DeadlinePassed))?;
            let (needs, export) = opened?;
            Ok((call, reader, needs, export))
        };
        let opened = self.accounted(begun, opened).await;
        let opened = opened.map_err(|refusal: Refusal| refusal.into_status(language))?;
        let (call, reader, needs, export) = opened;
        let frames = futures::stream::unfold(Some(export), move |export| async move {
            match export?.next().await {
                Ok(None) => None,
                Ok(Some((content, rest))) => {
                    Some((Ok(v1::GetStreamProofResponse { content }), Some(rest)))
                }
                Err(fault) => {
                    let status = Refusal::from(fault).into_status(language);
                    Some((Err(status), None))
                }
            }
        });
        let frames = self.while_permitted(call, reader, needs, frames);
        Ok(Response::new(frames))
    }

    type ExportBundleStream = Frames;

    async fn export_bundle(
        &self,
        request: Request<v1::ExportBundleRequest>,
    ) -> Result<Response<Self::ExportBundleStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let request = request.into_inner();
            let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
            let opening = async {
                let view = self.view(&reader, request.min_position).await;
                let size = size("size", request.size, view.size)?;
                let publisher = self.proofs().of(&reader).await?;
                let shelf = request.with_evidence.then(|| self.evidence().of(&reader));
                Ok::<_, Refusal>(Export::new(&publisher, size, payload_json, shelf).await?)
            };
            let export = tokio::time::timeout_at(call.deadline.into(), opening)
                .await
                .map_err(|_| Refusal::new(ServiceReason::DeadlinePassed))?;
            Ok((call, reader, export?))
        };
        let opened = self.accounted(begun, opened).await;
        let opened = opened.map_err(|refusal: Refusal| refusal.into_status(language))?;
        let (call, reader, export) = opened;
        let frames = futures::stream::unfold(Some(export), move |export| async move {
            match export?.next().await {
                Ok(None) => None,
                Ok(Some((piece, rest))) => {
                    let frame = v1::ExportBundleResponse {
                        path: piece.path,
                        content: piece.bytes,
                    };
                    Some((Ok(frame), Some(rest)))
                }
                Err(fault) => {
                    let status = Refusal::from(fault).into_status(language);
                    Some((Err(status), None))
                }
            }
        });
        let frames = self.while_permitted(call, reader, Action::ReadEverything, frames);
        Ok(Response::new(frames))
    }
}

impl Services {
    /// The stream and the size that a proof is asked for, and what whoever reads it needs.
    async fn stream_asked(
        &self,
        call: &Call,
        reader: &Reader,
        view: &View,
        request: &v1::GetStreamProofRequest,
    ) -> Result<(Stream, u64, Needs), Refusal> {
        let (at, mut faults) = (At::field("stream"), Faults::default());
        let asked = request.stream.as_ref();
        let asked = asked.ok_or_else(|| Refusal::rule(Reason::FieldRequired, "stream"))?;
        let Some(verifier) = self.verifier(call, reader)? else {
            let found = Resolver::new(&view.directory).stream(&mut faults, &at, asked);
            let stream = faults.into_result(found)?;
            let size = size("size", request.size, view.size)?;
            return Ok((stream, size, Action::ReadEverything.into()));
        };
        let goal = verifier.goal_asked(&at, asked)?;
        let goal = goal.ok_or_else(|| self.not_everything(call, reader))?;
        let size = size("size", request.size, view.size)?;
        let verified = self.verified(call, reader, &verifier, goal, size).await?;
        Ok((Stream::goal(goal), size, Needs::Verifying(vec![verified])))
    }
}

/// A size that is asked for, at least 1 and at most `max`; `max` where none is.
pub(super) fn size(field: &str, asked: Option<u64>, max: u64) -> Result<u64, Refusal> {
    match asked {
        None => Ok(max),
        Some(0) => Err(form(field, "at least 1")),
        Some(size) if max < size => {
            Err(Refusal::new(ServiceReason::PositionOutOfRange).with("size", max))
        }
        Some(size) => Ok(size),
    }
}

/// The lines of a request, all that is wrong with their form told at once.
fn cosignatures(request: &v1::AddCosignatureRequest) -> Result<(u64, Vec<NoteSignature>), Refusal> {
    let mut wrong = Vec::new();
    let mut invalid = |field: &str, problem: String| {
        let rule = Rejection::new(Reason::FieldInvalid, field).with("problem", problem);
        wrong.push(rule);
    };
    if request.size == 0 {
        invalid("size", "at least 1".to_owned());
    }
    if !(1..=COSIGNATURES_MAX).contains(&request.signatures.len()) {
        invalid("signatures", format!("1 to {COSIGNATURES_MAX}"));
    }
    let mut signatures = Vec::new();
    for (index, line) in request.signatures.iter().take(COSIGNATURES_MAX).enumerate() {
        let field = format!("signatures[{index}]");
        match NoteSignature::parse(line) {
            _ if COSIGNATURE_BYTES_MAX < line.len() => {
                invalid(&field, format!("at most {COSIGNATURE_BYTES_MAX} bytes"));
            }
            Ok(signature) => signatures.push(signature),
            Err(fault) => invalid(&field, fault.to_string()),
        }
    }
    match wrong.is_empty() {
        true => Ok((request.size, signatures)),
        false => Err(wrong.into()),
    }
}

impl From<SnapshotError> for Refusal {
    fn from(fault: SnapshotError) -> Self {
        match fault {
            SnapshotError::Read(fault) => fault.into(),
            SnapshotError::Append(fault) => fault.into(),
            SnapshotError::Unknown => ServiceReason::DataDamaged.into(),
        }
    }
}

impl From<NotCosigned> for Refusal {
    fn from(fault: NotCosigned) -> Self {
        let refused = match fault {
            NotCosigned::Fault(fault) => return fault.into(),
            NotCosigned::NotKept { size } => {
                let rule = Rejection::new(Reason::CheckpointNotKept, "size");
                return vec![rule.with("size", size)].into();
            }
            NotCosigned::Refused(refused) => refused,
        };
        let rules = refused.into_iter().map(|(index, fault)| {
            let rule = |reason| Rejection::new(reason, format!("signatures[{index}]"));
            match fault {
                NotAdded::UnknownKey { name, id } => {
                    rule(Reason::WitnessUnknown).with("witness", format!("{name}+{id}"))
                }
                NotAdded::Unverified(
                    Unverified::BadSignature { name, .. } | Unverified::AmbiguousKey { name, .. },
                ) => rule(Reason::CosignatureFalse).with("witness", name),
                fault @ (NotAdded::Unverified(Unverified::NoKnownKey) | NotAdded::Note(_)) => {
                    rule(Reason::FieldInvalid).with("problem", fault.to_string())
                }
            }
        });
        rules.collect::<Vec<_>>().into()
    }
}

/// The last checkpoint of each earlier generation, as the event that ended it names it.
async fn ended(reader: &Reader) -> Result<Vec<v1::SignedCheckpoint>, Refusal> {
    let directory = reader.view().directory;
    let later = directory.origins().skip(1);
    let positions: Vec<u64> = later.map(|origin| origin.position).collect();
    let mut ended = Vec::new();
    for stored in reader.stored_at(&positions).await? {
        let event = stored.recorded.event;
        if let Payload::LedgerContinued(continued) = &event.payload {
            let note = continued.previous_checkpoint.as_str().as_bytes();
            let signed = SignedCheckpoint::parse(note).map_err(ProofFault::Kept)?;
            ended.push(shown(&signed));
        }
    }
    Ok(ended)
}

/// Makes a proof where reading tiles may block.
async fn prove(
    publisher: &Arc<Publisher>,
    prove: impl FnOnce(&Publisher) -> Result<Vec<Hash>, ProofFault> + Send + 'static,
) -> Result<Vec<Hash>, Refusal> {
    let publisher = publisher.clone();
    match tokio::task::spawn_blocking(move || prove(&publisher)).await {
        Ok(proved) => Ok(proved?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn shown(checkpoint: &SignedCheckpoint) -> v1::SignedCheckpoint {
    let head = checkpoint.checkpoint().head();
    v1::SignedCheckpoint {
        note: checkpoint.note().to_string(),
        size: head.size,
        root: head.root.as_bytes().to_vec(),
        fingerprint: Fingerprint::of(checkpoint.checkpoint()).to_string(),
    }
}

fn bytes(hashes: &[Hash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}
