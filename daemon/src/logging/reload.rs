//! SIGHUP and `stratctl log reload`: `[logging]` is read again from the configuration file.

use anyhow::{Result, bail};

use super::{pipeline, pipeline::Pipeline};
use crate::{config::read_logging, runtime::notify};

impl Pipeline {
    /// The table of the file is checked whole, opened, and put in the place of the one in force; what was done.
    ///
    /// # Errors
    /// With every problem, its file, line and key; nothing has changed then.
    pub(crate) fn reload(&self) -> Result<String> {
        let done = self.read_again();
        let refusal = done.as_ref().err().map(|error| format!("the log stays as it is: {error:#}"));
        notify::refused(refusal.as_deref());
        done
    }

    /// Checks the file of the daemon as [`Self::reload`] does, and changes nothing.
    ///
    /// # Errors
    /// With every problem.
    pub(crate) fn check_again(&self) -> Result<String> {
        let Some(file) = &self.source.file else {
            return Ok("would open the files anew; there is no configuration file to read".to_owned());
        };
        match read_logging(file, &self.source.flags) {
            Ok(Some(logging)) => self.check(&logging).map_err(|error| self.source.located(error))?,
            Ok(None) => {}
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                bail!("{}", problems.join("\n"));
            }
        }
        Ok(format!("would apply [logging] of {}; nothing was changed", file.display()))
    }

    fn read_again(&self) -> Result<String> {
        let Some(file) = &self.source.file else {
            self.reopen();
            return Ok("opened the files anew; there is no configuration file to read".to_owned());
        };
        match read_logging(file, &self.source.flags) {
            Ok(logging) => self.apply(logging.as_ref()).map_err(|error| self.source.located(error))?,
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                bail!("{}", problems.join("\n"));
            }
        }
        Ok(format!("applied [logging] of {}", file.display()))
    }
}

/// What SIGHUP does: everything is put in the place of the old one, or nothing changes and the log says why.
pub(crate) fn reload_on_hangup() {
    let Some(pipeline) = pipeline() else { return };
    notify::reloading();
    match pipeline.reload() {
        Ok(done) => tracing::info!(logger = "stratd.logging", "SIGHUP: {done}"),
        Err(error) => {
            for problem in format!("{error:#}").lines() {
                tracing::error!(logger = "stratd.logging", "SIGHUP: the log stays as it is: {problem}");
            }
        }
    }
    notify::reloaded();
}
