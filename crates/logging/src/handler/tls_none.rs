//! What stands for TLS in a program that was built without it: nothing can be made of it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::TlsOptions;
use crate::error::{Error, ErrorKind, Result};

/// There is none.
#[derive(Clone, Debug)]
pub(in crate::handler) enum TlsClient {}

/// There is none.
#[derive(Debug)]
pub(in crate::handler) enum TlsStream {}

impl TlsOptions {
    pub(in crate::handler) fn client(&self) -> Result<TlsClient> {
        Err(Error::new(
            ErrorKind::Handler,
            "TLS: this program was built without it (accepted: a build of stratd-logging with the feature tls)",
        ))
    }
}

impl TlsClient {
    pub(in crate::handler) fn start(&self, _: TcpStream, _: &str) -> io::Result<TlsStream> {
        match *self {}
    }
}

impl TlsStream {
    pub(in crate::handler) fn confirm(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::handler) fn is_closed(&mut self) -> bool {
        match *self {}
    }
}

impl Read for TlsStream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

impl Write for TlsStream {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}
