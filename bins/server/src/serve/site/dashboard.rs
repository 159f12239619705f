//! The dashboard: files that were built into the program, compressed.

use std::{collections::HashMap, io::Read, sync::LazyLock};

use bytes::Bytes;
use flate2::read::GzDecoder;
use warp::http::{
    HeaderMap, Response,
    header::{CACHE_CONTROL, CONTENT_ENCODING},
};
use xxhash_rust::xxh3::xxh3_128;

use crate::serve::answers::{accepts_gzip, set, tagged};

/// A file of the page.
pub(crate) struct File {
    /// Its path, without the leading `/`.
    path: &'static str,
    content_type: &'static str,
    gzip: &'static [u8],
}

/// What the page begins with.
const INDEX: &str = "index.html";
/// Where files are that have a hash of their bytes in their name.
const HASHED: &str = "assets/";

/// Written by `build.rs`; empty without the feature `dashboard`, or where there was no npm.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Whether there is one.
pub(crate) fn is_included() -> bool {
    FILES.iter().any(|file| file.path == INDEX)
}

/// The file of a path, if there is one.
pub(crate) fn file(path: &str) -> Option<&'static File> {
    static BY_PATH: LazyLock<HashMap<&str, &File>> =
        LazyLock::new(|| FILES.iter().map(|file| (file.path, file)).collect());
    let path = path.strip_prefix('/')?;
    BY_PATH.get(if path.is_empty() { INDEX } else { path }).copied()
}

/// Whether a path is that of a file that the page refers to: the same for everybody, and without a figure in
/// it. A page whose session is over still needs its parts to say so.
pub(crate) fn is_part(path: &str) -> bool {
    file(path).is_some_and(|file| file.path != INDEX)
}

impl File {
    /// The answer to whoever sent these headers.
    pub(crate) fn reply(&self, headers: &HeaderMap) -> Response<Bytes> {
        let is_packed = accepts_gzip(headers);
        let coding = if is_packed { "-gzip" } else { "" };
        let tag = format!("\"{:032x}{coding}\"", xxh3_128(self.gzip));
        let mut response = tagged(&tag, headers, self.content_type, || {
            if is_packed { Bytes::from_static(self.gzip) } else { self.unpacked() }
        });
        let kept = if self.path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "private, no-cache"
        };
        set(&mut response, CACHE_CONTROL, kept);
        if is_packed && !response.body().is_empty() {
            set(&mut response, CONTENT_ENCODING, "gzip");
        }
        response
    }

    /// For the few who accept nothing compressed.
    fn unpacked(&self) -> Bytes {
        let mut bytes = Vec::new();
        let read = GzDecoder::new(self.gzip).read_to_end(&mut bytes);
        read.expect("what was compressed when this was built is whole");
        bytes.into()
    }
}
