//! Users of the HTTP interface: each asks one question after another over a connection that stays.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use piecewatch_benches::clock;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinHandle,
    time::sleep,
};

use super::latency::Latencies;

/// After a 503, which says how long to wait at least.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// What users noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered {
    /// Of answers with 200.
    pub(super) latencies: Latencies,
    pub(super) by_path: BTreeMap<String, Latencies>,
    pub(super) bytes: u64,
    /// Answers that were none, by status.
    pub(super) refused: BTreeMap<u16, u64>,
    /// Connections that ended.
    pub(super) ended: u64,
}

/// Users at work; they vanish when dropped.
#[derive(Debug)]
pub(super) struct Users {
    answered: Arc<Mutex<Answered>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Users {
    /// Lets so many users ask all of these, each beginning at another, with a pause after each answer.
    /// To be called within a runtime.
    pub(super) fn begin(address: &str, paths: &[String], users: usize, pause: Duration) -> Self {
        let answered = Arc::<Mutex<Answered>>::default();
        let ask = |number: usize| {
            let (address, paths) = (address.to_owned(), paths.to_vec());
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                loop {
                    // Each ends with an error alone.
                    let _ = ask_on(&address, &paths, number, pause, &answered).await;
                    note(&answered, |answered| answered.ended += 1);
                    sleep(COME_AGAIN).await;
                }
            })
        };
        let tasks = (0..users).map(ask).collect();
        Self { answered, tasks }
    }

    /// What was answered since this was asked last.
    pub(super) fn take(&self) -> Answered {
        std::mem::take(&mut self.answered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn note(answered: &Mutex<Answered>, note: impl FnOnce(&mut Answered)) {
    note(&mut answered.lock().unwrap_or_else(PoisonError::into_inner));
}

async fn ask_on(
    address: &str,
    paths: &[String],
    number: usize,
    pause: Duration,
    answered: &Mutex<Answered>,
) -> Result<()> {
    let mut asker = Asker::connect(address).await?;
    for path in paths.iter().cycle().skip(number % paths.len().max(1)) {
        let answer = asker.ask(path).await?;
        note(answered, |answered| {
            answered.bytes += answer.bytes;
            if answer.status == 200 {
                answered.latencies.add(answer.took, 1);
                answered.by_path.entry(path.clone()).or_default().add(answer.took, 1);
            } else {
                *answered.refused.entry(answer.status).or_default() += 1;
            }
        });
        if answer.status == 503 {
            sleep(COME_AGAIN).await;
        } else if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    Ok(())
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Of the body, as it was sent.
    pub(super) bytes: u64,
    /// From the question until all of it was there.
    pub(super) took: Duration,
}

/// A connection over which questions are asked.
#[derive(Debug)]
pub(super) struct Asker {
    stream: BufReader<TcpStream>,
    address: String,
    body: Vec<u8>,
}

impl Asker {
    pub(super) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = BufReader::with_capacity(64 << 10, stream);
        Ok(Self { stream, address: address.to_owned(), body: Vec::new() })
    }

    pub(super) async fn ask(&mut self, path: &str) -> Result<Answer> {
        let begin = clock::precise();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\n\r\n",
            self.address
        );
        self.stream.get_mut().write_all(head.as_bytes()).await?;
        let (status, length) = self.head().await?;
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok(Answer { status, bytes: length as u64, took: clock::precise() - begin })
    }

    /// Status and length of the body.
    async fn head(&mut self) -> Result<(u16, usize)> {
        let mut line = String::new();
        let (mut status, mut length) = (None, None);
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the server hung up");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            match text.split_once(": ") {
                None => status = text.split(' ').nth(1).and_then(|code| code.parse().ok()),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().ok();
                }
                Some(_) => {}
            }
        }
        Ok((status.context("an answer without a status")?, length.context("no length")?))
    }
}
