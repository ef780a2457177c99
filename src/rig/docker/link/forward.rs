//! A port of this machine that leads through ssh to a port of the engine's machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Ssh;

/// Most connections at a time.
const MOST: usize = 16;

/// A forwarded port. Dropping it closes the port, its connections and their ssh.
#[derive(Debug)]
pub(in crate::rig::docker) struct Forward {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Forward {
    /// Leads a free port of 127.0.0.1 here to `port` of 127.0.0.1 there. A connection that cannot be made there is closed here,
    /// as it would be by the engine's own proxy.
    pub(in crate::rig::docker) async fn open(ssh: Ssh, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, server: tokio::spawn(serve(listener, ssh, port)) })
    }

    /// Where it listens.
    pub(in crate::rig::docker) const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener, ssh: Ssh, port: u16) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST {
            connections.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        connections.spawn(join(stream, ssh.clone(), port));
    }
}

async fn join(mut here: TcpStream, ssh: Ssh, port: u16) {
    if let Ok(mut there) = ssh.dial_port(port) {
        // The end of either side ends the connection; why, the smoke check does not ask.
        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
    }
}
