//! SIGHUP: `[logging]` is read again from the configuration file.

use super::{LogSource, pipeline};
use crate::config::read_logging;

/// What SIGHUP does: the new table is checked whole, opened, and put in the place of the old one; or nothing changes, and
/// the log says which file, line and key is why.
pub(crate) fn reload_on_hangup(source: LogSource) -> impl Fn() + Send + 'static {
    move || {
        let Some(pipeline) = pipeline() else { return };
        let Some(file) = &source.file else {
            pipeline.reopen();
            tracing::info!(
                logger = "stratd.logging",
                "SIGHUP: opened the files anew; there is no configuration file to read"
            );
            return;
        };
        match read_logging(file, &source.flags) {
            Ok(logging) => match pipeline.apply(logging.as_ref()) {
                Ok(()) => {
                    tracing::info!(
                        logger = "stratd.logging",
                        "SIGHUP: applied [logging] of {}",
                        file.display()
                    );
                }
                Err(error) => {
                    let text = format!("{error:#}").replace('\n', ";");
                    tracing::error!(
                        logger = "stratd.logging",
                        "SIGHUP: the log stays as it is: {}: {text}",
                        file.display()
                    );
                }
            },
            Err(problems) => {
                for problem in &problems {
                    tracing::error!(logger = "stratd.logging", "SIGHUP: the log stays as it is: {problem}");
                }
            }
        }
    }
}
