//! A child process with its output.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::wait::until;

/// As many lines of its output are shown where a test fails.
const MOST_LINES: usize = 200;

/// Killed when dropped, with the processes that it started; says what it said if the test fails.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// Open as long as the process is wanted: some end when it closes.
    _stdin: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{name}: {error}; tests/run installs it"));
        let lines = Arc::default();
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        Self { name, _stdin: child.stdin.take(), child, lines }
    }

    /// What follows `prefix` on the first line that begins with it.
    pub(crate) fn line(&mut self, prefix: &str) -> String {
        until(&format!("{} says {prefix:?}", self.name), || {
            let ended = self.child.try_wait().unwrap();
            let said = self.output();
            let found = said.lines().find_map(|line| line.strip_prefix(prefix)).map(str::to_owned);
            assert!(found.is_some() || ended.is_none(), "{} ended: {ended:?}\n{said}", self.name);
            found
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said so far.
    pub(crate) fn output(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// What it said from the `from`th line on.
    pub(crate) fn lines_from(&self, from: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(from..).unwrap_or_default().to_vec()
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "kill -{name} {}", self.name);
    }

    /// Has it ended by itself?
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGKILL, to its whole group; returns when it is gone.
    pub(crate) fn kill(&mut self) {
        // Until it is waited for, nobody else has its number. It may be gone already.
        if let Ok(None) = self.child.try_wait() {
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let lines = self.lines_from(0);
            let last = &lines[lines.len().saturating_sub(MOST_LINES)..];
            eprintln!("--- {} said:\n{}\n---", self.name, last.join("\n"));
        }
    }
}

fn collect(stream: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
