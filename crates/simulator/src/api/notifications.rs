//! `/api/notifications/list`: what the node would like its operator to read.

use piecewatch_model::Timestamp;

use super::{NodeApi, Refusal, parameter};
use crate::{account::SatelliteAccount, json::Json};

/// As the node numbers them.
const DISQUALIFICATION: i64 = 2;
const SUSPENSION: i64 = 3;

impl NodeApi {
    pub(super) fn notifications(&self, query: &str, now: Timestamp) -> Result<Json, Refusal> {
        let of = "consoleapi notifications";
        let number = |name: &str| {
            let text = parameter(query, name).unwrap_or("");
            text.parse::<u32>().map_err(|_| Refusal {
                status: 400,
                text: format!("{of}: strconv.ParseUint: parsing \"{text}\": invalid syntax"),
            })
        };
        let (limit, page) = (number("limit")?, number("page")?);
        if page == 0 {
            let text = format!("{of}: notifications: page can not be 0");
            return Err(Refusal { status: 500, text });
        }
        let all: Vec<Json> =
            self.account.trusted(now).flat_map(|satellite| of_satellite(satellite, now)).collect();
        let limit = limit.clamp(1, 50);
        let offset = u64::from(limit) * u64::from(page - 1);
        let count = all.len() as u64;
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        let shown = all.into_iter().skip(skipped).take(limit as usize).collect();
        let page = Json::Object(vec![
            ("notifications", Json::list_or_null(shown)),
            ("offset", offset.into()),
            ("limit", u64::from(limit).into()),
            ("currentPage", u64::from(page).into()),
            ("pageCount", count.div_ceil(u64::from(limit)).into()),
        ]);
        Ok(Json::Object(vec![
            ("page", page),
            ("unreadCount", count.into()),
            ("totalCount", count.into()),
        ]))
    }
}

fn of_satellite(satellite: &SatelliteAccount, now: Timestamp) -> Vec<Json> {
    let told = [
        (satellite.disqualified_at, DISQUALIFICATION, "disqualified"),
        (satellite.suspended_at, SUSPENSION, "suspended"),
    ];
    let of_kind = |(at, kind, what): (Option<Timestamp>, i64, &str)| {
        let at = at.filter(|at| *at <= now)?;
        let id = satellite.salt;
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            id >> 32,
            (id >> 16) & 0xffff,
            id & 0xfff,
            kind,
            at.as_micros() & 0xffff_ffff_ffff
        );
        Some(Json::Object(vec![
            ("id", uuid.into()),
            ("senderId", satellite.id.to_string().into()),
            ("type", kind.into()),
            ("title", format!("Your Node was {what}").into()),
            ("message", format!("A satellite has {what} this node: {}", satellite.address).into()),
            ("readAt", Json::Null),
            ("createdAt", at.into()),
        ]))
    };
    told.into_iter().filter_map(of_kind).collect()
}
