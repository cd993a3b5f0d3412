//! What a child is told before it opens the library: the arguments of `create`.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf};

use stratd_plugin_api::TradingType;

use crate::{
    host::{Identity, LoadedPlugin},
    plugin_kind::PluginKind,
};

use super::{
    codec::{Decoder, Encoder},
    options::ProcessOptions,
    ring::Broken,
};

/// The arguments of `create` in a child.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setup {
    /// The private copy of the library.
    pub(super) copy: PathBuf,
    pub(super) identity: Identity,
    pub(super) kind: PluginKind,
    pub(super) instance: String,
    /// JSON.
    pub(super) config: String,
    pub(super) trading_type: TradingType,
    /// Whether `now` tells the clock outside of calls.
    pub(super) has_clock: bool,
    pub(super) spin: u32,
    /// Bytes of address space.
    pub(super) memory_max: Option<u64>,
    pub(super) files_max: u64,
    pub(super) seccomp: bool,
}

impl Setup {
    /// `config` is JSON; `trading_type` comes with whether the run has a clock.
    pub(super) fn new(
        plugin: &LoadedPlugin,
        kind: PluginKind,
        instance: &str,
        config: String,
        (trading_type, has_clock): (TradingType, bool),
        options: &ProcessOptions,
    ) -> Self {
        Self {
            copy: plugin.copy().to_owned(),
            identity: plugin.identity().clone(),
            kind,
            instance: instance.to_owned(),
            config,
            trading_type,
            has_clock,
            spin: options.channel.spin,
            memory_max: options.memory_max,
            files_max: options.files_max,
            seccomp: options.seccomp,
        }
    }

    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        out.bytes(self.copy.as_os_str().as_bytes());
        // an identity is made of texts and a path; one that is not UTF-8 only lacks in messages
        out.text(&serde_json::to_string(&self.identity).unwrap_or_default());
        out.flag(self.kind == PluginKind::Exchange);
        out.text(&self.instance);
        out.text(&self.config);
        out.number(self.trading_type.bit().into());
        out.flag(self.has_clock);
        out.number(self.spin.into());
        out.flag(self.memory_max.is_some());
        out.number(self.memory_max.unwrap_or_default());
        out.number(self.files_max);
        out.flag(self.seccomp);
    }

    pub(super) fn read(message: &mut Decoder<'_>) -> Result<Self, Broken> {
        Ok(Self {
            copy: OsStr::from_bytes(message.bytes()?).into(),
            identity: serde_json::from_str(&message.text()?).unwrap_or_default(),
            kind: if message.flag()? { PluginKind::Exchange } else { PluginKind::Strategy },
            instance: message.text()?,
            config: message.text()?,
            trading_type: {
                let bit: u32 = message.small()?;
                TradingType::from_bit(bit)
                    .ok_or_else(|| Broken::Garbled(format!("the trading type {bit:#x}")))?
            },
            has_clock: message.flag()?,
            spin: message.small()?,
            memory_max: {
                let (is_limited, limit) = (message.flag()?, message.number()?);
                is_limited.then_some(limit)
            },
            files_max: message.number()?,
            seccomp: message.flag()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_arrives_as_it_was_sent() {
        for memory_max in [None, Some(7)] {
            let setup = Setup {
                copy: OsStr::from_bytes(b"/stage/\xff.so").into(),
                identity: Identity { file: "libx.so".into(), ..Identity::default() },
                kind: PluginKind::Exchange,
                instance: "mine".to_owned(),
                config: "{}".to_owned(),
                trading_type: TradingType::Sandbox,
                has_clock: true,
                spin: 3,
                memory_max,
                files_max: 9,
                seccomp: false,
            };
            let mut buffer = Vec::new();
            setup.write(&mut Encoder::new(&mut buffer));
            assert_eq!(Setup::read(&mut Decoder::new(&buffer)), Ok(setup));
        }
    }
}
