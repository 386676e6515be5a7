//! A stretch of network between a client and a server, which can fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// Not at all.
    None,
    /// Of each answer the first byte arrives, and then a reset.
    ResetMidReply,
    /// The same, with one answer; then not at all.
    ResetOneReply,
    /// Everything is taken and nothing arrives.
    Silence,
}

/// Passes connections on; ends with the runtime.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    address: SocketAddr,
    fault: Arc<AtomicU8>,
}

impl FaultProxy {
    /// In front of a server on this machine.
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let fault = Arc::new(AtomicU8::new(Fault::None as u8));
        let for_connections = fault.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, for_connections.clone()));
            }
        });
        Self { address, fault }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, on old connections and new ones.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }
}

async fn pass(client: TcpStream, server: u16, fault: Arc<AtomicU8>) -> Option<()> {
    let server = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
    let is = |wanted: Fault| fault.load(Ordering::SeqCst) == wanted as u8;
    let (mut client, mut server) = (client, server);
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read.ok()? {
                0 => return None,
                _ if is(Fault::Silence) => {}
                length => server.write_all(&asked[..length]).await.ok()?,
            },
            read = server.read(&mut answered) => match read.ok()? {
                0 => return None,
                _ if is(Fault::Silence) => {}
                _ if is(Fault::ResetMidReply) || is(Fault::ResetOneReply) => {
                    let once = Fault::ResetOneReply as u8;
                    let _ = fault.compare_exchange(once, Fault::None as u8, Ordering::SeqCst, Ordering::SeqCst);
                    client.write_all(&answered[..1]).await.ok()?;
                    client.set_zero_linger().ok()?; // closing it is a reset then
                    return None;
                }
                length => client.write_all(&answered[..length]).await.ok()?,
            },
        }
    }
}
