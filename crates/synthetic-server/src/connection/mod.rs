//! One connection: requests in, and out of it, in this order, answers, reports, snapshots and public events.

mod handle;
mod market;
mod outbox;
mod session;

use std::{cell::RefCell, rc::Rc};

use anyhow::{Result, anyhow};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, accept_async_with_config,
    tungstenite::{
        self, Message,
        error::CapacityError,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    limits::{ANSWERS_MAX, BATCH_MAX, CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT, REQUEST_BYTES_MAX, SEND_TIMEOUT},
    server::Shared,
};

pub(crate) use handle::PROTOCOL;
use outbox::Outbox;
use session::{Lagging, Session};

/// The close code of a client that reads too slowly.
const SLOW: u16 = 4008;

/// Why a connection ends.
enum End {
    /// The client left, or the socket broke: nobody is there to be told.
    Gone,
    /// An injected fault cuts the socket.
    Cut,
    /// With a close frame.
    Close(CloseCode, String),
}

impl From<Lagging> for End {
    fn from(lagging: Lagging) -> Self {
        End::Close(CloseCode::Library(SLOW), format!("slow client: {lagging}"))
    }
}

/// Serves one client to its end.
pub(crate) async fn serve(stream: TcpStream, shared: Rc<Shared>, id: u64) {
    // answers are small and wanted at once; without it they are only later
    let _ = stream.set_nodelay(true);
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(REQUEST_BYTES_MAX);
    config.max_frame_size = Some(REQUEST_BYTES_MAX);
    let handshake = timeout(HANDSHAKE_TIMEOUT, accept_async_with_config(stream, Some(config))).await;
    shared.shook_hands();
    let mut socket = match handshake {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return shared.note(&format!("connection {id}: no handshake: {error}")),
        Err(_) => return shared.note(&format!("connection {id}: no handshake in {HANDSHAKE_TIMEOUT:?}")),
    };
    if shared.is_full() {
        let end = End::Close(CloseCode::Again, format!("there are {} connections already", shared.count()));
        return farewell(socket, end).await;
    }
    shared.enter(id);
    let session = RefCell::new(Session::new(id, &shared.floor.borrow()));
    let end = run(&mut socket, &shared, &session).await;
    // nobody waits for it any more
    shared.moved(id, None);
    session.into_inner().leave(&mut shared.floor.borrow_mut());
    shared.wake();
    if let End::Close(code, reason) = &end {
        shared.note(&format!("connection {id}: closed with {}: {reason}", u16::from(*code)));
    }
    farewell(socket, end).await;
    shared.leave(id);
}

/// Until something ends it.
async fn run(socket: &mut WebSocketStream<TcpStream>, shared: &Shared, session: &RefCell<Session>) -> End {
    let mut changed = shared.changed();
    let mut heartbeat = interval(shared.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // the first tick is at once: HELLO is said instead
    heartbeat.tick().await;
    let mut outbox = Outbox::default();
    session.borrow_mut().say(shared.hello());
    loop {
        let is_more = match send(socket, shared, session, &mut outbox).await {
            Ok(is_more) => is_more,
            Err(end) => return end,
        };
        let stalled = outbox.stalled_until();
        let can_ask = session.borrow().answers() < ANSWERS_MAX;
        tokio::select! {
            message = socket.next(), if can_ask => {
                if let Err(end) = receive(message, shared, session) {
                    return end;
                }
            }
            () = std::future::ready(()), if is_more && stalled.is_none() => {}
            () = sleep_until(stalled.unwrap_or_else(Instant::now)), if stalled.is_some() => {}
            // its sender is in `shared`, so it does not end before
            _ = changed.changed(), if !is_more => {}
            _ = heartbeat.tick() => session.borrow_mut().beat(&shared.floor.borrow()),
        }
    }
}

/// Whether the venue ends. Of what could not be written down nobody is told, not even that.
fn check_end(shared: &Shared) -> Result<(), End> {
    if let Some(error) = shared.floor.borrow().failure() {
        shared.fail(anyhow!("{error:#}"));
        return Err(End::Cut);
    }
    if shared.is_ending() {
        return Err(End::Close(CloseCode::Away, "the venue ends".to_owned()));
    }
    Ok(())
}

/// Sends what there is, up to a batch; whether there is more.
async fn send(
    socket: &mut WebSocketStream<TcpStream>,
    shared: &Shared,
    session: &RefCell<Session>,
    outbox: &mut Outbox,
) -> Result<bool, End> {
    check_end(shared)?;
    let mut sent = 0;
    let mut is_more = true;
    while sent < BATCH_MAX && is_more {
        check_end(shared)?;
        if outbox.stalled_until().is_some_and(|until| until > Instant::now()) {
            break;
        }
        outbox.go_on();
        let next = session.borrow_mut().next(&shared.floor.borrow())?;
        match next {
            Some(message) => {
                outbox.put(message, &mut shared.floor.borrow_mut(), session.borrow().client())?
            }
            None => is_more = false,
        }
        while let Some(text) = outbox.take() {
            sent += 1;
            patient(socket.feed(Message::text(text))).await?;
        }
    }
    if sent > 0 {
        let place = session.borrow().market.place();
        shared.moved(session.borrow().id, place);
        patient(socket.flush()).await?;
    }
    Ok(is_more)
}

/// Waits for the socket, but not for ever.
async fn patient(sending: impl Future<Output = Result<(), tungstenite::Error>>) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => {
            let reason = format!("slow client: it read nothing for {} s", SEND_TIMEOUT.as_secs());
            Err(End::Close(CloseCode::Library(SLOW), reason))
        }
    }
}

fn receive(
    message: Option<Result<Message, tungstenite::Error>>,
    shared: &Shared,
    session: &RefCell<Session>,
) -> Result<(), End> {
    match message {
        Some(Ok(Message::Text(text))) => {
            handle::handle(&text, shared, &mut session.borrow_mut());
            Ok(())
        }
        Some(Ok(Message::Binary(_))) => {
            Err(End::Close(CloseCode::Unsupported, "a binary message (accepted: text)".to_owned()))
        }
        // the library answers pings and closes by itself
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
        Some(Err(tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, max_size }))) => {
            let reason = format!("a message of {size} bytes (accepted: at most {max_size})");
            Err(End::Close(CloseCode::Size, reason))
        }
        Some(Err(tungstenite::Error::Utf8(_))) => {
            Err(End::Close(CloseCode::Invalid, "a text that is no UTF-8".to_owned()))
        }
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
    }
}

/// Ends the connection, with a close frame where one is due.
async fn farewell(mut socket: WebSocketStream<TcpStream>, end: End) {
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        // whether it arrives is the client's affair: nobody waits for long
        let _ = timeout(CLOSE_TIMEOUT, async {
            socket.close(Some(frame)).await?;
            while let Some(Ok(_)) = socket.next().await {}
            Ok::<(), tungstenite::Error>(())
        })
        .await;
    }
}
