//! Compiles the protos without `protoc`.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files: Vec<PathBuf> = std::fs::read_dir("proto/daicho/v1")?
        .chain(std::fs::read_dir("proto/daicho/storage/v1")?)
        .map(|entry| entry.map(|e| e.path()))
        .filter(|path| path.as_ref().is_ok_and(|p| p.extension().is_some_and(|e| e == "proto")))
        .collect::<Result<_, _>>()?;
    let descriptors = protox::compile(files, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".daicho.storage.v1")
        .compile_fds(descriptors)?;
    Ok(())
}
