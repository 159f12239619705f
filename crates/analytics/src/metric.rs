//! What is watched of a node, hour by hour.

use piecewatch_model::Timestamp;

use crate::hours::{Ended, Hour, HourLatency};

/// A figure of a node that is compared with what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Downloads that ended in the hour, however they ended; without audits.
    Downloads,
    /// Uploads that ended in the hour, however they ended.
    Uploads,
    /// Bytes of downloads that succeeded.
    Egress,
    /// Bytes of uploads that succeeded.
    Ingress,
    /// Share of downloads that succeeded, 0 to 1: success ÷ (success + canceled + failed).
    DownloadSuccess,
    /// Share of uploads that succeeded, 0 to 1.
    UploadSuccess,
    /// Audits that failed. Canceled ones did not.
    AuditsFailed,
    /// Half of the downloads by clients took no longer, in microseconds.
    DownloadP50,
    /// 95 of 100 downloads by clients took no longer, in microseconds.
    DownloadP95,
    /// Half of the uploads by clients took no longer, in microseconds.
    UploadP50,
    /// 95 of 100 uploads by clients took no longer, in microseconds.
    UploadP95,
    /// Lines about satellites that were not reached.
    PingsFailed,
    /// Lines about any other trouble.
    Troubles,
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// A number of things in an hour.
    Count,
    /// Bytes in an hour.
    Bytes,
    /// A share, 0 to 1.
    Share,
    /// Microseconds.
    Micros,
}

/// A metric in one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The beginning of the hour.
    pub at: Timestamp,
    /// The metric.
    pub value: f64,
    /// How many things it is made of: transfers, audits, lines.
    pub evidence: u64,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 13] = [
        Self::Downloads,
        Self::Uploads,
        Self::Egress,
        Self::Ingress,
        Self::DownloadSuccess,
        Self::UploadSuccess,
        Self::AuditsFailed,
        Self::DownloadP50,
        Self::DownloadP95,
        Self::UploadP50,
        Self::UploadP95,
        Self::PingsFailed,
        Self::Troubles,
    ];

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Downloads => "downloads",
            Self::Uploads => "uploads",
            Self::Egress => "egress",
            Self::Ingress => "ingress",
            Self::DownloadSuccess => "download_success",
            Self::UploadSuccess => "upload_success",
            Self::AuditsFailed => "audits_failed",
            Self::DownloadP50 => "download_p50",
            Self::DownloadP95 => "download_p95",
            Self::UploadP50 => "upload_p50",
            Self::UploadP95 => "upload_p95",
            Self::PingsFailed => "pings_failed",
            Self::Troubles => "troubles",
        }
    }

    /// What kind of number it is.
    pub const fn scale(self) -> Scale {
        match self {
            Self::Downloads
            | Self::Uploads
            | Self::AuditsFailed
            | Self::PingsFailed
            | Self::Troubles => Scale::Count,
            Self::Egress | Self::Ingress => Scale::Bytes,
            Self::DownloadSuccess | Self::UploadSuccess => Scale::Share,
            Self::DownloadP50 | Self::DownloadP95 | Self::UploadP50 | Self::UploadP95 => {
                Scale::Micros
            }
        }
    }

    /// The metric in an hour; `None` where the hour cannot tell: no share of nothing, no
    /// latency of transfers that nobody measured, and no bytes of transfers whose size is not told.
    pub fn of(self, hour: &Hour) -> Option<Point> {
        let count = |count: u64| Some((count as f64, count));
        // Nodes before v1.72 did not tell the sizes of downloads.
        let is_told = |of: &Ended| of.success == 0 || of.bytes.get() > 0;
        let bytes = |of: &Ended| is_told(of).then_some((of.bytes.get() as f64, of.success));
        let share = |of: &Ended| {
            let count = of.count();
            (count > 0).then(|| (of.success as f64 / count as f64, count))
        };
        let micros = |of: Option<HourLatency>, micros: fn(HourLatency) -> u64| {
            of.map(|of| (micros(of) as f64, of.count))
        };
        let p50 = |of: HourLatency| of.p50_micros;
        let p95 = |of: HourLatency| of.p95_micros;
        let (value, evidence) = match self {
            Self::Downloads => count(hour.downloads.count()),
            Self::Uploads => count(hour.uploads.count()),
            Self::Egress => bytes(&hour.downloads),
            Self::Ingress => bytes(&hour.uploads),
            Self::DownloadSuccess => share(&hour.downloads),
            Self::UploadSuccess => share(&hour.uploads),
            Self::AuditsFailed => count(hour.audits.failed),
            Self::DownloadP50 => micros(hour.download_latency, p50),
            Self::DownloadP95 => micros(hour.download_latency, p95),
            Self::UploadP50 => micros(hour.upload_latency, p50),
            Self::UploadP95 => micros(hour.upload_latency, p95),
            Self::PingsFailed => count(hour.pings_failed),
            Self::Troubles => count(hour.troubles),
        }?;
        Some(Point { at: hour.at, value, evidence })
    }

    /// The metric hour by hour; hours that cannot tell are left out.
    pub fn points(self, hours: &[Hour]) -> Vec<Point> {
        hours.iter().filter_map(|hour| self.of(hour)).collect()
    }
}
