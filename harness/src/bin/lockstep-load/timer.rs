//! Timers and signals: the kernel's timer queue and its signal delivery, thousands of times a second.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Signal, getpid, kill_process};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Between two expirations.
const INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000 };

pub(crate) fn run() -> io::Result<()> {
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(Signal::USR1.as_raw(), caught)?;
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let times = Itimerspec { it_interval: INTERVAL, it_value: INTERVAL };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times)?;
    let mut expirations = [0; 8];
    loop {
        match rustix::io::read(&timer, &mut expirations) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        kill_process(getpid(), Signal::USR1)?;
    }
}
