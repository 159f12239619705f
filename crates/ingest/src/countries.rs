//! Addresses to countries, by a database that the operator brings.

use std::{collections::HashMap, net::IpAddr, path::Path, sync::Arc};

use maxminddb::geoip2;
use piecewatch_model::Country;

use crate::{Error, Result};

/// Looks up the country of an address in a MaxMind database (`.mmdb`): GeoLite2 or DB-IP, country
/// or city. None comes with Piecewatch. Clones share the database, not the memory of past answers.
#[derive(Debug, Clone)]
pub struct Countries {
    reader: Arc<maxminddb::Reader<Vec<u8>>>,
    seen: HashMap<IpAddr, Country>,
}

impl Countries {
    /// The most answers remembered; at the limit all are forgotten.
    const SEEN_MAX: usize = 8192;

    /// Opens a database.
    ///
    /// # Errors
    ///
    /// [`Error::Countries`] when the file cannot be read or is no such database.
    pub fn open(path: &Path) -> Result<Self> {
        let error = |source| Error::Countries { path: path.to_owned(), source };
        let reader = maxminddb::Reader::open_readfile(path).map_err(error)?;
        Ok(Self { reader: Arc::new(reader), seen: HashMap::new() })
    }

    /// The country of an address: [`Country::PRIVATE`] for addresses that are no part of the public
    /// internet, [`Country::UNKNOWN`] for those that the database does not know.
    pub fn country(&mut self, address: IpAddr) -> Country {
        let address = address.to_canonical();
        if Country::is_private(address) {
            return Country::PRIVATE;
        }
        if let Some(country) = self.seen.get(&address) {
            return *country;
        }
        let country = self.look_up(address).unwrap_or(Country::UNKNOWN);
        if self.seen.len() == Self::SEEN_MAX {
            self.seen.clear();
        }
        self.seen.insert(address, country);
        country
    }

    fn look_up(&self, address: IpAddr) -> Option<Country> {
        let found = self.reader.lookup(address).ok()?;
        let country: geoip2::Country<'_> = found.decode().ok()??;
        Country::from_code(country.country.iso_code?)
    }
}
