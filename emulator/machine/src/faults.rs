//! Faults of the run loop, and of whoever writes the log.
//!
//! Each does what its description in [`Fault`] says; the hooks in the run loop are a line each.

#![allow(
    clippy::disallowed_types,
    reason = "a second writer needs the lock that a machine must not have"
)]

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_core::faults::{BackDoor, Fault, Knock};
use lockstep_core::{Event, EventKind, Input, Level, Moment, Observer, VcpuId, Verdict, What};
use lockstep_cpu::{Guest, Platform, PowerState};

use crate::record::Recorder;
use crate::system::System;

/// Instructions after which a timer of the host that has run out is noticed.
const HOST_TIMER: u64 = 500;
/// Chances of a timer of the host to be in time: it mostly is.
const TIMER_CHANCES: u64 = 13;
/// Chances of the thread that frees memory to be done while nobody sleeps.
const FREEING_CHANCES: u64 = 10;

/// Which vCPU runs, and until when.
pub(crate) type Scheduler = (VcpuId, u64);

impl<G: Guest> System<G> {
    /// Between two instructions: lets the host in.
    pub(crate) fn let_host_in(&mut self) {
        let Some(door) = self.cx.bp.faults.back_door().cloned() else { return };
        let timer = self.cx.bp.faults.has(Fault::SmpSwitchUnrecorded);
        if timer && self.slice_end > self.cx.bp.retired && door.is_late(TIMER_CHANCES) {
            self.serve(Knock::Switch);
        }
        while let Some(knock) = door.answer() {
            self.serve(knock);
        }
    }

    fn serve(&mut self, knock: Knock) {
        match knock {
            Knock::Kick => {
                self.wake_all();
                self.checkpoint();
            }
            Knock::Switch => self.slice_end = self.cx.bp.retired,
            Knock::Due(id) => {
                let armed_for = self.cx.bp.now();
                self.cx.bp.witness(What::Due { id, armed_for });
                self.dispatch(id);
            }
            Knock::ShortWrite { written, of } => {
                self.cx.bp.witness(What::Completion { device: 0, request: of, status: written });
            }
        }
    }

    fn wake_all(&mut self) {
        for id in self.vcpu_ids() {
            let cpu = self.vcpu_mut(id);
            if matches!(cpu.power, PowerState::Waiting | PowerState::WaitingForEvent) {
                cpu.power = PowerState::Running;
            }
        }
    }

    /// In place of waiting. Says whether that was all.
    pub(crate) fn idles_wrongly(&mut self) -> bool {
        let faults = self.cx.bp.faults.clone();
        if faults.has_in_replay(Fault::IdleWaitSkipped) {
            return true;
        }
        if let Some(door) = faults.door_of(Fault::PollTimeoutReadsClock) {
            self.poll(&**door);
        }
        if faults.door_of(Fault::ThirdThreadKick).is_some_and(|door| door.is_late(FREEING_CHANCES))
        {
            self.serve(Knock::Kick);
            return true;
        }
        // What is under way past the calendar comes, too.
        if self.cx.bp.calendar.next().is_none()
            && let Some(knock) = faults.back_door().and_then(|door| door.wait())
        {
            self.serve(knock);
            return true;
        }
        false
    }

    /// Until the host's timer has run out: how long is there to sleep? To know, reads the clock, as guests do.
    fn poll(&mut self, door: &dyn BackDoor) {
        let start = door.clock();
        while door.clock() == start {
            let to = self.cx.bp.now();
            self.accept(&Input::TimePasses { to });
        }
    }

    /// The count at which to look up, with a timer of the host running.
    pub(crate) fn host_timer(&self, end: u64) -> u64 {
        let on = self.cx.bp.faults.has(Fault::SmpSwitchUnrecorded);
        if on { end.min(self.cx.bp.retired + HOST_TIMER) } else { end }
    }

    /// After a restore: devices and processors do what they must not.
    pub(crate) fn restored_wrongly(&mut self) {
        self.cx.platform.restored_wrongly(&self.cx.bp.faults);
        for id in self.vcpu_ids() {
            self.with_vcpu(id, G::restored_wrongly);
        }
    }

    /// What a reset or a restore is about to forget.
    pub(crate) fn scheduler(&self) -> Scheduler {
        (self.cx.cpu.id, self.slice_end)
    }

    /// Forgets it.
    pub(crate) fn keep_scheduler(&mut self, (current, slice_end): Scheduler) {
        if self.cx.bp.faults.has(Fault::SmpResetIncomplete) {
            self.swap_in(current);
            self.cx.bp.vcpu = current;
            self.slice_end = slice_end;
        }
    }
}

/// Puts a recorder in its place: behind a lock, when there are two who write.
pub(crate) fn shared(
    recorder: Recorder,
    faults: &lockstep_core::faults::Faults,
) -> Box<dyn Observer> {
    let fair = faults.has(Fault::FairLockArrivals);
    let on = fair || faults.has(Fault::TwoWriters);
    match faults.back_door().filter(|_| on) {
        Some(door) => {
            let log = Arc::new(Mutex::new(Log { recorder: Some(recorder), last: None }));
            Box::new(TwoWriters { log, door: Arc::clone(door), fair, sent: None })
        }
        None => Box::new(recorder),
    }
}

/// Takes the recorder out again.
pub(crate) fn sole(observer: Box<dyn Any>) -> Box<dyn Any> {
    match observer.downcast::<TwoWriters>() {
        Ok(two) => {
            two.door.settle();
            let recorder = two.lock().recorder.take();
            recorder.map_or(Box::new(()) as Box<dyn Any>, |recorder| Box::new(recorder))
        }
        Err(other) => other,
    }
}

/// A log that anybody may write who has the lock.
struct Log {
    recorder: Option<Recorder>,
    last: Option<Moment>,
}

impl Log {
    /// Appends an event, which happens when it is appended.
    fn append(&mut self, event: &Event) -> Verdict {
        let Some(recorder) = &mut self.recorder else { return Verdict::Stop };
        let after =
            self.last.map(|last| Moment { retired: last.retired, ordinal: last.ordinal + 1 });
        let at = after.map_or(event.at, |after| event.at.max(after));
        self.last = Some(at);
        recorder.observe(&Event { at, ..event.clone() })
    }
}

/// Two threads with one log: the machine's, and one that looks after the console and after timers.
struct TwoWriters {
    log: Arc<Mutex<Log>>,
    door: Arc<dyn BackDoor>,
    fair: bool,
    /// The last event that the other thread was told of.
    sent: Option<Event>,
}

/// Chances of the other thread to be done, for each instruction that the machine executes meanwhile: only what happens at nearly
/// the same time is a race.
const WRITING_CHANCES: u64 = 8;

impl TwoWriters {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TwoWriters {
    /// Time passes since the other thread was told of an event.
    fn let_pass(&mut self, now: u64, is_others: bool) {
        let Some(sent) = self.sent.take() else { return };
        if sent.what.kind() == EventKind::Due && sent.at.retired == now && !is_others {
            // Whoever finds a timer due raises its interrupt when that is written down.
            self.door.settle();
        } else {
            self.door.linger(WRITING_CHANCES * now.saturating_sub(sent.at.retired).min(1000));
        }
    }
}

impl Observer for TwoWriters {
    fn level(&self) -> Level {
        self.lock().recorder.as_ref().map_or(Level::Full, Observer::level)
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        let is_others = matches!(event.what.kind(), EventKind::ConsoleOut | EventKind::Due);
        self.let_pass(event.at.retired, is_others);
        if is_others {
            let (log, door, fair) = (Arc::clone(&self.log), Arc::clone(&self.door), self.fair);
            let event = event.clone();
            self.sent = Some(event.clone());
            self.door.errand(Box::new(move || {
                door.with_lock(fair, &mut || {
                    log.lock().unwrap_or_else(PoisonError::into_inner).append(&event);
                });
            }));
            return Verdict::Continue;
        }
        let mut verdict = Verdict::Continue;
        self.door.with_lock(self.fair, &mut || verdict = self.lock().append(event));
        verdict
    }
}
