//! One open file that grows.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use piecewatch_model::{Batch, Checkpoint, Clock, Timestamp};

use crate::{
    Error, Flow, Parsed, Parser, Result, Stamp,
    assembler::{Batcher, ParsedChunk},
    chunk::{Chunker, LastLine, SMALL_CHUNK_LEN},
    content::{Content, Standing},
    identity::Identity,
    import::Import,
    pipeline,
};

/// A file that is read while it grows.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Arc<File>,
    identity: Identity,
    chunker: Chunker<Arc<File>>,
    batcher: Batcher,
    /// The end of the last batch, or where reading began.
    from: Option<Checkpoint>,
}

/// What a look at a file has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing new.
    Nothing,
    /// More, which was read.
    Grown,
    /// Other content than what was read before: the file was cut, and written again.
    Replaced,
    /// More than may be read before somebody takes it.
    Stopped,
}

/// What an attempt to open a file has given.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is read on.
    Tail(Box<Tail>),
    /// It holds less than what was read of it before: a copy of an earlier time was put back. Only
    /// what comes beyond is new.
    Shorter,
}

impl Tail {
    /// Opens a file where the checkpoints of the import say.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn open(path: &Path, import: &mut Import) -> Result<Opened> {
        let content = Content::open(path)?;
        let file = Arc::clone(content.file());
        let metadata = file.metadata().map_err(Error::io("read", path))?;
        let from = match import.standing(&content)? {
            Standing::New => None,
            Standing::Partly(checkpoint) => Some(checkpoint),
            Standing::Read(checkpoint) if checkpoint.offset == metadata.len() => Some(checkpoint),
            Standing::Read(_) => return Ok(Opened::Shorter),
        };
        let fingerprinter = import.begin(&content, from.as_ref())?;
        let batcher = import.batcher(path.to_string_lossy().into(), from.as_ref());
        let mut input = Arc::clone(&file);
        input.seek(SeekFrom::Start(fingerprinter.offset())).map_err(Error::io("read", path))?;
        let chunker = Chunker::new(input, SMALL_CHUNK_LEN, LastLine::Unread, fingerprinter);
        let identity = Identity::of(&metadata);
        let path = path.to_owned();
        Ok(Opened::Tail(Box::new(Self { path, file, identity, chunker, batcher, from })))
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How far the file was read, in bytes.
    pub(super) fn position(&self) -> u64 {
        self.chunker.position()
    }

    /// How long the file is now, in bytes.
    pub(super) fn length(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(Error::io("read", &self.path))?.len())
    }

    /// Whether something is read that was not given away.
    pub(super) fn has_batch(&self) -> bool {
        self.batcher.has_some()
    }

    /// Reads what was written since the last look. `arrived` is when it was written, where that is
    /// known; batches that are full go to `sink`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn look(
        &mut self,
        parser: &mut Parser,
        import: &mut Import,
        arrived: Option<Timestamp>,
        mut sink: impl FnMut(Batch) -> Flow,
    ) -> Result<Look> {
        let (length, position) = (self.length()?, self.position());
        if length == position {
            return Ok(Look::Nothing);
        }
        let failed = |path: &Path, error| Error::io("read", path)(error);
        if length < position || !self.is_same().map_err(|error| failed(&self.path, error))? {
            return Ok(Look::Replaced);
        }
        self.chunker.go_on();
        loop {
            let chunk = self.chunker.next_chunk().map_err(|error| failed(&self.path, error))?;
            let Some(chunk) = chunk else { return Ok(Look::Grown) };
            // Looked at again: what was read just now may be of a file that was cut meanwhile.
            if !self.is_same().map_err(|error| failed(&self.path, error))? {
                return Ok(Look::Replaced);
            }
            let mut parsed = pipeline::parse_chunk(parser, chunk);
            if let Some(at) = arrived {
                stamp(&mut parsed, at);
            }
            if let Some(batch) = self.batcher.push(parsed, &mut import.assembler) {
                self.given(&batch, import);
                if sink(batch) == Flow::Stop {
                    return Ok(Look::Stopped);
                }
            }
        }
    }

    /// The batch of what was read since the last one.
    pub(super) fn close(&mut self, import: &mut Import) -> Option<Batch> {
        let batch = self.batcher.close()?;
        self.given(&batch, import);
        Some(batch)
    }

    /// Notes how far the file was read, for when it is met under another name.
    fn given(&mut self, batch: &Batch, import: &mut Import) {
        import.reached(self.from.as_ref(), batch.end.clone());
        self.from = Some(batch.end.clone());
    }

    /// Whether the file still begins, and ends where it was read to, with what was read.
    fn is_same(&mut self) -> io::Result<bool> {
        let fingerprinter = self.chunker.fingerprinter();
        let (head, tail) = (fingerprinter.head(), fingerprinter.tail());
        let tail_at = fingerprinter.offset() - tail.len() as u64;
        let mut file = Arc::clone(&self.file);
        let mut holds = |at: u64, bytes: &[u8]| -> io::Result<bool> {
            let mut found = [0; 4096];
            let found = &mut found[..bytes.len()];
            file.seek(SeekFrom::Start(at))?;
            match file.read_exact(found) {
                Ok(()) => Ok(found == bytes),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
                Err(error) => Err(error),
            }
        };
        let is_same = holds(tail_at, tail)? && holds(0, head)?;
        let position = self.chunker.position();
        self.chunker.input().seek(SeekFrom::Start(position))?;
        Ok(is_same)
    }
}

/// Gives lines that tell whole seconds the time at which they were written.
fn stamp(parsed: &mut ParsedChunk, at: Timestamp) {
    for line in &mut parsed.lines {
        let stamp = match line {
            Parsed::Ended(ended) => &mut ended.stamp,
            Parsed::Started(started) => &mut started.stamp,
            Parsed::Record(_)
            | Parsed::Undated(_)
            | Parsed::ToldTwice
            | Parsed::Continuation
            | Parsed::Other
            | Parsed::Unparsed(_) => continue,
        };
        if stamp.clock == Clock::WholeSeconds {
            *stamp = Stamp { micros: at.as_micros(), clock: Clock::Arrival };
        }
    }
}
