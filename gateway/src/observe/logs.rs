//! Where log lines go: to standard error, as text for people or as one JSON object a line.

use std::io::IsTerminal;

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{LogConfig, LogFormat};

/// The level of log lines, which can change while the program runs.
pub struct Level(reload::Handle<EnvFilter, Registry>);

impl Level {
    /// Sets the level: `error`, `warn`, `info`, `debug` or `trace`.
    pub fn set(&self, level: &str) -> Result<(), String> {
        self.0.reload(filter(level)?).map_err(|error| format!("log.level: {error}"))
    }
}

fn filter(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(level)
        .map_err(|error| format!("log.level: {level:?} is no level ({error}); write error, warn, info, debug or trace"))
}

/// Writes log lines from now on. Call it once in a process. The error names the setting.
pub fn begin(config: &LogConfig) -> Result<Level, String> {
    let (filter, level) = reload::Layer::new(filter(&config.level)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_span_events(FmtSpan::NONE).with_target(false);
    let begun = match config.format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal());
            tracing_subscriber::registry().with(filter).with(lines).try_init()
        }
        LogFormat::Json => tracing_subscriber::registry().with(filter).with(lines.json().flatten_event(true)).try_init(),
    };
    begun.map_err(|error| error.to_string())?;
    Ok(Level(level))
}
