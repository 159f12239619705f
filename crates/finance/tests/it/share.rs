//! A node's total, shared out to its satellites.

use piecewatch_finance::{Claim, ShareBasis, Shares};
use piecewatch_model::SatelliteId;
use proptest::prelude::*;

use crate::usd::{ap1, byte_hours, bytes, eu1, us1};

fn claim(satellite: SatelliteId, stored: Option<u64>, downloaded: u64) -> Claim {
    Claim { satellite, stored, downloaded: bytes(downloaded) }
}

fn shares(total: u64, claims: &[Claim]) -> (ShareBasis, Vec<u64>) {
    let Shares { basis, shares } = Shares::of(byte_hours(total), claims);
    (basis, shares.into_iter().map(|(_, share)| share.get()).collect())
}

#[test]
fn stored_bytes_count_before_downloads_and_those_before_nothing() {
    let stored = [claim(us1(), Some(30), 1), claim(eu1(), Some(10), 99)];
    assert_eq!(shares(1_000, &stored), (ShareBasis::Stored, vec![750, 250]));
    let one_unknown = [claim(us1(), Some(30), 1), claim(eu1(), None, 99)];
    assert_eq!(shares(1_000, &one_unknown), (ShareBasis::Downloads, vec![10, 990]));
    let nothing = [claim(us1(), None, 0), claim(eu1(), None, 0)];
    assert_eq!(shares(1_001, &nothing), (ShareBasis::Even, vec![501, 500]));
    assert_eq!(shares(1_000, &[]), (ShareBasis::Even, vec![]));
}

#[test]
fn what_is_left_over_goes_to_the_largest_remainders() {
    // 10 × 5/9 = 5.56, 10 × 3/9 = 3.33, 10 × 1/9 = 1.11.
    let claims = [claim(ap1(), Some(1), 0), claim(us1(), Some(5), 0), claim(eu1(), Some(3), 0)];
    assert_eq!(shares(10, &claims), (ShareBasis::Stored, vec![1, 6, 3]));
}

proptest! {
    #[test]
    fn shares_sum_to_the_total(
        total: u64,
        stored in prop::collection::vec(prop::option::weighted(0.9, any::<u64>()), 1..9),
        downloaded in prop::collection::vec(any::<u64>(), 9),
    ) {
        let claims: Vec<Claim> = (0..).zip(&stored).zip(&downloaded)
            .map(|((n, stored), downloaded)| claim(SatelliteId::new([n; 32]), *stored, *downloaded))
            .collect();
        let (_, shares) = shares(total, &claims);
        prop_assert_eq!(shares.len(), claims.len());
        prop_assert_eq!(shares.iter().map(|share| u128::from(*share)).sum::<u128>(), total.into());
    }
}
