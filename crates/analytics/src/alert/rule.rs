//! The rules by name.

use crate::unusual::Kind;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A satellite has disqualified the node.
    Disqualified,
    /// A satellite has suspended the node for audits that ended in an unknown way.
    Suspended,
    /// A satellite has suspended the node for having been offline.
    OfflineSuspended,
    /// The audit score is low.
    AuditScore,
    /// The suspension score is low.
    SuspensionScore,
    /// The online score is low.
    OnlineScore,
    /// Audits failed.
    FailedAudits,
    /// Audits took nearly as long as they may.
    SlowAudits,
    /// The disk is full, or will be soon.
    Disk,
    /// The log tells less than it should.
    Silence,
    /// Downloads take long.
    DownloadLatency,
    /// Uploads take long.
    UploadLatency,
    /// Transfers fail.
    Errors,
    /// More audits fail than usual.
    UnusualAudits,
    /// More check-ins fail than usual.
    UnusualPings,
    /// Transfers take longer than usual.
    UnusualSlow,
    /// Less succeeds than usual.
    UnusualFailing,
    /// Less is moved than usual.
    UnusualQuiet,
    /// The clock is off.
    Clock,
    /// The version is too old.
    Version,
    /// The node cannot be reached over QUIC.
    Quic,
    /// Nothing reaches the node, or its check-ins fail.
    Pings,
    /// The node does not answer when it is asked.
    Poll,
    /// The process ends by itself.
    Restarts,
    /// What is read cannot be written.
    WriterBlocked,
    /// The database cannot be asked.
    Database,
    /// The monitor took long to start.
    SlowStart,
    /// The log of a node is read late.
    Lag,
}

impl Rule {
    /// Every rule, the gravest first.
    pub const ALL: [Self; 28] = [
        Self::Disqualified,
        Self::Suspended,
        Self::OfflineSuspended,
        Self::AuditScore,
        Self::SuspensionScore,
        Self::OnlineScore,
        Self::FailedAudits,
        Self::SlowAudits,
        Self::Disk,
        Self::Silence,
        Self::DownloadLatency,
        Self::UploadLatency,
        Self::Errors,
        Self::UnusualAudits,
        Self::UnusualPings,
        Self::UnusualSlow,
        Self::UnusualFailing,
        Self::UnusualQuiet,
        Self::Clock,
        Self::Version,
        Self::Quic,
        Self::Pings,
        Self::Poll,
        Self::Restarts,
        Self::WriterBlocked,
        Self::Database,
        Self::SlowStart,
        Self::Lag,
    ];

    /// In lower-case words joined by `_`. Stored: a name never changes its meaning.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disqualified => "disqualified",
            Self::Suspended => "suspended",
            Self::OfflineSuspended => "offline_suspended",
            Self::AuditScore => "audit_score",
            Self::SuspensionScore => "suspension_score",
            Self::OnlineScore => "online_score",
            Self::FailedAudits => "failed_audits",
            Self::SlowAudits => "slow_audits",
            Self::Disk => "disk",
            Self::Silence => "silence",
            Self::DownloadLatency => "download_latency",
            Self::UploadLatency => "upload_latency",
            Self::Errors => "errors",
            Self::UnusualAudits => "unusual_audits",
            Self::UnusualPings => "unusual_pings",
            Self::UnusualSlow => "unusual_slow",
            Self::UnusualFailing => "unusual_failing",
            Self::UnusualQuiet => "unusual_quiet",
            Self::Clock => "clock",
            Self::Version => "version",
            Self::Quic => "quic",
            Self::Pings => "pings",
            Self::Poll => "poll",
            Self::Restarts => "restarts",
            Self::WriterBlocked => "writer_blocked",
            Self::Database => "database",
            Self::SlowStart => "slow_start",
            Self::Lag => "lag",
        }
    }

    /// The rule of this name; `None` for one that this version does not know.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Whether it judges the monitor and not the nodes.
    pub const fn is_of_monitor(self) -> bool {
        matches!(self, Self::WriterBlocked | Self::Database | Self::SlowStart | Self::Lag)
    }

    /// The rule for what is unusual; `None` where that does no harm.
    pub(super) const fn of_unusual(kind: Kind) -> Option<Self> {
        match kind {
            Kind::AuditsFail => Some(Self::UnusualAudits),
            Kind::Unreachable => Some(Self::UnusualPings),
            Kind::Slow => Some(Self::UnusualSlow),
            Kind::Failing => Some(Self::UnusualFailing),
            Kind::Quiet => Some(Self::UnusualQuiet),
            Kind::Busy => None,
        }
    }
}
