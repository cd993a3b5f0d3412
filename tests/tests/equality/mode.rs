//! Where an instance runs.

use stratd::host::isolation::{ChannelOptions, Isolation, ProcessOptions};
use stratd_tests::stratd;

/// Where an instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Thread,
    Process,
}

/// All of them; the first is the plain one.
pub(crate) const MODES: [Mode; 3] = [Mode::None, Mode::Thread, Mode::Process];

impl Mode {
    pub(crate) fn isolation(self) -> Isolation {
        match self {
            Self::None => Isolation::None,
            Self::Thread => Isolation::Thread(ChannelOptions::default()),
            Self::Process => Isolation::Process(ProcessOptions {
                program: Some(stratd().to_owned()),
                ..ProcessOptions::default()
            }),
        }
    }
}
