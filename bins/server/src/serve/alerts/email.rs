//! Alerts by email.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use piecewatch_collector::config::{MailTls, Secret};

use super::{
    channel::Failed,
    http::causes,
    message::{Message, cut},
};

/// How long a step of the conversation may take.
const STEP_MAX: Duration = Duration::from_secs(20);
/// How long the whole may.
const TIME_MAX: Duration = Duration::from_secs(60);
const SUBJECT_MAX: usize = 150;

/// A mail server, and who writes to whom.
#[derive(Clone)]
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// How a mail server is reached.
pub(crate) struct MailServer<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    pub(crate) tls: MailTls,
    /// Name and password.
    pub(crate) login: Option<(&'a str, &'a Secret)>,
}

impl Email {
    /// Reaches nobody yet.
    ///
    /// # Errors
    ///
    /// When an address is none, or the system names no certificates.
    pub(crate) fn new(server: &MailServer<'_>, from: &str, to: &[String]) -> Result<Self, String> {
        let mailbox = |text: &str| {
            text.parse::<Mailbox>().map_err(|error| format!("{text:?} is no address: {error}"))
        };
        let parameters = || {
            TlsParameters::new(server.host.to_owned())
                .map_err(|error| format!("cannot prepare TLS: {error}"))
        };
        let (tls, usual_port) = match server.tls {
            MailTls::StartTls => (Tls::Required(parameters()?), 587),
            MailTls::Implicit => (Tls::Wrapper(parameters()?), 465),
            MailTls::None => (Tls::None, 25),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port.unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(STEP_MAX));
        if let Some((name, password)) = server.login {
            let password = password.exposed().to_owned();
            transport = transport.credentials(Credentials::new(name.to_owned(), password));
        }
        Ok(Self {
            transport: transport.build(),
            from: mailbox(from)?,
            to: to.iter().map(|text| mailbox(text)).collect::<Result<_, _>>()?,
        })
    }

    /// The same each time that a message is tried: whoever took it the first time may leave it out. Another
    /// channel may tell the same people of others of the alerts of one look.
    fn id_of(&self, message: &Message) -> String {
        let at = message.at.as_micros();
        let mut hasher = DefaultHasher::new();
        for notice in &message.notices {
            (notice.alert.id, notice.notice.name()).hash(&mut hasher);
        }
        format!("<piecewatch.{at}.{:016x}@{}>", hasher.finish(), self.from.email.domain())
    }

    /// Sends a message to all of them.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failed> {
        let mut mail = Mail::builder()
            .from(self.from.clone())
            .message_id(Some(self.id_of(message)))
            .subject(cut(&format!("[piecewatch] {}", message.title()), SUBJECT_MAX))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let text = format!("{}\n", message.plain());
        let mail = mail
            .body(text)
            .map_err(|error| Failed::for_good(format!("cannot write the email: {error}")))?;
        match tokio::time::timeout(TIME_MAX, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let words = format!("the mail server: {}", causes(&error));
                Err(Failed { words, is_final: error.is_permanent(), wait: None })
            }
            Err(_) => {
                let seconds = TIME_MAX.as_secs();
                Err(Failed::for_now(format!("the mail server took longer than {seconds} s")))
            }
        }
    }
}
