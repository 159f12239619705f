//! Finished logs to batches, each line once however often its file is given.

use std::{
    io::Read,
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use piecewatch_model::{Batch, Checkpoint, Fingerprinter, NodeName, Start};

use crate::{
    Archive, Countries, Error, Flow, Result,
    assembler::{Assembler, Batcher},
    content::{Compression, Content, Standing},
    pipeline,
};

/// How much before a checkpoint is read again, in bytes, for what its lines leave behind.
const WARM_LEN: u64 = 16 << 20;

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct ImportConfig {
    /// The node whose logs they are.
    pub node: NodeName,
    /// How many threads parse.
    pub workers: NonZeroUsize,
    /// Where to look up countries; `None` leaves them unknown.
    pub countries: Option<Countries>,
}

/// An import of finished logs of one node.
///
/// The files are given one after the other, in the order in which they were written
/// ([`crate::find_archives`]): a transfer may begin in one and end in the next.
#[derive(Debug)]
pub struct Import {
    config: ImportConfig,
    checkpoints: Vec<Checkpoint>,
    newest_checkpoint: i64,
    assembler: Assembler,
    /// The last file passed over because all of it was read before: the lines at its end leave
    /// something behind for the file after it.
    passed_over: Option<std::path::PathBuf>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileReport {
    /// How much of it was new.
    pub status: Status,
    /// Bytes of a last line without a line feed, left unread since its rest may still be written.
    pub unread_bytes: u64,
}

/// How much of a file was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All of it.
    Imported,
    /// What came after that which was read before.
    Resumed,
    /// Nothing.
    AlreadyImported,
    /// The taker of the batches stopped before the end.
    Stopped,
}

impl Status {
    /// The status in lower-case words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Resumed => "resumed",
            Self::AlreadyImported => "already imported",
            Self::Stopped => "stopped",
        }
    }
}

impl Import {
    /// Begins an import. `checkpoints` are those stored for the node, and `newest_checkpoint` the
    /// number of the newest of them, 0 if there are none.
    pub fn new(config: ImportConfig, checkpoints: Vec<Checkpoint>, newest_checkpoint: i64) -> Self {
        let assembler = Assembler::default();
        Self { config, checkpoints, newest_checkpoint, assembler, passed_over: None }
    }

    /// Reads a file, and gives the batches of what is new in it to `sink` in their order. `progress`
    /// is raised by the bytes read from disk.
    ///
    /// A batch that turned out to begin at a place where somebody else has read on is no harm, since
    /// it is not stored; stop then, and begin a new import with the checkpoints as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the file cannot be read to its end. What was read before is in the batches.
    pub fn file(
        &mut self,
        archive: &Archive,
        progress: &AtomicU64,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let content = Content::open(archive.path())?;
        let from = match content.standing(&self.checkpoints)? {
            Standing::Read => {
                progress.fetch_add(archive.disk_len(), Ordering::Relaxed);
                self.passed_over = Some(archive.path().to_owned());
                return Ok(FileReport { status: Status::AlreadyImported, unread_bytes: 0 });
            }
            Standing::Partly(checkpoint) => Some(checkpoint),
            Standing::New => None,
        };
        self.warm(&content, from.as_ref())?;
        let fingerprinter = match &from {
            Some(checkpoint) => content.fingerprinter(checkpoint)?,
            None => Fingerprinter::new(),
        };
        let input = content.read_from(fingerprinter.offset())?;
        let name = archive.path().to_string_lossy().into();
        let compression = content.compression();
        let report =
            self.read(Source { name, input, compression, fingerprinter, from }, progress, sink);
        report.map_err(Error::io("read", archive.path()))
    }

    /// Reads a stream that cannot be read twice, as standard input is. When its beginning is known, it
    /// is first copied to a temporary file, since what comes after must be compared.
    ///
    /// # Errors
    ///
    /// As for [`Import::file`]; [`Error::Empty`] and [`Error::NotALog`] too.
    pub fn stream(
        &mut self,
        name: &Path,
        mut input: impl Read + Send,
        progress: &AtomicU64,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let mut sign = Vec::new();
        let io_error = |doing| Error::io(doing, name);
        input
            .by_ref()
            .take(Compression::SIGN_LEN as u64)
            .read_to_end(&mut sign)
            .map_err(io_error("read"))?;
        if sign.is_empty() {
            return Err(Error::Empty { path: name.to_owned() });
        }
        let compression = Compression::of(&sign);
        let mut content = compression.reader((&sign[..]).chain(input)).map_err(io_error("read"))?;
        let mut head = Vec::new();
        content
            .by_ref()
            .take(Fingerprinter::HEAD_LEN as u64)
            .read_to_end(&mut head)
            .map_err(io_error("read"))?;
        let content = std::io::Cursor::new(head.clone()).chain(content);
        if self.checkpoints.iter().any(|checkpoint| checkpoint.may_begin(&head)) {
            let mut file = tempfile::NamedTempFile::new().map_err(io_error("copy"))?;
            let mut content = content;
            std::io::copy(&mut content, &mut file).map_err(io_error("copy"))?;
            return self.file(&Archive::open(file.path())?, progress, sink);
        }
        let fingerprinter = Fingerprinter::new();
        let source = Source {
            name: name.to_string_lossy().into(),
            input: Box::new(content),
            compression,
            fingerprinter,
            from: None,
        };
        self.read(source, progress, sink).map_err(io_error("read"))
    }

    fn read(
        &mut self,
        source: Source<'_>,
        progress: &AtomicU64,
        mut sink: impl FnMut(Batch) -> Flow,
    ) -> std::io::Result<FileReport> {
        let Source { name, input, compression, fingerprinter, from } = source;
        let start = match &from {
            Some(checkpoint) => Start::from(checkpoint),
            None => Start::Beginning { known: self.newest_checkpoint },
        };
        let mut batcher = Batcher::new(self.config.node.clone(), name, start);
        let mut end = None;
        let mut flow = Flow::Continue;
        let mut read = fingerprinter.offset();
        let assembler = &mut self.assembler;
        let unread_bytes = pipeline::run(
            input,
            compression.last_line(),
            fingerprinter,
            self.config.workers,
            self.config.countries.as_ref(),
            |chunk| {
                progress.fetch_add(chunk.end.offset - read, Ordering::Relaxed);
                read = chunk.end.offset;
                end = Some(chunk.end.clone());
                if let Some(batch) = batcher.push(chunk, assembler) {
                    flow = sink(batch);
                }
                flow
            },
        )?;
        if flow == Flow::Continue
            && let Some(batch) = batcher.close()
        {
            flow = sink(batch);
        }
        self.passed_over = None;
        let status = match (flow, &end, &from) {
            (Flow::Stop, _, _) => Status::Stopped,
            // Nothing but half a line was new.
            (Flow::Continue, None, Some(_)) => Status::AlreadyImported,
            (Flow::Continue, _, Some(_)) => Status::Resumed,
            (Flow::Continue, _, None) => Status::Imported,
        };
        if let Some(end) = end {
            self.checkpoints.retain(|checkpoint| Some(checkpoint) != from.as_ref());
            self.checkpoints.push(end);
        }
        Ok(FileReport { status, unread_bytes })
    }

    /// Lets the lines before the place where reading begins pass, for what they leave behind.
    fn warm(&mut self, content: &Content<'_>, from: Option<&Checkpoint>) -> Result<()> {
        let own = from.map_or(0, |checkpoint| checkpoint.offset);
        if let Some(before) = self.passed_over.take()
            && own < WARM_LEN
        {
            let before_content = Content::open(&before)?;
            let length = before_content.length()?;
            self.pass(&before_content, length.saturating_sub(WARM_LEN - own), length)?;
        }
        if own > 0 {
            self.pass(content, own.saturating_sub(WARM_LEN), own)?;
        }
        Ok(())
    }

    fn pass(&mut self, content: &Content<'_>, from: u64, to: u64) -> Result<()> {
        let assembler = &mut self.assembler;
        let mut input = content.read_from(from)?.take(to - from);
        if from > 0 {
            // What begins in the middle of a line is no line.
            skip_line(&mut input).map_err(Error::io("read", content.path()))?;
        }
        pipeline::run(
            input,
            crate::chunk::LastLine::Whole,
            Fingerprinter::new(),
            self.config.workers,
            None,
            |chunk| {
                assembler.warm(chunk);
                Flow::Continue
            },
        )
        .map_err(Error::io("read", content.path()))?;
        Ok(())
    }
}

/// Something to read, and where it stands.
struct Source<'a> {
    name: Arc<str>,
    input: Box<dyn Read + Send + 'a>,
    compression: Compression,
    fingerprinter: Fingerprinter,
    from: Option<Checkpoint>,
}

/// Reads up to and with the next line feed.
fn skip_line(input: &mut impl Read) -> std::io::Result<()> {
    let mut byte = [0];
    while input.read(&mut byte)? == 1 && byte[0] != b'\n' {}
    Ok(())
}
