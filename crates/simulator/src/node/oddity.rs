//! What a reader does not expect: bursts of rejections, foreign text, bytes that are no UTF-8.

use super::{Node, wording};
use crate::{
    Encoding,
    event::{Kind, Writer},
    vocabulary::Era,
};

impl Node {
    /// A node with all its slots in use turns uploads away many times a second.
    pub(super) fn reject_uploads(&mut self) {
        let era = self.era();
        let limit = self.rng.between(8, 64);
        for _ in 0..self.rng.between(3, 14) {
            self.now += self.rng.between(1_000, 400_000) as i64;
            let live = limit + self.rng.between(1, 3);
            self.tell(Kind::Rejected, wording::rejected(era, live, limit));
        }
        self.next_transfer = self.next_transfer.max(self.now);
    }

    pub(super) fn oddity(&mut self) {
        match self.rng.below(4) {
            0 => self.serve_from_trash(),
            1 if self.config.encoding.is_journal() => {
                let count = self.rng.between(900, 20_000);
                let text = format!("Suppressed {count} messages from storagenode.service");
                self.tell_text(Kind::Supervisor, Writer::Journald, text.into_bytes());
            }
            2 => {
                // A path in the code page of another machine.
                let text: &[u8] = b"rm: cannot remove '/mnt/caf\xe9/temp/\xff\xfe.partial': busy";
                self.tell_text(Kind::Foreign, Writer::Node, text);
            }
            _ => self.foreign_text(),
        }
    }

    fn serve_from_trash(&mut self) {
        let mut transfer = self.draw_transfer();
        // v1.88.
        if transfer.era >= Era::Y2023 {
            transfer.direction = piecewatch_model::Direction::Download;
            transfer.action = "GET_REPAIR";
            self.background(wording::found_in_trash(&transfer));
        }
    }

    fn foreign_text(&mut self) {
        let text: &'static str = match self.config.encoding {
            Encoding::DockerJson => self.rng.pick(&[
                "downloading storagenode",
                "\rstoragenode.zip  12%[=>      ]  3.1M\rstoragenode.zip 100%[========>]  25M",
            ]),
            Encoding::JournalShort | Encoding::JournalCat | Encoding::JournalJson => {
                "mount: /mnt/storj: WARNING: source write-protected, mounted read-only."
            }
            Encoding::Console | Encoding::Spaces | Encoding::Json => self.rng.pick(&[
                "Aug 19 00:00:00 nas newsyslog[77]: logfile turned over",
                "alex@nas ~ % tail -f node.log",
                "{\"level\":\"info\",\"msg\":\"uploaded\",\"size\":256}",
            ]),
        };
        self.tell_text(Kind::Foreign, Writer::Node, text.as_bytes());
    }
}
