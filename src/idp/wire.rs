//! The TCP connection under a request, for faults that close it.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::dev::Extensions;

/// A second handle of the connection.
pub(super) struct Wire(TcpStream);

impl Wire {
    /// Keeps a handle; called once per connection.
    pub(super) fn tap(connection: &dyn Any, extensions: &mut Extensions) {
        if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
            && let Ok(handle) = stream.as_fd().try_clone_to_owned()
        {
            extensions.insert(Self(handle.into()));
        }
    }

    /// Closes the connection in both directions; what is written to it afterwards goes nowhere.
    pub(super) fn close(&self) -> std::io::Result<()> {
        self.0.shutdown(Shutdown::Both)
    }
}
