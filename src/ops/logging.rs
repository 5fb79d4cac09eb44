use std::fmt::{self, Write as _};
use std::io::IsTerminal;

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::LogSink;
use crate::base::{Clock, RequestId, SystemClock};
use crate::config::{Log, LogFormat};

/// No field of a line is longer, whatever a request carried. Bytes.
const FIELD_LIMIT: usize = 1024;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("the log writer cannot be started: {0}")]
    Writer(#[from] std::io::Error),
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Writes out what is still queued when it is dropped: held until the process ends.
pub struct Logging {
    sink: LogSink,
}

impl Logging {
    /// Lines that were never written because standard error was not read.
    pub fn sink(&self) -> &LogSink {
        &self.sink
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.sink.flush();
    }
}

/// Whether `filter` can be used: see [`init`].
pub fn check_filter(filter: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    EnvFilter::builder().parse(filter).map(drop)
}

/// Sends everything that is logged (by `tracing` or `log`) to standard error, and panics as one line too.
pub fn init(settings: &Log) -> Result<Logging, LogError> {
    let filter = EnvFilter::builder().parse(&settings.filter)?;
    let stderr = std::io::stderr();
    let by_terminal = if stderr.is_terminal() { LogFormat::Text } else { LogFormat::Json };
    let sink = LogSink::start(stderr)?;
    let layer = LogLayer { format: settings.format.unwrap_or(by_terminal), sink: sink.clone() };
    tracing_subscriber::registry().with(filter).with(layer).try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(error.type = "panic", location, text, "a handler or task panicked");
    }));
    Ok(Logging { sink })
}

tokio::task_local! {
    static REQUEST_ID: RequestId;
}

/// Runs `request` so that whatever is logged meanwhile carries its id. Cheaper than a span per request.
pub fn in_request<F: Future>(id: RequestId, request: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(id, request)
}

/// One line per event: the fields of the spans around it, outermost first, then its own.
struct LogLayer {
    format: LogFormat,
    sink: LogSink,
}

/// Fields of one span, kept with it.
struct SpanFields(Fields);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut line = Line::begin(self.format, *event.metadata().level(), event.metadata().target(), &own);
        for span in cx.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                for (name, value) in fields.named.iter().filter(|(name, _)| !own.has(name)) {
                    line.field(name, value);
                }
            }
        }
        for (name, value) in &own.named {
            line.field(name, value);
        }
        if !own.has("request_id")
            && let Ok(id) = REQUEST_ID.try_with(ToString::to_string)
        {
            line.field("request_id", &Value::Text(id));
        }
        self.sink.send(line.end());
    }
}

/// What an event or a span carries.
#[derive(Default)]
struct Fields {
    message: String,
    /// The real target of a record that came through the `log` crate.
    log_target: Option<String>,
    named: Vec<(&'static str, Value)>,
}

enum Value {
    Text(String),
    /// A number or a truth value, as written.
    Bare(String),
}

impl Fields {
    fn has(&self, name: &str) -> bool {
        self.named.iter().any(|(own, _)| *own == name)
    }

    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text)) => self.message = text,
            ("log.target", Value::Text(text)) => self.log_target = Some(text),
            ("log.module_path" | "log.file" | "log.line", _) => {}
            (name, value) => {
                self.named.retain(|(own, _)| *own != name);
                self.named.push((name, value));
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Bounded::default();
        let _ = text.write_str(value);
        self.put(field, Value::Text(text.0));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded::default();
        let _ = write!(text, "{value:?}");
        self.put(field, Value::Text(text.0));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Bare(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Bare(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let bare = value.is_finite();
        self.put(field, if bare { Value::Bare(value.to_string()) } else { Value::Text(value.to_string()) });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bare(value.to_string()));
    }
}

/// Text that stops growing at [`FIELD_LIMIT`], so that a long value is not even formatted to its end.
#[derive(Default)]
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = FIELD_LIMIT.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let cut = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.0.push_str(text.get(..cut).unwrap_or_default());
        self.0.push_str("...");
        Err(fmt::Error)
    }
}

/// One line as it is being written.
struct Line {
    format: LogFormat,
    text: String,
}

impl Line {
    fn begin(format: LogFormat, level: Level, target: &str, event: &Fields) -> Self {
        let now = DateTime::<Utc>::from_timestamp_millis(SystemClock.now().millis()).unwrap_or_default();
        let time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let target = event.log_target.as_deref().unwrap_or(target);
        let mut text = String::with_capacity(384);
        match format {
            LogFormat::Text => {
                let _ = write!(text, "{time} {level:<5} ");
                escape(&event.message, &mut text);
            }
            LogFormat::Json => {
                let _ = write!(text, r#"{{"timestamp":"{time}","level":"{level}","target":"{target}","message":""#);
                escape(&event.message, &mut text);
                text.push('"');
            }
        }
        Self { format, text }
    }

    fn field(&mut self, name: &str, value: &Value) {
        let text = &mut self.text;
        match (self.format, value) {
            (LogFormat::Text, Value::Bare(value)) => {
                let _ = write!(text, " {name}={value}");
            }
            (LogFormat::Text, Value::Text(value)) => {
                let _ = write!(text, " {name}=");
                let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "\"\\=".contains(c));
                if plain {
                    escape(value, text);
                } else {
                    text.push('"');
                    escape(value, text);
                    text.push('"');
                }
            }
            (LogFormat::Json, Value::Bare(value)) => {
                let _ = write!(text, r#","{name}":{value}"#);
            }
            (LogFormat::Json, Value::Text(value)) => {
                let _ = write!(text, r#","{name}":""#);
                escape(value, text);
                text.push('"');
            }
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text.into_bytes()
    }
}

/// Writes `value` as the inside of a JSON string. Whatever could move a terminal's cursor, begin a line or turn the
/// direction of writing is escaped too, in both formats.
fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_direction_or_line_mark(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

fn is_direction_or_line_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::log_sink::tests::Memory;

    fn lines(format: LogFormat, act: impl FnOnce()) -> Vec<String> {
        let memory = Memory::default();
        let sink = LogSink::start(memory.clone()).unwrap();
        let layer = LogLayer { format, sink: sink.clone() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        sink.flush();
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn s225_hostile_values_make_one_escaped_bounded_json_line() {
        let hostile = format!("a\r\nfake line \u{1b}[31m\u{202e}\u{9b}\u{2028}\"\\{}", "x".repeat(1 << 20));
        let lines = lines(LogFormat::Json, || {
            tracing::info!(user_agent = %hostile, user.name = hostile.as_str(), "login {}", hostile);
        });
        let [line] = lines.as_slice() else { panic!("{} lines", lines.len()) };
        assert!(line.len() < 8 * FIELD_LIMIT, "{}", line.len());
        assert!(line.chars().all(|c| !c.is_control() && !is_direction_or_line_mark(c)));
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(read["user_agent"].as_str().unwrap().starts_with("a\r\nfake line \u{1b}[31m"));
        assert!(read["user.name"].as_str().unwrap().ends_with("x..."));
        assert_eq!(read["level"], "INFO");
    }

    #[test]
    fn an_event_carries_the_fields_of_its_spans_once() {
        let lines = lines(LogFormat::Json, || {
            let span = tracing::info_span!("request", request_id = "r1", user.id = tracing::field::Empty);
            span.record("user.id", "u1");
            let _entered = span.enter();
            tracing::warn!(oauth.error = "invalid_grant", tries = 3, late = true, "refused");
            tracing::warn!(request_id = "own", "again");
        });
        let first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(first["message"], "refused");
        assert_eq!(first["request_id"], "r1");
        assert_eq!(first["user.id"], "u1");
        assert_eq!(first["oauth.error"], "invalid_grant");
        assert_eq!(first["tries"], 3);
        assert_eq!(first["late"], true);
        let second: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!(second["request_id"], "own");
        assert_eq!(lines[1].matches("request_id").count(), 1);
    }

    #[test]
    fn what_is_logged_within_a_request_carries_its_id() {
        let id = RequestId::next();
        let lines = lines(LogFormat::Json, || {
            futures_util::FutureExt::now_or_never(in_request(id, async { tracing::warn!("within") })).unwrap();
            tracing::warn!("outside");
        });
        assert!(lines[0].contains(&format!(r#""request_id":"{id}""#)), "{}", lines[0]);
        assert!(!lines[1].contains("request_id"));
    }

    #[test]
    fn text_lines_quote_only_what_needs_it() {
        let lines = lines(LogFormat::Text, || {
            tracing::info!(http.route = "/login", reason = "two words", count = 2, empty = "", "a message\nof two");
        });
        let line = lines[0].split_once("INFO").unwrap().1;
        assert_eq!(line, r#"  a message\nof two http.route=/login reason="two words" count=2 empty="""#);
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let settings = Log { filter: "portcullis=loud".to_owned(), ..Log::default() };
        let Err(error) = init(&settings) else { panic!("it was accepted") };
        assert!(error.to_string().starts_with("log.filter: "), "{error}");
    }
}
