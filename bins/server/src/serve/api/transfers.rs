//! Single transfers, page by page.

use std::io::Write;

use piecewatch_model::{NodeName, Outcome};
use piecewatch_store::{
    Ending, Fate, Readers, TransferCursor, TransferFilter, TransferPage, Window,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Reply,
    ask::{Ask, Sheet, of, whole},
    latency::ending,
    parameter::cursor_text,
};
use crate::{
    Result,
    form::{Span, csv_rows},
    slow::Row,
};

/// Where they are listed.
pub(super) const PATH: &str = "/api/v1/transfers";
/// So many rows of CSV are read at once.
const PAGE_ROWS: usize = 1_000;

/// A page of transfers, newest first.
#[derive(JsonSchema, Serialize)]
pub(super) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    transfers: Vec<Row<'a>>,
    /// The cursor of the next page; null at the end.
    next: Option<String>,
}

/// What is listed.
struct Listing {
    readers: Readers,
    nodes: Vec<NodeName>,
    window: Option<Window>,
    filter: TransferFilter,
    /// Where it begins.
    from: Option<TransferCursor>,
    /// At most so many rows.
    limit: Option<usize>,
    first: TransferPage,
}

pub(super) fn transfers(ask: &Ask<'_>) -> Reply {
    let outcome = ask.query.word("outcome");
    let class = ask.query.word("class");
    let filter = TransferFilter {
        satellite: ask.satellite()?,
        action: ask.action(),
        fate: match outcome {
            Some("rejected") => Some(Fate::Rejected),
            _ => class.and_then(failed_by).map(Fate::Ended),
        },
        // What was turned away never failed: of both together there is nothing.
        ending: ending(outcome).or(class.map(|_| Ending::Failed)),
        piece: ask.query.piece("piece"),
        country: ask.query.country("country"),
    };
    let is_csv = ask.query.word("format") == Some("csv");
    let limit = usize::from(ask.query.count("limit"));
    let limit = (!is_csv || ask.query.was_said("limit")).then_some(limit);
    let mut listing = Listing {
        readers: ask.parts.readers.clone(),
        nodes: ask.names(),
        window: ask.window(),
        filter,
        from: ask.query.cursor("cursor"),
        limit,
        first: TransferPage { rows: Vec::new(), next: None },
    };
    let rows = limit.unwrap_or(PAGE_ROWS).min(PAGE_ROWS);
    listing.first = listing.page(listing.from, rows)?;
    if is_csv {
        return Ok(Sheet::of::<Row<'_>>(Listing::write).streamed(listing));
    }
    whole(&Root {
        span: Span::over(listing.window),
        transfers: listing.first.rows.iter().map(Row::of).collect(),
        next: listing.first.next.map(cursor_text),
    })
}

/// The outcome of those that failed for a reason of this name.
fn failed_by(class: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|of| matches!(of, Outcome::Failed(why) if why.name() == class))
}

impl Listing {
    fn page(
        &self,
        from: Option<TransferCursor>,
        rows: usize,
    ) -> piecewatch_store::Result<TransferPage> {
        let Some(window) = self.window else {
            return Ok(TransferPage { rows: Vec::new(), next: None });
        };
        self.readers.get()?.transfers(of(&self.nodes), window, &self.filter, from, rows)
    }

    /// Page after page, each of which is read when the one before is written; between them the
    /// connection is anybody's.
    fn write(&self, out: &mut dyn Write) -> Result<()> {
        let mut left = self.limit;
        csv_rows(out, self.first.rows.iter().map(Row::of))?;
        let mut next = self.first.next;
        let mut last = self.first.rows.len();
        while let Some(from) = next {
            left = left.map(|left| left.saturating_sub(last));
            let rows = left.unwrap_or(PAGE_ROWS).min(PAGE_ROWS);
            if rows == 0 {
                break;
            }
            let page = self.page(Some(from), rows)?;
            csv_rows(out, page.rows.iter().map(Row::of))?;
            (next, last) = (page.next, page.rows.len());
        }
        Ok(())
    }
}
