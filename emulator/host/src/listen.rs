//! Sockets at which a debugger attaches.
//!
//! One debugger at a time. A thread accepts, another one reads what the debugger sends, and both hand it on through
//! channels, so that whoever owns the timeline can look whether something came without waiting for it. A peer that is
//! gone, silent or stuck ends its own connection and nothing else.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::SpawnError;
use crate::channel::{Receiver, Sender, Urgent};
use crate::schedule::{Baton, Site};

/// How long a peer may take nothing before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Portions read and not yet looked at, before the peer has to wait.
const READ_AHEAD: usize = 64;
const PORTION: usize = 4096;
/// The byte by which a debugger asks a running target to stop.
const INTERRUPT: u8 = 0x03;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A host and a port; port 0 is any that is free.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Nobody can listen there.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not one.
    #[error("'{0}' is no address to listen at: write HOST:PORT or unix:PATH")]
    Address(String),
    /// There is something at the path, and it is not a socket that was left behind.
    #[error("cannot listen at '{path}': {reason}")]
    Taken {
        /// The path.
        path: PathBuf,
        /// What is there.
        reason: &'static str,
    },
    /// The host refused.
    #[error("cannot listen at '{address}': {error}")]
    Host {
        /// The address.
        address: ListenAddress,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// There was no thread to accept.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

impl FromStr for ListenAddress {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ListenError::Address(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.into())) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        port.parse::<u16>().map_err(|_| wrong())?;
        let host = if host.is_empty() { "127.0.0.1" } else { host };
        Ok(Self::Tcp(format!("{host}:{port}")))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What comes to a listener.
pub enum Arrival {
    /// A debugger attached.
    Connection(Connection),
    /// Somebody used the [`Listener::closer`].
    Closed,
}

/// A socket at which debuggers arrive.
pub struct Listener {
    arrivals: Receiver<Arrival>,
    closer: Sender<Arrival>,
    address: ListenAddress,
}

/// Ends a listener's waiting.
pub struct Closer(Urgent<Arrival>);

impl Closer {
    /// Tells the listener that nobody will come any more.
    pub fn close(&self) {
        // A listener that is gone needs not be told.
        let _ = self.0.send(Arrival::Closed);
    }
}

impl Listener {
    /// Listens at `address`.
    ///
    /// # Errors
    /// The address is taken, or the host refused.
    pub fn bind(baton: &Baton, address: &ListenAddress) -> Result<Self, ListenError> {
        let host = |error| ListenError::Host { address: address.clone(), error };
        let (sender, arrivals) = baton.channel(1);
        let closer = sender.clone();
        let bound = match address {
            ListenAddress::Tcp(at) => {
                let listener = TcpListener::bind(at).map_err(host)?;
                let bound = ListenAddress::Tcp(listener.local_addr().map_err(host)?.to_string());
                let accept = move || Ok(Stream::Tcp(listener.accept()?.0));
                accept_on(baton, sender, accept)?;
                bound
            }
            ListenAddress::Unix(path) => {
                remove_left_over(path)?;
                let listener = UnixListener::bind(path).map_err(host)?;
                accept_on(baton, sender, move || Ok(Stream::Unix(listener.accept()?.0)))?;
                address.clone()
            }
        };
        Ok(Self { arrivals, closer, address: bound })
    }

    /// Where it listens: a port that was 0 is known now.
    #[must_use]
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Waits for whoever comes next.
    #[must_use]
    pub fn wait(&self) -> Arrival {
        self.arrivals.recv().unwrap_or(Arrival::Closed)
    }

    /// A way to end the waiting.
    #[must_use]
    pub fn closer(&self) -> Closer {
        Closer(self.closer.urgent())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let ListenAddress::Unix(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Accepts until nobody wants connections any more.
fn accept_on(
    baton: &Baton,
    arrivals: Sender<Arrival>,
    accept: impl Fn() -> io::Result<Stream> + Send + 'static,
) -> Result<(), SpawnError> {
    let inner = baton.clone();
    baton.spawn("debug-accept", move || {
        loop {
            // A peer that was gone before it was accepted is no reason to stop.
            let accepted = inner.outside(Site::SocketAccept, &accept);
            let connection = accepted.and_then(|stream| Connection::start(&inner, stream));
            match connection {
                Ok(connection) => {
                    if arrivals.send(Arrival::Connection(connection)).is_err() {
                        return;
                    }
                }
                Err(_) => inner.sleep(Duration::from_millis(10)),
            }
        }
    })?;
    Ok(())
}

/// A socket that somebody left behind goes; anything else stays.
fn remove_left_over(path: &Path) -> Result<(), ListenError> {
    let Ok(about) = path.symlink_metadata() else { return Ok(()) };
    let taken = |reason| ListenError::Taken { path: path.to_owned(), reason };
    if !about.file_type().is_socket() {
        return Err(taken("a file of that name is there"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(taken("somebody listens there")),
        Err(_) => {
            let _ = std::fs::remove_file(path);
            Ok(())
        }
    }
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    /// Small packets go at once, and a peer that takes nothing does not hold us for ever.
    fn prepare(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(PATIENCE))
            }
            Self::Unix(stream) => stream.set_write_timeout(Some(PATIENCE)),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }

    fn shutdown(&self) {
        // It may be gone already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

/// A debugger that is attached. Closed when dropped.
pub struct Connection {
    baton: Baton,
    stream: Stream,
    incoming: Receiver<Vec<u8>>,
    unread: Arc<Unread>,
}

/// What was read and not received.
#[derive(Default)]
struct Unread {
    portions: AtomicUsize,
    /// Portions that somebody may have to hear of at once: those with an interrupt in them, and the end.
    urgent: AtomicUsize,
}

impl Unread {
    fn add(&self, portion: &[u8]) {
        self.portions.fetch_add(1, Ordering::Relaxed);
        if portion.contains(&INTERRUPT) {
            self.urgent.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn remove(&self, portion: &[u8]) {
        self.portions.fetch_sub(1, Ordering::Relaxed);
        if portion.contains(&INTERRUPT) {
            self.urgent.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether somebody should look. Acknowledgements and the like can wait, unless they keep the peer waiting.
    fn calls(&self) -> bool {
        self.urgent.load(Ordering::Relaxed) > 0
            || self.portions.load(Ordering::Relaxed) >= READ_AHEAD
    }
}

/// The peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

impl Connection {
    fn start(baton: &Baton, stream: Stream) -> io::Result<Self> {
        stream.prepare()?;
        let (sender, incoming) = baton.channel(READ_AHEAD);
        let reading = stream.try_clone()?;
        let unread = Arc::<Unread>::default();
        let (inner, counter) = (baton.clone(), Arc::clone(&unread));
        let read = move || {
            read_into(&inner, reading, &sender, &counter);
            counter.urgent.fetch_add(1, Ordering::Relaxed);
        };
        baton.spawn("debug-reader", read).map_err(io::Error::other)?;
        Ok(Self { baton: baton.clone(), stream, incoming, unread })
    }

    /// Waits for bytes from the peer.
    ///
    /// # Errors
    /// The peer is gone, and all that it sent has been received.
    pub fn receive(&self) -> Result<Vec<u8>, Closed> {
        let bytes = self.incoming.recv().map_err(|_| Closed)?;
        self.unread.remove(&bytes);
        Ok(bytes)
    }

    /// Bytes from the peer, if there are any now.
    ///
    /// # Errors
    /// The peer is gone, and all that it sent has been received.
    pub fn try_receive(&self) -> Result<Option<Vec<u8>>, Closed> {
        match self.incoming.try_recv() {
            Ok(bytes) => {
                self.unread.remove(&bytes);
                Ok(Some(bytes))
            }
            Err(crate::ReceiveError::Empty) => Ok(None),
            Err(crate::ReceiveError::Disconnected) => Err(Closed),
        }
    }

    /// Something that tells, on any thread, whether [`Connection::try_receive`] has something to say that cannot wait: an
    /// interrupt, that the peer is gone, or so much that the peer has to wait.
    pub fn watcher(&self) -> impl FnMut() -> bool + Send + use<> {
        let unread = Arc::clone(&self.unread);
        move || unread.calls()
    }

    /// Sends bytes to the peer.
    ///
    /// # Errors
    /// The peer is gone, or has taken nothing for half a minute.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        let stream = &mut self.stream;
        self.baton.outside(Site::SocketWrite, || stream.write_all(bytes)).map_err(|_| Closed)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Wakes the reader.
        self.stream.shutdown();
    }
}

fn read_into(baton: &Baton, mut stream: Stream, incoming: &Sender<Vec<u8>>, unread: &Unread) {
    let mut buffer = vec![0; PORTION];
    loop {
        match baton.outside(Site::SocketRead, || stream.read(&mut buffer)) {
            Ok(0) => return,
            Ok(length) => {
                // Counted first: whoever receives it counts it off.
                unread.add(&buffer[..length]);
                if incoming.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(listener: &Listener) -> Connection {
        match listener.wait() {
            Arrival::Connection(connection) => connection,
            Arrival::Closed => panic!("nobody came"),
        }
    }

    /// Catches a listener that serves one debugger and then no more, and one that mixes two of them up.
    #[test]
    fn one_debugger_after_the_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        for address in [ListenAddress::Tcp("127.0.0.1:0".into()), ListenAddress::Unix(path)] {
            let listener = Listener::bind(&Baton::os(), &address).expect("free");
            for n in 0..3_u8 {
                let mut peer = match listener.address() {
                    ListenAddress::Tcp(at) => Stream::Tcp(TcpStream::connect(at).expect("open")),
                    ListenAddress::Unix(at) => Stream::Unix(UnixStream::connect(at).expect("open")),
                };
                peer.write_all(&[n; 3]).expect("sent");
                let mut connection = connection(&listener);
                assert_eq!(connection.receive(), Ok(vec![n; 3]));
                connection.send(&[n]).expect("sent");
                let mut answer = [0xff];
                assert_eq!(peer.read(&mut answer).expect("answered"), 1);
                assert_eq!(answer, [n]);
                drop(peer);
                assert_eq!(connection.receive(), Err(Closed));
                assert_eq!(connection.try_receive(), Err(Closed));
            }
        }
    }

    /// Catches a debugger that is kept waiting for bytes that there are, or a look that waits.
    #[test]
    fn looking_does_not_wait() {
        let address = "127.0.0.1:0".parse().expect("an address");
        let listener = Listener::bind(&Baton::os(), &address).expect("free");
        let ListenAddress::Tcp(at) = listener.address() else { panic!("not TCP") };
        let mut peer = TcpStream::connect(at).expect("open");
        let connection = connection(&listener);
        assert_eq!(connection.try_receive(), Ok(None));
        assert!(!connection.watcher()());
        let calls = |what: &str| {
            let start = std::time::Instant::now();
            while !connection.watcher()() {
                assert!(start.elapsed() < PATIENCE, "nobody noticed {what}");
            }
        };
        // What can wait, then what cannot.
        peer.write_all(b"+").expect("sent");
        assert_eq!(connection.receive(), Ok(b"+".to_vec()));
        peer.write_all(b"$g#67\x03").expect("sent");
        calls("an interrupt");
        assert_eq!(connection.receive(), Ok(b"$g#67\x03".to_vec()));
        assert!(!connection.watcher()());
        drop(peer);
        calls("that the peer is gone");
        listener.closer().close();
        assert!(matches!(listener.wait(), Arrival::Closed));
    }

    /// Catches a socket of a killed process that keeps the next one from starting, and a file that is lost.
    #[test]
    fn what_is_at_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let address = ListenAddress::Unix(path.clone());
        drop(UnixListener::bind(&path).expect("free"));
        let listener = Listener::bind(&Baton::os(), &address).expect("was left behind");
        let error = |address| match Listener::bind(&Baton::os(), address) {
            Ok(_) => panic!("not refused"),
            Err(error) => error.to_string(),
        };
        let shown = path.display();
        assert_eq!(error(&address), format!("cannot listen at '{shown}': somebody listens there"));
        drop(listener);
        assert!(!path.exists());
        std::fs::write(&path, "precious").expect("written");
        let expected = format!("cannot listen at '{shown}': a file of that name is there");
        assert_eq!(error(&address), expected);
    }

    /// Catches addresses that are guessed at.
    #[test]
    fn addresses_as_typed() {
        let tcp = |text: &str| ListenAddress::Tcp(text.to_owned());
        let parse = |text: &str| text.parse::<ListenAddress>().map_err(|error| error.to_string());
        assert_eq!(parse("127.0.0.1:1234"), Ok(tcp("127.0.0.1:1234")));
        assert_eq!(parse(":1234"), Ok(tcp("127.0.0.1:1234")));
        assert_eq!(parse("[::1]:0"), Ok(tcp("[::1]:0")));
        assert_eq!(parse("unix:a/b"), Ok(ListenAddress::Unix("a/b".into())));
        for wrong in ["", "1234", "unix:", "localhost:", "localhost:65536", "localhost:x"] {
            let text =
                format!("'{wrong}' is no address to listen at: write HOST:PORT or unix:PATH");
            assert_eq!(parse(wrong), Err(text));
        }
    }
}
