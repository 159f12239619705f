//! Finished logs to batches, each line once however often its file is given.

use std::{
    io::{self, BufRead, BufReader, Read},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::tz::TimeZone;
use piecewatch_model::{Batch, Checkpoint, Fingerprinter, NodeName, Start};

use crate::{
    Archive, Countries, Error, Flow, Parser, Result, archive,
    assembler::{Assembler, Batcher},
    chunk::LastLine,
    content::{Compression, Content, Counted, Standing},
    identity::Identity,
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
    /// The zone of lines that name none; `None` counts them as UTC.
    pub time_zone: Option<TimeZone>,
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
    pub(crate) assembler: Assembler,
    /// The places up to which this import has read, or let pass: what the lines before them leave
    /// behind is in the assembler.
    reached: Vec<Checkpoint>,
    /// The last files passed over because all of them were read by an earlier import: the lines at
    /// their ends leave something behind for the file after them.
    passed_over: Vec<PassedOver>,
}

/// A file of which all was read by an earlier import.
#[derive(Debug)]
struct PassedOver {
    path: PathBuf,
    identity: Identity,
    reached: Checkpoint,
    /// Whether it was not there once already when it was needed.
    is_lost: bool,
}

impl PassedOver {
    fn open(&self) -> Result<Content<'_>> {
        let content = Content::open(&self.path)?;
        if content.identity()? != self.identity {
            return Err(Error::Replaced { path: self.path.clone() });
        }
        Ok(content)
    }
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
    /// Not all that was new: the taker of the batches stopped, or the file broke.
    Incomplete,
}

impl Status {
    /// The status in lower-case words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Resumed => "resumed",
            Self::AlreadyImported => "already imported",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Import {
    /// Begins an import. `checkpoints` are those stored for the node, and `newest_checkpoint` the
    /// number of the newest of them, 0 if there are none.
    pub fn new(config: ImportConfig, checkpoints: Vec<Checkpoint>, newest_checkpoint: i64) -> Self {
        Self {
            config,
            checkpoints,
            newest_checkpoint,
            assembler: Assembler::default(),
            reached: Vec::new(),
            passed_over: Vec::new(),
        }
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
    /// [`Error::Replaced`] when another file has its name since it was found.
    pub fn file(
        &mut self,
        archive: &Archive,
        progress: &AtomicU64,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let content = archive.content()?;
        let name = archive.path().to_string_lossy().into();
        self.content(name, &content, progress, sink)
    }

    /// Reads a stream that cannot be read twice, as standard input is. When its beginning is known, it
    /// is first copied to a temporary file, since what comes after must be compared.
    ///
    /// # Errors
    ///
    /// As for [`Import::file`]; [`Error::Empty`], [`Error::NotALog`] and [`Error::Encoding`] too.
    pub fn stream(
        &mut self,
        name: &Path,
        input: impl Read + Send,
        progress: &AtomicU64,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let mut input = Counted::new(input, progress);
        let mut sign = Vec::new();
        let sign_len = Compression::SIGN_LEN as u64;
        input.by_ref().take(sign_len).read_to_end(&mut sign).map_err(Error::io("read", name))?;
        if sign.is_empty() {
            return Err(Error::Empty { path: name.to_owned() });
        }
        let compression = Compression::of(&sign);
        let input = sign.as_slice().chain(input);
        let mut input = compression.reader(input).map_err(Error::io("read", name))?;
        let mut sample = Vec::new();
        let broken = input.by_ref().take(archive::SAMPLE_LEN).read_to_end(&mut sample).err();
        match (archive::first_time(name, sample.as_slice()), broken) {
            (Err(Error::NotALog { .. }), Some(error)) => Err(Error::io("read", name)(error)),
            (Err(error), _) => Err(error),
            (Ok(_), broken) => {
                let head = &sample[..sample.len().min(Fingerprinter::HEAD_LEN)];
                let is_known = self.checkpoints.iter().any(|checkpoint| checkpoint.may_begin(head));
                let input = io::Cursor::new(sample).chain(Broken(broken)).chain(input);
                if is_known {
                    return self.known_stream(name, compression, input, sink);
                }
                let source = Source {
                    name: name.to_string_lossy().into(),
                    input: Box::new(input),
                    last_line: compression.last_line(),
                    fingerprinter: Fingerprinter::new(),
                    from: None,
                    progress: None,
                };
                self.read(source, sink).map_err(Error::io("read", name))
            }
        }
    }

    fn known_stream(
        &mut self,
        name: &Path,
        compression: Compression,
        mut input: impl Read,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let mut file = tempfile::NamedTempFile::new().map_err(Error::io("copy", name))?;
        let copied = io::copy(&mut input, &mut file);
        let last_line = if copied.is_ok() { compression.last_line() } else { LastLine::Unread };
        let content = Content::of_stream(file.path(), last_line)?;
        let progress = AtomicU64::new(0);
        let report = self.content(name.to_string_lossy().into(), &content, &progress, sink)?;
        // The file goes now: no later one can be read behind it.
        self.passed_over.clear();
        copied.map_err(Error::io("copy", name))?;
        Ok(report)
    }

    fn content(
        &mut self,
        name: Arc<str>,
        content: &Content<'_>,
        progress: &AtomicU64,
        sink: impl FnMut(Batch) -> Flow,
    ) -> Result<FileReport> {
        let from = match content.standing(&self.checkpoints)? {
            Standing::Read(checkpoint) => {
                progress.fetch_add(content.disk_len()?, Ordering::Relaxed);
                if self.reached.contains(&checkpoint) {
                    // What comes before it went through the assembler too, or is older than that.
                    self.passed_over.clear();
                } else {
                    self.pass_over(content, checkpoint)?;
                }
                return Ok(FileReport { status: Status::AlreadyImported, unread_bytes: 0 });
            }
            Standing::Partly(checkpoint) => Some(checkpoint),
            Standing::New => None,
        };
        let fingerprinter = self.begin(content, from.as_ref())?;
        let (input, progress) = content.read_counted(fingerprinter.offset(), progress)?;
        let last_line = content.last_line();
        let source = Source { name, input, last_line, fingerprinter, from, progress };
        self.read(source, sink).map_err(Error::io("read", content.path()))
    }

    /// What reads the lines.
    pub(crate) fn new_parser(&self) -> Parser {
        new_parser(&self.config)
    }

    /// Where a content stands among the checkpoints.
    pub(crate) fn standing(&self, content: &Content<'_>) -> Result<Standing> {
        content.standing(&self.checkpoints)
    }

    /// Lets what is before the place where reading begins pass for what it leaves behind, and gives
    /// the content up to there.
    pub(crate) fn begin(
        &mut self,
        content: &Content<'_>,
        from: Option<&Checkpoint>,
    ) -> Result<Fingerprinter> {
        self.warm(content, from)?;
        match from {
            Some(checkpoint) => content.fingerprinter(checkpoint),
            None => Ok(Fingerprinter::new()),
        }
    }

    /// What gathers the batches of a source that is read on from a checkpoint, or from its beginning.
    pub(crate) fn batcher(&self, name: Arc<str>, from: Option<&Checkpoint>) -> Batcher {
        let start = match from {
            Some(checkpoint) => Start::from(checkpoint),
            None => Start::Beginning { known: self.newest_checkpoint },
        };
        Batcher::new(self.config.node.clone(), name, start)
    }

    /// Notes that a source was read on, from a checkpoint or its beginning to this place.
    pub(crate) fn reached(&mut self, from: Option<&Checkpoint>, end: Checkpoint) {
        self.checkpoints.retain(|checkpoint| Some(checkpoint) != from);
        self.reached.retain(|checkpoint| Some(checkpoint) != from);
        self.checkpoints.push(end.clone());
        self.reached.push(end);
    }

    fn read(
        &mut self,
        source: Source<'_>,
        mut sink: impl FnMut(Batch) -> Flow,
    ) -> io::Result<FileReport> {
        let Source { name, input, last_line, fingerprinter, from, progress } = source;
        let mut batcher = self.batcher(name, from.as_ref());
        let mut end = None;
        let mut offset = fingerprinter.offset();
        let mut flow = Flow::Continue;
        let assembler = &mut self.assembler;
        let unread_bytes = pipeline::run(
            input,
            last_line,
            fingerprinter,
            self.config.workers,
            &|| new_parser(&self.config),
            |chunk| {
                if let Some(progress) = progress {
                    progress.fetch_add(chunk.end.offset - offset, Ordering::Relaxed);
                    offset = chunk.end.offset;
                }
                end = Some(chunk.end.clone());
                if let Some(batch) = batcher.push(chunk, assembler) {
                    flow = sink(batch);
                }
                flow
            },
        );
        if let (Some(progress), Ok(unread)) = (progress, &unread_bytes) {
            progress.fetch_add(*unread, Ordering::Relaxed);
        }
        if flow == Flow::Continue
            && let Some(batch) = batcher.close()
        {
            flow = sink(batch);
        }
        self.passed_over.clear();
        let status = match (flow, &end, &from) {
            (Flow::Stop, _, _) => Status::Incomplete,
            // Nothing but half a line was new.
            (Flow::Continue, None, Some(_)) => Status::AlreadyImported,
            (Flow::Continue, _, Some(_)) => Status::Resumed,
            (Flow::Continue, _, None) => Status::Imported,
        };
        if let Some(end) = end {
            self.reached(from.as_ref(), end);
        }
        Ok(FileReport { status, unread_bytes: unread_bytes? })
    }

    /// Notes a file that is not read; one that was renamed or compressed since it was noted has its
    /// old place in the order.
    fn pass_over(&mut self, content: &Content<'_>, reached: Checkpoint) -> Result<()> {
        let (path, identity) = (content.path().to_owned(), content.identity()?);
        let file = PassedOver { path, identity, reached, is_lost: false };
        match self.passed_over.iter_mut().find(|other| other.reached == file.reached) {
            Some(other) => *other = file,
            None => self.passed_over.push(file),
        }
        Ok(())
    }

    /// Lets the lines before the place where reading begins pass, for what they leave behind.
    fn warm(&mut self, content: &Content<'_>, from: Option<&Checkpoint>) -> Result<()> {
        let mut passed_over = std::mem::take(&mut self.passed_over);
        if from.is_some_and(|checkpoint| self.reached.contains(checkpoint)) {
            return Ok(());
        }
        let passed = self.warm_through(&passed_over, content, from);
        if passed.is_err() {
            // Rotated meanwhile: it is tried again with the files as they are called then, and
            // without those that nobody has met by then.
            passed_over.retain_mut(|file| {
                file.open().is_ok() || !std::mem::replace(&mut file.is_lost, true)
            });
            self.passed_over = passed_over;
            return passed;
        }
        // Met again under other names, they are older than what the assembler holds then.
        self.reached.extend(passed_over.into_iter().map(|file| file.reached));
        self.reached.extend(from.cloned());
        Ok(())
    }

    fn warm_through(
        &mut self,
        passed_over: &[PassedOver],
        content: &Content<'_>,
        from: Option<&Checkpoint>,
    ) -> Result<()> {
        let own = from.map_or(0, |checkpoint| checkpoint.offset);
        let mut missing = WARM_LEN.saturating_sub(own);
        let before = passed_over.iter().rev().filter(|file| Some(&file.reached) != from);
        let parts: Vec<(&PassedOver, u64)> = before
            .map_while(|file| {
                let length = file.reached.offset.min(missing);
                missing -= length;
                (length > 0).then_some((file, length))
            })
            .collect();
        // All of them are opened before one is passed: what has passed cannot be taken back.
        let mut contents = Vec::with_capacity(parts.len());
        for (file, length) in parts.into_iter().rev() {
            contents.push((file.open()?, file.reached.offset - length, file.reached.offset));
        }
        for (content, begin, end) in contents {
            self.pass(&content, begin, end)?;
        }
        if own > 0 {
            self.pass(content, own.saturating_sub(WARM_LEN), own)?;
        }
        Ok(())
    }

    fn pass(&mut self, content: &Content<'_>, from: u64, to: u64) -> Result<()> {
        let assembler = &mut self.assembler;
        let mut input = BufReader::new(content.read_from(from)?.take(to - from));
        if from > 0 {
            // What begins in the middle of a line is no line.
            input.skip_until(b'\n').map_err(Error::io("read", content.path()))?;
        }
        pipeline::run(
            input,
            LastLine::Whole,
            Fingerprinter::new(),
            self.config.workers,
            // What lines leave behind names no country.
            &|| Parser::with(None, self.config.time_zone.clone()),
            |chunk| {
                assembler.warm(chunk);
                Flow::Continue
            },
        )
        .map_err(Error::io("read", content.path()))?;
        Ok(())
    }
}

fn new_parser(config: &ImportConfig) -> Parser {
    Parser::with(config.countries.clone(), config.time_zone.clone())
}

/// Something to read, and where it stands.
struct Source<'a> {
    name: Arc<str>,
    input: Box<dyn Read + Send + 'a>,
    last_line: LastLine,
    fingerprinter: Fingerprinter,
    from: Option<Checkpoint>,
    /// Raised by the bytes of the content, where those of the disk are not counted.
    progress: Option<&'a AtomicU64>,
}

/// Fails once, where a stream did.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
