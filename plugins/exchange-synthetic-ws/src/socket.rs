//! The socket: connecting, reading and writing frames.

use std::sync::Arc;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::tls;

/// The venue's largest frame has 1 MiB; a larger one ends the connection.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection to the venue.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects to a venue; with a TLS configuration if what is said is encrypted.
    pub(crate) async fn connect(url: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, String> {
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(FRAME_BYTES_MAX);
        config.max_frame_size = Some(FRAME_BYTES_MAX);
        // an order must not wait for a packet to fill
        let is_at_once = true;
        let connector = tls.map_or(Connector::Plain, Connector::Rustls);
        let connecting = connect_async_tls_with_config(url, Some(config), is_at_once, Some(connector));
        let (connected, _) = connecting.await.map_err(|error| words(&error))?;
        Ok(Self(connected))
    }

    /// The next text.
    ///
    /// # Errors
    /// The connection has ended, and why.
    pub(crate) async fn read(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            let message = self.0.next().await;
            if let Some(text) = text_of(message)? {
                return Ok(text);
            }
        }
    }

    /// The next text, if it is here already.
    ///
    /// # Errors
    /// As [`Socket::read`].
    pub(crate) fn read_ready(&mut self) -> Result<Option<Utf8Bytes>, String> {
        while let Some(message) = self.0.next().now_or_never() {
            if let Some(text) = text_of(message)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Writes all frames, in order.
    ///
    /// # Errors
    /// The connection has ended, and why; some of the frames may have been sent.
    pub(crate) async fn write(&mut self, frames: Vec<String>) -> Result<(), String> {
        for frame in frames {
            self.0.feed(Message::text(frame)).await.map_err(|error| words(&error))?;
        }
        self.0.flush().await.map_err(|error| words(&error))
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self) {
        // the other side sees the end of the connection in any case
        let _ = self.0.close(None).await;
    }
}

/// The text of a message; `None` for what the library answers itself.
fn text_of(message: Option<tungstenite::Result<Message>>) -> Result<Option<Utf8Bytes>, String> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err("the venue sent a binary frame (accepted: text)".to_owned()),
        Some(Ok(Message::Close(frame))) => Err(match frame {
            Some(frame) => {
                format!("the venue closed it: {} {}", frame.code, frame.reason).trim_end().to_owned()
            }
            None => "the venue closed it".to_owned(),
        }),
        Some(Err(error)) => Err(words(&error)),
        None => Err("the venue ended it".to_owned()),
    }
}

/// An error with its causes, as house style has it.
fn words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(error) => {
            tls::words(error).unwrap_or_else(|| error.to_string().to_lowercase())
        }
        other => other.to_string().to_lowercase(),
    }
}
