//! The audit that goes on for longest: a disk that hangs lets it begin and never end.

use piecewatch_model::Timestamp;

use crate::{assembler::OpenAudit, pairing::OPEN_MICROS_MAX};

/// The oldest open audit of a log, by the clock of this machine.
///
/// The clock of the log may be another one. So what counts is how long before the newest line it began, and how
/// long ago that line was read: while nobody reads, or a line tells no time, the second alone grows.
#[derive(Debug, Default)]
pub(super) struct Audit(Option<Told>);

#[derive(Debug, Clone, Copy)]
struct Told {
    open: OpenAudit,
    began_at: Timestamp,
}

impl Audit {
    /// Lines were read, and leave this open.
    pub(super) fn note(&mut self, open: Option<OpenAudit>, now: impl FnOnce() -> Timestamp) {
        if self.0.map(|told| told.open) != open {
            self.0 = open.map(|open| {
                let lasts = open.told_at.as_micros() - open.began_at.as_micros();
                Told { open, began_at: now().plus_micros(-lasts.max(0)) }
            });
        }
    }

    /// Since when it goes on; `None` when there is none, or it is given up.
    pub(super) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let began_at = self.0?.began_at;
        (now.as_micros() - began_at.as_micros() <= OPEN_MICROS_MAX).then_some(began_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_goes_on_by_the_clock_of_this_machine_and_not_for_ever() {
        let at = Timestamp::from_seconds;
        let open = |began, told| Some(OpenAudit { began_at: at(began), told_at: at(told) });
        let mut audit = Audit::default();
        assert_eq!(audit.since(at(50_000)), None);
        // The log is an hour behind, and its newest line was written 20 s after the start.
        audit.note(open(46_380, 46_400), || at(50_000));
        assert_eq!(audit.since(at(50_100)), Some(at(49_980)));
        // Lines that tell no time change nothing, others tell how far their clock has come.
        audit.note(open(46_380, 46_400), || at(50_200));
        assert_eq!(audit.since(at(50_200)), Some(at(49_980)));
        audit.note(open(46_380, 46_600), || at(50_201));
        assert_eq!(audit.since(at(50_201)), Some(at(49_981)));
        assert_eq!(audit.since(at(49_981 + 1_800)), Some(at(49_981)));
        assert_eq!(audit.since(at(49_981 + 1_801)), None, "its end never comes");
        audit.note(None, || at(50_300));
        assert_eq!(audit.since(at(50_300)), None);
    }
}
