//! One client: requests in, answers out, until either has had enough.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use piecewatch_model::Timestamp;

use crate::Answer;

/// The longest head of a request, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// How long a client may say nothing, or not listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Get {
        path: String,
        keep: Keep,
    },
    /// Another method.
    Other,
    /// No HTTP.
    Garbage,
}

/// Whether the connection stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Open,
    Close,
}

/// Serves a client until it closes, is silent for too long, or says what is no request. `answer`
/// gives when it answers, too.
pub(super) fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> (Answer, Timestamp)) {
    // The client sees the end of the connection; there is nobody else to tell.
    let _ = try_serve(&mut stream, answer);
    let _ = stream.shutdown(Shutdown::Both);
}

/// Says that there are too many clients.
pub(super) fn turn_away(mut stream: TcpStream) {
    let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
    let _ = stream.write_all(&plain(503));
}

fn try_serve(
    stream: &mut TcpStream,
    answer: impl Fn(&str) -> (Answer, Timestamp),
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    while let Some(head) = next_head(stream, &mut received)? {
        match request(&head) {
            Request::Get { path, keep } => {
                let (answer, at) = answer(&path);
                stream.write_all(&response(&answer, Some(at), keep))?;
                if keep == Keep::Close {
                    return Ok(());
                }
            }
            Request::Other => return stream.write_all(&plain(405)),
            Request::Garbage => return stream.write_all(&plain(400)),
        }
    }
    Ok(())
}

/// The next head of a request without the empty line that ends it; `None` when the client has
/// closed, and all that there is when it is too long. What follows is kept in `received`.
fn next_head(stream: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    const END: &[u8] = b"\r\n\r\n";
    let mut buffer = [0; 2_048];
    loop {
        if let Some(at) = received.windows(END.len()).position(|window| window == END) {
            let rest = received.split_off(at + END.len());
            let mut head = std::mem::replace(received, rest);
            head.truncate(at);
            return Ok(Some(head));
        }
        if received.len() > HEAD_MAX {
            return Ok(Some(std::mem::take(received)));
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(length) => received.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn request(head: &[u8]) -> Request {
    let Ok(head) = std::str::from_utf8(head) else { return Request::Garbage };
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
    let [method, path, version @ ("HTTP/1.1" | "HTTP/1.0")] = words[..] else {
        return Request::Garbage;
    };
    if !path.starts_with('/') || head.len() > HEAD_MAX {
        return Request::Garbage;
    }
    if method != "GET" {
        return Request::Other;
    }
    let closes = |line: &str| {
        let header = line.split_once(':');
        header.is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close")
        })
    };
    let keep = if version == "HTTP/1.0" || lines.any(closes) { Keep::Close } else { Keep::Open };
    Request::Get { path: path.to_owned(), keep }
}

fn response(answer: &Answer, at: Option<Timestamp>, keep: Keep) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n",
        answer.status,
        reason(answer.status),
        answer.content_type,
        answer.body.len()
    );
    if let Some(at) = at {
        head.push_str(&format!("date: {}\r\n", date(at)));
    }
    if let Some(location) = &answer.location {
        head.push_str(&format!("location: {location}\r\n"));
    }
    if keep == Keep::Close {
        head.push_str("connection: close\r\n");
    }
    head.push_str("\r\n");
    let mut response = head.into_bytes();
    response.extend_from_slice(&answer.body);
    response
}

/// A response that says nothing but its status, and ends the connection.
fn plain(status: u16) -> Vec<u8> {
    let body = format!("{status} {}\n", reason(status)).into_bytes();
    let answer = Answer { status, content_type: "text/plain", location: None, body };
    response(&answer, None, Keep::Close)
}

/// As servers write it: `Thu, 09 Feb 2023 11:02:03 GMT`.
fn date(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 1 January 1970 was a Thursday.
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let (year, month, day) = at.date();
    let seconds = at.as_seconds().rem_euclid(86_400);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let weekday = DAYS[at.as_seconds().div_euclid(86_400).rem_euclid(7) as usize];
    let month = MONTHS[usize::from(month) - 1];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_written_as_servers_do() {
        let at = Timestamp::from_civil((2023, 2, 9), 11, 2, 3);
        assert_eq!(date(at), "Thu, 09 Feb 2023 11:02:03 GMT");
        assert_eq!(date(Timestamp::from_seconds(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
    }

    #[test]
    fn a_head_is_a_request_or_garbage() {
        let get = |path: &str, keep| Request::Get { path: path.to_owned(), keep };
        for (head, expected) in [
            ("GET /a?b=c HTTP/1.1\r\nHost: x", get("/a?b=c", Keep::Open)),
            ("GET / HTTP/1.1\r\nCONNECTION:  Close", get("/", Keep::Close)),
            ("GET / HTTP/1.0", get("/", Keep::Close)),
            ("POST / HTTP/1.1", Request::Other),
            ("GET / HTTP/2", Request::Garbage),
            ("GET http://elsewhere/ HTTP/1.1", Request::Garbage),
            ("GET  / HTTP/1.1", Request::Garbage),
            ("", Request::Garbage),
        ] {
            assert_eq!(request(head.as_bytes()), expected, "{head}");
        }
        assert_eq!(request(b"\xff\xfe"), Request::Garbage);
    }
}
