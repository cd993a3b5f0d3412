//! `[logging.handlers.NAME]`

use toml::Table;

use super::{
    command, file,
    kinds::Kinds,
    network,
    section::{Section, join},
};
use crate::{
    control::MemoryOptions,
    error::{Error, ErrorKind, Result},
    handler::{
        CommandHandler, CommandOptions, FileHandler, FileOptions, Handler, HttpHandler, HttpOptions,
        JournaldHandler, JournaldOptions, NullHandler, RotateBySize, RotateByTime, RotatingFileHandler,
        SmtpHandler, SmtpOptions, SocketHandler, SocketOptions, StreamHandler, StreamTarget, SyslogHandler,
        SyslogOptions, TimedFileHandler,
    },
    level::Level,
};

/// A handler as configured.
#[derive(Clone, Debug)]
pub(crate) struct HandlerSpec {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) level: Level,
    pub(crate) formatter: Option<String>,
    pub(crate) filters: Vec<String>,
    /// what makes it another handler if it changes
    pub(crate) identity: Table,
    pub(crate) options: HandlerOptions,
}

/// The options of a handler, by kind.
#[derive(Clone)]
pub(crate) enum HandlerOptions {
    Null,
    Stream {
        target: StreamTarget,
        terminator: String,
    },
    File(FileOptions, Option<Rotate>),
    Syslog(Box<SyslogOptions>),
    Journald(JournaldOptions),
    Socket(SocketOptions),
    Datagram(SocketOptions),
    Http(Box<HttpOptions>),
    Smtp(Box<SmtpOptions>),
    Command(Box<CommandOptions>),
    Memory(MemoryOptions),
    /// of a kind that the program brought along
    Own(Table, Kinds),
}

impl std::fmt::Debug for HandlerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Stream { .. } => "Stream",
            Self::File(..) => "File",
            Self::Syslog(_) => "Syslog",
            Self::Journald(_) => "Journald",
            Self::Socket(_) => "Socket",
            Self::Datagram(_) => "Datagram",
            Self::Http(_) => "Http",
            Self::Smtp(_) => "Smtp",
            Self::Command(_) => "Command",
            Self::Memory(_) => "Memory",
            Self::Own(..) => "Own",
        })
    }
}

impl HandlerOptions {
    /// True for a stream that is a terminal whose user wants colours.
    pub(crate) fn wants_color(&self) -> bool {
        matches!(self, Self::Stream { target, .. } if target.wants_color())
    }
}

/// When the file of a handler is renamed.
#[derive(Clone, Debug)]
pub(crate) enum Rotate {
    Size(RotateBySize),
    Time(RotateByTime),
}

const KINDS: &str = "null, stream, file, memory, syslog, journald, socket, datagram, http, smtp, command";

/// Reads a handler.
pub(super) fn read(name: &str, section: &Section<'_>, kinds: &Kinds) -> Option<HandlerSpec> {
    let kind = section.required("kind", section.text("kind"));
    let level = section.level("level").unwrap_or_default();
    let formatter = section.text("formatter").map(str::to_owned);
    let filters = section.texts("filters").unwrap_or_default();
    if section.text("encoding").is_some_and(|encoding| !matches!(encoding, "utf-8" | "utf8" | "UTF-8")) {
        section.problem("encoding", "only utf-8 is written");
    }
    let options = options(kind?, section, kinds);
    let mut identity = section.rest().clone();
    for key in ["level", "formatter", "filters"] {
        identity.remove(key);
    }
    let kind = kind?.to_owned();
    Some(HandlerSpec { name: name.to_owned(), kind, level, formatter, filters, identity, options: options? })
}

fn options(kind: &str, section: &Section<'_>, kinds: &Kinds) -> Option<HandlerOptions> {
    let options = match kind {
        "null" => HandlerOptions::Null,
        "stream" => HandlerOptions::Stream {
            target: section.parsed("target", StreamTarget::parse).unwrap_or(StreamTarget::Stderr),
            terminator: section.text("terminator").unwrap_or("\n").to_owned(),
        },
        "file" => file::read(section)?,
        "syslog" => HandlerOptions::Syslog(Box::new(network::read_syslog(section)?)),
        "journald" => HandlerOptions::Journald(network::read_journald(section)),
        "socket" => HandlerOptions::Socket(network::read_socket(section)?),
        "datagram" => HandlerOptions::Datagram(network::read_socket(section)?),
        "http" => HandlerOptions::Http(Box::new(network::read_http(section)?)),
        "smtp" => HandlerOptions::Smtp(Box::new(network::read_smtp(section)?)),
        "command" => HandlerOptions::Command(Box::new(command::read(section)?)),
        "memory" => HandlerOptions::Memory(MemoryOptions {
            capacity: section.required("capacity", section.count("capacity")).map_or(0, as_size),
            flush_level: section.level("flush_level").unwrap_or(Level::ERROR),
            target: section.text("target").map(str::to_owned),
            flush_on_close: section.flag("flush_on_close").unwrap_or(true),
        }),
        _ if kinds.handler(kind).is_some() => HandlerOptions::Own(section.rest().clone(), kinds.clone()),
        _ => {
            section.problem(
                "kind",
                format!("no handler {kind:?} (accepted: {KINDS}{})", kinds.further_handlers()),
            );
            section.rest();
            return None;
        }
    };
    section.finish();
    Some(options)
}

/// Reads what an incremental configuration says about a handler: its level.
pub(super) fn read_level(name: &str, section: &Section<'_>) -> Option<HandlerSpec> {
    let level = section.required("level", section.level("level"))?;
    Some(HandlerSpec {
        name: name.to_owned(),
        kind: String::new(),
        level,
        formatter: None,
        filters: Vec::new(),
        identity: Table::new(),
        options: HandlerOptions::Null,
    })
}

pub(super) fn as_size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl HandlerSpec {
    /// The key of what cannot be opened: that of the file that the problem begins with, or the one that says where the
    /// handler writes, or that of the handler.
    pub(crate) fn path_of_place(&self, problem: &str) -> String {
        let path = join("handlers", &self.name);
        let first = problem.split(' ').next().filter(|word| word.ends_with("_file"));
        if let Some(key) = first.filter(|key| self.identity.contains_key(*key)) {
            return join(&path, key);
        }
        let key = match &self.options {
            HandlerOptions::File(..) => "path",
            HandlerOptions::Command(_) => "argv",
            HandlerOptions::Journald(_) => "socket",
            HandlerOptions::Syslog(_) | HandlerOptions::Socket(_) | HandlerOptions::Datagram(_) => "address",
            HandlerOptions::Http(_) => "url",
            HandlerOptions::Smtp(_) => "host",
            HandlerOptions::Stream { .. } => "target",
            HandlerOptions::Null | HandlerOptions::Memory(_) | HandlerOptions::Own(..) => return path,
        };
        if self.identity.contains_key(key) { join(&path, key) } else { path }
    }

    /// Makes the handler: opens its file, connects, as far as that is done at once. None for a memory handler.
    pub(crate) fn open(&self) -> Result<Option<Box<dyn Handler>>> {
        Ok(match &self.options {
            HandlerOptions::Null => Some(Box::new(NullHandler)),
            HandlerOptions::Stream { target, terminator } => {
                Some(Box::new(StreamHandler::new(*target, terminator)?))
            }
            HandlerOptions::File(options, None) => Some(Box::new(FileHandler::new(options.clone())?)),
            HandlerOptions::File(options, Some(Rotate::Size(rotate))) => {
                Some(Box::new(RotatingFileHandler::new(options.clone(), rotate.clone())?))
            }
            HandlerOptions::File(options, Some(Rotate::Time(rotate))) => {
                Some(Box::new(TimedFileHandler::new(options.clone(), rotate.clone())?))
            }
            HandlerOptions::Syslog(options) => Some(Box::new(SyslogHandler::new((**options).clone())?)),
            HandlerOptions::Journald(options) => Some(Box::new(JournaldHandler::new(options.clone())?)),
            HandlerOptions::Socket(options) => Some(Box::new(SocketHandler::new(options.clone())?)),
            HandlerOptions::Datagram(options) => {
                Some(Box::new(SocketHandler::new_datagram(options.clone())?))
            }
            HandlerOptions::Http(options) => Some(Box::new(HttpHandler::new((**options).clone())?)),
            HandlerOptions::Smtp(options) => Some(Box::new(SmtpHandler::new((**options).clone())?)),
            HandlerOptions::Command(options) => Some(Box::new(CommandHandler::new(options)?)),
            HandlerOptions::Memory(_) => None,
            HandlerOptions::Own(table, kinds) => {
                let make = kinds
                    .handler(&self.kind)
                    .ok_or_else(|| Error::new(ErrorKind::Config, format!("no handler {:?}", self.kind)))?;
                Some(make(table)?)
            }
        })
    }
}
