//! What somebody takes home with the program itself, over TLS and with a token, where other goals are hidden from them.

use std::fs;

use daicho::api::v1::*;
use tempfile::TempDir;

use super::hidden::held;
use super::world::{LEDGER, Realm, call};
use crate::cli::process::{Ended, command, daicho};

/// Somebody with what the program needs to ask for them.
struct Typing {
    files: TempDir,
    server: String,
}

impl Typing {
    fn new(realm: &Realm, who: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let token = realm.caller(who).token.clone().unwrap();
        fs::write(files.path().join("roots.pem"), realm.world.authority.pem()).unwrap();
        fs::write(files.path().join("token"), token).unwrap();
        let server = format!("https://localhost:{}", realm.world.server.address.port());
        Self { files, server }
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    /// Types a line of words without spaces in them.
    async fn types(&self, line: &str) -> Ended {
        let (roots, token) = (self.path("roots.pem"), self.path("token"));
        let signed_in = format!(
            "{line} --certificates {roots} --token-file {token} --ledger {LEDGER} --lang en"
        );
        let server = self.server.clone();
        let run = move || {
            let mut command = command(&server, signed_in.split(' '));
            // Who it is, the token says.
            command.env_remove("DAICHO_ACTOR");
            Ended::of(command)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn done(&self, line: &str) -> Ended {
        let ended = self.types(line).await;
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended
    }

    /// That a line is refused with this reason, and how that is told.
    async fn refused(&self, line: &str, code: i32, reason: &str) -> String {
        let ended = self.types(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(reason), "{line}: {ended:?}");
        assert_eq!(ended.output, "", "{line}");
        ended.errors
    }
}

/// A realm in which it is recorded where every stream stands.
async fn recorded() -> Realm {
    let realm = held().await;
    let asked = RecordHeadsRequest {
        ledger: LEDGER.to_owned(),
    };
    let asked = call("ProofService/RecordHeads", &asked);
    let _: RecordHeadsResponse = realm.caller("auditor").gets(&asked).await;
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chief_takes_home_the_own_goals_and_is_told_of_no_hidden_one() {
    let realm = recorded().await;
    let [own, beside, hidden, ..] = &realm.ground.places;
    let chief = Typing::new(&realm, "chief");
    let policy = chief.path("policy.txt");
    fs::write(&policy, chief.done("trust-policy").await.output).unwrap();
    let verified = |ended: &Ended, what: &str| {
        let file = chief.path("proof");
        fs::write(&file, &ended.output).unwrap();
        let words = ["verify", what, &file, "--policy", &policy];
        let judged = daicho("http://127.0.0.1:9", words);
        assert_eq!(judged.code, 0, "{judged:?}");
    };
    let proof = chief.done(&format!("proof goal {}", own.goal_code())).await;
    verified(&proof, "goal");
    let proof = chief.done(&format!("proof event {}", own.entry)).await;
    verified(&proof, "proof");

    // A goal that may be read says whose it is; one that may not is like what never was.
    let line = format!("proof goal {}", beside.goal_code());
    chief.refused(&line, 1, "NOT_RESPONSIBLE_UNIT").await;
    let mut told = Vec::new();
    for code in [hidden.goal_code(), realm.ground.nowhere.goal_code()] {
        let line = format!("proof goal {code}");
        let errors = chief.refused(&line, 3, "GOAL_UNKNOWN").await;
        told.push(errors.replace(&code, "CODE"));
    }
    let size = realm.reader.head().size;
    let mut unknown = Vec::new();
    for event in [
        hidden.entry.clone(),
        hidden.decision.clone(),
        realm.ground.nowhere.entry.clone(),
        // The ledger itself, the units, the last recording; and what is not written.
        "0".to_owned(),
        "2".to_owned(),
        (size - 1).to_string(),
        size.to_string(),
    ] {
        let line = format!("proof event {event}");
        unknown.push(chief.refused(&line, 3, "EVENT_UNKNOWN").await);
    }
    assert_eq!(told[0], told[1]);
    assert!(
        unknown.iter().all(|errors| *errors == unknown[0]),
        "{unknown:?}"
    );

    let folder = chief.path("own");
    chief
        .done(&format!("bundle {folder} --unit {}", own.section))
        .await;
    let mut proofs = 0;
    for entry in fs::read_dir(format!("{folder}/goals")).unwrap() {
        let file = entry.unwrap().path();
        let (file, policy) = (file.to_str().unwrap(), format!("{folder}/policy.txt"));
        let judged = daicho(
            "http://127.0.0.1:9",
            ["verify", "goal", file, "--policy", &policy],
        );
        assert_eq!(judged.code, 0, "{judged:?}");
        proofs += 1;
    }
    assert_eq!(proofs, 2, "both goals that the section answers for");
    for text in ["README.txt", "README.ja.txt"] {
        let text = fs::read_to_string(format!("{folder}/{text}")).unwrap();
        assert!(
            text.contains(&own.goal_code()) && !text.contains(&hidden.words),
            "{text}"
        );
    }
    let (elsewhere, beside_it) = (chief.path("elsewhere"), chief.path("beside"));
    let line = format!("bundle {elsewhere} --unit {}", hidden.section);
    chief.refused(&line, 1, "answers for no goal").await;
    let line = format!("bundle {beside_it} --unit {}", beside.section);
    chief.refused(&line, 1, "none is yours to verify").await;
    let line = format!("bundle {} --unit {}", chief.path("again"), own.section);
    let clerk = Typing::new(&realm, "clerk");
    clerk.refused(&line, 1, "none is yours to verify").await;
    realm.world.server.stop().await;
}
