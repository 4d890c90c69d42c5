//! Files that are not taken in, not handed out, or not there.

use std::fs;
use std::path::Path;

use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::put_evidence_request::Frame;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::evidence::UNNAMED_FILES_MAX;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::world::Ja;
use super::{Seen, expect};
use crate::evidence::{sha256, text};
use crate::service::Server;

type Client = EvidenceServiceClient<InterceptedService<Channel, Ja>>;

async fn put(client: &Client, file: EvidenceFile, content: &[u8]) -> Result<(), Status> {
    let frames = [Frame::File(file), Frame::Piece(content.to_vec().into())];
    let frames = frames.map(|frame| PutEvidenceRequest { frame: Some(frame) });
    let mut client = client.clone();
    let answer = client.put_evidence(tokio_stream::iter(frames)).await;
    answer.map(drop)
}

fn file(content: &[u8]) -> EvidenceFile {
    EvidenceFile {
        ledger: String::new(),
        sha256: sha256(content).to_vec(),
        media_type: "text/csv".to_owned(),
        size_bytes: content.len() as u64,
    }
}

async fn got(client: &Client, content: &[u8]) -> Status {
    let asked = GetEvidenceRequest {
        ledger: String::new(),
        sha256: sha256(content).to_vec(),
    };
    client.clone().get_evidence(asked).await.unwrap_err()
}

fn stored(folder: &Path, content: &[u8]) -> std::path::PathBuf {
    let name = hex::encode(sha256(content));
    folder.join(&name[..2]).join(name)
}

pub(super) async fn all_happen(seen: &mut Seen) {
    let server = Server::start().await;
    server.planned().await;
    let client = EvidenceServiceClient::with_interceptor(server.channel().await, Ja("担当"));
    let content = text("表", 100);
    let invalid = Code::InvalidArgument;
    let large = EvidenceFile {
        size_bytes: 64 * 1024 * 1024 + 1,
        ..file(&content)
    };
    let told = put(&client, large, &content).await.unwrap_err();
    let told = expect(
        seen,
        &told,
        invalid,
        ErrorReason::EvidenceTooLarge,
        "大きすぎます（67108864バイトまで）",
    );
    assert_eq!(told.field(), "file.size_bytes");
    let unknown = EvidenceFile {
        media_type: "application/x-msdownload".to_owned(),
        ..file(&content)
    };
    let told = put(&client, unknown, &content).await.unwrap_err();
    expect(
        seen,
        &told,
        invalid,
        ErrorReason::EvidenceTypeUnknown,
        "受け付けていません",
    );
    let told = put(&client, file(&text("別", 100)), &content)
        .await
        .unwrap_err();
    let told = expect(
        seen,
        &told,
        invalid,
        ErrorReason::EvidenceDiffers,
        "告げられたものと違います",
    );
    assert_eq!(told.metadata["found"], hex::encode(sha256(&content)));
    let picture = EvidenceFile {
        media_type: "image/png".to_owned(),
        ..file(&content)
    };
    let told = put(&client, picture, &content).await.unwrap_err();
    expect(
        seen,
        &told,
        invalid,
        ErrorReason::EvidenceTypeDiffers,
        "種類のファイルではありません",
    );
    let told = got(&client, &content).await;
    expect(
        seen,
        &told,
        Code::NotFound,
        ErrorReason::EvidenceUnknown,
        "保管されていません",
    );

    put(&client, file(&content), &content).await.unwrap();
    let attachments = server.folder.path().join("data/attachments");
    let mut ledgers = fs::read_dir(&attachments).unwrap();
    let folder = ledgers.next().unwrap().unwrap().path();
    fs::write(stored(&folder, &content), b"another").unwrap();
    let told = got(&client, &content).await;
    let told = expect(
        seen,
        &told,
        Code::DataLoss,
        ErrorReason::EvidenceAltered,
        "内容が変わっている",
    );
    assert_eq!(told.metadata["found"], hex::encode(sha256(b"another")));
    let erase = EraseEvidenceRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        sha256: sha256(&content).to_vec(),
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "氏名の誤掲載".to_owned(),
        }),
        legal_basis: "条例第12条".to_owned(),
        approved_by: "総務部長".to_owned(),
    };
    client.clone().erase_evidence(erase).await.unwrap();
    let told = got(&client, &content).await;
    let told = expect(
        seen,
        &told,
        Code::FailedPrecondition,
        ErrorReason::EvidenceErased,
        "に消去されました",
    );
    assert!(told.metadata.contains_key("date"), "{told:?}");

    // What is no folder holds no draft.
    fs::remove_dir(folder.join("drafts")).unwrap();
    fs::write(folder.join("drafts"), "in the way").unwrap();
    let more = text("他", 100);
    let told = put(&client, file(&more), &more).await.unwrap_err();
    expect(
        seen,
        &told,
        Code::Unavailable,
        ErrorReason::EvidenceUnavailable,
        "管理者に連絡",
    );
    fs::remove_file(folder.join("drafts")).unwrap();
    for number in 0..UNNAMED_FILES_MAX {
        let path = stored(&folder, &text(&number.to_string(), 20));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text(&number.to_string(), 20)).unwrap();
    }
    let server = Server::on(server.stop().await).await;
    let client = EvidenceServiceClient::with_interceptor(server.channel().await, Ja("担当"));
    let told = put(&client, file(&more), &more).await.unwrap_err();
    let told = expect(
        seen,
        &told,
        Code::ResourceExhausted,
        ErrorReason::EvidenceUnnamedTooMany,
        "先に添付を済ませて",
    );
    assert!(!told.retry, "waiting does not help");
    server.stop().await;
}
