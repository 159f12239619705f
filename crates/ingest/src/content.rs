//! What a file holds, decompressed: to read it, and to compare it with checkpoints.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;
use piecewatch_model::{Checkpoint, Fingerprinter};

use crate::{Error, Result, chunk::LastLine, identity::Identity};

/// How a file is compressed, told by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The longest sign by which a compression is known, in bytes.
    pub(crate) const SIGN_LEN: usize = 4;

    pub(crate) fn of(beginning: &[u8]) -> Self {
        if beginning.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::None
        }
    }

    /// Reads the decompressed content of `input`; several streams one after another are one.
    pub(crate) fn reader<'a>(
        self,
        input: impl Read + Send + 'a,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, input))),
            Self::Zstd => Box::new(zstd::Decoder::new(input)?),
        })
    }

    /// An archive is complete; a plain file may still be written.
    pub(crate) fn last_line(self) -> LastLine {
        match self {
            Self::None => LastLine::Unread,
            Self::Gzip | Self::Zstd => LastLine::Whole,
        }
    }
}

/// Where the content of a file stands among the checkpoints of a node.
#[derive(Debug, PartialEq)]
pub(crate) enum Standing {
    /// It is none that is known.
    New,
    /// It was read up to this checkpoint, and has more.
    Partly(Checkpoint),
    /// All of it was read; the checkpoint may be further.
    Read(Checkpoint),
}

/// Counts the bytes that are read through it.
#[derive(Debug)]
pub(crate) struct Counted<'p, R> {
    input: R,
    progress: &'p AtomicU64,
}

impl<'p, R> Counted<'p, R> {
    pub(crate) fn new(input: R, progress: &'p AtomicU64) -> Self {
        Self { input, progress }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(into)?;
        self.progress.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// A file's content.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    path: &'a Path,
    /// Opened once: while a content is compared and read, its path may come to name another one.
    file: Arc<File>,
    compression: Compression,
    last_line: LastLine,
}

impl<'a> Content<'a> {
    pub(crate) fn open(path: &'a Path) -> Result<Self> {
        let mut beginning = Vec::new();
        let file = Arc::new(File::open(path).map_err(Error::io("open", path))?);
        file.as_ref()
            .take(Compression::SIGN_LEN as u64)
            .read_to_end(&mut beginning)
            .map_err(Error::io("read", path))?;
        let compression = Compression::of(&beginning);
        Ok(Self { path, file, compression, last_line: compression.last_line() })
    }

    /// The decompressed content of a stream, copied to a file.
    pub(crate) fn of_stream(path: &'a Path, last_line: LastLine) -> Result<Self> {
        let file = Arc::new(File::open(path).map_err(Error::io("open", path))?);
        Ok(Self { path, file, compression: Compression::None, last_line })
    }

    /// The file, of which reading one content at a time moves the place.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        self.path
    }

    /// Which file it is.
    pub(crate) fn identity(&self) -> Result<Identity> {
        Ok(Identity::of(&self.file.metadata().map_err(Error::io("read", self.path))?))
    }

    /// How long the file is, in bytes.
    pub(crate) fn disk_len(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(Error::io("read", self.path))?.len())
    }

    /// How long the content is, in bytes.
    pub(crate) fn length(&self) -> Result<u64> {
        match self.compression {
            Compression::None => self.disk_len(),
            Compression::Gzip | Compression::Zstd => {
                let mut content = self.read_from(0)?;
                io::copy(&mut content, &mut io::sink()).map_err(Error::io("read", self.path))
            }
        }
    }

    pub(crate) fn last_line(&self) -> LastLine {
        self.last_line
    }

    /// The content from this offset on. It ends the reading from any other.
    pub(crate) fn read_from(&self, offset: u64) -> Result<Box<dyn Read + Send>> {
        self.read(offset, |file| file)
    }

    /// The same, raising `progress` by the bytes read from disk or left out there. It is given back
    /// where the content itself is on disk: who reads it counts, since a reader between a file and a
    /// large buffer has the buffer zeroed each time.
    pub(crate) fn read_counted<'p>(
        &self,
        offset: u64,
        progress: &'p AtomicU64,
    ) -> Result<(Box<dyn Read + Send + 'p>, Option<&'p AtomicU64>)> {
        if self.compression == Compression::None {
            progress.fetch_add(offset, Ordering::Relaxed);
            return Ok((self.read_from(offset)?, Some(progress)));
        }
        Ok((self.read(offset, |file| Counted::new(file, progress))?, None))
    }

    fn read<'r, R: Read + Send + 'r>(
        &self,
        offset: u64,
        through: impl FnOnce(Arc<File>) -> R,
    ) -> Result<Box<dyn Read + Send + 'r>> {
        let from = || {
            let mut file = Arc::clone(&self.file);
            let begin = if self.compression == Compression::None { offset } else { 0 };
            file.seek(SeekFrom::Start(begin))?;
            if self.compression == Compression::None {
                return self.compression.reader(through(file));
            }
            let mut content = self.compression.reader(through(file))?;
            io::copy(&mut content.by_ref().take(offset), &mut io::sink())?;
            Ok(content)
        };
        from().map_err(Error::io("read", self.path))
    }

    /// Up to `length` bytes from this offset on.
    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let content = self.read_from(offset)?;
        content
            .take(length as u64)
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", self.path))?;
        Ok(bytes)
    }

    /// A fingerprinter that stands at a checkpoint of this content.
    pub(crate) fn fingerprinter(&self, checkpoint: &Checkpoint) -> Result<Fingerprinter> {
        if self.compression == Compression::None {
            let head_len = Fingerprinter::HEAD_LEN
                .min(usize::try_from(checkpoint.offset).unwrap_or(usize::MAX));
            let tail_at = checkpoint.offset.saturating_sub(Fingerprinter::TAIL_LEN as u64);
            let tail_len = (checkpoint.offset - tail_at) as usize;
            let (head, tail) = (self.bytes(0, head_len)?, self.bytes(tail_at, tail_len)?);
            return Ok(Fingerprinter::resume(checkpoint, &head, &tail));
        }
        let mut fingerprinter = Fingerprinter::new();
        self.follow(&mut self.read_from(0)?.take(checkpoint.offset), &mut fingerprinter)?;
        Ok(fingerprinter)
    }

    fn follow(&self, content: &mut dyn Read, fingerprinter: &mut Fingerprinter) -> Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => fingerprinter.feed(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("read", self.path)(error)),
            }
        }
    }

    /// Compares the content with checkpoints; of several that fit, the one that was read furthest
    /// counts.
    ///
    /// A power cut may take the newest bytes of a log that were read already, and leave NULs or
    /// nothing in their place. Where a content agrees with a checkpoint up to its last mark, at least
    /// half of what was read, it is that source with a damaged end, and is read on behind it.
    pub(crate) fn standing(&self, checkpoints: &[Checkpoint]) -> Result<Standing> {
        let beginning = self.bytes(0, Fingerprinter::HEAD_LEN)?;
        let mut candidates: Vec<&Checkpoint> =
            checkpoints.iter().filter(|checkpoint| checkpoint.may_begin(&beginning)).collect();
        if candidates.is_empty() {
            return Ok(Standing::New);
        }
        candidates.sort_unstable_by_key(|checkpoint| checkpoint.offset);
        let evidence = match self.compression {
            Compression::None => self.evidence_by_seeking(&candidates)?,
            Compression::Gzip | Compression::Zstd => self.evidence_in_one_pass(&candidates)?,
        };
        Ok(match evidence {
            Evidence { best: Some(checkpoint), length } if checkpoint.offset < length => {
                Standing::Partly(checkpoint.clone())
            }
            Evidence { best: Some(checkpoint), .. } => Standing::Read(checkpoint.clone()),
            Evidence { best: None, .. } => Standing::New,
        })
    }

    fn evidence_by_seeking<'c>(&self, candidates: &[&'c Checkpoint]) -> Result<Evidence<'c>> {
        let length = self.length()?;
        let agrees = |evidence: Option<(u64, u64)>| -> Result<bool> {
            let Some((at, hash)) = evidence.filter(|(at, _)| *at <= length) else {
                return Ok(false);
            };
            let tail_at = at.saturating_sub(Fingerprinter::TAIL_LEN as u64);
            let mut tail = Fingerprinter::new();
            tail.feed(&self.bytes(tail_at, (at - tail_at) as usize)?);
            Ok(tail.tail_hash() == hash)
        };
        for checkpoint in candidates.iter().rev() {
            if agrees(checkpoint.evidence(length))? {
                return Ok(Evidence { best: Some(checkpoint), length });
            }
        }
        for checkpoint in candidates.iter().rev() {
            if checkpoint.offset <= length && agrees(checkpoint.last_mark())? {
                return Ok(Evidence { best: Some(checkpoint), length });
            }
        }
        Ok(Evidence { best: None, length })
    }

    /// A compressed file tells its length only at its end, so every place is looked at on the way.
    fn evidence_in_one_pass<'c>(&self, candidates: &[&'c Checkpoint]) -> Result<Evidence<'c>> {
        let mut content = self.read_from(0)?;
        let mut fingerprinter = Fingerprinter::new();
        let mut hashes = Vec::with_capacity(candidates.len());
        let mut broken = Ok(());
        for checkpoint in candidates {
            let missing = checkpoint.offset - fingerprinter.offset();
            broken = broken.and_then(|()| {
                self.follow(&mut content.by_ref().take(missing), &mut fingerprinter)
            });
            hashes.push(fingerprinter.tail_hash());
        }
        broken = broken.and_then(|()| self.follow(&mut content, &mut fingerprinter));
        let whole = fingerprinter.checkpoint();
        let agrees = |checkpoint: &Checkpoint, hash: u64| {
            if checkpoint.offset <= whole.offset {
                return checkpoint.tail_hash == hash;
            }
            // An older copy: its marks are the first ones of what was read, of which it has at least one.
            !whole.marks.is_empty() && checkpoint.marks.starts_with(&whole.marks)
        };
        let is_damaged = |checkpoint: &Checkpoint| {
            checkpoint.offset <= whole.offset
                && checkpoint.last_mark().is_some()
                && whole.marks.starts_with(&checkpoint.marks)
        };
        let sound =
            candidates.iter().zip(hashes).rfind(|(checkpoint, hash)| agrees(checkpoint, *hash));
        let damaged = || candidates.iter().rfind(|checkpoint| is_damaged(checkpoint));
        let best = sound.map(|(checkpoint, _)| checkpoint).or_else(damaged).copied();
        match (best, broken) {
            // There is more to read, and reading it will tell where it breaks.
            (Some(checkpoint), Err(error)) if checkpoint.offset >= whole.offset => Err(error),
            (best, _) => Ok(Evidence { best, length: whole.offset }),
        }
    }
}

/// The checkpoint that fits best, and the length of the content.
struct Evidence<'c> {
    best: Option<&'c Checkpoint>,
    length: u64,
}
