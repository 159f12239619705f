//! Why a transfer broke, by the text of its error (docs/LOG-FORMATS.md, Outcomes and failure classes).

use std::collections::HashMap;

use foldhash::fast::RandomState;
use memchr::memmem;
use piecewatch_model::FailureClass;

/// What the texts of a class have in them. The first class that fits counts: a text about the disk
/// may end in a network's words, and one about a missing file names the path of a file.
const SIGNS: [(FailureClass, &[&str]); 5] = [
    (FailureClass::Clock, &["order created too", "clock"]),
    (
        FailureClass::Protocol,
        &[
            "untrusted",
            "signature verification",
            "serial number is already used",
            "requested more data than available",
            "Hash algorithm in the first and last upload message",
            "hashes don't match",
            "hash mismatch",
            "Size of finished piece does not match",
            "order limit",
            "piece key",
        ],
    ),
    (
        FailureClass::Missing,
        &["does not exist", "no such file or directory", "cannot find the file"],
    ),
    (
        FailureClass::Disk,
        &[
            "no space left",
            "out of space",
            "not enough space",
            "not enough available disk space",
            "disk-write-failure",
            "disk quota exceeded",
            "input/output error",
            "structure needs cleaning",
            "bad message",
            "corrupted and unreadable",
            "cyclic redundancy check",
            "read-only file system",
            "stale NFS file handle",
            "stale file handle",
            "transport endpoint is not connected",
            "permission denied",
            "Access is denied",
            "too many open files",
        ],
    ),
    (
        FailureClass::Network,
        &[
            "context canceled",
            "context deadline exceeded",
            "EOF",
            "use of closed network connection",
            "broken pipe",
            "connection reset",
            "connection refused",
            "connection abort",
            "forcibly closed",
            "timed out",
            "timeout",
            "no route to host",
            "network is unreachable",
            "noiseconn",
            "manager closed",
            "stream closed",
            "stream terminated",
            "closed by peer",
            "tcp connector failed",
            "read tcp",
            "write tcp",
            "quic",
        ],
    ),
];

/// The classes of errors, by their templates: a node tells the same few dozen over and over.
#[derive(Debug, Default)]
pub(crate) struct FailureMemo {
    seen: HashMap<Box<str>, FailureClass, RandomState>,
}

impl FailureMemo {
    /// The most templates remembered; at the limit all are forgotten.
    const SEEN_MAX: usize = 1024;
    /// A longer template may be cut, and then does not hold all that the class hangs on.
    const WHOLE_LEN_MAX: usize = 190;

    /// The class of an error of this text, of which `template` is the template.
    pub(crate) fn class(&mut self, error: &str, template: &str) -> FailureClass {
        if let Some(class) = self.seen.get(template) {
            return *class;
        }
        let class = classify(error);
        if template.len() <= Self::WHOLE_LEN_MAX {
            if self.seen.len() == Self::SEEN_MAX {
                self.seen.clear();
            }
            self.seen.insert(template.into(), class);
        }
        class
    }
}

/// The class of an error's text.
fn classify(error: &str) -> FailureClass {
    let has = |sign: &&str| memmem::find(error.as_bytes(), sign.as_bytes()).is_some();
    SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(has))
        .map_or(FailureClass::Other, |(class, _)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_the_reference_fall_into_their_class() {
        use FailureClass::{Clock, Disk, Missing, Network, Other, Protocol};
        for (text, class) in [
            ("file does not exist", Missing),
            ("hashstore: file does not exist", Missing),
            (
                "piecestore internal: pieces error: filestore error: unable to open \"config/storage/blob/x\": no such file or directory",
                Missing,
            ),
            ("context canceled", Network),
            ("context deadline exceeded", Network),
            ("unexpected EOF", Network),
            ("write tcp 10.0.17.120:28967->1.2.3.4:5: use of closed network connection", Network),
            ("write tcp 10.0.17.120:28967->1.2.3.4:5: write: broken pipe", Network),
            ("manager closed: read tcp 1.2.3.4:5->1.2.3.4:5: read: connection refused", Network),
            ("manager closed: read tcp 1.2.3.4:5->1.2.3.4:5: read: operation timed out", Network),
            ("manager closed: closed: read tcp 1.2.3.4:5: read: connection reset by peer", Network),
            ("order created too long ago: OrderCreation a < SystemClock b", Clock),
            ("order created too far in the future", Clock),
            ("untrusted: satellite \"x\" is untrusted", Protocol),
            ("signature verification: signature is not valid", Protocol),
            ("serial number is already used", Protocol),
            ("requested more data than available, requesting=2 available=1", Protocol),
            ("Size of finished piece does not match size declared by uplink! 1 != 2", Protocol),
            ("out of space", Disk),
            ("write /mnt/x: no space left on device", Disk),
            ("pieces error: filestore error: read /x: input/output error", Disk),
            ("pieces error: filestore error: structure needs cleaning", Disk),
            ("The file or directory is corrupted and unreadable.", Disk),
            ("something new", Other),
            ("", Other),
        ] {
            assert_eq!(classify(text), class, "{text}");
        }
    }
}
