use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that may wait for the writer; more are dropped and counted.
const QUEUED_LINES: usize = 8192;
/// Bytes that may wait for the writer.
const QUEUED_BYTES: usize = 4 << 20;
/// Lines gathered for this long go out in one write. The thread that logs then wakes nobody: it only leaves the line.
const GATHER: Duration = Duration::from_millis(10);
/// How long [`LogSink::flush`] waits for a reader that may never come.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// Where log lines go: a bounded queue, emptied by one thread. A pipe that nobody reads, or a full disk, costs lines
/// (which are counted) but never holds up a request.
#[derive(Clone)]
pub struct LogSink {
    queue: SyncSender<Message>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    queued_bytes: AtomicUsize,
    dropped: AtomicU64,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl LogSink {
    /// Starts the thread that writes to `out`.
    pub fn start(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUED_LINES);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(out, &lines, &shared))?;
        Ok(Self { queue, state })
    }

    /// Leaves one line, its newline included, for the writer; never blocks.
    pub fn send(&self, line: Vec<u8>) {
        let length = line.len();
        let queued = self.state.queued_bytes.fetch_add(length, Ordering::Relaxed);
        if queued + length > QUEUED_BYTES || self.queue.try_send(Message::Line(line)).is_err() {
            self.state.queued_bytes.fetch_sub(length, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the lines sent so far are written, a second at most.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH_PATIENCE);
        }
    }

    /// Lines that were never written, since the start.
    pub fn dropped(&self) -> u64 {
        self.state.dropped.load(Ordering::Relaxed)
    }
}

fn write_lines(mut out: impl Write, queue: &Receiver<Message>, state: &State) {
    let mut batch = Vec::with_capacity(16 << 10);
    let mut reported = 0;
    while let Ok(first) = queue.recv() {
        let mut waiting = Vec::new();
        if let Message::Line(_) = &first {
            thread::sleep(GATHER);
        }
        let mut lines = 0;
        for message in std::iter::once(first).chain(queue.try_iter()) {
            match message {
                Message::Line(line) => {
                    batch.extend_from_slice(&line);
                    lines += 1;
                }
                Message::Flush(done) => waiting.push(done),
            }
        }
        let length = batch.len();
        let dropped = state.dropped.load(Ordering::Relaxed);
        if dropped > reported {
            batch.extend_from_slice(format!("{} log lines were dropped\n", dropped - reported).as_bytes());
            reported = dropped;
        }
        if out.write_all(&batch).and_then(|()| out.flush()).is_err() {
            state.dropped.fetch_add(lines, Ordering::Relaxed);
        }
        batch.clear();
        batch.shrink_to(1 << 20);
        state.queued_bytes.fetch_sub(length, Ordering::Relaxed);
        for done in waiting {
            let _ = done.try_send(());
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// What was written, to be read by the test.
    #[derive(Clone, Default)]
    pub(in crate::ops) struct Memory(pub Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A pipe into a process that sleeps: the first write says that it began and then waits for the test.
    struct Blocked {
        began: Sender<()>,
        release: Receiver<()>,
    }

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.began.send(());
            let _ = self.release.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn flushed_lines_are_written_in_order() {
        let memory = Memory::default();
        let sink = LogSink::start(memory.clone()).unwrap();
        for line in ["one\n", "two\n", "three\n"] {
            sink.send(line.as_bytes().to_vec());
        }
        sink.flush();
        assert_eq!(memory.0.lock().unwrap().as_slice(), b"one\ntwo\nthree\n");
        assert_eq!(sink.dropped(), 0);
    }

    #[test]
    fn a_pipe_that_nobody_reads_costs_lines_and_memory_within_bounds_but_holds_nobody_up() {
        let (began, begun) = channel();
        let (release, wait) = channel();
        let sink = LogSink::start(Blocked { began, release: wait }).unwrap();
        sink.send(b"first\n".to_vec());
        begun.recv().unwrap();
        for _ in 0..3 * QUEUED_LINES {
            sink.send(vec![b'x'; 1024]);
        }
        assert!(sink.dropped() >= 2 * QUEUED_LINES as u64);
        assert!(sink.state.queued_bytes.load(Ordering::Relaxed) <= QUEUED_BYTES + 1024);
        drop(release);
    }
}
