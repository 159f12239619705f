//! What is said when something cannot be answered: RFC 9457.

use bytes::Bytes;
use serde_json::json;
use warp::{
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
    reply::Response as Reply,
};

use super::answers::sent;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// What is wrong and what to do.
    pub(crate) detail: String,
}

impl Problem {
    /// The document.
    pub(crate) fn body(&self) -> Bytes {
        let title = self.status.canonical_reason().unwrap_or("A problem");
        let document =
            json!({"status": self.status.as_u16(), "title": title, "detail": self.detail});
        document.to_string().into()
    }

    /// The answer.
    pub(crate) fn reply(&self) -> Reply {
        let mut response = Response::new(self.body());
        *response.status_mut() = self.status;
        let value = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, value);
        sent(response)
    }
}
