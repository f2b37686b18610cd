//! The points at which a schedule decides, by name.

use std::fmt;
use std::str::FromStr;

macro_rules! sites {
    ($($(#[$doc:meta])* $site:ident = $name:literal,)*) => {
        /// What a thread is about to do when it asks its policy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Site {
            $($(#[$doc])* $site,)*
        }

        impl Site {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$site,)*];

            /// The name, as in saved schedules.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$site => $name,)*
                }
            }
        }
    };
}

sites! {
    /// Its first step.
    Begin = "begin",
    /// Nothing more: it has ended.
    End = "end",
    /// Starting another thread.
    Spawn = "spawn",
    /// Waiting for another thread's end.
    Join = "join",
    /// Putting a value into a channel.
    Send = "send",
    /// Taking a value out of a channel, waiting for one.
    Receive = "receive",
    /// Taking a value out of a channel if there is one.
    TryReceive = "try-receive",
    /// Letting go of one end of a channel.
    Close = "close",
    /// Reading what the user types.
    ConsoleRead = "console-read",
    /// Writing to the user's terminal or pipe.
    ConsoleWrite = "console-write",
    /// Writing to a file.
    FileWrite = "file-write",
    /// Waiting for a debugger to attach.
    SocketAccept = "socket-accept",
    /// Reading what a debugger sends.
    SocketRead = "socket-read",
    /// Answering a debugger.
    SocketWrite = "socket-write",
    /// Waiting for another program to end.
    ProcessWait = "process-wait",
    /// Letting time pass.
    Sleep = "sleep",
}

impl Site {
    /// Whether what is done there comes back by itself: a write. A controlled schedule then waits for it, so that when it
    /// comes back is nobody's choice.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        matches!(self, Self::ConsoleWrite | Self::FileWrite | Self::SocketWrite)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Site {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|site| site.name() == name).ok_or(())
    }
}
