//! From conditions to incidents, and to what people are told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use piecewatch_model::Timestamp;
use piecewatch_store::{Alert, AlertLevel, AlertNotice};

use super::{Condition, Evaluation, Key, Rule};

/// A change of words or numbers alone is stored so often.
const SAVED_EVERY: Duration = Duration::from_secs(600);
/// An incident of a node that nobody watches any more goes after so long: a collector that was stopped for a
/// night goes on with what there was.
const FORSAKEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How long something has to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Before operators are told, and before it is critical for them.
    pub fire_after: Duration,
    /// Before something that is gone counts as over. What comes back earlier is the same incident.
    pub resolve_after: Duration,
    /// Before they are told again of what lasts and nobody has acknowledged; `None`: never.
    pub repeat_after: Option<Duration>,
    /// Before they are told again of the same that has ended and come back.
    pub cooldown: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            fire_after: minutes(2),
            resolve_after: minutes(5),
            repeat_after: Some(minutes(24 * 60)),
            cooldown: minutes(60),
        }
    }
}

/// Something to tell people.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Why.
    pub notice: AlertNotice,
    /// The incident as it is now.
    pub alert: Alert,
}

/// What follows of an evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Incidents that are to be stored as they are here.
    pub changed: Vec<Alert>,
    /// What people are to be told, in one message; the gravest first.
    pub notices: Vec<Notice>,
}

/// Why an incident cannot be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAcknowledged {
    /// There is none of this number that lasts.
    NotLasting,
}

/// The incidents that last, and what may become one.
#[derive(Debug, Clone, Default)]
pub struct States {
    lasting: BTreeMap<Key, Lasting>,
    coming: BTreeMap<Key, Coming>,
    /// What people were told last of each key that is over, and how bad it was.
    told: BTreeMap<Key, (Timestamp, AlertLevel)>,
    newest_id: i64,
}

#[derive(Debug, Clone)]
struct Lasting {
    alert: Alert,
    /// Since when it is not there any more.
    gone_since: Option<Timestamp>,
    /// Since when nobody watches its node, as far as this process has seen.
    forsaken_since: Option<Timestamp>,
    /// Since when it is critical, and not yet for long enough.
    critical_since: Option<Timestamp>,
    saved_at: Timestamp,
}

/// A condition that has not lasted long enough.
#[derive(Debug, Clone)]
struct Coming {
    since: Timestamp,
    critical_since: Option<Timestamp>,
    gone_since: Option<Timestamp>,
}

impl States {
    /// Goes on where a process has ended: with the incidents that last, those that ended within the
    /// cooldown, and the number of the newest. Incidents of rules that are not known stay as they are.
    pub fn restore(lasting: Vec<Alert>, ended: &[Alert], newest_id: i64) -> Self {
        let mut states = Self { newest_id, ..Self::default() };
        for alert in ended.iter().filter(|alert| alert.resolved_at.is_some()) {
            states.remember(alert);
        }
        for alert in lasting {
            let Some(key) = key_of(&alert) else { continue };
            let saved_at = alert.seen_at;
            let of = Lasting {
                alert,
                gone_since: None,
                forsaken_since: None,
                critical_since: None,
                saved_at,
            };
            states.lasting.insert(key, of);
        }
        states
    }

    /// The incidents that last, by key.
    pub fn lasting(&self) -> impl Iterator<Item = &Alert> {
        self.lasting.values().map(|of| &of.alert)
    }

    /// Marks an incident as known to somebody: it is not repeated any more, and told again only when
    /// it becomes critical or ends. Whoever was first stays.
    ///
    /// # Errors
    ///
    /// When no incident of this number lasts.
    pub fn acknowledge(
        &mut self,
        id: i64,
        by: &str,
        now: Timestamp,
    ) -> Result<Alert, NotAcknowledged> {
        let found = self.lasting.values_mut().find(|of| of.alert.id == id);
        let alert = &mut found.ok_or(NotAcknowledged::NotLasting)?.alert;
        if alert.acknowledged_at.is_none() {
            alert.acknowledged_at = Some(now);
            alert.acknowledged_by = Some(by.into());
        }
        Ok(alert.clone())
    }

    /// Takes in what was found. A clock that was set back since counts from now on.
    pub fn step(&mut self, found: &Evaluation, policy: &Policy, now: Timestamp) -> Step {
        self.forget_after(now);
        let mut step = Step::default();
        let conditions = worst_of_each(&found.conditions);
        for (key, condition) in &conditions {
            if let Some(lasting) = self.lasting.get_mut(key) {
                lasting.see(condition, policy, now);
            } else if let Some(lasting) = self.come(key, condition, policy, now) {
                self.lasting.insert(key.clone(), lasting);
            }
        }
        let is_gone = |key: &Key| !conditions.contains_key(key) && found.is_known_of(key);
        self.coming.retain(|key, coming| {
            if found.is_muted(key) {
                return false;
            }
            if is_gone(key) {
                let since = *coming.gone_since.get_or_insert(now);
                return lasts(since, now) < policy.resolve_after;
            }
            // Of what nobody knows nobody is told.
            conditions.contains_key(key)
        });
        let mut over = BTreeSet::new();
        for (key, lasting) in &mut self.lasting {
            if is_gone(key) {
                let since = *lasting.gone_since.get_or_insert(now);
                if lasts(since, now) >= policy.resolve_after {
                    lasting.alert.resolved_at = Some(now);
                    over.insert(key.clone());
                }
            } else if !conditions.contains_key(key) {
                // Nobody knows: it has to be well for the whole time.
                lasting.gone_since = None;
            }
            let is_forsaken = !conditions.contains_key(key) && !found.is_watched(key);
            // From when this process saw it: while it did not run, nobody could see who watches.
            lasting.forsaken_since = is_forsaken.then(|| lasting.forsaken_since.unwrap_or(now));
            let is_muted = found.is_muted(key);
            if is_muted
                || lasting.forsaken_since.is_some_and(|since| lasts(since, now) >= FORSAKEN_AFTER)
            {
                lasting.alert.resolved_at = Some(now);
                over.insert(key.clone());
            }
            // Nobody has looked, or wants to hear: there is nothing to tell, least of all that it is over.
            let notice = if is_forsaken || is_muted {
                None
            } else {
                lasting.notice(self.told.get(key), policy, now)
            };
            step.notices
                .extend(notice.map(|notice| Notice { notice, alert: lasting.alert.clone() }));
            let is_due = lasts(lasting.saved_at, now) >= SAVED_EVERY;
            if notice.is_some() || lasting.saved_at == NEVER || is_due || over.contains(key) {
                lasting.saved_at = now;
                step.changed.push(lasting.alert.clone());
            }
        }
        for key in over {
            if let Some(of) = self.lasting.remove(&key) {
                self.remember(&of.alert);
            }
        }
        self.told.retain(|_, (at, _)| lasts(*at, now) < policy.cooldown);
        let gravity = |of: &Notice| (of.notice, std::cmp::Reverse(of.alert.worst), of.alert.id);
        step.notices.sort_by_key(gravity);
        step
    }

    /// What is said to have been later than now was told by a clock that was ahead: it was at most now.
    fn forget_after(&mut self, now: Timestamp) {
        self.lasting.values_mut().for_each(|of| of.forget_after(now));
        for coming in self.coming.values_mut() {
            coming.since = coming.since.min(now);
            clamp(&mut coming.critical_since, now);
            clamp(&mut coming.gone_since, now);
        }
        self.told.values_mut().for_each(|(at, _)| *at = (*at).min(now));
    }

    /// Counts how long something is there; an incident when that is long enough.
    fn come(
        &mut self,
        key: &Key,
        condition: &Condition,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<Lasting> {
        let since = condition.since.map_or(now, |since| since.min(now));
        let new = Coming { since, critical_since: None, gone_since: None };
        let coming = self.coming.entry(key.clone()).or_insert(new);
        coming.gone_since = None;
        match condition.level {
            AlertLevel::Critical => {
                coming.critical_since = coming.critical_since.or(condition.since).or(Some(now));
            }
            AlertLevel::Warning => coming.critical_since = None,
        }
        if lasts(coming.since, now) < policy.fire_after {
            return None;
        }
        let is_critical =
            coming.critical_since.is_some_and(|since| lasts(since, now) >= policy.fire_after);
        let level = if is_critical { AlertLevel::Critical } else { AlertLevel::Warning };
        let (since, critical_since) = (coming.since, coming.critical_since);
        self.coming.remove(key);
        self.newest_id += 1;
        let alert = Alert {
            id: self.newest_id,
            rule: key.rule.name().into(),
            node: key.node.clone(),
            satellite: key.satellite,
            level,
            worst: level,
            sentence: condition.sentence.clone(),
            value: condition.value,
            threshold: condition.threshold,
            began_at: since,
            fired_at: now,
            seen_at: now,
            acknowledged_at: None,
            acknowledged_by: None,
            resolved_at: None,
            notified_at: None,
            notified_level: None,
        };
        Some(Lasting {
            alert,
            gone_since: None,
            forsaken_since: None,
            critical_since,
            saved_at: NEVER,
        })
    }

    /// Keeps what people were told of an incident that is over.
    fn remember(&mut self, alert: &Alert) {
        if let (Some(key), Some(at), Some(level)) =
            (key_of(alert), alert.notified_at, alert.notified_level)
        {
            let told = self.told.entry(key).or_insert((at, level));
            if at >= told.0 {
                *told = (at, level);
            }
        }
    }
}

/// A new incident is to be stored at once.
const NEVER: Timestamp = Timestamp::from_micros(i64::MIN);

fn clamp(at: &mut Option<Timestamp>, now: Timestamp) {
    *at = at.map(|at| at.min(now));
}

impl Lasting {
    fn forget_after(&mut self, now: Timestamp) {
        clamp(&mut self.gone_since, now);
        clamp(&mut self.forsaken_since, now);
        clamp(&mut self.critical_since, now);
        self.saved_at = self.saved_at.min(now);
        let alert = &mut self.alert;
        let stored = [Some(alert.began_at), Some(alert.fired_at), Some(alert.seen_at)];
        let marked = [alert.acknowledged_at, alert.notified_at];
        if stored.into_iter().chain(marked).flatten().all(|at| at <= now) {
            return;
        }
        alert.began_at = alert.began_at.min(now);
        alert.fired_at = alert.fired_at.min(now);
        alert.seen_at = alert.seen_at.min(now);
        clamp(&mut alert.acknowledged_at, now);
        clamp(&mut alert.notified_at, now);
        self.saved_at = NEVER;
    }

    /// It is there: takes its words, and its level once that has lasted.
    fn see(&mut self, condition: &Condition, policy: &Policy, now: Timestamp) {
        self.gone_since = None;
        let alert = &mut self.alert;
        alert.seen_at = now;
        match (condition.level, alert.level) {
            (AlertLevel::Warning, AlertLevel::Critical | AlertLevel::Warning) => {
                self.critical_since = None;
                alert.level = AlertLevel::Warning;
            }
            (AlertLevel::Critical, AlertLevel::Critical) => {}
            (AlertLevel::Critical, AlertLevel::Warning) => {
                let since = *self.critical_since.get_or_insert(condition.since.unwrap_or(now));
                // What was critical before in this incident need not prove it again.
                let is_known = alert.worst == AlertLevel::Critical;
                if is_known || lasts(since, now) >= policy.fire_after {
                    alert.level = AlertLevel::Critical;
                    alert.worst = AlertLevel::Critical;
                }
            }
        }
        alert.sentence.clone_from(&condition.sentence);
        (alert.value, alert.threshold) = (condition.value, condition.threshold);
    }

    /// What people are to be told of it now; marks that they are.
    fn notice(
        &mut self,
        told: Option<&(Timestamp, AlertLevel)>,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<AlertNotice> {
        let alert = &mut self.alert;
        if alert.resolved_at.is_some() {
            // Of what nobody heard of nobody needs to hear that it is over.
            return alert.notified_at.map(|_| AlertNotice::Resolved);
        }
        let notice = match (alert.notified_at, alert.notified_level) {
            (Some(at), Some(level)) => {
                let is_old = policy.repeat_after.is_some_and(|after| lasts(at, now) >= after);
                if alert.level > level {
                    AlertNotice::Escalated
                } else if is_old && alert.acknowledged_at.is_none() && self.gone_since.is_none() {
                    AlertNotice::Repeated
                } else {
                    return None;
                }
            }
            (Some(_) | None, _) => {
                let is_cooling = told.is_some_and(|&(at, level)| {
                    lasts(at, now) < policy.cooldown && alert.level <= level
                });
                if is_cooling || self.gone_since.is_some() {
                    return None;
                }
                AlertNotice::Fired
            }
        };
        if notice == AlertNotice::Escalated {
            // What was acknowledged was lighter.
            alert.acknowledged_at = None;
            alert.acknowledged_by = None;
        }
        alert.notified_at = Some(now);
        alert.notified_level = alert.notified_level.max(Some(alert.level));
        Some(notice)
    }
}

/// How long something lasts; nothing when the clock went back.
fn lasts(since: Timestamp, now: Timestamp) -> Duration {
    let micros = now.as_micros().saturating_sub(since.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn key_of(alert: &Alert) -> Option<Key> {
    let rule = Rule::from_name(&alert.rule)?;
    Some(Key { rule, node: alert.node.clone(), satellite: alert.satellite })
}

fn worst_of_each(conditions: &[Condition]) -> BTreeMap<Key, &Condition> {
    let mut worst: BTreeMap<Key, &Condition> = BTreeMap::new();
    for condition in conditions {
        let of_key = worst.entry(condition.key.clone()).or_insert(condition);
        if condition.level > of_key.level {
            *of_key = condition;
        }
    }
    worst
}
