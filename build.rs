//! Compiles the protos without `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost::Message as _;

/// The API: its descriptors go into the binary, for reflection.
const API: &str = "proto/daicho/v1";

/// The stored bytes. No RPC uses them, so reflection does not know them.
const STORAGE: &str = "proto/daicho/storage/v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let api = protox::compile(protos(API)?, ["proto"])?;
    std::fs::write(out.join("daicho_v1.bin"), api.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".daicho.v1.EventBatch.leaves")
        .bytes(".daicho.v1.GetEventResponse.leaf")
        .bytes(".daicho.v1.ExportBundleResponse.content")
        .bytes(".daicho.v1.GetEvidenceResponse.piece")
        .bytes(".daicho.v1.PutEvidenceRequest.piece")
        .bytes(".daicho.v1.GetStreamProofResponse.content")
        .extern_path(".daicho.v1.EventBatch.Events", "crate::api::Events")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .compile_fds(api)?;

    let storage = protox::compile(protos(STORAGE)?, ["proto"])?;
    tonic_prost_build::configure()
        .bytes(".daicho.storage.v1")
        .compile_fds(storage)?;
    Ok(())
}

/// The proto files in `folder`, sorted so that every build generates the same.
fn protos(folder: &str) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "proto")
    });
    files.sort();
    Ok(files)
}
