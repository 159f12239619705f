//! A month of four busy nodes with as many transfers as wanted: the simulator's records, straight into
//! the store.

use std::{
    fs::File,
    io::{BufWriter, Write},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use piecewatch_model::{
    Batch, Checkpoint, Country, Fact, Fingerprinter, Grain, KnownSatellite, Latency, LineCounts,
    NodeName, NodeStatus, Period, PieceId, Poll, PollPart, Quic, Record, Report, SatelliteId,
    Start, Timestamp, Transfer,
};
use piecewatch_simulator::{
    Account, AccountConfig, Config, Encoding, Luck, Mix, Rhythm, Simulator, Vocabulary,
};
use piecewatch_store::{
    Appended, NodeInfo, OldTransfers, Readers, Retention, Store, StoreConfig, Window, Writer,
};

use crate::{
    batches,
    books::{self, Told},
};

const NODES: u64 = 4;
const SATELLITES: usize = 6;
const DAYS: i64 = 30;
const HOUR_MICROS: i64 = 3_600_000_000;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;
/// What a node has of everything that is no transfer is drawn beside so many a second: some hundred
/// pieces of work and three restarts a day.
const EVENTS_PER_SECOND: f64 = 0.2;
/// Transactions that wait for the one that is written.
const WAITING_MAX: usize = 2;
const RETENTION: Duration = Duration::from_secs(32 * 86_400);
/// The log names four satellites; some transfers of the first are given to two more.
const FURTHER: [KnownSatellite; 2] = [KnownSatellite::ALL[4], KnownSatellite::ALL[5]];
/// From where the clients are, the more frequent ones first.
const COUNTRIES: [&str; 24] = [
    "DE", "US", "FR", "GB", "NL", "CA", "SE", "PL", "JP", "SG", "FI", "CH", "AT", "BE", "ES", "IT",
    "CZ", "AU", "IN", "BR", "NO", "DK", "RO", "KR",
];

/// Days of nodes, as a simulator told them: what histories of any size are made of.
#[derive(Debug)]
pub struct Pool {
    /// How many transfers there are in 30 days.
    transfers: u64,
    nodes: Vec<NodePool>,
}

#[derive(Debug)]
struct NodePool {
    name: NodeName,
    /// The transfers of one day, by time.
    day: Vec<Transfer>,
    /// All else of 30 days, by time.
    events: Vec<Record>,
}

impl Pool {
    /// Simulates days of so many transfers in 30 days of four nodes, with the help of files in a
    /// folder.
    ///
    /// # Errors
    ///
    /// When something cannot be written.
    pub fn make(folder: &Path, transfers: u64) -> Result<Self> {
        let begin = begin();
        let rate = transfers as f64 / (NODES as f64 * DAYS as f64 * 86_400.0);
        let mut nodes = Vec::new();
        for seed in 1..=NODES {
            let name: NodeName = format!("bench{seed}").parse()?;
            let config = Config {
                seed,
                // Docker's clock tells latencies; that of these lines has whole seconds.
                encoding: Encoding::DockerJson,
                vocabulary: Vocabulary::Y2026,
                start: Some(begin),
                transfers_per_second: rate,
                rhythm: Rhythm::DayAndWeek,
                mix: Mix::Transfers,
                ..Config::default()
            };
            let records = simulated(&name, config.clone(), DAY_MICROS, folder)?;
            let mut day: Vec<Transfer> = records.into_iter().filter_map(transfer).collect();
            day.iter_mut().for_each(dress);
            day.sort_by_key(|transfer| transfer.at);
            let mix = Mix::Realistic;
            let config =
                Config { seed: seed + 10, transfers_per_second: EVENTS_PER_SECOND, mix, ..config };
            let mut events = simulated(&name, config, DAYS * DAY_MICROS, folder)?;
            events.retain(|record| !matches!(record, Record::Transfer(_)));
            events.sort_by_key(at_of);
            nodes.push(NodePool { name, day, events });
        }
        Ok(Self { transfers, nodes })
    }

    /// How many transfers a history of all of it has.
    pub const fn transfers(&self) -> u64 {
        self.transfers
    }
}

/// A database of four nodes, six satellites and 30 days.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    names: Vec<NodeName>,
}

impl History {
    /// Makes the database: about one transfer in `one_in` of those in the pool, and everything else
    /// of it. Gives how many transfers there are.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    ///
    /// # Panics
    ///
    /// Never: the thread that writes does not panic.
    pub fn make(path: &Path, pool: &Pool, one_in: u64) -> Result<(Self, u64)> {
        let Store { mut writer, readers } = Store::open(path, config())?;
        drop(readers);
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let written = thread::scope(|scope| {
            let writer = &mut writer;
            let writing = scope.spawn(move || write(writer, &receiver));
            let mut logs: Vec<Log> = pool.nodes.iter().map(Log::new).collect();
            for hour in 0..DAYS * 24 {
                let together: Vec<Batch> =
                    logs.iter_mut().map(|log| log.hour(hour, one_in)).collect();
                if sender.send(together).is_err() {
                    break;
                }
            }
            drop(sender);
            writing.join().expect("the writing thread does not panic")
        })?;
        let end = books::now();
        for (node, seed) in pool.nodes.iter().zip(1..) {
            report(&mut writer, &node.name, seed)?;
        }
        writer.checkpoint()?;
        drop(writer);
        for (node, seed) in pool.nodes.iter().zip(1..) {
            books::add_snapshots(path, &node.name, &account(seed), begin(), end)?;
        }
        Ok((Self::open(path)?, written))
    }

    /// What was made before, brought up to date.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        drop(Store::open(path, config())?);
        let readers = Readers::open_existing(path, Duration::from_secs(30))?;
        let names = readers.get()?.nodes()?.into_iter().map(|NodeInfo { name, .. }| name).collect();
        Ok(Self { path: path.to_owned(), names })
    }

    /// Connections that have read nothing.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened.
    pub fn readers(&self) -> Result<Readers> {
        Ok(Readers::open_existing(&self.path, Duration::from_secs(30))?)
    }

    /// Asks the system to drop the file from its memory; where it cannot be asked, nothing happens.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn drop_from_memory(&self) -> Result<()> {
        let file = File::open(&self.path)?;
        #[cfg(target_os = "linux")]
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        drop(file);
        Ok(())
    }

    /// Whose history it is.
    pub fn nodes(&self) -> &[NodeName] {
        &self.names
    }

    /// The last so many days.
    pub fn window(days: i64) -> Window {
        let to = books::now();
        Window { from: to.plus_micros(-days * DAY_MICROS), to }
    }
}

fn config() -> StoreConfig {
    StoreConfig {
        retention: Retention { transfers: RETENTION, ..Retention::default() },
        old_transfers: OldTransfers::Keep,
        ..StoreConfig::default()
    }
}

/// When a history begins: at the beginning of an hour.
fn begin() -> Timestamp {
    books::now().plus_micros(-DAYS * DAY_MICROS).floor(Grain::Hour)
}

fn account(seed: u64) -> Account {
    Account::random(&AccountConfig {
        seed,
        satellites: SATELLITES,
        size: Some(piecewatch_model::ByteCount::new(books::SIZE)),
        luck: Luck::Good,
        ..AccountConfig::default()
    })
}

/// The records of a node over so long.
fn simulated(name: &NodeName, config: Config, micros: i64, folder: &Path) -> Result<Vec<Record>> {
    let path = folder.join("history.log");
    let end = begin().plus_micros(micros);
    let mut file = BufWriter::with_capacity(1 << 18, File::create(&path)?);
    let mut simulator = Simulator::new(config);
    let mut line = Vec::new();
    while simulator.now() < end {
        line.clear();
        simulator.next_line(&mut line);
        file.write_all(&line)?;
    }
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let records = batches(name, &path)?.into_iter().flat_map(|batch| batch.records).collect();
    std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
    Ok(records)
}

fn transfer(record: Record) -> Option<Transfer> {
    match record {
        Record::Transfer(transfer) => Some(transfer),
        Record::Rejected(_)
        | Record::Compaction(_)
        | Record::Maintenance(_)
        | Record::Orders(_)
        | Record::Scores(_)
        | Record::Trouble(_)
        | Record::Lifecycle(_)
        | Record::Space(_) => None,
    }
}

/// Gives a transfer what the log does not tell: further satellites, and a country, which an import
/// looks up.
fn dress(transfer: &mut Transfer) {
    let bits = mix(u64::from_le_bytes(*transfer.piece.as_bytes().first_chunk().unwrap_or(&[0; 8])));
    if bits % 8 < FURTHER.len() as u64 {
        transfer.satellite = Some(further(bits % 8));
    }
    let low = bits >> 32 & 0xff;
    // Squared: the first half of the list has seven of ten.
    let at = (low * low * COUNTRIES.len() as u64) >> 16;
    let is_public = |remote: SocketAddr| !Country::is_private(IpAddr::to_canonical(&remote.ip()));
    if transfer.remote.is_some_and(is_public) {
        transfer.country = Country::from_code(COUNTRIES[at as usize]);
    }
}

fn further(number: u64) -> SatelliteId {
    FURTHER[number as usize % FURTHER.len()].id()
}

/// Spreads the bits of a number, as SplitMix64 does.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn at_of(record: &Record) -> Timestamp {
    match record {
        Record::Transfer(transfer) => transfer.at,
        Record::Rejected(rejected) => rejected.at,
        Record::Compaction(compaction) => compaction.at,
        Record::Maintenance(work) => work.at,
        Record::Orders(orders) => orders.at,
        Record::Scores(scores) => scores.at,
        Record::Trouble(trouble) => trouble.at,
        Record::Lifecycle(lifecycle) => lifecycle.at,
        Record::Space(space) => space.at,
    }
}

/// A log that is not there, and how far it was read.
struct Log<'a> {
    pool: &'a NodePool,
    content: Fingerprinter,
    end: Option<Checkpoint>,
}

impl<'a> Log<'a> {
    fn new(pool: &'a NodePool) -> Self {
        let mut content = Fingerprinter::new();
        content.feed(pool.name.as_str().as_bytes());
        content.feed(&[b'.'; 2_048]);
        Self { pool, content, end: None }
    }

    /// What was logged in an hour.
    fn hour(&mut self, hour: i64, one_in: u64) -> Batch {
        let (from, to) = (hour * HOUR_MICROS, (hour + 1) * HOUR_MICROS);
        let since = |at: Timestamp| at.as_micros() - begin().as_micros();
        let events = &self.pool.events;
        let first = events.partition_point(|record| since(at_of(record)) < from);
        let end = events.partition_point(|record| since(at_of(record)) < to);
        let mut records = events[first..end].to_vec();
        let (day, of_day) = (hour.div_euclid(24), hour.rem_euclid(24) * HOUR_MICROS);
        let transfers = &self.pool.day;
        let first = transfers.partition_point(|transfer| since(transfer.at) < of_day);
        let end = transfers.partition_point(|transfer| since(transfer.at) < of_day + HOUR_MICROS);
        let told = transfers[first..end].iter().zip(first as u64..);
        records.extend(told.filter_map(|(transfer, number)| {
            let bits = mix(number ^ mix(day as u64));
            bits.is_multiple_of(one_in).then(|| Record::Transfer(on_day(transfer, day, bits)))
        }));
        self.content.feed(&hour.to_le_bytes());
        let start = self.end.as_ref().map_or(Start::Beginning { known: 0 }, Start::from);
        let end = self.content.checkpoint();
        self.end = Some(end.clone());
        let counts = LineCounts { transfers: records.len() as u64, ..LineCounts::default() };
        let (node, source) = (self.pool.name.clone(), Arc::from("history.log"));
        Batch { node, source, start, end, records, counts }
    }
}

/// A transfer as another day has it: of another piece, a little faster or slower.
fn on_day(transfer: &Transfer, day: i64, bits: u64) -> Transfer {
    let mut piece = *transfer.piece.as_bytes();
    piece.iter_mut().zip(mix(bits).to_le_bytes()).for_each(|(byte, bits)| *byte ^= bits);
    let slower = |latency: Latency| Latency {
        micros: latency.micros * (900 + (bits >> 40) % 200) / 1_000,
        ..latency
    };
    Transfer {
        at: transfer.at.plus_micros(day * DAY_MICROS),
        piece: PieceId::new(piece),
        latency: transfer.latency.map(slower),
        ..transfer.clone()
    }
}

fn write(writer: &mut Writer, batches: &Receiver<Vec<Batch>>) -> Result<u64> {
    let mut written = 0;
    while let Ok(together) = batches.recv() {
        let appended = writer.append(&together, books::now())?;
        ensure!(!appended.contains(&Appended::Moved), "a fresh database knows the log");
        let is_transfer = |record: &&Record| matches!(record, Record::Transfer(_));
        let of = |batch: &Batch| batch.records.iter().filter(is_transfer).count() as u64;
        written += together.iter().map(of).sum::<u64>();
    }
    Ok(written)
}

/// What a node told beside its log.
fn report(writer: &mut Writer, node: &NodeName, seed: u64) -> Result<()> {
    let (now, account) = (books::now(), account(seed));
    let period = Period::containing(now).context("the present lies in a month")?;
    for period in [period.plus_months(-1).context("a month has one before it")?, period] {
        books::report(writer, node, &account, period, Told::Days)?;
    }
    let at = now.plus_micros(-1);
    let status = NodeStatus {
        version: Some("1.143.2".into()),
        allowed_version: Some("1.140.0".into()),
        is_up_to_date: Some(true),
        started_at: Some(at.plus_micros(-HOUR_MICROS)),
        last_pinged_at: Some(at),
        last_quic_pinged_at: Some(at),
        quic: Some(Quic::Ok),
        port: Some(28_967),
        ..NodeStatus::default()
    };
    let poll = Poll {
        at,
        part: PollPart::Dashboard,
        took_micros: 1,
        requests: 1,
        bytes: piecewatch_model::ByteCount::new(1),
        error: None,
    };
    writer.report(&Report { node: node.clone(), poll, facts: vec![Fact::Status(status)] }, now)?;
    Ok(())
}
