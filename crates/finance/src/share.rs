//! A node's total, shared out to its satellites.

use std::cmp::Reverse;

use piecewatch_model::{ByteCount, ByteHours, SatelliteId};

/// What is known of a satellite when a node's storage is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The satellite.
    pub satellite: SatelliteId,
    /// What the node stores for it, or stored lately: bytes or byte-hours, the same for all; `None`
    /// where that is not known.
    pub stored: Option<u64>,
    /// What was downloaded from the node for it in the month, of customers, repair and audits.
    /// Uploads say nothing of what is stored.
    pub downloaded: ByteCount,
}

/// By what a total was shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShareBasis {
    /// By what is stored for each satellite.
    Stored,
    /// By what was downloaded for each satellite: what is stored is not known of all.
    Downloads,
    /// Evenly: nothing is known of any.
    Even,
}

impl ShareBasis {
    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Downloads => "downloads",
            Self::Even => "even",
        }
    }
}

/// A node's storage by satellite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// By what it was shared out.
    pub basis: ShareBasis,
    /// The shares, in the order of the claims. They sum to the total exactly.
    pub shares: Vec<(SatelliteId, ByteHours)>,
}

impl Shares {
    /// Shares a node's total out: by stored bytes where they are known of every satellite, else by
    /// downloads, else evenly. What whole byte-hours leave over goes to the largest remainders.
    ///
    /// Without a claim there are no shares.
    pub fn of(total: ByteHours, claims: &[Claim]) -> Self {
        let (basis, weights) = weights(claims);
        let satellites = claims.iter().map(|claim| claim.satellite);
        let shares = satellites.zip(split(total.get(), &weights).into_iter().map(ByteHours::new));
        Self { basis, shares: shares.collect() }
    }
}

fn weights(claims: &[Claim]) -> (ShareBasis, Vec<u64>) {
    let is_some = |weights: &[u64]| weights.iter().any(|weight| *weight > 0);
    let stored: Option<Vec<u64>> = claims.iter().map(|claim| claim.stored).collect();
    if let Some(stored) = stored.filter(|stored| is_some(stored)) {
        return (ShareBasis::Stored, stored);
    }
    let downloaded: Vec<u64> = claims.iter().map(|claim| claim.downloaded.get()).collect();
    if is_some(&downloaded) {
        return (ShareBasis::Downloads, downloaded);
    }
    (ShareBasis::Even, vec![1; claims.len()])
}

/// Splits a total by weights, of which one at least is above 0; the parts sum to it. Of equal
/// remainders the earlier one is served first.
fn split(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().copied().map(u128::from).sum();
    if sum == 0 {
        return Vec::new();
    }
    let exact = |weight: &u64| u128::from(total) * u128::from(*weight);
    // A part is at most the total.
    let mut parts: Vec<u64> = weights.iter().map(|weight| (exact(weight) / sum) as u64).collect();
    let left = total - parts.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| Reverse(exact(&weights[*at]) % sum));
    for at in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        parts[at] += 1;
    }
    parts
}
