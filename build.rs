//! Compiles the protos without `protoc`.

use std::path::{Path, PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    // Reflection tells of the API only: the stored format is no business of an RPC.
    let api = protox::compile(protos("proto/daicho/v1")?, ["proto"])?;
    std::fs::write(out.join("daicho_v1.bin"), api.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".daicho.v1.EventBatch.leaves")
        .bytes(".daicho.v1.GetEventResponse.leaf")
        .compile_fds(api)?;

    let storage = protos("proto/daicho/storage/v1")?;
    if !storage.is_empty() {
        let storage = protox::compile(storage, ["proto"])?;
        tonic_prost_build::configure().bytes(".daicho.storage.v1").compile_fds(storage)?;
    }
    Ok(())
}

fn protos(folder: impl AsRef<Path>) -> std::io::Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
