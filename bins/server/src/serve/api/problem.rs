//! Why a question is not answered, for machines: a problem document (RFC 9457).

use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// Why there is no answer, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
}

impl Problem {
    /// The type of the body, for the header.
    pub(crate) const CONTENT_TYPE: &'static str = "application/problem+json";

    /// One of any status: what is wrong, and what to do.
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        let title = match status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            409 => "Conflict",
            413 => "Content Too Large",
            414 => "URI Too Long",
            421 => "Misdirected Request",
            426 => "Upgrade Required",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        Self { kind: "about:blank", title, status, detail: detail.into() }
    }

    /// The question is wrong.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(400, detail)
    }

    /// What is asked for is not there.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(404, detail)
    }

    /// The status of the answer.
    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// The document.
    pub(crate) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("it holds text and a number").into()
    }

    /// What was asked can be asked again; what failed for good is in the log, since it is nothing that
    /// whoever asked could do something about.
    fn of_store(error: &piecewatch_store::Error) -> Self {
        if let piecewatch_store::Error::NoReader { .. } = error {
            return Self::new(503, "the database is busy; ask again in a moment");
        }
        Self::of_fault(error)
    }

    fn of_fault(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        tracing::error!(error = %causes, "a question could not be answered");
        Self::new(500, "the question could not be answered; the log of the server says why")
    }
}

impl From<piecewatch_store::Error> for Problem {
    fn from(error: piecewatch_store::Error) -> Self {
        Self::of_store(&error)
    }
}

impl From<Arc<piecewatch_store::Error>> for Problem {
    fn from(error: Arc<piecewatch_store::Error>) -> Self {
        Self::of_store(&error)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if let Error::Store(error) = &error {
            return Self::of_store(error);
        }
        if let Error::Earnings(error) = &error {
            let piecewatch_finance::Error::Store(error) = &**error;
            return Self::of_store(error);
        }
        Self::of_fault(&error)
    }
}
