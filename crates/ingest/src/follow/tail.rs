//! One open file that grows.

use std::{
    fs::{self, File},
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
    chunker: Chunker<io::Take<Arc<File>>>,
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
        // To open a pipe waits for whoever writes to it, and nobody could end that.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Error::NoFile { path: path.to_owned() });
        }
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
        let chunker = Chunker::new(input.take(0), SMALL_CHUNK_LEN, LastLine::Unread, fingerprinter);
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

    /// Reads what was written since the last look, of a file that is so long now. `arrived` is when it was written, where that is
    /// known; batches that are full go to `sink`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn look(
        &mut self,
        length: u64,
        parser: &mut Parser,
        import: &mut Import,
        arrived: Option<Timestamp>,
        mut sink: impl FnMut(Batch) -> Flow,
    ) -> Result<Look> {
        let grown = match length.checked_sub(self.position()) {
            Some(0) => return Ok(Look::Nothing),
            Some(grown) => grown,
            None => return Ok(Look::Replaced),
        };
        // No more than that: asking for the end of the file costs as much as reading.
        self.chunker.input().set_limit(grown);
        self.chunker.go_on();
        loop {
            let chunk = self.chunker.next_chunk().map_err(Error::io("read", &self.path))?;
            let Some(chunk) = chunk else { return Ok(Look::Grown) };
            // After it was read: before, the file could still be cut.
            if !self.is_same().map_err(Error::io("read", &self.path))? {
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

    /// Whether the file still begins with what was read.
    fn is_same(&mut self) -> io::Result<bool> {
        let head = self.chunker.fingerprinter().head();
        let head = &head[..head.len().min(SAME_LEN)];
        let mut found = [0; SAME_LEN];
        let found = &mut found[..head.len()];
        match read_beginning(&self.file, found) {
            Ok(()) => Ok(found == head),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How much of the beginning of a file tells whether it is the same, in bytes: some lines, with the
/// second in which they were written.
const SAME_LEN: usize = 1024;

/// Reads the beginning of a file, wherever it is read at.
#[cfg(unix)]
fn read_beginning(file: &File, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, 0)
}

/// Reads the beginning of a file, and goes back to where it is read at.
#[cfg(not(unix))]
fn read_beginning(mut file: &File, into: &mut [u8]) -> io::Result<()> {
    let position = file.stream_position()?;
    file.rewind()?;
    let read = file.read_exact(into);
    file.seek(SeekFrom::Start(position))?;
    read
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
