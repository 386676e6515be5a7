//! A connection that cannot be held for nothing, nor made to hold memory.
//!
//! The HTTP layer's own clock is coarse and stops at the first request's head. What it leaves open is closed here: the heads
//! that follow, bodies that never end, answers that nobody takes, and requests that are sent on and on while their answers
//! pile up. Nor does it see heads so large that it would panic: it does not expect header names over 64 KiB.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::limits::Limits;

/// Read at most this much before answers are sent.
const READ_AT_ONCE: usize = 16 * 1024;
/// Read at most this much between one request's head and the next one's. Together with what was read at once with the former,
/// a header name stays below 64 KiB.
const READ_UNSERVED: usize = 48 * 1024;
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const TOO_LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Where a connection is in its course. Shared by the stream and the guard before the handlers.
#[derive(Debug)]
pub struct Progress {
    phase: Cell<Phase>,
    /// Bytes that came since a handler got a request, beyond those of its body that it may have.
    unserved: Cell<usize>,
    /// Bytes of that body which are still to come.
    body: Cell<usize>,
    idle: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Before the first request.
    Fresh { until: Instant },
    /// A handler has a request.
    Served,
    /// Between requests.
    Idle { until: Instant },
    /// Something arrives after a request was answered: the rest of its body, or the next one.
    Arriving { until: Instant },
}

impl Progress {
    /// A handler gets a request. It reads `body` bytes after the head, where that is more than any request may bring.
    pub fn begin(&self, body: usize) {
        self.phase.set(Phase::Served);
        self.unserved.set(0);
        self.body.set(body);
    }

    /// Its answer is on its way.
    pub fn end(&self) {
        self.phase.set(Phase::Idle { until: Instant::now() + self.idle });
    }
}

/// The stream below the HTTP layer.
#[derive(Debug)]
pub struct Connection<T> {
    io: T,
    limits: Limits,
    progress: Rc<Progress>,
    /// An answer waits to be taken until then.
    blocked_until: Option<Instant>,
    /// Wants to read when the answer is taken.
    reader: Option<Waker>,
    read: usize,
    alarm: Pin<Box<Sleep>>,
}

impl<T: AsyncWrite + Unpin> Connection<T> {
    /// A connection that was just accepted.
    pub fn new(io: T, limits: Limits) -> Self {
        let until = Instant::now() + limits.request_within;
        let phase = Cell::new(Phase::Fresh { until });
        let progress =
            Rc::new(Progress { phase, unserved: Cell::new(0), body: Cell::new(0), idle: limits.idle });
        let alarm = Box::pin(sleep_until(until));
        Self { io, limits, progress, blocked_until: None, reader: None, read: 0, alarm }
    }

    /// Where it is in its course.
    #[must_use]
    pub const fn progress(&self) -> &Rc<Progress> {
        &self.progress
    }

    fn deadline(&self) -> Option<Instant> {
        let arrives_until = match self.progress.phase.get() {
            Phase::Fresh { until } | Phase::Idle { until } | Phase::Arriving { until } => Some(until),
            Phase::Served => None,
        };
        arrives_until.into_iter().chain(self.blocked_until).min()
    }

    /// Fails where a deadline has passed; else sees to it that the task is woken when one does. The alarm may ring early: it is
    /// set anew only where it would ring late.
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(deadline) = self.deadline() {
            if deadline <= Instant::now() {
                return Err(self.refuse(cx, io::ErrorKind::TimedOut, TOO_LATE));
            }
            if deadline < self.alarm.deadline() || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(deadline);
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                break;
            }
        }
        Ok(())
    }

    /// Something came that no handler has yet. The HTTP layer reads on until there is nothing more, and the alarm is set then.
    fn arrived(&mut self, cx: &mut Context<'_>, read: usize) -> io::Result<()> {
        if let Phase::Idle { .. } = self.progress.phase.get() {
            self.progress.phase.set(Phase::Arriving { until: Instant::now() + self.limits.request_within });
        }
        let of_body = read.min(self.progress.body.get());
        self.progress.body.set(self.progress.body.get() - of_body);
        let unserved = self.progress.unserved.get() + read - of_body;
        self.progress.unserved.set(unserved);
        if unserved > READ_UNSERVED {
            return Err(self.refuse(cx, io::ErrorKind::InvalidData, TOO_LARGE));
        }
        Ok(())
    }

    /// The connection ends. Before the first request is answered there is somebody to tell, and room in the system's buffers.
    /// Where nothing came at all it ends in silence: whoever opens connections ahead would take this for the answer to a
    /// request.
    fn refuse(&mut self, cx: &mut Context<'_>, kind: io::ErrorKind, answer: &[u8]) -> io::Error {
        if let Phase::Fresh { .. } = self.progress.phase.get()
            && self.progress.unserved.get() > 0
        {
            let _ = Pin::new(&mut self.io).poll_write(cx, answer);
        }
        kind.into()
    }

    /// What a write came to: answers that are not wholly taken hold up reading.
    fn written(&mut self, cx: &mut Context<'_>, all: usize, now: &Poll<io::Result<usize>>) -> io::Result<()> {
        match now {
            Poll::Ready(Ok(taken)) if *taken == all => {
                self.blocked_until = None;
                if let Some(reader) = self.reader.take() {
                    reader.wake();
                }
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                self.blocked_until.get_or_insert_with(|| Instant::now() + self.limits.answer_within);
            }
        }
        // The HTTP layer may not read again before the next request comes.
        self.in_time(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.in_time(cx)?;
        if this.blocked_until.is_some() {
            this.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if this.read >= READ_AT_ONCE {
            this.read = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        this.read = if polled.is_pending() { 0 } else { this.read + read };
        if read > 0 {
            this.arrived(cx, read)?;
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.written(cx, bytes.len(), &polled)?;
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
