//! The generated messages of `daicho.storage.v1`.

// What is here is documented in the protos, and written by a program. Fields that later releases
// fill are there already.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::all)]

tonic::include_proto!("daicho.storage.v1");
