//! Months of nodes with as many transfers as wanted: the simulator's records, straight into the store.

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
/// The most days that a history has.
const DAYS_MAX: i64 = 300;
const HOUR_MICROS: i64 = 3_600_000_000;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;
/// What a node has of everything that is no transfer is drawn beside so many a second: some hundred
/// pieces of work and three restarts a day.
const EVENTS_PER_SECOND: f64 = 0.2;
/// Transactions that wait for the one that is written.
const WAITING_MAX: usize = 2;
/// What one step of pruning removes at most.
const PRUNED_MAX: u32 = 100_000;
/// All single transfers of the longest history, and the day that it may be short of the present.
const RETENTION: Duration = Duration::from_secs((DAYS_MAX as u64 + 2) * 86_400);
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
    /// When the longest history begins.
    begin: Timestamp,
    nodes: Vec<NodePool>,
}

/// What of a pool a history is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many days it has, up to the present; 300 at most.
    pub days: i64,
    /// Of how many transfers that a node has in the pool it has one here.
    pub one_in: u64,
    /// How many nodes there are for each of the four of the pool.
    pub nodes_each: u64,
}

#[derive(Debug)]
struct NodePool {
    name: NodeName,
    /// The transfers of the first day, by time.
    day: Vec<Transfer>,
    /// All else of all days, by time.
    events: Vec<Record>,
}

impl Pool {
    /// Simulates a day of so many transfers a second at each of four nodes, and all else of 300 days,
    /// with the help of files in a folder.
    ///
    /// # Errors
    ///
    /// When something cannot be written.
    pub fn make(folder: &Path, transfers_per_second: f64) -> Result<Self> {
        let begin = books::now().plus_micros(-DAYS_MAX * DAY_MICROS).floor(Grain::Hour);
        let mut nodes = Vec::new();
        for seed in 1..=NODES {
            let name: NodeName = format!("bench{seed}").parse()?;
            let config = Config {
                seed,
                // Docker's clock tells latencies; that of these lines has whole seconds.
                encoding: Encoding::DockerJson,
                vocabulary: Vocabulary::Y2026,
                start: Some(begin),
                transfers_per_second,
                rhythm: Rhythm::DayAndWeek,
                mix: Mix::Transfers,
                ..Config::default()
            };
            let mut day: Vec<Transfer> = simulated(&name, config.clone(), DAY_MICROS, folder)?
                .into_iter()
                .flat_map(|batch| batch.records)
                .filter_map(transfer)
                .collect();
            day.iter_mut().for_each(dress);
            day.sort_by_key(|transfer| transfer.at);
            let mix = Mix::Realistic;
            let config =
                Config { seed: seed + 10, transfers_per_second: EVENTS_PER_SECOND, mix, ..config };
            let mut events: Vec<Record> = simulated(&name, config, DAYS_MAX * DAY_MICROS, folder)?
                .into_iter()
                .flat_map(|batch| batch.records)
                .filter(|record| !matches!(record, Record::Transfer(_)))
                .collect();
            events.sort_by_key(at_of);
            nodes.push(NodePool { name, day, events });
        }
        Ok(Self { begin, nodes })
    }
}

/// A database of nodes that know six satellites.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    names: Vec<NodeName>,
}

impl History {
    /// Makes the database of this shape. Gives how many transfers there are.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    ///
    /// # Panics
    ///
    /// Never: the thread that writes does not panic.
    pub fn make(path: &Path, pool: &Pool, shape: Shape) -> Result<(Self, u64)> {
        let Store { mut writer, readers } = Store::open(path, config())?;
        drop(readers);
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let mut logs = Vec::new();
        for (of, seed) in pool.nodes.iter().zip(1..) {
            for number in 0..shape.nodes_each {
                logs.push(Log::new(pool.begin, of, shape, seed, number)?);
            }
        }
        let written = thread::scope(|scope| {
            let writer = &mut writer;
            let writing = scope.spawn(move || write(writer, &receiver));
            for hour in (DAYS_MAX - shape.days) * 24..DAYS_MAX * 24 {
                let together: Vec<Batch> = logs.iter_mut().map(|log| log.hour(hour)).collect();
                if sender.send(together).is_err() {
                    break;
                }
            }
            drop(sender);
            writing.join().expect("the writing thread does not panic")
        })?;
        let end = books::now();
        let begin = end.plus_micros(-shape.days * DAY_MICROS).floor(Grain::Hour);
        for log in &logs {
            report(&mut writer, &log.node, log.seed)?;
        }
        for log in &logs {
            books::add_snapshots(path, &log.node, &account(log.seed), begin, end)?;
        }
        while writer.prune(end, PRUNED_MAX)?.more {}
        writer.checkpoint()?;
        drop(writer);
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

fn account(seed: u64) -> Account {
    Account::random(&AccountConfig {
        seed,
        satellites: SATELLITES,
        size: Some(piecewatch_model::ByteCount::new(books::SIZE)),
        luck: Luck::Good,
        ..AccountConfig::default()
    })
}

/// What a node logs from its start on for so long.
fn simulated(name: &NodeName, config: Config, micros: i64, folder: &Path) -> Result<Vec<Batch>> {
    let path = folder.join("history.log");
    let mut file = BufWriter::with_capacity(1 << 18, File::create(&path)?);
    let mut simulator = Simulator::new(config);
    let end = simulator.now().plus_micros(micros);
    let mut line = Vec::new();
    while simulator.now() < end {
        line.clear();
        simulator.next_line(&mut line);
        file.write_all(&line)?;
    }
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let batches = batches(name, &path)?;
    std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
    Ok(batches)
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
    node: NodeName,
    seed: u64,
    begin: Timestamp,
    pool: &'a NodePool,
    shape: Shape,
    /// Which one it is of those that are made of the same node.
    number: u64,
    content: Fingerprinter,
    end: Option<Checkpoint>,
}

impl<'a> Log<'a> {
    fn new(
        begin: Timestamp,
        pool: &'a NodePool,
        shape: Shape,
        seed: u64,
        number: u64,
    ) -> Result<Self> {
        let node = match number {
            0 => pool.name.clone(),
            _ => format!("{}-{number}", pool.name).parse()?,
        };
        let mut content = Fingerprinter::new();
        content.feed(node.as_str().as_bytes());
        content.feed(&[b'.'; 2_048]);
        Ok(Self { node, seed, begin, pool, shape, number, content, end: None })
    }

    /// What was logged in an hour, counted from the beginning of the pool.
    fn hour(&mut self, hour: i64) -> Batch {
        let (from, to) = (hour * HOUR_MICROS, (hour + 1) * HOUR_MICROS);
        let since = |at: Timestamp| at.as_micros() - self.begin.as_micros();
        let events = &self.pool.events;
        let first = events.partition_point(|record| since(at_of(record)) < from);
        let end = events.partition_point(|record| since(at_of(record)) < to);
        let mut records = events[first..end].to_vec();
        let (day, of_day) = (hour.div_euclid(24), hour.rem_euclid(24) * HOUR_MICROS);
        let transfers = &self.pool.day;
        let first = transfers.partition_point(|transfer| since(transfer.at) < of_day);
        let end = transfers.partition_point(|transfer| since(transfer.at) < of_day + HOUR_MICROS);
        let told = transfers[first..end].iter().zip(first as u64..);
        let luck = mix(day as u64 ^ (self.number << 32));
        records.extend(told.filter_map(|(transfer, number)| {
            let bits = mix(number ^ luck);
            bits.is_multiple_of(self.shape.one_in)
                .then(|| Record::Transfer(on_day(transfer, day, bits)))
        }));
        self.content.feed(&hour.to_le_bytes());
        let start = self.end.as_ref().map_or(Start::Beginning { known: 0 }, Start::from);
        let end = self.content.checkpoint();
        self.end = Some(end.clone());
        let counts = LineCounts { transfers: records.len() as u64, ..LineCounts::default() };
        let (node, source) = (self.node.clone(), Arc::from("history.log"));
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
