//! How fast connections may come from one address, and how many it may have.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// So many may come at once: a page with all its users behind one proxy, after a restart.
const AT_ONCE: u32 = 2_000;
/// And then one in so long. Browsers keep theirs; whoever opens a hundred a second is no user.
const EACH: Duration = Duration::from_millis(10);
/// How many addresses are remembered before those that came slowly are forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// Who came how often lately: for each address the time at which its last connection would have come
/// if it had kept to the pace. Times are those since some start.
#[derive(Debug, Default)]
pub(super) struct Arrivals(HashMap<IpAddr, Duration>);

impl Arrivals {
    /// Whether one more may come from an address; it counts if so.
    pub(super) fn admit(&mut self, address: IpAddr, now: Duration) -> bool {
        if self.0.len() >= ADDRESSES_MAX {
            self.0.retain(|_, due| *due > now);
        }
        if self.0.len() >= ADDRESSES_MAX && !self.0.contains_key(&address) {
            return false;
        }
        let due = self.0.entry(address).or_insert(now);
        let next = (*due).max(now) + EACH;
        let is_admitted = next <= now + EACH * AT_ONCE;
        if is_admitted {
            *due = next;
        }
        is_admitted
    }
}

/// How many connections each address has.
#[derive(Debug)]
pub(super) struct Shares {
    each_max: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Arc<Shares>,
    address: IpAddr,
}

impl Shares {
    /// Of so many connections one address may have three quarters: all users may be behind one proxy, and
    /// others still get in.
    pub(super) fn of(connections: u32) -> Self {
        let each_max = (connections as usize * 3 / 4).max(1);
        Self { each_max, held: Mutex::default() }
    }

    /// One more of an address; `None` where it has all that it may have. This machine itself may have all of
    /// them: whoever is on it can do worse, and a proxy on it has limits of its own.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_insert(0);
        if *count >= self.each_max && !address.to_canonical().is_loopback() {
            return None;
        }
        *count += 1;
        Some(Share { of: Arc::clone(self), address })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.of.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn many_may_come_at_once_and_then_as_many_as_the_pace_allows() {
        let (mut arrivals, now) = (Arrivals::default(), Duration::from_secs(1_000));
        let mut come = |at: Duration, count: u32| {
            (0..count).filter(|_| arrivals.admit(address(1), at)).count() as u32
        };
        assert_eq!(come(now, AT_ONCE + 100), AT_ONCE);
        assert_eq!(come(now + EACH, 10), 1);
        assert_eq!(come(now + 6 * EACH, 10), 5);
        assert_eq!(come(now + EACH * 2 * AT_ONCE, AT_ONCE + 100), AT_ONCE, "after a pause");
        assert!(arrivals.admit(address(2), now), "another address has a pace of its own");
    }

    #[test]
    fn one_address_leaves_connections_for_others_and_this_machine_may_have_all() {
        let shares = Arc::new(Shares::of(8));
        let mut first: Vec<Share> = std::iter::from_fn(|| shares.take(address(1))).collect();
        assert_eq!(first.len(), 6);
        assert!(shares.take(address(2)).is_some());
        first.pop();
        let again = shares.take(address(1));
        assert!(again.is_some() && shares.take(address(1)).is_none());
        let here: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        assert_eq!((0..8).filter_map(|_| shares.take(here)).collect::<Vec<_>>().len(), 8);
        drop((first, again));
        assert!(shares.held.lock().unwrap().is_empty(), "nobody is remembered for ever");
        assert!(Arc::new(Shares::of(1)).take(address(1)).is_some());
    }

    #[test]
    fn addresses_are_forgotten_when_they_came_slowly_and_no_more_are_taken_than_there_is_room_for()
    {
        let (mut arrivals, now) = (Arrivals::default(), Duration::from_secs(1_000));
        for number in 0..ADDRESSES_MAX as u32 {
            assert!(arrivals.admit(address(number), now));
        }
        assert!(!arrivals.admit(address(u32::MAX), now), "all of them came just now");
        assert!(arrivals.admit(address(0), now), "one that is known has its own pace");
        assert!(arrivals.admit(address(u32::MAX), now + 2 * EACH));
        assert!(arrivals.0.len() <= 2);
    }
}
